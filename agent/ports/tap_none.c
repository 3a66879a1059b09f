/*
 * tap_none.c - for systems whose TAPs nobody has written a file for yet; see tap_device.h
 */
#include "tap_device.h"

#include <errno.h>

int tap_device_open(const char *name, enum tap_step *step)
{
	(void)name;
	*step = TAP_STEP_SYSTEM;
	return -ENOSYS;
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
