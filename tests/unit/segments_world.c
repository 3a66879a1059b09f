/*
 * segments_world.c - see segments_world.h
 */
#include "unit.h"

#include "segments_world.h"

struct lan_agent agents[AGENTS];
uint64_t now_ns;
unsigned lose_reports, lose_answers;
static uint64_t drawn;

enum {
	ROUNDS_MAX = 50
};

/* Different each time, and the same in each run */
static void fill(void *context, void *out, size_t len)
{
	uint8_t *bytes = out;

	(void)context;
	drawn++;
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)((drawn * UINT64_C(0x9e3779b97f4a7c15)) >> (8 * (i % 8)));
}

static bool shares(void *context, int peer, uint16_t vlan)
{
	(void)context;
	return peer >= 0 && (vlan == VLAN || vlan == OTHER_VLAN);
}

static const char *name_of(void *context, int peer)
{
	static const char *const NAMES[] = {"anna", "ben", "carl", "dora"};

	(void)context;
	return peer < AGENTS ? NAMES[peer] : NULL;
}

struct mac sender_of(int agent, int port)
{
	return (struct mac){{2, 0, 0, 0, (uint8_t)port, (uint8_t)agent}};
}

struct addr address_of(int agent)
{
	return addr_from_ipv4(0xc0000201u + (uint32_t)agent, 40000);
}

static struct public_key key_of(int agent)
{
	struct public_key key;

	memset(key.b, agent, KEY_BYTES);
	return key;
}

static struct segments *make(int agent)
{
	struct segments_config config = {.key = key_of(agent),
					 .token = 100 + (uint64_t)agent,
					 .random = fill,
					 .shares_vlan = shares,
					 .name_of = name_of};

	return segments_new(&config);
}

int set_up(void **state)
{
	(void)state;
	now_ns = AT_NS;
	drawn = lose_reports = lose_answers = 0;
	memset(agents, 0, sizeof(agents));
	for (int i = 0; i < AGENTS; i++) {
		agents[i].segments = make(i);
		for (int k = 0; k < PORTS; k++)
			agents[i].places[k].lan = NO_LAN;
	}
	return 0;
}

int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < AGENTS; i++)
		segments_free(agents[i].segments);
	return 0;
}

static void open_port(int agent, int port)
{
	const struct place *p = &agents[agent].places[port];
	struct segments_place place = {
		.interface = ETH0, .serves = p->side == SERVES, .is_real = true};

	segments_port_open(agents[agent].segments, port, p->vlan, now_ns);
	segments_attach(agents[agent].segments, port, &place, 1, now_ns);
}

void put(int agent, int port, int lan, enum side side)
{
	agents[agent].places[port] = (struct place){.lan = lan, .side = side, .vlan = VLAN};
	open_port(agent, port);
}

static void tell_up(int agent, int peer)
{
	struct public_key key = key_of(peer);

	segments_peer_up(agents[agent].segments, peer, &key, now_ns);
}

void meet(int a, int b)
{
	agents[a].session[b] = agents[b].session[a] = true;
	tell_up(a, b);
	tell_up(b, a);
}

void part(int a, int b)
{
	agents[a].session[b] = agents[b].session[a] = false;
	segments_peer_down(agents[a].segments, b, now_ns);
	segments_peer_down(agents[b].segments, a, now_ns);
}

void restart(int agent)
{
	segments_free(agents[agent].segments);
	agents[agent].segments = make(agent);
	for (int i = 0; i < PORTS; i++)
		if (agents[agent].places[i].lan != NO_LAN)
			open_port(agent, i);
	for (int i = 0; i < AGENTS; i++)
		if (agents[agent].session[i]) {
			tell_up(agent, i);
			segments_peer_renewed(agents[i].segments, agent, now_ns);
		}
}

/* ---- carrying ---- */

static void hear(int agent, int port, int from, const struct segments_beacon *b)
{
	struct segments_heard heard = {.interface = ETH0,
				       .sender = sender_of(from, b->port),
				       .from = address_of(from),
				       .beacon = b->beacon};

	segments_hear(agents[agent].segments, port, &heard, now_ns);
}

static void send_beacon(int from, const struct segments_beacon *b)
{
	int lan = b->port < PORTS ? agents[from].places[b->port].lan : NO_LAN;

	agents[from].beacons++;
	if (lan == NO_LAN || b->interface != ETH0)
		return;
	agents[from].last_beacon = b->beacon;
	for (int i = 0; i < AGENTS; i++)
		for (int k = 0; k < PORTS; k++) {
			const struct place *p = &agents[i].places[k];

			if (p->lan == lan && !p->is_deaf && (i != from || k != b->port))
				hear(i, k, from, b);
		}
}

static bool is_lost(unsigned *left)
{
	if (*left == 0)
		return false;
	--*left;
	return true;
}

static bool send_words(int from)
{
	struct lan_agent *me = &agents[from];
	bool any = false;
	int peer;

	while (segments_next_report(me->segments, &peer, &me->last_report, now_ns)) {
		any = true;
		me->reports++;
		if (me->session[peer] && !is_lost(&lose_reports))
			segments_take_report(agents[peer].segments, from, &me->last_report, now_ns);
	}
	while (segments_next_answer(me->segments, &peer, &me->last_answer, now_ns)) {
		any = true;
		me->answers++;
		if (me->session[peer] && !is_lost(&lose_answers))
			segments_take_answer(agents[peer].segments, from, &me->last_answer, now_ns);
	}
	return any;
}

static bool run(int agent)
{
	struct lan_agent *me = &agents[agent];
	struct segments_beacon b;
	struct segments_moved moved;
	bool any = false;

	segments_settle(me->segments, now_ns);
	while (segments_next_beacon(me->segments, &b)) {
		any = true;
		send_beacon(agent, &b);
	}
	any |= send_words(agent);
	while (segments_next_moved(me->segments, &moved))
		if (moved.peer >= 0)
			me->moved[moved.peer]++;
	return any;
}

void settle(void)
{
	bool any = true;

	for (int round = 0; any; round++) {
		any = false;
		for (int i = 0; i < AGENTS; i++)
			any |= run(i);
		assert_true(round < ROUNDS_MAX);
	}
}

void advance(unsigned ms)
{
	for (; ms >= 50; ms -= 50) {
		now_ns += 50 * MS_NS;
		if (now_ns % (2000 * MS_NS) == 0)
			for (int i = 0; i < AGENTS; i++)
				segments_regular(agents[i].segments, now_ns);
		settle();
	}
}

/* ---- asking ---- */

enum segments_way way(int agent, int peer)
{
	struct segments_origin from = {.port = 0, .interface = ETH0};

	return segments_way_to(agents[agent].segments, &from, peer, now_ns);
}

enum drop injects(int agent, int peer, bool marked)
{
	return segments_injects(agents[agent].segments, 0, peer, marked, now_ns);
}

void forge(int agent, const struct segments_heard *heard)
{
	segments_hear(agents[agent].segments, 0, heard, now_ns);
}

struct segments_heard stranger(uint8_t number, uint8_t flags, uint64_t rank)
{
	struct segments_heard heard = {
		.interface = ETH0,
		.sender = {{2, 0xff, 0, 0, 0, number}},
		.from = addr_from_ipv4(0xc6336401u + number, 40000),
		.beacon = {.kind = BEACON_AGENT, .flags = flags, .rank = rank, .period_ms = 700}};

	memset(heard.beacon.id, number, BEACON_ID_BYTES);
	return heard;
}
