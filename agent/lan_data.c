/*
 * lan_data.c - frames: port or engine in, switch, ports and engine out
 *
 * Nothing here allocates. A frame is copied once: into the outbox of a peer, or into the queue of a
 * port.
 */
#include <errno.h>
#include <sodium.h>

#include "agent/tunnel.h"
#include "lan_private.h"

/* Hand the sealed datagrams to the kernel. */
static void send_outbox(struct lan *l)
{
	const struct datagram *datagrams;
	size_t count;

	engine_flush(l->engine, lan_now_ns(l));
	count = engine_outbox(l->engine, &datagrams);
	if (count > 0 && l->tunnel)
		tunnel_send(l->tunnel, datagrams, count);
	engine_outbox_clear(l->engine);
}

static void send_to_peer(struct lan *l, const struct lan_vlan *vlan, int peer, const uint8_t *frame,
			 size_t len)
{
	struct frame_out out = {.vlan = vlan->config.id, .frame = frame, .len = len};

	if (engine_send_frame(l->engine, peer, &out, lan_now_ns(l)) != DROP_OUTBOX_FULL)
		return; /* sent, or dropped and counted */
	send_outbox(l);
	if (engine_send_frame(l->engine, peer, &out, lan_now_ns(l)) == DROP_OUTBOX_FULL)
		engine_count_drop(l->engine, peer, DROP_OUTBOX_FULL);
}

static void send_to(struct lan *l, const struct lan_vlan *vlan, int member, const uint8_t *frame,
		    size_t len)
{
	if (member >= LAN_PEER_BASE)
		send_to_peer(l, vlan, member - LAN_PEER_BASE, frame, len);
	else
		l->ports[member]->port->ops->send(l->ports[member]->port, frame, len);
}

/* A frame that the switch let pass, to one member or to all others. */
static void deliver(struct lan *l, const struct lan_vlan *vlan, int from, int to,
		    const struct port_frame *f)
{
	size_t cursor = 0;

	if (to != SWITCH_FLOOD) {
		send_to(l, vlan, to, f->bytes, f->len);
		return;
	}
	while ((to = switch_flood_next(vlan->sw, from, &cursor)) >= 0)
		send_to(l, vlan, to, f->bytes, f->len);
}

/* Did the switch believe the source, whatever became of the frame? Neighbours on one hub talk so. */
static bool is_heard(enum drop drop)
{
	return drop == DROP_NONE || drop == DROP_SAME_PORT || drop == DROP_SPLIT_HORIZON;
}

/* ---- from a port ---- */

static void on_frame(void *context, const uint8_t *frame, size_t len,
		     const struct port_source *source)
{
	struct lan_port *p = context;
	struct port_frame f = {.bytes = frame, .len = len};
	struct switch_verdict v;
	struct inspect what;

	if (source->is_foreign)
		return;
	v = switch_frame(p->vlan->sw, p->member, frame, len, lan_now_ns(p->lan));
	if (v.crowded)
		p->port->drops[DROP_MAC_QUOTA]++;
	if (!is_heard(v.drop)) {
		p->port->drops[v.drop]++;
		return;
	}
	inspect_frame(frame, len, &what);
	guard_learn(p->vlan->guard, p->member, &what, lan_now_ns(p->lan));
	if (v.drop != DROP_NONE)
		p->port->drops[v.drop]++;
	else
		deliver(p->lan, p->vlan, p->member, v.to, &f);
}

static void on_batch_end(void *context)
{
	struct lan_port *p = context;

	lan_flush(p->lan);
}

/* ---- beacons ---- */

void lan_beacon(struct lan_port *p)
{
	struct port_attachment list[PORT_ATTACHMENTS_MAX];
	size_t count = 0;

	if (p->port->ops->attachments)
		count = p->port->ops->attachments(p->port, list, PORT_ATTACHMENTS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct beacon b = {.kind = BEACON_AGENT,
				   .flags = list[i].serves ? BEACON_SERVES : 0,
				   .rank = BEACON_RANK_LAST,
				   .period_ms = BEACON_PERIOD_MS};

		randombytes_buf(b.id, sizeof(b.id));
		p->port->ops->beacon(p->port, list[i].interface, &b);
	}
}

static bool was_answered(const struct lan_port *p, const struct mac *sender)
{
	for (size_t i = 0; i < LAN_ANSWERED_MAX; i++) {
		if (mac_equal(&p->answered[i], sender))
			return true;
	}
	return false;
}

/* A newcomer: tell it at once that we are here. */
static void on_beacon(void *context, const struct port_beacon *heard)
{
	struct lan_port *p = context;

	if (heard->from_machine || heard->beacon.kind != BEACON_AGENT ||
	    was_answered(p, &heard->sender))
		return;
	p->answered[p->answered_next] = heard->sender;
	p->answered_next = (p->answered_next + 1) % LAN_ANSWERED_MAX;
	lan_beacon(p);
}

static void on_alive(void *context, uint32_t interface, const struct mac *sender)
{
	(void)context;
	(void)interface;
	(void)sender;
}

static void on_attached(void *context)
{
	lan_beacon(context);
}

struct port_events lan_port_events(struct lan_port *p)
{
	return (struct port_events){.on_frame = on_frame,
				    .on_batch_end = on_batch_end,
				    .on_beacon = on_beacon,
				    .on_alive = on_alive,
				    .on_attached = on_attached,
				    .context = p};
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

static void count_drop(struct lan *l, int peer, enum drop reason)
{
	engine_count_drop(l->engine, peer, reason);
	lan_guard_stopped(l, peer, reason);
}

static void take_from_peer(struct lan *l, const struct frame_in *in)
{
	struct port_frame f = {.bytes = in->frame, .len = in->len};
	int from = LAN_PEER_BASE + in->peer;
	struct switch_verdict v = {.to = SWITCH_NOBODY};
	struct lan_vlan *vlan;

	v.drop = find_vlan(l, in, &vlan);
	if (v.drop == DROP_NONE)
		v.drop = check_rate(l, in);
	if (v.drop == DROP_NONE)
		v = pass_guard(l, vlan, in);
	if (v.crowded)
		engine_count_drop(l->engine, in->peer, DROP_MAC_QUOTA);
	if (v.drop != DROP_NONE)
		count_drop(l, in->peer, v.drop);
	else
		deliver(l, vlan, from, v.to, &f); /* to ports only: the frame's bytes stay valid */
}

void lan_input(struct lan *l, const struct addr *from, uint8_t *datagram, size_t len)
{
	struct frame_in in;

	engine_input(l->engine, from, datagram, len, lan_now_ns(l));
	while (engine_next_frame(l->engine, &in, lan_now_ns(l))) {
		if (in.frame)
			take_from_peer(l, &in);
	}
}

/* ---- out ---- */

void lan_flush(struct lan *l)
{
	for (size_t i = 0; i < CONFIG_PORTS_MAX; i++) {
		if (l->ports[i])
			l->ports[i]->port->ops->flush(l->ports[i]->port);
	}
	send_outbox(l);
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

int lan_inject(struct lan *l, uint16_t id, const uint8_t *frame, size_t len, struct error *err)
{
	struct port_frame f = {.bytes = frame, .len = len};
	struct lan_vlan *vlan = lan_vlan_by_id(l, id);
	struct switch_verdict v;
	int code = id == 0 ? only_vlan(l, &vlan, err) : 0;

	if (code == 0 && !vlan)
		code = error_set(err, -ENOENT, "this agent has no vlan with id %u", id);
	if (code < 0)
		return code;
	v = switch_frame(vlan->sw, SWITCH_NOBODY, frame, len, lan_now_ns(l));
	if (v.drop != DROP_NONE)
		return error_set(err, -EINVAL, "the switch does not carry this frame: %s",
				 drop_name(v.drop));
	deliver(l, vlan, SWITCH_NOBODY, v.to, &f);
	lan_flush(l);
	return 0;
}
