/*
 * engine.c - the surface of the protocol: memory, dispatch, time
 *
 * Layer: proto (sans-IO). See proto/engine.h; what each message means is in the files beside it.
 */
#include "proto/engine.h"

#include <assert.h>
#include <string.h>

#include "admission.h"
#include "engine_state.h"
#include "handshake.h"
#include "hello.h"
#include "input.h"
#include "outbox.h"
#include "path.h"
#include "peers.h"
#include "session.h"
#include "timers.h"

/* ---- memory ---- */

enum {
	ALIGNMENT = 64,
	PEERS_MOST = 4096, /* engine_config.peers_max */
	INDICES_PER_PEER = SLOT_COUNT + OUTGOING_MAX,
	/* datagrams that one peer's timers may need: a handshake, probes, and what a session needs */
	TICK_ROOM = PATH_TARGETS_MAX + 2 * PEER_PATHS_MAX + 8,
};

_Static_assert((int)TICK_ROOM < (int)OUTBOX_MAX, "one peer's timers fit an empty outbox");

/** struct layout - where each part lies in the memory region, bytes from its start */
struct layout {
	size_t peers, known, timers, indices, events, reassembly, end;
	uint32_t index_slots;
};

static size_t take(size_t *at, size_t bytes)
{
	size_t start = *at;

	*at = (start + bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	return start;
}

static struct layout layout_of(const struct engine_config *config)
{
	size_t at = 0, n = config->peers_max;
	struct layout l = {.index_slots = index_table_slots((uint32_t)n * INDICES_PER_PEER)};

	assert(n >= 1 && n <= PEERS_MOST);
	take(&at, sizeof(struct engine));
	l.peers = take(&at, n * sizeof(struct peer));
	l.known = take(&at, n * sizeof(uint32_t));
	l.timers = take(&at, n * sizeof(struct heap_node *));
	l.indices = take(&at, l.index_slots * sizeof(struct index_entry));
	l.events = take(&at, n * sizeof(uint32_t));
	l.reassembly = take(&at, reassembly_memory_bytes(FRAME_TAG_BYTES + config->max_frame));
	l.end = at;
	return l;
}

size_t engine_memory_bytes(const struct engine_config *config)
{
	return layout_of(config).end;
}

size_t engine_secret_bytes(const struct engine_config *config)
{
	size_t end = 0;

	/* A multiple of the alignment: libsodium ends what it allocates at the end of a page. */
	take(&end, sizeof(struct engine_secrets) + config->peers_max * sizeof(struct peer_secrets));
	return end;
}

/* What may be offered; what AES needs is made ready. Without it there is the other cipher, if allowed. */
static uint8_t start_ciphers(struct engine *e, uint8_t wanted)
{
	uint8_t ciphers = (wanted ? wanted : CIPHERS_KNOWN) & ciphers_of_machine();
	size_t places = (size_t)e->peers_max * KEY_CACHE_PEER_PLACES;

	if (places > KEY_CACHE_PLACES)
		places = KEY_CACHE_PLACES;
	if (ciphers & CIPHER_AES && key_cache_init(&e->keys, e->secrets->ready, places))
		ciphers &= (uint8_t)~CIPHER_AES;
	return ciphers;
}

struct engine *engine_init(const struct engine_config *config, void *memory, void *secrets)
{
	struct layout l = layout_of(config);
	uint8_t *base = memory;
	struct engine *e = memory;

	assert(config->max_frame >= ETHER_HEADER_BYTES && config->max_frame <= FRAME_MAX_BYTES);
	e->random = config->random;
	e->random_context = config->random_context;
	e->peers_max = config->peers_max;
	e->max_frame = config->max_frame;
	e->secrets = secrets;
	e->ciphers = start_ciphers(e, config->ciphers);
	e->secrets->own = *config->secret;
	secret_key_public(&e->secrets->own, &e->own_key);
	e->own_key_hash = hello_key_hash(&e->own_key);
	mac_keys_for(&e->own_key, &e->own_macs);
	e->peers = (struct peer *)(base + l.peers);
	e->known = (uint32_t *)(base + l.known);
	heap_init(&e->timers, (struct heap_node **)(base + l.timers), config->peers_max);
	index_table_init(&e->indices, (struct index_entry *)(base + l.indices), l.index_slots);
	e->event_ring = (uint32_t *)(base + l.events);
	reassembly_init(&e->reassembly, base + l.reassembly, FRAME_TAG_BYTES + config->max_frame);
	outbox_init(&e->outbox);
	e->random(e->random_context, &e->load.key, sizeof(e->load.key));
	e->hello_generation = 1;
	e->timestamp_ns = config->timestamp_floor_ns;
	engine_set_wall(e, config->wall_ns, config->now_ns);
	handshake_reserve(e, config->now_ns);
	return e;
}

const struct public_key *engine_key(const struct engine *e)
{
	return &e->own_key;
}

uint8_t engine_ciphers(const struct engine *e)
{
	return e->ciphers;
}

void engine_fini(struct engine *e)
{
	key_cache_fini(&e->keys);
	key_wipe(e->secrets, sizeof(*e->secrets) + e->peers_end * sizeof(struct peer_secrets));
	/* Frames that were on their way are somebody's plain text. */
	key_wipe(&e->outbox, sizeof(e->outbox));
	key_wipe(e->reassembly.memory, reassembly_memory_bytes(e->reassembly.body_max));
}

unsigned engine_frames_kept(const struct engine *e)
{
	return reassembly_kept(e->reassembly.body_max);
}

void engine_set_wall(struct engine *e, uint64_t wall_ns, uint64_t now_ns)
{
	e->wall_ns = wall_ns;
	e->wall_now_ns = now_ns;
}

uint64_t engine_timestamp_ceiling_ns(const struct engine *e)
{
	return e->ceiling_wanted_ns;
}

void engine_timestamp_persisted(struct engine *e, uint64_t ceiling_ns, uint64_t now_ns)
{
	if (ceiling_ns <= e->ceiling_ns)
		return;
	e->ceiling_ns = ceiling_ns;
	for (uint32_t i = 0; i < e->peers_end; i++) {
		struct peer *p = &e->peers[i];

		if (!p->in_use || !p->attempt.blocked)
			continue;
		p->attempt.blocked = false;
		timers_wake_by(e, p, now_ns);
	}
}

void engine_set_self(struct engine *e, const struct engine_self *self, uint64_t now_ns)
{
	if (memcmp(&e->self, self, sizeof(*self)) == 0)
		return;
	e->self = *self;
	hello_changed(e, now_ns);
}

/* ---- input ---- */

static enum drop input_initiation(struct engine *e, const struct route *from, uint8_t *message,
				  uint64_t now_ns)
{
	enum drop drop = admission_initiation(e, from, message, now_ns);

	if (drop != DROP_NONE)
		return engine_drop(e, drop);
	return handshake_answer(e, from, message, now_ns);
}

static enum drop input_response(struct engine *e, const struct route *from, const uint8_t *message,
				uint64_t now_ns)
{
	if (!mac1_is_valid(&e->own_macs, message, RESPONSE_BYTES))
		return engine_drop(e, DROP_BAD_MAC1);
	return handshake_complete(e, from, message, now_ns);
}

bool engine_is_data(const uint8_t *datagram, size_t len)
{
	return len >= DATA_MIN_BYTES && datagram[0] == MESSAGE_DATA;
}

enum drop engine_input(struct engine *e, const struct route *route, uint8_t *datagram, size_t len,
		       uint64_t now_ns)
{
	static const size_t lengths[] = {[MESSAGE_INITIATION] = INITIATION_BYTES,
					 [MESSAGE_RESPONSE] = RESPONSE_BYTES,
					 [MESSAGE_COOKIE] = COOKIE_REPLY_BYTES};
	uint8_t type;

	e->input.peer = NULL;
	if (len < TYPE_BYTES)
		return engine_drop(e, DROP_TOO_SHORT);
	type = datagram[0];
	if (type < MESSAGE_INITIATION || type > MESSAGE_DATA || datagram[1] || datagram[2] ||
	    datagram[3])
		return engine_drop(e, DROP_BAD_TYPE);
	if (type == MESSAGE_DATA) {
		if (len < DATA_MIN_BYTES)
			return engine_drop(e, DROP_TOO_SHORT);
		return input_data(e, route, datagram, len, now_ns);
	}
	if (len != lengths[type])
		return engine_drop(e, DROP_BAD_LENGTH);
	if (type == MESSAGE_INITIATION)
		return input_initiation(e, route, datagram, now_ns);
	if (type == MESSAGE_RESPONSE)
		return input_response(e, route, datagram, now_ns);
	return admission_cookie(e, &route->remote, datagram, now_ns);
}

/* ---- output ---- */

enum drop engine_send_frame(struct engine *e, int peer, const struct frame_out *frame,
			    uint64_t now_ns)
{
	struct peer *p = peer_by_number(e, peer);
	size_t len = frame->len + frame->data_len;
	enum drop drop;

	if (!p)
		return engine_drop(e, DROP_NO_SESSION);
	if (frame->len < ETHER_HEADER_BYTES)
		return peer_drop(p, DROP_SHORT_FRAME);
	if (len > e->max_frame)
		return peer_drop(p, DROP_LONG_FRAME);
	drop = outbox_frame(e, p, frame, now_ns);
	if (drop == DROP_NONE) {
		p->tx_frames++;
		p->tx_bytes += len;
	} else if (drop != DROP_OUTBOX_FULL) {
		peer_drop(p, drop);
	}
	return drop;
}

void engine_count_drop(struct engine *e, int peer, enum drop reason)
{
	struct peer *p = peer_by_number(e, peer);

	if (p)
		peer_drop(p, reason);
	else
		engine_drop(e, reason);
}

const uint64_t *engine_drops(const struct engine *e)
{
	return e->drops;
}

/* ---- time ---- */

uint64_t engine_deadline_ns(const struct engine *e)
{
	uint64_t timers = heap_next_ns(&e->timers);
	uint64_t reassembly = reassembly_deadline_ns(&e->reassembly);

	return timers < reassembly ? timers : reassembly;
}

static struct peer *peer_of_timer(struct heap_node *node)
{
	return (struct peer *)((char *)node - offsetof(struct peer, timer));
}

void engine_tick(struct engine *e, uint64_t now_ns)
{
	struct heap_node *node;
	int peer;

	while ((peer = reassembly_expire(&e->reassembly, now_ns)) >= 0)
		peer_drop(&e->peers[peer], DROP_REASSEMBLY_TIMEOUT);
	/* With the outbox full the rest stays due: the caller sends, and ticks again. */
	while (outbox_room(e) >= TICK_ROOM && (node = heap_pop_due(&e->timers, now_ns)) != NULL)
		timers_due(e, peer_of_timer(node), now_ns);
}
