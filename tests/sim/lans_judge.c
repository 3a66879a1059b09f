/*
 * lans_judge.c - what machines say, what they hear, and what they should have heard
 *
 * The oracle. A machine hears another if the kernel carries what that one sends to it. Or if an agent
 * takes what the one sends, and the same agent, or one that has a session with it, gives to the other. Nothing
 * else: agents do not carry for peers of peers.
 */
#include <inttypes.h>
#include <string.h>

#include "lans.h"

enum {
	REPLY_EVERY = 4, /* one frame in so many is for one machine alone */
	REPLY_BACK = 24, /* to the sender of one of so many */
	LANS_RECENT = 100,
	LATE_MS = 1000, /* sent so shortly before the end, it may not have arrived */
};

static const struct mac BROADCAST = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

/* ---- the oracle ---- */

static bool is_near(const struct lans *w, int host, uint32_t interface, int other, uint32_t at)
{
	int segment = w->hosts[host].segment[interface];

	if (host == other && interface == at)
		return true;
	return segment != LANS_NO_SEGMENT && segment == w->hosts[other].segment[at];
}

/* Does a host's kernel take what is sent to the group by that interface of that host? */
static bool reaches(const struct lans *w, int host, uint32_t interface, int other, int group)
{
	for (uint32_t i = LANS_LO; i < LANS_INTERFACES; i++)
		if (is_near(w, host, interface, other, i) && lans_is_member(w, other, i, group))
			return true;
	return false;
}

static bool hears_over(const struct lans *w, const struct lans_machine *m,
		       const struct lans_machine *r, int side)
{
	const struct lans_bridge *b = &w->bridge;

	return b->running && !b->beacons_only && m->group == b->group[side] &&
	       r->group == b->group[!side] &&
	       is_near(w, m->host, m->interface, b->host[side], b->interface[side]) &&
	       reaches(w, b->host[!side], b->interface[!side], r->host, r->group);
}

bool lans_hears(const struct lans *w, int from, int to)
{
	const struct lans_machine *m = &w->machines[from], *r = &w->machines[to];

	if (!m->running || !r->running || !m->interface || !r->interface)
		return false;
	if (hears_over(w, m, r, 0) || hears_over(w, m, r, 1))
		return true;
	return m->group == r->group && reaches(w, m->host, m->interface, r->host, m->group);
}

static bool takes(const struct lans *w, const struct lans_agent *a, const struct lans_machine *m)
{
	for (size_t i = 0; i < a->port_count; i++) {
		const struct lans_port *p = &a->ports[i];

		if (p->kind == LANS_PRIVATE && !m->interface && &w->agents[m->agent] == a &&
		    m->port == (int)i)
			return true;
		if (p->kind == LANS_PRIVATE || !m->interface || p->group != m->group)
			continue;
		if (p->kind == LANS_AUTO && m->host == a->host)
			return true;
		if (p->kind == LANS_NAMED && m->interface != LANS_LO &&
		    is_near(w, m->host, m->interface, a->host, p->interface))
			return true;
	}
	return false;
}

static bool gives(const struct lans *w, const struct lans_agent *a, const struct lans_machine *r)
{
	for (size_t i = 0; i < a->port_count; i++) {
		const struct lans_port *p = &a->ports[i];

		if (p->kind == LANS_PRIVATE && !r->interface && &w->agents[r->agent] == a &&
		    r->port == (int)i)
			return true;
		if (p->kind == LANS_PRIVATE || !r->interface || p->group != r->group)
			continue;
		if (p->kind == LANS_AUTO && r->host == a->host)
			return true;
		if (p->kind == LANS_NAMED && reaches(w, a->host, p->interface, r->host, r->group))
			return true;
	}
	return false;
}

static bool are_connected(const struct lans *w, int a, int b)
{
	return a == b || (w->agents[a].sessions[b].up && w->agents[b].sessions[a].up);
}

bool lans_should_hear(const struct lans *w, int from, int to)
{
	const struct lans_machine *m = &w->machines[from], *r = &w->machines[to];

	if (lans_hears(w, from, to))
		return true;
	if (from == to || !m->running || !r->running ||
	    w->vlan_of[m->group] != w->vlan_of[r->group])
		return false;
	for (int x = 0; x < (int)w->agent_count; x++)
		for (int y = 0; y < (int)w->agent_count; y++)
			if (w->agents[x].running && w->agents[y].running &&
			    are_connected(w, x, y) && takes(w, &w->agents[x], m) &&
			    gives(w, &w->agents[y], r))
				return true;
	return false;
}

/* Agents, one bit each */
typedef uint32_t agent_set;
_Static_assert(LANS_AGENTS_MAX <= 32, "each has a bit");

static agent_set friends_of(const struct lans *w, int a, agent_set among)
{
	agent_set set = 0;

	for (int i = 0; i < (int)w->agent_count; i++)
		if ((among >> i & 1) && are_connected(w, a, i))
			set |= UINT32_C(1) << i;
	return set;
}

/*
 * Several agents take what the one sends, and several give to the other. Each chooses among those that it
 * has a session with. Where these are not the same for all, two may choose two who do not choose each other
 * away; also for a moment, while sessions come. Nobody hears twice what the kernel carries to it.
 */
static bool may_double(const struct lans *w, int from, int to)
{
	agent_set takers = 0, givers = 0, common;

	for (int i = 0; i < (int)w->agent_count; i++) {
		const struct lans_agent *a = &w->agents[i];

		if (!a->running)
			continue;
		takers |= (agent_set)takes(w, a, &w->machines[from]) << i;
		givers |= (agent_set)gives(w, a, &w->machines[to]) << i;
	}
	common = givers;
	for (int i = 0; i < (int)w->agent_count; i++)
		if ((takers >> i & 1) && friends_of(w, i, givers) != 0)
			common &= friends_of(w, i, givers);
	for (int i = 0; i < (int)w->agent_count; i++)
		if ((takers >> i & 1) && (friends_of(w, i, givers) & ~common))
			return !lans_hears(w, from, to);
	return false;
}

/* Is a port of the two on one segment, one of them serving it? */
static bool meet(const struct lans *w, const struct lans_agent *a, const struct lans_agent *b)
{
	for (size_t i = 0; i < a->port_count; i++)
		for (size_t k = 0; k < b->port_count; k++) {
			const struct lans_port *p = &a->ports[i], *q = &b->ports[k];

			if (p->kind != LANS_NAMED || q->kind == LANS_PRIVATE ||
			    p->group != q->group)
				continue;
			if (q->kind == LANS_NAMED &&
			    is_near(w, a->host, p->interface, b->host, q->interface))
				return true;
			if (q->kind == LANS_AUTO &&
			    reaches(w, a->host, p->interface, b->host, q->group))
				return true;
		}
	return false;
}

bool lans_has_strangers(const struct lans *w)
{
	for (int i = 0; i < (int)w->agent_count; i++)
		for (int k = 0; k < (int)w->agent_count; k++)
			if (w->agents[i].running && w->agents[k].running &&
			    !are_connected(w, i, k) && meet(w, &w->agents[i], &w->agents[k]))
				return true;
	return false;
}

/* ---- speaking ---- */

static void put_u32(uint8_t *to, uint32_t value)
{
	for (int i = 3; i >= 0; i--, value >>= 8)
		to[i] = (uint8_t)value;
}

int lans_number(const uint8_t *frame)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 8 | frame[ETHER_HEADER_BYTES + i];
	return frame[12] == 0x88 && frame[13] == 0xb6 ? (int)value : -1;
}

static void write_frame(const struct lans *w, int number, uint8_t out[LANS_FRAME_BYTES])
{
	const struct lans_record *r = &w->records[number];
	struct mac dst = r->to < 0 ? BROADCAST : w->machines[r->to].mac;

	memset(out, 0, LANS_FRAME_BYTES);
	memcpy(out, dst.b, MAC_BYTES);
	memcpy(out + MAC_BYTES, w->machines[r->sender].mac.b, MAC_BYTES);
	out[12] = 0x88; /* IEEE 802 local experimental 2 */
	out[13] = 0xb6;
	put_u32(out + ETHER_HEADER_BYTES, (uint32_t)number);
}

static void send_frame(struct lans *w, int number)
{
	const struct lans_machine *m = &w->machines[w->records[number].sender];
	struct lans_socket from = {.host = m->host,
				   .interface = m->interface,
				   .port = LANS_GROUP_PORT,
				   .ttl = 1,
				   .loop = true};
	uint8_t bytes[LANS_FRAME_BYTES];

	write_frame(w, number, bytes);
	lans_say_of(w, bytes, "machine %d sends it", w->records[number].sender);
	if (m->interface)
		lans_send(w, &from, m->group, bytes, sizeof(bytes));
	else
		lans_agent_private(w, m->agent, m->port, bytes, sizeof(bytes));
}

/* Who is to get a reply of @speaker: of what it heard lately, or -1 */
static int choose_addressee(struct lans *w, int speaker)
{
	size_t back = 1 + rng_below(&w->rng, REPLY_BACK);

	for (size_t i = w->record_count; i > 0 && i + LANS_RECENT > w->record_count; i--) {
		const struct lans_record *r = &w->records[i - 1];

		if (r->to < 0 && r->sender != speaker && r->copies[speaker] > 0 && --back == 0)
			return r->sender;
	}
	return -1;
}

static uint32_t expect(const struct lans *w, int speaker,
		       bool (*is_so)(const struct lans *w, int from, int to))
{
	uint32_t set = 0;

	for (int i = 0; i < (int)w->machine_count; i++)
		if (is_so(w, speaker, i))
			set |= UINT32_C(1) << i;
	return set;
}

static void speak(struct lans *w, int speaker)
{
	int number = (int)w->record_count;
	struct lans_record *r = &w->records[w->record_count++];

	*r = (struct lans_record){.sent_ns = w->now_ns,
				  .sender = speaker,
				  .to = -1,
				  .judged = w->now_ns >= w->changed_ns,
				  .may_miss = !w->all_hear && lans_has_strangers(w),
				  .expected = expect(w, speaker, lans_should_hear),
				  .may_double = expect(w, speaker, may_double)};
	if (number % REPLY_EVERY == 0)
		r->to = choose_addressee(w, speaker);
	r->may_repeat = r->to >= 0 && w->now_ns < w->learned_ns;
	send_frame(w, number);
}

void lans_speak(struct lans *w)
{
	lans_at(w, w->now_ns + w->every_ns, LANS_TRAFFIC, 0, 0, NULL);
	for (size_t i = 0; i < w->machine_count && w->record_count < LANS_RECORDS_MAX; i++) {
		w->speaker = (w->speaker + 1) % w->machine_count;
		if (!w->machines[w->speaker].running)
			continue;
		speak(w, (int)w->speaker);
		return;
	}
}

/* ---- hearing ---- */

void lans_heard(struct lans *w, int machine, const uint8_t *frame, size_t len)
{
	int number = lans_number(frame);
	uint16_t *copies;

	if (len != LANS_FRAME_BYTES || number < 0 || (size_t)number >= w->record_count)
		return;
	copies = &w->records[number].copies[machine];
	lans_say_of(w, frame, "machine %d hears it", machine);
	if (++*copies > w->copies_max)
		lans_fail(w, number, "frame %d goes round: machine %d heard it %d times", number,
			  machine, *copies);
}

/* ---- judging ---- */

static double seconds(uint64_t ns)
{
	return (double)ns / (double)LANS_NS_PER_S - 1000;
}

static void blame(struct lans *w, int number, int machine)
{
	const struct lans_record *r = &w->records[number];
	bool expected = r->expected >> machine & 1;

	lans_fail(w, number,
		  "frame %d of machine %d at %.3f s%s: machine %d heard it %d times, not %d",
		  number, r->sender, seconds(r->sent_ns), r->to < 0 ? "" : " (for one alone)",
		  machine, r->copies[machine], expected);
}

static void judge_one(struct lans *w, int number, int machine)
{
	const struct lans_record *r = &w->records[number];
	unsigned expected = r->expected >> machine & 1, copies = r->copies[machine];
	bool may_double = r->may_double >> machine & 1;
	bool is_extra = copies > expected && !(expected && (may_double || r->may_repeat));
	bool is_missing = copies < expected && !r->may_miss;

	if (r->to >= 0 && r->to != machine)
		return;
	if (copies > expected && !may_double) {
		w->extra += copies - expected;
		w->double_ns = r->sent_ns;
	}
	if (is_missing)
		w->lost_ns = r->sent_ns;
	if (r->judged && (is_extra || is_missing))
		blame(w, number, machine);
	w->judged += r->judged;
}

void lans_judge(struct lans *w)
{
	for (size_t i = 0; i < w->record_count; i++) {
		if (w->records[i].sent_ns + LATE_MS * LANS_NS_PER_MS > w->end_ns)
			break;
		for (size_t k = 0; k < w->machine_count; k++)
			judge_one(w, (int)i, (int)k);
	}
	if (w->extra >= w->extra_max)
		lans_fail(w, -1, "%u copies too many before all was settled", w->extra);
}
