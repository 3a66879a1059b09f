/*
 * lan_data.c - frames: port or engine in, switch, ports and engine out
 *
 * Nothing here allocates. A frame is copied once: into the outbox of a peer, or into the queue of a
 * port.
 */
#include <errno.h>

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

static void send_to_peer(void *context, int peer, bool on_segment)
{
	struct delivery *d = context;
	struct lan *l = d->lan;
	const struct port_frame *f = crossing(d, peer);
	struct frame_out out = {.vlan = d->vlan->config.id,
				.frame = f->bytes,
				.len = f->len,
				.on_segment = on_segment};

	if (d->is_nested)
		return;
	if (engine_send_frame(l->engine, peer, &out, lan_now_ns(l)) != DROP_OUTBOX_FULL)
		return; /* sent, or dropped and counted */
	lan_send_outbox(l);
	if (engine_send_frame(l->engine, peer, &out, lan_now_ns(l)) == DROP_OUTBOX_FULL)
		engine_count_drop(l->engine, peer, DROP_OUTBOX_FULL);
}

static void send_to_port(void *context, int member)
{
	const struct delivery *d = context;
	struct port *port = d->lan->ports[member]->port;

	port->ops->send(port, d->frame->bytes, d->frame->len);
}

static void send_beyond(void *context, int member, uint32_t interface)
{
	const struct delivery *d = context;
	struct port *port = d->lan->ports[member]->port;

	port->ops->send_beyond(port, interface, d->frame->bytes, d->frame->len);
}

/* A frame that the switch let pass, to one member or to all others. */
static enum drop deliver(struct lan *l, const struct lan_vlan *vlan,
			 const struct forward_from *from, int to, const struct port_frame *f)
{
	struct delivery d = {.lan = l,
			     .vlan = vlan,
			     .frame = f,
			     .from = from->member,
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
		p->port->drops[v->drop]++;
}

static void on_frame(void *context, const uint8_t *frame, size_t len,
		     const struct port_source *source)
{
	struct lan_port *p = context;
	struct port_frame f = {.bytes = frame, .len = len};
	struct forward_from from = {
		.member = p->member, .interface = source->interface, .source = source->from};
	struct switch_verdict v = {.drop = admit(p, frame, len, source)};
	struct inspect what;

	lan_touch(p->lan);
	if (source->is_foreign)
		return; /* counted by the port */
	if (v.drop == DROP_NONE)
		v = switch_frame(p->vlan->sw, p->member, frame, len, lan_now_ns(p->lan));
	if (v.crowded)
		p->port->drops[DROP_MAC_QUOTA]++;
	if (v.contested && segments_suspect(p->lan->segments, p->member, lan_now_ns(p->lan)))
		p->lan->segments_touched = true;
	if (!is_heard(v.drop)) {
		settle(p, &v, &f);
		return;
	}
	inspect_frame(frame, len, &what);
	guard_learn(p->vlan->guard, p->member, &what, lan_now_ns(p->lan));
	if (v.drop == DROP_NONE && lan_segments_is_near(p, frame, source->interface, owner_of(&v)))
		v.drop = DROP_SAME_PORT;
	if (v.drop == DROP_NONE)
		v.drop = deliver(p->lan, p->vlan, &from, v.to, &f);
	settle(p, &v, &f);
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
					const struct frame_in *in)
{
	int from = LAN_PEER_BASE + in->peer;
	struct switch_verdict v = {.to = SWITCH_NOBODY};
	struct inspect what;

	v.drop = DROP_BROADCAST_LIMIT;
	if (switch_is_flooding(vlan->sw, from, in->frame, in->len, lan_now_ns(l)))
		return v;
	inspect_frame(in->frame, in->len, &what);
	v.drop = guard_judge(vlan->guard, from, &what, l->peers[in->peer].limits.allow,
			     lan_now_ns(l));
	if (v.drop != DROP_NONE)
		return v;
	v = switch_frame(vlan->sw, from, in->frame, in->len, lan_now_ns(l));
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

static void count_drop(struct lan *l, int peer, enum drop reason)
{
	engine_count_drop(l->engine, peer, reason);
	lan_guard_stopped(l, peer, reason);
}

/* To ports only, so the frame's bytes stay valid. */
static enum drop deliver_from_peer(struct lan *l, const struct lan_vlan *vlan,
				   const struct frame_in *in, const struct forward_from *from,
				   int to)
{
	struct lan_crossing c = {
		.vlan = vlan, .peer = in->peer, .checksum_unfinished = in->checksum_unfinished};
	struct port_frame f = {.bytes = in->frame, .len = in->len};

	f = lan_clamp_mss(l, &c, &f);
	return deliver(l, vlan, from, to, &f);
}

static void take_from_peer(struct lan *l, const struct frame_in *in)
{
	struct port_frame f = {.bytes = in->frame, .len = in->len};
	struct forward_from from = {
		.member = LAN_PEER_BASE + in->peer, .on_segment = in->on_segment, .heard_at = -1};
	struct switch_verdict v = {.to = SWITCH_NOBODY};
	struct lan_vlan *vlan;

	lan_touch(l);
	v.drop = find_vlan(l, in, &vlan);
	if (v.drop == DROP_NONE)
		v.drop = check_rate(l, in);
	if (v.drop == DROP_NONE && is_echo(l, vlan, in))
		v.drop = DROP_ON_SEGMENT;
	if (v.drop == DROP_NONE)
		v.drop = lan_check_nested(l, in);
	if (v.drop == DROP_NONE)
		v = pass_guard(l, vlan, in);
	if (v.crowded)
		engine_count_drop(l->engine, in->peer, DROP_MAC_QUOTA);
	if (v.drop == DROP_NONE && v.to != SWITCH_FLOOD)
		from.heard_at = lan_segments_heard_at(l, vlan, in->frame);
	if (v.drop == DROP_NONE)
		v.drop = deliver_from_peer(l, vlan, in, &from, v.to);
	if (l->dump)
		lan_dump(l, vlan, from.member, &v, &f);
	if (v.drop != DROP_NONE)
		count_drop(l, in->peer, v.drop);
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
	}
}

/* ---- out ---- */

void lan_flush(struct lan *l)
{
	if (l->segments_touched)
		lan_segments_run(l);
	for (size_t i = 0; i < LAN_PORTS_MAX; i++) {
		if (l->ports[i])
			l->ports[i]->port->ops->flush(l->ports[i]->port);
	}
	lan_send_outbox(l);
	lan_settle(l);
	l->now_ns = 0;
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
