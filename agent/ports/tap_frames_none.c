/*
 * tap_frames_none.c - for systems whose TAPs nobody has written a file for yet; see tap_device.h
 */
#include <errno.h>

#include "tap_device.h"

int tap_device_read(struct tap_device *d, const struct udp_area *area, struct port_frame *out,
		    struct offload *o)
{
	(void)d;
	(void)area;
	(void)out;
	(void)o;
	return -ENOSYS;
}

int tap_device_write(struct tap_device *d, const struct port_frame *f)
{
	(void)d;
	(void)f;
	return -ENOSYS;
}
