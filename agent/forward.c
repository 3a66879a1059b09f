/*
 * forward.c - see forward.h
 */
#include "agent/forward.h"

/* Ports by which a flooded frame left, if anybody else is heard there. */
struct injected {
	int ports[CONFIG_PORTS_MAX];
	size_t count;
};

static bool is_peer(const struct forward *f, int member)
{
	return member >= f->peer_base;
}

static bool is_covered(const struct forward *f, const struct injected *in, int peer)
{
	for (size_t i = 0; i < in->count; i++)
		if (segments_covers(f->segments, in->ports[i], peer))
			return true;
	return false;
}

static struct segments_origin origin_of(const struct forward_from *from)
{
	return (struct segments_origin){
		.port = from->member, .interface = from->interface, .source = from->source};
}

static void go_beyond(const struct forward *f, const struct forward_from *from, int port)
{
	struct segments_origin origin = origin_of(from);
	uint32_t interfaces[SEGMENTS_ATTACHMENTS_MAX];
	size_t count = segments_beyond(f->segments, &origin, port, interfaces, f->now_ns);

	for (size_t i = 0; i < count; i++)
		f->beyond(f->context, port, interfaces[i]);
}

/* ---- from a port, or from nobody ---- */

static enum drop give_peer(const struct forward *f, const struct forward_from *from,
			   const struct injected *in, int peer)
{
	struct segments_origin origin = origin_of(from);
	enum segments_way way = segments_way_to(f->segments, &origin, peer, f->now_ns);

	if (way == SEGMENTS_HEARD)
		return DROP_ON_SEGMENT;
	if (way == SEGMENTS_STANDBY)
		return DROP_STANDBY;
	f->to_peer(f->context, peer, way == SEGMENTS_MARKED || is_covered(f, in, peer));
	return DROP_NONE;
}

static enum drop give_port(const struct forward *f, const struct forward_from *from, int port)
{
	struct segments_origin origin = origin_of(from);
	enum drop drop = segments_admit(f->segments, port);

	if (drop == DROP_NONE && segments_is_carried(f->segments, &origin, port))
		return DROP_STANDBY;
	if (drop == DROP_NONE)
		f->to_port(f->context, port);
	return drop;
}

/* To all local ports first, because where it was injected decides what peers are told. */
static void flood_ports(const struct forward *f, const struct forward_from *from,
			struct injected *in)
{
	size_t cursor = 0;
	int to;

	while ((to = switch_flood_next(f->sw, from->member, &cursor)) >= 0) {
		enum drop drop = is_peer(f, to) ? DROP_SPLIT_HORIZON : give_port(f, from, to);

		if ((drop != DROP_NONE && drop != DROP_STANDBY) ||
		    !segments_beacons(f->segments, to))
			continue;
		if (drop == DROP_NONE)
			go_beyond(f, from, to);
		in->ports[in->count++] = to;
	}
	if (from->member >= 0 && from->interface &&
	    segments_hides(f->segments, from->member, from->interface)) {
		go_beyond(f, from, from->member);
		in->ports[in->count++] = from->member;
	}
}

static enum drop from_port(const struct forward *f, const struct forward_from *from, int to)
{
	struct injected in = {.count = 0};
	size_t cursor = 0;

	if (to != SWITCH_FLOOD)
		return is_peer(f, to) ? give_peer(f, from, &in, to - f->peer_base)
				      : give_port(f, from, to);
	flood_ports(f, from, &in);
	while ((to = switch_flood_next(f->sw, from->member, &cursor)) >= 0)
		if (is_peer(f, to))
			give_peer(f, from, &in, to - f->peer_base);
	return DROP_NONE;
}

/* ---- from a peer: to ports only ---- */

static enum drop inject(const struct forward *f, const struct forward_from *from, int port)
{
	enum drop drop = segments_injects(f->segments, port, from->member - f->peer_base,
					  from->on_segment, f->now_ns);

	if (drop == DROP_NONE)
		f->to_port(f->context, port);
	return drop;
}

/* A frame for one machine behind a port */
static enum drop inject_known(const struct forward *f, const struct forward_from *from, int port)
{
	enum drop drop;

	if (!segments_is_at(f->segments, port, from->heard_at))
		return inject(f, from, port);
	drop = segments_injects_there(f->segments, from->heard_at, from->member - f->peer_base,
				      from->on_segment, f->now_ns);
	if (drop == DROP_NONE)
		f->to_port(f->context, port);
	return drop;
}

static enum drop from_peer(const struct forward *f, const struct forward_from *from, int to)
{
	size_t cursor = 0;

	if (to != SWITCH_FLOOD)
		return inject_known(f, from, to);
	while ((to = switch_flood_next(f->sw, from->member, &cursor)) >= 0)
		inject(f, from, to);
	return DROP_NONE;
}

enum drop forward_frame(const struct forward *f, const struct forward_from *from, int to)
{
	return is_peer(f, from->member) ? from_peer(f, from, to) : from_port(f, from, to);
}
