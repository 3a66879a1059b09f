/*
 * tap_none.c - for systems whose TAPs nobody has written a file for yet; see tap_device.h
 */
#include "tap_device.h"

#include <errno.h>

int tap_device_open(struct tap_device *out, const char *name, bool offload, enum tap_step *step)
{
	(void)name;
	(void)offload;
	*out = (struct tap_device){.fd = -1};
	*step = TAP_STEP_SYSTEM;
	return -ENOSYS;
}

void tap_device_close(struct tap_device *d)
{
	d->fd = -1;
}

int tap_device_look(int fd, struct tap_link *out)
{
	(void)fd;
	(void)out;
	return -ENOSYS;
}

int tap_device_set_up(const char *name)
{
	(void)name;
	return -ENOSYS;
}

int tap_device_set_mtu(const char *name, uint32_t mtu)
{
	(void)name;
	(void)mtu;
	return -ENOSYS;
}

int tap_device_set_carrier(int fd, bool on)
{
	(void)fd;
	(void)on;
	return -ENOSYS;
}
