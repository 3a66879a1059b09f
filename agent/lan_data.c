/*
 * lan_data.c - frames: port or engine in, switch, ports and engine out
 *
 * Nothing here allocates. A frame is copied once: into a peer's outbox, or into a port's queue.
 */
#include <errno.h>

#include "agent/packet.h"
#include "agent/tunnel.h"
#include "lan_private.h"

void lan_send_outbox(struct lan *l)
{
	const struct datagram *datagrams;
	size_t count;

	engine_flush(l->engine, lan_now_ns(l));
	count = engine_outbox(l->engine, &datagrams);
	if (count > 0 && l->tunnel)
		tunnel_send(l->tunnel, datagrams, count);
	engine_outbox_clear(l->engine);
}

/* A frame on its way, for the callbacks. @crossing: as peers get it, and @is_nested known, once one did */
struct delivery {
	struct lan *lan;
	const struct lan_vlan *vlan;
	const struct port_frame *frame;
	int from;
	bool is_flooded;
	bool is_nested;
	bool is_plain; /* from or to a port without offload */
	struct port_frame crossing;
};

/* Flooded, it is one for all: where its destination is, nobody knows. */
static const struct port_frame *crossing(struct delivery *d, int peer)
{
	struct lan_crossing c = {.vlan = d->vlan, .peer = d->is_flooded ? -1 : peer};

	if (!d->crossing.bytes)
		d->is_nested = lan_is_nested(d->lan, d->from, d->frame);
	if (!d->is_flooded || !d->crossing.bytes)
		d->crossing = lan_clamp_mss(d->lan, &c, d->frame);
	return &d->crossing;
}

/* Into the outbox, which is sent when it is full. */
static void offer(struct lan *l, int peer, const struct frame_out *out)
{
	if (engine_send_frame(l->engine, peer, out, lan_now_ns(l)) != DROP_OUTBOX_FULL)
		return; /* sent, or dropped and counted */
	lan_send_outbox(l);
	if (engine_send_frame(l->engine, peer, out, lan_now_ns(l)) == DROP_OUTBOX_FULL)
		engine_count_drop(l->engine, peer, DROP_OUTBOX_FULL);
}

/* Piece by piece, their checksums left to the peer. */
static void offer_pieces(struct lan *l, int peer, const struct port_frame *f, struct frame_out *out)
{
	struct cutter c = cutter_over(f->bytes, f->offload);
	struct piece *piece = &l->piece;

	out->checksum_unfinished = true;
	while (cutter_next(&c, piece)) {
		out->frame = piece->headers;
		out->len = piece->headers_len;
		out->data = piece->data;
		out->data_len = piece->data_len;
		offer(l, peer, out);
	}
}

static void send_to_peer(void *context, int peer, bool on_segment)
{
	struct delivery *d = context;
	const struct port_frame *f = crossing(d, peer);
	struct frame_out out = {.vlan = d->vlan->config.id,
				.frame = f->bytes,
				.len = f->len,
				.on_segment = on_segment};

	if (d->is_nested)
		return;
	if (d->lan->dscp_copy)
		out.dscp = packet_dscp(f->bytes, f->len);
	if (f->offload)
		offer_pieces(d->lan, peer, f, &out);
	else
		offer(d->lan, peer, &out);
}

static void send_to_port(void *context, int member)
{
	struct delivery *d = context;
	struct port *port = d->lan->ports[member]->port;
	struct lan_pieces pieces;

	d->is_plain |= !port->has_offload;
	if (!d->frame->offload) {
		port->ops->send(port, d->frame->bytes, d->frame->len);
		return;
	}
	if (port->has_offload) {
		port->ops->send_whole(port, d->frame);
		return;
	}
	pieces = lan_pieces_of(d->lan, d->frame);
	for (struct port_frame f; lan_pieces_next(&pieces, &f);)
		port->ops->send(port, f.bytes, f.len);
}

static void send_beyond(void *context, int member, uint32_t interface)
{
	const struct delivery *d = context;
	struct port *port = d->lan->ports[member]->port;
	struct lan_pieces pieces = lan_pieces_of(d->lan, d->frame);

	for (struct port_frame f; lan_pieces_next(&pieces, &f);)
		port->ops->send_beyond(port, interface, f.bytes, f.len);
}

static bool is_from_plain(const struct lan *l, int member)
{
	return member >= 0 && member < LAN_PEER_BASE && !l->ports[member]->port->has_offload;
}

/* A frame that the switch let pass, to one member or to all others. */
static enum drop deliver(struct lan *l, const struct lan_vlan *vlan,
			 const struct forward_from *from, int to, const struct port_frame *f)
{
	struct delivery d = {.lan = l,
			     .vlan = vlan,
			     .frame = f,
			     .from = from->member,
			     .is_plain = is_from_plain(l, from->member),
			     .is_flooded = to == SWITCH_FLOOD};
	struct forward how = {.sw = vlan->sw,
			      .segments = l->segments,
			      .peer_base = LAN_PEER_BASE,
			      .to_port = send_to_port,
			      .beyond = send_beyond,
			      .to_peer = send_to_peer,
			      .context = &d,
			      .now_ns = lan_now_ns(l)};
	enum drop drop;

	drop = forward_frame(&how, from, to);
	l->plain_frames += d.is_plain;
	return d.is_nested ? DROP_TUNNEL_IN_TUNNEL : drop;
}

/* Did the switch believe the source, whatever became of the frame? Neighbours on one hub talk so. */
static bool is_heard(enum drop drop)
{
	return drop == DROP_NONE || drop == DROP_SAME_PORT || drop == DROP_SPLIT_HORIZON;
}

/* ---- from a port ---- */

/* Where the switch has the destination, or -1. */
static int owner_of(const struct switch_verdict *v)
{
	return v->to == SWITCH_FLOOD ? SWITCH_NOBODY : v->to;
}

/* May it enter at all? A machine of another host only tells us that it is on that segment. Of our own it is
 * of interest where several agents hear it. */
static enum drop admit(struct lan_port *p, const uint8_t *frame, size_t len,
		       const struct port_source *source)
{
	if (source->is_foreign || segments_is_shared(p->lan->segments, p->member))
		lan_segments_learn(p, frame, len, source->interface);
	return segments_admit(p->lan->segments, p->member);
}

/* What became of a port's frame: shown to who watches, and counted. */
static void settle(struct lan_port *p, const struct switch_verdict *v, const struct port_frame *f)
{
	if (p->lan->dump)
		lan_dump(p->lan, p->vlan, p->member, v, f);
	if (v->drop != DROP_NONE)
		p->port->drops[v->drop] += f->offload ? offload_count(f->offload) : 1;
}

/* Bytes of the longest of the frames that it becomes. */
static size_t longest(const struct port_frame *f)
{
	return f->offload ? offload_first_len(f->offload) : f->len;
}

static void take_from_port(struct lan_port *p, const struct port_frame *f,
			   const struct port_source *source)
{
	const size_t len = longest(f);
	struct forward_from from = {
		.member = p->member, .interface = source->interface, .source = source->from};
	struct switch_verdict v = {.drop = admit(p, f->bytes, len, source)};
	struct inspect what;

	lan_touch(p->lan);
	if (source->is_foreign)
		return; /* counted by the port */
	if (v.drop == DROP_NONE)
		v = switch_frame(p->vlan->sw, p->member, f->bytes, len, lan_now_ns(p->lan));
	if (v.crowded)
		p->port->drops[DROP_MAC_QUOTA]++;
	if (v.contested && segments_suspect(p->lan->segments, p->member, lan_now_ns(p->lan)))
		p->lan->segments_touched = true;
	if (!is_heard(v.drop)) {
		settle(p, &v, f);
		return;
	}
	inspect_frame(f->bytes, len, &what);
	guard_learn(p->vlan->guard, p->member, &what, lan_now_ns(p->lan));
	if (v.drop == DROP_NONE &&
	    lan_segments_is_near(p, f->bytes, source->interface, owner_of(&v)))
		v.drop = DROP_SAME_PORT;
	if (v.drop == DROP_NONE)
		v.drop = deliver(p->lan, p->vlan, &from, v.to, f);
	settle(p, &v, f);
}

static void on_frame(void *context, const uint8_t *frame, size_t len,
		     const struct port_source *source)
{
	struct port_frame f = {.bytes = frame, .len = len};

	take_from_port(context, &f, source);
}

/* For more than one receiver each piece counts, as it does for who watches. */
static bool is_cut_first(struct lan_port *p, const struct port_frame *f)
{
	return p->lan->dump || (offload_count(f->offload) > 1 &&
				switch_is_for_many(p->vlan->sw, f->bytes, lan_now_ns(p->lan)));
}

static void on_whole(void *context, const struct port_frame *f, const struct port_source *source)
{
	struct lan_port *p = context;
	struct lan_pieces pieces;

	if (!is_cut_first(p, f)) {
		take_from_port(p, f, source);
		return;
	}
	pieces = lan_pieces_of(p->lan, f);
	for (struct port_frame piece; lan_pieces_next(&pieces, &piece);)
		take_from_port(p, &piece, source);
}

static void on_batch_end(void *context)
{
	struct lan_port *p = context;

	lan_flush(p->lan);
}

struct port_events lan_port_events(struct lan_port *p)
{
	return (struct port_events){
		.on_frame = on_frame,
		.on_whole = on_whole,
		.on_batch_end = on_batch_end,
		.on_gone = lan_on_gone,
		.on_lane_open = lan_on_lane_open,
		.on_lane_close = lan_on_lane_close,
		.on_beacon = lan_on_beacon,
		.on_alive = lan_on_alive,
		.on_attached = lan_on_attached,
		.context = p,
	};
}

/* ---- from the tunnel ---- */

/* Return: DROP_NONE with @out set, or why this peer's frame enters no switch. */
static enum drop find_vlan(struct lan *l, const struct frame_in *in, struct lan_vlan **out)
{
	*out = lan_vlan_by_id(l, in->vlan);
	if (!*out)
		return DROP_VLAN_UNKNOWN;
	if (!switch_has((*out)->sw, LAN_PEER_BASE + in->peer))
		return DROP_VLAN_NOT_ALLOWED;
	return DROP_NONE;
}

static enum drop check_rate(struct lan *l, const struct frame_in *in)
{
	struct lan_peer *p = &l->peers[in->peer];

	if (p->limits.rate == 0 || bucket_take(&p->bucket, (uint32_t)in->len, lan_now_ns(l)))
		return DROP_NONE;
	return DROP_PEER_RATE;
}

/* Through the guard and the switch. What the switch takes teaches the guard. */
static struct switch_verdict pass_guard(struct lan *l, const struct lan_vlan *vlan,
					const struct frame_in *in, const struct port_frame *f)
{
	int from = LAN_PEER_BASE + in->peer;
	struct switch_verdict v = {.to = SWITCH_NOBODY};
	const size_t len = longest(f);
	struct inspect what;

	v.drop = DROP_BROADCAST_LIMIT;
	if (switch_is_flooding(vlan->sw, from, f->bytes, len, lan_now_ns(l)))
		return v;
	inspect_frame(f->bytes, len, &what);
	v.drop = guard_judge(vlan->guard, from, &what, l->peers[in->peer].limits.allow,
			     lan_now_ns(l));
	if (v.drop != DROP_NONE)
		return v;
	v = switch_frame(vlan->sw, from, f->bytes, len, lan_now_ns(l));
	if (is_heard(v.drop))
		guard_learn(vlan->guard, from, &what, lan_now_ns(l));
	return v;
}

/* Our own machine's frame, sent back by whoever serves the segment where it was heard? */
static bool is_echo(struct lan *l, const struct lan_vlan *vlan, const struct frame_in *in)
{
	struct mac src;
	int owner;

	if (!in->on_segment)
		return false;
	src = ether_src(in->frame);
	owner = switch_owner(vlan->sw, &src, lan_now_ns(l));
	return owner >= 0 && owner < LAN_PEER_BASE && segments_shares(l->segments, owner, in->peer);
}

/* To ports only, so the frame's bytes stay valid. */
static enum drop deliver_from_peer(struct lan *l, const struct lan_vlan *vlan,
				   const struct frame_in *in, int to, const struct port_frame *f)
{
	struct lan_crossing c = {.vlan = vlan, .peer = in->peer};
	struct forward_from from = {
		.member = LAN_PEER_BASE + in->peer, .on_segment = in->on_segment, .heard_at = -1};
	struct port_frame clamped = lan_clamp_mss(l, &c, f);

	if (to != SWITCH_FLOOD)
		from.heard_at = lan_segments_heard_at(l, vlan, f->bytes);
	return deliver(l, vlan, &from, to, &clamped);
}

/* What became of a peer's frame: shown to who watches, and counted. */
static void settle_from_peer(struct lan *l, const struct lan_vlan *vlan, int peer,
			     const struct switch_verdict *v, const struct port_frame *f)
{
	if (l->dump)
		lan_dump(l, vlan, LAN_PEER_BASE + peer, v, f);
	if (v->drop == DROP_NONE)
		return;
	for (size_t n = f->offload ? offload_count(f->offload) : 1; n > 0; n--)
		engine_count_drop(l->engine, peer, v->drop);
	lan_guard_stopped(l, peer, v->drop);
}

void lan_enter(struct lan *l, const struct lan_vlan *vlan, const struct frame_in *in,
	       const struct port_frame *f)
{
	struct switch_verdict v = {.to = SWITCH_NOBODY, .drop = DROP_NONE};

	if (is_echo(l, vlan, in))
		v.drop = DROP_ON_SEGMENT;
	if (v.drop == DROP_NONE)
		v.drop = lan_check_nested(l, in);
	if (v.drop == DROP_NONE)
		v = pass_guard(l, vlan, in, f);
	if (v.crowded)
		engine_count_drop(l->engine, in->peer, DROP_MAC_QUOTA);
	if (v.drop == DROP_NONE)
		v.drop = deliver_from_peer(l, vlan, in, v.to, f);
	settle_from_peer(l, vlan, in->peer, &v, f);
}

static void take_from_peer(struct lan *l, const struct frame_in *in)
{
	struct port_frame f = {.bytes = in->frame, .len = in->len};
	struct switch_verdict v = {.to = SWITCH_NOBODY};
	struct lan_vlan *vlan;

	lan_touch(l);
	v.drop = find_vlan(l, in, &vlan);
	if (v.drop == DROP_NONE)
		v.drop = check_rate(l, in);
	if (v.drop == DROP_NONE && in->checksum_unfinished) {
		v.drop = lan_take_unfinished(l, vlan, in);
		if (v.drop == DROP_NONE)
			return;
	}
	if (v.drop != DROP_NONE) {
		settle_from_peer(l, vlan, in->peer, &v, &f);
		return;
	}
	lan_merge_end(l);
	lan_enter(l, vlan, in, &f);
}

void lan_input(struct lan *l, const struct route *route, uint8_t *datagram, size_t len)
{
	struct frame_in in;

	engine_input(l->engine, route, datagram, len, lan_now_ns(l));
	while (engine_next_frame(l->engine, &in, lan_now_ns(l))) {
		if (in.frame)
			take_from_peer(l, &in);
		else
			lan_segments_take(l, &in);
		if (in.is_reassembled)
			lan_merge_reassembled(l);
	}
}

/* ---- out ---- */

static void each_port(struct lan *l, void (*act)(struct port *p))
{
	for (size_t i = 0; i < LAN_PORTS_MAX / LAN_SLOT_BITS; i++) {
		for (uint64_t left = l->used[i]; left; left &= left - 1)
			act(l->ports[i * LAN_SLOT_BITS + (size_t)__builtin_ctzll(left)]->port);
	}
}

static void flush_port(struct port *p)
{
	p->ops->flush(p);
}

static void hear_port(struct port *p)
{
	if (p->ops->hear)
		p->ops->hear(p);
}

void lan_flush(struct lan *l)
{
	lan_note_bulk(l);
	lan_merge_end(l);
	if (l->segments_touched)
		lan_segments_run(l);
	each_port(l, flush_port);
	lan_send_outbox(l);
	lan_settle(l);
	l->now_ns = 0;
}

void lan_hear(struct lan *l)
{
	each_port(l, hear_port);
}

/* ---- from the control socket ---- */

static int only_vlan(const struct lan *l, struct lan_vlan **out, struct error *err)
{
	*out = NULL;
	for (size_t i = 0; i < CONFIG_VLANS_MAX; i++) {
		if (l->vlans[i] && *out)
			return error_set(err, -EINVAL,
					 "this agent has several vlans: say which one with --vlan");
		if (l->vlans[i])
			*out = l->vlans[i];
	}
	return *out ? 0 : error_set(err, -ENOENT, "this agent has no vlan");
}

int lan_find_vlan(const struct lan *l, uint16_t id, struct lan_vlan **out, struct error *err)
{
	if (id == 0)
		return only_vlan(l, out, err);
	*out = lan_vlan_by_id(l, id);
	return *out ? 0 : error_set(err, -ENOENT, "this agent has no vlan with id %u", id);
}

int lan_inject(struct lan *l, uint16_t id, const uint8_t *frame, size_t len, struct error *err)
{
	struct port_frame f = {.bytes = frame, .len = len};
	struct forward_from from = {.member = SWITCH_NOBODY};
	struct switch_verdict v;
	struct lan_vlan *vlan;
	int code = lan_find_vlan(l, id, &vlan, err);

	if (code < 0)
		return code;
	v = switch_frame(vlan->sw, SWITCH_NOBODY, frame, len, lan_now_ns(l));
	if (l->dump)
		lan_dump(l, vlan, SWITCH_NOBODY, &v, &f);
	if (v.drop != DROP_NONE)
		return error_set(err, -EINVAL, "the switch does not carry this frame: %s",
				 drop_name(v.drop));
	v.drop = deliver(l, vlan, &from, v.to, &f);
	lan_flush(l);
	if (v.drop != DROP_NONE)
		return error_set(err, -EAGAIN, "its destination cannot be reached now: %s",
				 drop_name(v.drop));
	return 0;
}
