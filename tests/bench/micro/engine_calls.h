/*
 * engine_calls.h - how the benchmarks send a frame and take frames: all they use of frame_out and frame_in
 */
#ifndef BENCH_ENGINE_CALLS_H
#define BENCH_ENGINE_CALLS_H

#include "fleet.h"

/* The host's engine sends a frame to its peer. */
static inline enum drop call_send(unsigned host, int peer, const uint8_t *frame, size_t len)
{
	struct frame_out out = {.vlan = FLEET_VLAN, .frame = frame, .len = len};

	return engine_send_frame(fleet.hosts[host].engine, peer, &out, fleet.now_ns);
}

/* The engine under test takes a datagram of its peer. Return: the frames in it */
static inline unsigned call_input(unsigned peer, uint8_t *datagram, size_t len)
{
	struct engine *e = fleet.hosts[0].engine;
	struct route route = {.remote = fleet.hosts[1 + peer].at};
	struct frame_in in;
	unsigned frames = 0;

	engine_input(e, &route, datagram, len, fleet.now_ns);
	while (engine_next_frame(e, &in, fleet.now_ns))
		frames += in.frame != NULL;
	return frames;
}

#endif
