/*
 * pair.c - see pair.h
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pair.h"
#include "session_crypt.h"

enum {
	TICKS_MAX = 3000, /* of one engine in one step */
	EXCHANGES = 8,    /* more than a handshake takes */
	DATAGRAM_SEALED_MAX = 65535,
};

static struct fuzz_pair pair;

static size_t bytes_of(bool secrets)
{
	struct engine_config config = {.peers_max = 2, .max_frame = FUZZ_MAX_FRAME};

	return secrets ? engine_secret_bytes(&config) : engine_memory_bytes(&config);
}

static void make_pair(struct fuzz_pair *p)
{
	p->start_ns = p->now_ns = 1000 * NS_PER_S;
	for (unsigned i = 0; i < FUZZ_HOSTS; i++)
		host_start(&p->hosts[i], &(struct host_setup){.number = i,
							      .seed = 1,
							      .now_ns = p->now_ns,
							      .peers_max = 2,
							      .max_frame = FUZZ_MAX_FRAME});
	for (unsigned i = 0; i < FUZZ_HOSTS; i++)
		p->peer[i] = host_add(&p->hosts[i], &p->hosts[!i], true, p->now_ns);
	for (unsigned i = 0; i < EXCHANGES; i++)
		fuzz_exchange(p, 0);
	p->memory_bytes = bytes_of(false);
	p->secret_bytes = bytes_of(true);
	for (unsigned i = 0; i < FUZZ_HOSTS; i++) {
		fuzz_must(engine_peer_is_up(p->hosts[i].engine, p->peer[i]), "no session");
		/* A copy knows nothing of contexts in libcrypto's heap: each begins with none keyed. */
		memset(p->hosts[i].engine->keys.owner, 0, sizeof(p->hosts[i].engine->keys.owner));
		p->memory[i] = fuzz_exact(p->hosts[i].memory, p->memory_bytes);
		p->secrets[i] = fuzz_exact(p->hosts[i].secrets, p->secret_bytes);
		p->rng[i] = p->hosts[i].rng;
	}
}

struct fuzz_pair *fuzz_pair_get(void)
{
	struct fuzz_pair *p = &pair;

	if (!p->start_ns) {
		fuzz_must(sodium_init() >= 0, "sodium_init");
		make_pair(p);
	}
	/* The engine points into its own memory, which stays where it is. */
	for (unsigned i = 0; i < FUZZ_HOSTS; i++) {
		memcpy(p->hosts[i].memory, p->memory[i], p->memory_bytes);
		memcpy(p->hosts[i].secrets, p->secrets[i], p->secret_bytes);
		p->hosts[i].rng = p->rng[i];
	}
	p->now_ns = p->start_ns;
	return p;
}

static volatile uint8_t sink;

static void check_report(const struct segment_report *report)
{
	fuzz_must(report->count <= SEGMENTS_MAX, "a report of too many segments");
	for (size_t i = 0; i < report->count; i++) {
		const struct segment_state *s = &report->list[i];

		fuzz_must(s->vlan >= VLAN_ID_MIN && s->vlan <= VLAN_ID_MAX, "a vlan that is none");
		fuzz_must(s->own_count <= SEGMENT_OWN_MAX, "too many own ids");
		fuzz_must(s->heard_count <= SEGMENT_HEARD_MAX, "too many heard ids");
		for (size_t k = 0; k < i; k++)
			fuzz_must(s->number != report->list[k].number, "a number twice");
	}
}

static void check_answer(const struct segment_answer *answer)
{
	fuzz_must(answer->role_count <= SEGMENTS_MAX, "an answer of too many roles");
	fuzz_must(answer->name_count <= SEGMENT_NAMES_MAX, "an answer of too many names");
	for (size_t i = 0; i < answer->name_count; i++) {
		size_t len = strnlen(answer->names[i].name, NAME_BYTES);

		fuzz_must(len > 0 && len < NAME_BYTES, "a name of a length that is none");
	}
}

/* What an agent may do with it: send on what it took. Return: false if it is a frame. */
static bool take_segments(struct engine *e, const struct frame_in *in, uint64_t now_ns)
{
	fuzz_must(!in->frame + !in->report + !in->answer == 2, "not exactly one thing delivered");
	if (in->report) {
		check_report(in->report);
		engine_send_segment_report(e, in->peer, in->report, now_ns);
	}
	if (in->answer) {
		check_answer(in->answer);
		engine_send_segment_answer(e, in->peer, in->answer, now_ns);
	}
	return !in->frame;
}

static void drain(struct engine *e, uint64_t now_ns)
{
	struct frame_in frame;
	struct engine_event event;

	while (engine_next_frame(e, &frame, now_ns)) {
		if (take_segments(e, &frame, now_ns))
			continue;
		fuzz_must(frame.len >= ETHER_HEADER_BYTES && frame.len <= FUZZ_MAX_FRAME,
			  "a frame of a length that is none");
		for (size_t i = 0; i < frame.len; i++)
			sink ^= frame.frame[i];
	}
	while (engine_next_event(e, &event))
		if (event.type == ENGINE_EVENT_RESERVE)
			engine_timestamp_persisted(e, engine_timestamp_ceiling_ns(e), now_ns);
	fuzz_must(reassembly_in_use(&e->reassembly) <= REASSEMBLY_PEER_MAX,
		  "more unfinished frames than a peer may have");
}

void fuzz_input(struct fuzz_pair *p, unsigned to, const struct addr *from, const uint8_t *bytes,
		size_t len)
{
	uint8_t *exact = fuzz_exact(bytes, len);

	engine_input(p->hosts[to].engine, &(struct route){.remote = *from}, exact, len, p->now_ns);
	drain(p->hosts[to].engine, p->now_ns);
	free(exact);
}

void fuzz_sealed(struct fuzz_pair *p, unsigned to, const uint8_t *records, size_t len)
{
	static uint8_t datagram[DATAGRAM_SEALED_MAX];
	struct peer *peer = &p->hosts[!to].engine->peers[p->peer[!to]];
	struct writer w = writer_over(datagram, sizeof(datagram));
	struct session *s;
	struct sealed sealed = {.datagram = datagram, .text_len = len};

	if (peer->current == SLOT_NONE || len > sizeof(datagram) - DATA_MIN_BYTES)
		return;
	s = &peer->sessions[peer->current];
	sealed.counter = s->send_counter++;
	writer_u8(&w, MESSAGE_DATA);
	writer_zeros(&w, TYPE_BYTES - 1);
	writer_u32(&w, s->remote_index);
	writer_u64(&w, sealed.counter);
	writer_bytes(&w, records, len);
	fuzz_must(session_seal(p->hosts[!to].engine, peer, peer->current, &sealed),
		  "a session that cannot encrypt");
	fuzz_input(p, to, &p->hosts[!to].at, datagram, len + DATA_MIN_BYTES);
}

void fuzz_exchange(struct fuzz_pair *p, uint32_t lost)
{
	static uint8_t copy[OUTBOX_MAX][DATAGRAM_MAX_BYTES];
	static size_t lens[OUTBOX_MAX];

	for (unsigned i = 0; i < FUZZ_HOSTS; i++) {
		struct engine *e = p->hosts[i].engine;
		const struct datagram *d;
		size_t n;

		engine_flush(e, p->now_ns);
		n = engine_outbox(e, &d);
		fuzz_must(n <= OUTBOX_MAX, "outbox over its limit");
		for (size_t k = 0; k < n; k++) {
			fuzz_must(d[k].len >= DATA_MIN_BYTES && d[k].len <= DATAGRAM_MAX_BYTES,
				  "a datagram of a length that is none");
			memcpy(copy[k], d[k].bytes, d[k].len);
			lens[k] = d[k].len;
		}
		engine_outbox_clear(e);
		for (size_t k = 0; k < n; k++)
			if (!(lost >> k % 32 & 1))
				fuzz_input(p, !i, &p->hosts[i].at, copy[k], lens[k]);
	}
}

void fuzz_pass(struct fuzz_pair *p, uint64_t ns)
{
	uint64_t end = p->now_ns + ns;

	for (unsigned i = 0; i < FUZZ_HOSTS; i++) {
		struct engine *e = p->hosts[i].engine;
		unsigned ticks = 0;

		for (uint64_t at = p->now_ns; engine_deadline_ns(e) <= end; ticks++) {
			at = engine_deadline_ns(e) > at ? engine_deadline_ns(e) : at;
			fuzz_must(ticks < TICKS_MAX, "a timer spins");
			engine_tick(e, at);
			engine_flush(e, at);
			engine_outbox_clear(e);
			drain(e, at);
		}
	}
	p->now_ns = end;
}
