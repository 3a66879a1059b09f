/*
 * lan_segments.c - ports, peers and time into segments.h, and what follows from it out again
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "agent/command.h"
#include "agent/tunnel.h"
#include "common/log.h"
#include "lan_private.h"

enum {
	NS_PER_MS = 1000000,
	NEAR_QUOTA = 1024, /* machines of other hosts that are remembered for one attachment */
};
_Static_assert((int)PORT_ATTACHMENTS_MAX == (int)SEGMENTS_ATTACHMENTS_MAX, "all are told");
_Static_assert((int)LAN_PEERS_MAX == (int)SEGMENTS_PEERS_MAX, "every peer has a number there");

/* ---- what it asks ---- */

static void fill_random(void *context, void *out, size_t len)
{
	(void)context;
	randombytes_buf(out, len);
}

static bool shares_vlan(void *context, int peer, uint16_t vlan)
{
	const struct lan *l = context;
	const struct lan_vlan *v = lan_vlan_by_id(l, vlan);

	return v && switch_has(v->sw, LAN_PEER_BASE + peer);
}

static const char *name_of(void *context, int peer)
{
	const struct lan *l = context;

	return l->name_of ? l->name_of(l->name_context, peer) : NULL;
}

/* ---- what it wants done ---- */

static void send_beacons(struct lan *l)
{
	struct segments_beacon out;

	while (segments_next_beacon(l->segments, &out)) {
		struct port *port = l->ports[out.port]->port;

		port->ops->beacon(port, out.interface, &out.beacon);
	}
}

static void send_words(struct lan *l)
{
	uint64_t now_ns = lan_now_ns(l);
	struct segment_report report;
	struct segment_answer answer;
	int peer;

	while (segments_next_report(l->segments, &peer, &report, now_ns)) {
		if (engine_send_segment_report(l->engine, peer, &report, now_ns) != -ENOBUFS)
			continue;
		lan_send_outbox(l);
		engine_send_segment_report(l->engine, peer, &report, now_ns);
	}
	while (segments_next_answer(l->segments, &peer, &answer, now_ns)) {
		if (engine_send_segment_answer(l->engine, peer, &answer, now_ns) != -ENOBUFS)
			continue;
		lan_send_outbox(l);
		engine_send_segment_answer(l->engine, peer, &answer, now_ns);
	}
}

static void forget(struct lan *l, const struct segments_moved *moved)
{
	int member = moved->port >= 0 ? moved->port : LAN_PEER_BASE + moved->peer;

	for (size_t i = 0; i < CONFIG_VLANS_MAX; i++) {
		if (!l->vlans[i])
			continue;
		switch_forget(l->vlans[i]->sw, member);
		guard_forget(l->vlans[i]->guard, member);
	}
}

static void on_deadline(uv_timer_t *timer)
{
	struct lan *l = timer->data;

	lan_segments_run(l);
	lan_flush(l);
}

static void set_timer(struct lan *l)
{
	uint64_t at_ns = segments_deadline_ns(l->segments), now_ns = lan_now_ns(l);

	if (at_ns == UINT64_MAX)
		uv_timer_stop(&l->segments_timer);
	else
		uv_timer_start(&l->segments_timer, on_deadline,
			       at_ns > now_ns ? (at_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0,
			       0);
}

void lan_segments_run(struct lan *l)
{
	struct segments_moved moved;

	segments_settle(l->segments, lan_now_ns(l));
	send_beacons(l);
	send_words(l);
	while (segments_next_moved(l->segments, &moved))
		forget(l, &moved);
	set_timer(l);
	l->segments_touched = false;
}

/* ---- ports ---- */

static void attach(struct lan_port *p)
{
	struct port_attachment list[PORT_ATTACHMENTS_MAX];
	struct segments_place places[PORT_ATTACHMENTS_MAX];
	size_t count = p->port->ops->attachments(p->port, list, PORT_ATTACHMENTS_MAX);

	for (size_t i = 0; i < count; i++)
		places[i] = (struct segments_place){.interface = list[i].interface,
						    .serves = list[i].serves,
						    .is_real = list[i].is_real};
	segments_attach(p->lan->segments, p->member, places, count, lan_now_ns(p->lan));
	p->lan->segments_touched = true;
}

void lan_segments_open_port(struct lan_port *p)
{
	if (!p->port->ops->attachments)
		return;
	segments_port_open(p->lan->segments, p->member, p->config.vlan, lan_now_ns(p->lan));
	attach(p);
}

void lan_segments_close_port(struct lan_port *p)
{
	struct segments_beacon out[SEGMENTS_ATTACHMENTS_MAX];
	size_t count = segments_leaving(p->lan->segments, p->member, out);

	if (!p->port->ops->attachments)
		return;
	for (size_t i = 0; i < count; i++)
		p->port->ops->beacon(p->port, out[i].interface, &out[i].beacon);
	segments_port_close(p->lan->segments, p->member);
	p->lan->segments_touched = true;
}

void lan_on_attached(void *context)
{
	attach(context);
	lan_segments_run(((struct lan_port *)context)->lan);
}

void lan_on_beacon(void *context, const struct port_beacon *heard)
{
	struct lan_port *p = context;
	struct segments_heard h = {.interface = heard->interface,
				   .sender = heard->sender,
				   .from = heard->from,
				   .same_host = heard->same_host,
				   .is_doubtful = heard->from_machine,
				   .beacon = heard->beacon};

	segments_hear(p->lan->segments, p->member, &h, lan_now_ns(p->lan));
	p->lan->segments_touched = true;
}

void lan_on_alive(void *context, uint32_t interface, const struct mac *sender)
{
	struct lan_port *p = context;

	segments_alive(p->lan->segments, p->member, interface, sender, lan_now_ns(p->lan));
}

/* ---- machines of other hosts on a shared segment ---- */

/* The table is made when the first is heard: few vlans have one. */
static struct fdb *near_of(struct lan *l, struct lan_vlan *vlan)
{
	if (vlan->near)
		return vlan->near;
	vlan->near = fdb_new(&l->key, SEGMENTS_NUMBERS_MAX);
	for (int i = 0; vlan->near && i < SEGMENTS_NUMBERS_MAX; i++)
		fdb_set_quota(vlan->near, i, NEAR_QUOTA);
	return vlan->near;
}

void lan_segments_learn(struct lan_port *p, const uint8_t *frame, size_t len, uint32_t interface)
{
	int number = segments_number(p->lan->segments, p->member, interface);
	struct fdb *near =
		number >= 0 && len >= ETHER_HEADER_BYTES ? near_of(p->lan, p->vlan) : NULL;
	struct mac src;

	if (!near)
		return;
	src = ether_src(frame);
	if (!mac_is_group(&src) && !mac_is_zero(&src))
		fdb_learn(near, &src, number, false, lan_now_ns(p->lan));
}

bool lan_segments_is_near(const struct lan_port *p, const uint8_t *frame, uint32_t interface,
			  int owner)
{
	struct mac dst = ether_dst(frame);
	int number;

	if (!p->vlan->near || mac_is_group(&dst))
		return false;
	number = segments_number(p->lan->segments, p->member, interface);
	if (number < 0 || fdb_find(p->vlan->near, &dst, lan_now_ns(p->lan)) != number)
		return false;
	return owner < LAN_PEER_BASE ||
	       segments_shares(p->lan->segments, p->member, owner - LAN_PEER_BASE);
}

int lan_segments_heard_at(struct lan *l, const struct lan_vlan *vlan, const uint8_t *frame)
{
	struct mac dst = ether_dst(frame);

	return vlan->near && !mac_is_group(&dst) ? fdb_find(vlan->near, &dst, lan_now_ns(l)) : -1;
}

/* ---- peers ---- */

void lan_peer_up(struct lan *l, int peer, const struct public_key *key)
{
	segments_peer_up(l->segments, peer, key, lan_now_ns(l));
	lan_segments_run(l);
	lan_carrier_follow(l, 0);
	l->now_ns = 0;
}

void lan_peer_renewed(struct lan *l, int peer)
{
	segments_peer_renewed(l->segments, peer, lan_now_ns(l));
	lan_segments_run(l);
	l->now_ns = 0;
}

void lan_segments_peer_down(struct lan *l, int peer)
{
	segments_peer_down(l->segments, peer, lan_now_ns(l));
	lan_segments_run(l);
	l->now_ns = 0;
}

void lan_segments_take(struct lan *l, const struct frame_in *in)
{
	struct peer_info info;

	/* The engine's event comes after the whole datagram. */
	if (!segments_has_peer(l->segments, in->peer) &&
	    engine_peer_info(l->engine, in->peer, &info))
		segments_peer_up(l->segments, in->peer, &info.key, lan_now_ns(l));
	if (in->report)
		segments_take_report(l->segments, in->peer, in->report, lan_now_ns(l));
	else
		segments_take_answer(l->segments, in->peer, in->answer, lan_now_ns(l));
	l->segments_touched = true;
}

/* ---- status and log ---- */

static enum port_state state_of(enum segments_state state)
{
	static const enum port_state STATES[] = {
		[SEGMENTS_FORWARDING] = PORT_FORWARDING,
		[SEGMENTS_LISTENING] = PORT_LISTENING,
		[SEGMENTS_ALL_STANDBY] = PORT_STANDBY,
		[SEGMENTS_BLOCKED] = PORT_BLOCKED,
	};

	return STATES[state];
}

enum port_state lan_segments_state(const struct lan *l, const struct lan_port *p, char *detail,
				   size_t size)
{
	enum port_state state = p->port->ops->state(p->port, detail, size);
	char sentence[SEGMENTS_SENTENCE_BYTES];
	enum port_state found;

	if (state != PORT_FORWARDING)
		return state;
	found = state_of(segments_describe(l->segments, p->member, sentence));
	if (sentence[0] && (found != PORT_FORWARDING || !detail[0]))
		snprintf(detail, size, "%s", sentence);
	return found;
}

void lan_segments_log(struct lan *l)
{
	for (size_t i = 0; i < CONFIG_PORTS_MAX; i++) {
		struct lan_port *p = l->ports[i];
		char sentence[SEGMENTS_SENTENCE_BYTES];
		enum segments_state state;

		if (!p)
			continue;
		state = segments_describe(l->segments, p->member, sentence);
		if (state == SEGMENTS_LISTENING || strcmp(sentence, p->said) == 0)
			continue;
		snprintf(p->said, sizeof(p->said), "%s", sentence);
		if (state == SEGMENTS_BLOCKED)
			log_warn("port %s is blocked: %s", p->config.name, sentence);
		else if (sentence[0])
			log_info("port %s: %s", p->config.name, sentence);
		else
			log_info("port %s forwards, and no other agent is heard there",
				 p->config.name);
	}
}

size_t lan_segments_warnings(const struct lan *l, struct warning *out, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < CONFIG_PORTS_MAX && count < max; i++) {
		const struct lan_port *p = l->ports[i];
		char sentence[SEGMENTS_SENTENCE_BYTES], command[COMMAND_BYTES];
		struct warning *w = &out[count];

		if (!p || segments_describe(l->segments, p->member, sentence) != SEGMENTS_BLOCKED)
			continue;
		snprintf(w->code, sizeof(w->code), "port-blocked");
		snprintf(w->text, sizeof(w->text), "port %s is blocked: %s", p->config.name,
			 sentence);
		snprintf(w->fix, sizeof(w->fix), "your card, to be given to others: %s",
			 command_text(l->folder, "card", command));
		count++;
	}
	return count;
}

/* ---- life ---- */

int lan_segments_open(struct lan *l)
{
	struct segments_config how = {.random = fill_random,
				      .shares_vlan = shares_vlan,
				      .name_of = name_of,
				      .context = l};

	how.key = *engine_key(l->engine);
	randombytes_buf(&how.token, sizeof(how.token));
	how.token >>= 1; /* the highest is none */
	l->segments = segments_new(&how);
	if (!l->segments)
		return -ENOMEM;
	uv_timer_init(l->loop, &l->segments_timer);
	l->segments_timer.data = l;
	return 0;
}
