/*
 * port.c - see port.h
 */
#include "port.h"

const struct port_ops *port_ops_for(enum port_type type)
{
	static const struct port_ops *const all[] = {
		[PORT_MCAST] = &mcast_ops,   [PORT_UDP] = &udp_ops, [PORT_DGRAM] = &dgram_ops,
		[PORT_STREAM] = &stream_ops, [PORT_FD] = &fd_ops,   [PORT_TAP] = &tap_ops,
	};

	return all[type];
}
