/*
 * plug.h - what the ports for single machines share: udp, dgram and stream
 *
 * Layer: agent (ports), private.
 */
#ifndef AGENT_PORTS_PLUG_H
#define AGENT_PORTS_PLUG_H

#include "port.h"

/** plug_heard() - Count a machine's frame, and hand it to the switch */
static inline void plug_heard(struct port *p, const uint8_t *frame, size_t len)
{
	p->rx_frames++;
	p->rx_bytes += len;
	p->events.on_frame(p->events.context, frame, len, &(struct port_source){.interface = 0});
}

/** plug_hear_datagram() - Likewise, or count why not. @is_cut: the rest of it did not fit */
static inline void plug_hear_datagram(struct port *p, const struct port_frame *f, bool is_cut)
{
	if (is_cut)
		p->drops[DROP_LONG_FRAME]++;
	else
		plug_heard(p, f->bytes, f->len);
}

/** plug_no_warnings() - For types that have none */
static inline size_t plug_no_warnings(const struct port *p, uint64_t now_ns, struct warning *out,
				      size_t max)
{
	(void)p;
	(void)now_ns;
	(void)out;
	(void)max;
	return 0;
}

#endif
