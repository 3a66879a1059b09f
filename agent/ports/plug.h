/*
 * plug.h - what the ports for single machines share: udp, dgram, stream and fd
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

/** plug_count_sent() - A frame is on its way */
static inline void plug_count_sent(struct port *p, size_t len)
{
	p->tx_frames++;
	p->tx_bytes += len;
}

/**
 * plug_watch() - Call @on_ready with @data when @fd is readable
 *
 * The handle lives by itself, so that a descriptor can be closed and another one watched at once.
 *
 * Return: for plug_unwatch(), or NULL without memory
 */
uv_poll_t *plug_watch(uv_loop_t *loop, int fd, uv_poll_cb on_ready, void *data);

/** plug_unwatch() - Before its descriptor is closed; @poll may be NULL */
void plug_unwatch(uv_poll_t *poll);

/** plug_soon() - Call @on_time with @data from the loop, once. Return: for plug_not_soon(), or NULL without
 * memory */
uv_timer_t *plug_soon(uv_loop_t *loop, uv_timer_cb on_time, void *data);

/** plug_not_soon() - Before @data goes, whether it was called or not; @timer may be NULL */
void plug_not_soon(uv_timer_t *timer);

/** plug_no_warnings() - For types that have none */
size_t plug_no_warnings(const struct port *p, uint64_t now_ns, struct warning *out, size_t max);

#endif
