/*
 * handshake.c - see handshake.h
 */
#include "handshake.h"

#include <errno.h>
#include <string.h>

#include "events.h"
#include "hello.h"
#include "keep.h"
#include "knocks.h"
#include "known_keys.h"
#include "outbox.h"
#include "path.h"
#include "path_probe.h"
#include "session.h"
#include "timers.h"

static const char PROLOGUE[] = "longwire1";

enum {
	PROLOGUE_BYTES = sizeof(PROLOGUE) - 1
};

/* Where things are in the messages; PROTOCOL.md 3.1, 3.2. */
enum {
	SENDER_AT = TYPE_BYTES,
	INITIATION_NOISE_AT = SENDER_AT + INDEX_BYTES,
	INITIATION_PAYLOAD_AT = INITIATION_NOISE_AT + 2 * KEY_BYTES + TAG_BYTES,
	RECEIVER_AT = SENDER_AT + INDEX_BYTES,
	RESPONSE_NOISE_AT = RECEIVER_AT + INDEX_BYTES,
};

/** struct payload - of both messages; PROTOCOL.md 4.1 */
struct payload {
	uint8_t timestamp[TIMESTAMP_BYTES];
	uint8_t version;
	uint8_t ciphers;
};

static void payload_encode(const struct payload *p, uint8_t out[PAYLOAD_BYTES])
{
	struct writer w = writer_over(out, PAYLOAD_BYTES);

	writer_bytes(&w, p->timestamp, TIMESTAMP_BYTES);
	writer_u8(&w, p->version);
	writer_u8(&w, p->ciphers);
	writer_zeros(&w, writer_left(&w));
}

static void payload_decode(const uint8_t in[PAYLOAD_BYTES], struct payload *p)
{
	struct reader r = reader_over(in, PAYLOAD_BYTES);

	reader_copy(&r, p->timestamp, TIMESTAMP_BYTES);
	p->version = reader_u8(&r);
	p->ciphers = reader_u8(&r);
}

static void timestamp_encode(uint64_t ns, uint8_t out[TIMESTAMP_BYTES])
{
	struct writer w = writer_over(out, TIMESTAMP_BYTES);

	writer_u64(&w, ns / NS_PER_S);
	writer_u32(&w, (uint32_t)(ns % NS_PER_S));
}

static uint64_t wall_at(const struct engine *e, uint64_t now_ns)
{
	return e->wall_ns + age_of(e->wall_now_ns, now_ns);
}

void handshake_reserve(struct engine *e, uint64_t now_ns)
{
	uint64_t wall = wall_at(e, now_ns) + TIMESTAMP_RESERVE_NS;
	uint64_t least = e->timestamp_ns + NS_PER_MS;

	e->ceiling_wanted_ns = wall > least ? wall : least;
	e->reserve_wanted = true;
}

/* The next timestamp, never one twice. Return: 0, or -EAGAIN until the ceiling is persisted. */
static int take_timestamp(struct engine *e, uint64_t now_ns, uint8_t out[TIMESTAMP_BYTES])
{
	uint64_t ns = wall_at(e, now_ns);

	if (ns <= e->timestamp_ns)
		ns = e->timestamp_ns + 1;
	if (ns > e->ceiling_ns || e->ceiling_ns - ns < TIMESTAMP_NEAR_NS) {
		/* Far behind a ceiling from a clock that was ahead, single steps are all we need. */
		if (ns > e->ceiling_ns || ns == wall_at(e, now_ns))
			handshake_reserve(e, now_ns);
		if (ns > e->ceiling_ns)
			return -EAGAIN;
	}
	e->timestamp_ns = ns;
	timestamp_encode(ns, out);
	return 0;
}

/* The place of a new initiation: a free one, or that of the oldest. */
static size_t claim_outgoing(struct engine *e, struct peer *p)
{
	size_t oldest = 0;

	for (size_t i = 0; i < OUTGOING_MAX; i++) {
		if (!p->outgoing[i].local_index)
			return i;
		if (p->outgoing[i].sent_ns < p->outgoing[oldest].sent_ns)
			oldest = i;
	}
	outgoing_end(e, p, oldest);
	return oldest;
}

/* Noise message 1 with its payload into @message. Return: 0, or -EINVAL. */
static int write_initiation(struct engine *e, struct peer *p, struct outgoing_secrets *secrets,
			    const struct payload *payload, uint8_t message[INITIATION_BYTES])
{
	uint8_t encoded[PAYLOAD_BYTES];
	struct noise_keys keys = {.own_static_public = &e->own_key,
				  .own_ephemeral = &secrets->ephemeral,
				  .their_static = &p->key,
				  .static_static = p->secrets->static_static};

	payload_encode(payload, encoded);
	e->random(e->random_context, secrets->ephemeral.b, KEY_BYTES);
	noise_init(&secrets->noise, PROLOGUE, PROLOGUE_BYTES, &p->key);
	return noise_write_1(&secrets->noise, &keys,
			     &(struct noise_payload){encoded, PAYLOAD_BYTES},
			     message + INITIATION_NOISE_AT);
}

static void write_header(uint8_t *message, uint8_t type, uint32_t sender)
{
	struct writer w = writer_over(message, TYPE_BYTES + INDEX_BYTES);

	writer_u8(&w, type);
	writer_zeros(&w, TYPE_BYTES - 1);
	writer_u32(&w, sender);
}

/* The same bytes to every target; mac2 only to the address that the cookie is from. */
static void send_initiation(struct engine *e, struct peer *p, bool reach,
			    uint8_t message[INITIATION_BYTES], uint64_t now_ns)
{
	struct route targets[PATH_TARGETS_MAX];
	size_t count = path_targets(p, reach, targets);
	bool has_cookie = p->cookie.got_ns && age_of(p->cookie.got_ns, now_ns) < COOKIE_USE_NS;

	for (size_t i = 0; i < count; i++) {
		uint8_t *out = outbox_raw(e, (int)p->number, &targets[i], INITIATION_BYTES);

		if (!out) {
			peer_drop(p, DROP_OUTBOX_FULL);
			return;
		}
		keep_sent(p, &targets[i].remote, now_ns);
		memcpy(out, message, INITIATION_BYTES);
		if (has_cookie && addr_equal(&targets[i].remote, &p->cookie.from))
			mac2_write(p->cookie.bytes, out, INITIATION_BYTES);
	}
}

bool handshake_initiate(struct engine *e, struct peer *p, bool reach, uint64_t now_ns)
{
	struct payload payload = {.version = PROTOCOL_VERSION, .ciphers = e->ciphers};
	uint8_t message[INITIATION_BYTES];
	size_t which;
	struct outgoing *o;

	if (outbox_room(e) < PATH_TARGETS_MAX)
		return false;
	if (take_timestamp(e, now_ns, payload.timestamp)) {
		p->attempt.blocked = true;
		return false;
	}
	which = claim_outgoing(e, p);
	o = &p->outgoing[which];
	if (write_initiation(e, p, &p->secrets->outgoing[which], &payload, message))
		return false; /* a low-order key is refused when it is added */
	*o = (struct outgoing){
		.local_index = index_new(e, p), .sent_ns = now_ns, .offered = e->ciphers};
	write_header(message, MESSAGE_INITIATION, o->local_index);
	mac_write(&p->macs, message, INITIATION_BYTES);
	memcpy(o->mac1, mac1_of(message, INITIATION_BYTES), MAC_TAG_BYTES);
	send_initiation(e, p, reach, message, now_ns);
	return true;
}

/* ---- the responder ---- */

/** struct initiation - one that is being answered */
struct initiation {
	struct noise noise;
	struct public_key their_static;
	struct public_key their_ephemeral;
	struct payload payload;
	uint32_t sender;
	const struct route *from;
};

/* Who is it, and can it prove that? Fills @in and @peer (NULL: unknown key). */
static enum drop read_initiation(struct engine *e, const uint8_t *message, struct initiation *in,
				 struct peer **peer)
{
	uint8_t static_static[KEY_BYTES], payload[PAYLOAD_BYTES];
	struct noise_keys keys = {.own_static = &e->secrets->own};
	int error;

	noise_init(&in->noise, PROLOGUE, PROLOGUE_BYTES, &e->own_key);
	if (noise_read_1_static(&in->noise, &keys, message + INITIATION_NOISE_AT, &in->their_static,
				&in->their_ephemeral))
		return DROP_BAD_HANDSHAKE;
	if (public_key_equal(&in->their_static, &e->own_key))
		return DROP_OWN_KEY;
	*peer = known_keys_find(e, &in->their_static);
	if (*peer)
		memcpy(static_static, (*peer)->secrets->static_static, KEY_BYTES);
	else if (noise_dh(static_static, &e->secrets->own, &in->their_static))
		return DROP_BAD_HANDSHAKE;
	keys.static_static = static_static;
	error = noise_read_1_payload(&in->noise, &keys, message + INITIATION_PAYLOAD_AT,
				     &(struct noise_payload){payload, PAYLOAD_BYTES});
	key_wipe(static_static, sizeof(static_static));
	if (error)
		return DROP_BAD_HANDSHAKE;
	payload_decode(payload, &in->payload);
	return DROP_NONE;
}

static bool too_many(struct peer *p, uint64_t now_ns)
{
	if (age_of(p->initiations_window_ns, now_ns) >= NS_PER_S) {
		p->initiations_window_ns = now_ns;
		p->initiations = 0;
	}
	return ++p->initiations > PEER_INITIATIONS_MAX;
}

/* May this initiation of a known peer be answered? */
static enum drop judge(struct engine *e, struct peer *p, const struct payload *payload,
		       uint64_t now_ns)
{
	/* Before the count: who replays what it recorded must not use up the peer's budget. */
	if (memcmp(payload->timestamp, p->confirmed_timestamp, TIMESTAMP_BYTES) <= 0) {
		p->trouble = p->current == SLOT_NONE ? TROUBLE_OLD_INITIATION : p->trouble;
		return DROP_OLD_INITIATION;
	}
	/* The same one by another path: no sign of a clock that is wrong. */
	if (memcmp(payload->timestamp, p->answered_timestamp, TIMESTAMP_BYTES) == 0)
		return DROP_OLD_INITIATION;
	if (too_many(p, now_ns))
		return DROP_TOO_MANY_INITIATIONS;
	if (payload->ciphers & ~CIPHERS_KNOWN)
		peer_drop(p, DROP_UNKNOWN_CAPABILITY);
	if (payload->version == 0) {
		p->trouble = TROUBLE_VERSION;
		return DROP_BAD_VERSION;
	}
	if (!cipher_choose(e->ciphers, payload->ciphers)) {
		p->trouble = TROUBLE_CIPHER;
		return DROP_NO_COMMON_CIPHER;
	}
	return DROP_NONE;
}

/* Session keys of both directions, as their owner uses them. */
static void derive_keys(const struct noise *n, enum cipher cipher, bool we_initiated,
			struct session_keys *out)
{
	uint8_t *first = we_initiated ? out->send : out->receive;
	uint8_t *second = we_initiated ? out->receive : out->send;

	noise_split(n, first, second);
	seal_key(first, cipher, n->h, first);
	seal_key(second, cipher, n->h, second);
}

/* Both had an initiation on its way: PROTOCOL.md 4.4. Return: the crossing's number, or 0. */
static uint32_t note_crossing(struct peer *p)
{
	uint32_t id = 0;

	for (size_t i = 0; i < OUTGOING_MAX; i++) {
		if (!p->outgoing[i].local_index)
			continue;
		if (!id)
			id = ++p->last_cross_id;
		p->outgoing[i].cross_id = id;
	}
	return id;
}

/* Noise message 2 and the session behind it. Return: 0, or -EINVAL for a low-order ephemeral. */
static int write_response(struct engine *e, struct peer *p, struct initiation *in,
			  const struct session *s, uint8_t message[RESPONSE_BYTES])
{
	struct payload payload = {.version = in->payload.version < PROTOCOL_VERSION
						     ? in->payload.version
						     : PROTOCOL_VERSION,
				  .ciphers = (uint8_t)s->cipher};
	uint8_t encoded[PAYLOAD_BYTES];
	struct secret_key ephemeral;
	struct noise_keys keys = {.own_ephemeral = &ephemeral,
				  .their_static = &p->key,
				  .their_ephemeral = &in->their_ephemeral,
				  .psk = &p->secrets->psk};
	struct writer w;
	int error;

	timestamp_encode(wall_at(e, s->born_ns), payload.timestamp);
	payload_encode(&payload, encoded);
	e->random(e->random_context, ephemeral.b, KEY_BYTES);
	error = noise_write_2(&in->noise, &keys, &(struct noise_payload){encoded, PAYLOAD_BYTES},
			      message + RESPONSE_NOISE_AT);
	key_wipe(&ephemeral, sizeof(ephemeral));
	write_header(message, MESSAGE_RESPONSE, s->local_index);
	w = writer_over(message + RECEIVER_AT, INDEX_BYTES);
	writer_u32(&w, s->remote_index);
	mac_write(&p->macs, message, RESPONSE_BYTES);
	return error;
}

static enum drop respond(struct engine *e, struct peer *p, struct initiation *in, uint64_t now_ns)
{
	struct session s = {.born_ns = now_ns,
			    .remote_index = in->sender,
			    .cipher = cipher_choose(e->ciphers, in->payload.ciphers)};
	uint8_t message[RESPONSE_BYTES];
	struct session_keys keys;
	uint8_t *out;

	s.local_index = index_new(e, p);
	if (write_response(e, p, in, &s, message)) {
		index_table_remove(&e->indices, s.local_index);
		return peer_drop(p, DROP_BAD_HANDSHAKE);
	}
	out = outbox_raw(e, (int)p->number, in->from, RESPONSE_BYTES);
	if (!out) {
		index_table_remove(&e->indices, s.local_index);
		return peer_drop(p, DROP_OUTBOX_FULL);
	}
	keep_came(p, &in->from->remote, now_ns);
	keep_replied(p, &in->from->remote, now_ns);
	memcpy(out, message, RESPONSE_BYTES);
	memcpy(p->next_timestamp, in->payload.timestamp, TIMESTAMP_BYTES);
	memcpy(p->answered_timestamp, in->payload.timestamp, TIMESTAMP_BYTES);
	s.cross_id = note_crossing(p);
	derive_keys(&in->noise, s.cipher, false, &keys);
	session_install(e, p, &s, &keys, now_ns);
	p->answered_to = in->from->remote;
	key_wipe(&keys, sizeof(keys));
	timers_wake_by(e, p, now_ns + UNCONFIRMED_NS);
	return DROP_NONE;
}

enum drop handshake_answer(struct engine *e, const struct route *from, const uint8_t *message,
			   uint64_t now_ns)
{
	struct initiation in = {.from = from};
	struct reader r = reader_over(message + SENDER_AT, INDEX_BYTES);
	struct peer *p = NULL;
	enum drop drop = read_initiation(e, message, &in, &p);

	in.sender = reader_u32(&r);
	if (drop == DROP_NONE && !p) {
		knocks_add(e, &in.their_static, &from->remote, now_ns);
		drop = DROP_UNKNOWN_KEY;
	}
	if (drop == DROP_NONE) {
		drop = judge(e, p, &in.payload, now_ns);
		if (drop == DROP_NONE)
			drop = respond(e, p, &in, now_ns);
		else
			peer_drop(p, drop);
	} else {
		engine_drop(e, drop);
	}
	key_wipe(&in, sizeof(in));
	return drop;
}

/* ---- the initiator ---- */

/* Return: which initiation has that index, or OUTGOING_MAX. */
static size_t find_outgoing(const struct peer *p, uint32_t index)
{
	size_t i = 0;

	while (i < OUTGOING_MAX && p->outgoing[i].local_index != index)
		i++;
	return i;
}

/* Read message 2 on a copy of the state. Return: DROP_NONE, @n and @payload filled. */
static enum drop read_response(struct engine *e, struct peer *p, size_t which,
			       const uint8_t *message, struct noise *n)
{
	struct outgoing *o = &p->outgoing[which];
	struct outgoing_secrets *secrets = &p->secrets->outgoing[which];
	struct noise_keys keys = {.own_static = &e->secrets->own,
				  .own_ephemeral = &secrets->ephemeral,
				  .psk = &p->secrets->psk};
	uint8_t encoded[PAYLOAD_BYTES];
	struct payload payload;

	*n = secrets->noise;
	if (noise_read_2(n, &keys, message + RESPONSE_NOISE_AT,
			 &(struct noise_payload){encoded, PAYLOAD_BYTES})) {
		p->trouble = TROUBLE_BAD_ANSWER;
		if (++o->failures >= FAILED_RESPONSES_MAX)
			outgoing_end(e, p, which);
		return DROP_BAD_HANDSHAKE;
	}
	payload_decode(encoded, &payload);
	if (payload.version == 0 || payload.version > PROTOCOL_VERSION) {
		p->trouble = TROUBLE_VERSION;
		return DROP_BAD_VERSION;
	}
	if ((payload.ciphers != CIPHER_CHACHA && payload.ciphers != CIPHER_AES) ||
	    !(payload.ciphers & o->offered)) {
		p->trouble = TROUBLE_CIPHER;
		return DROP_NO_COMMON_CIPHER;
	}
	o->offered = payload.ciphers; /* now the one chosen */
	return DROP_NONE;
}

/*
 * The initiation that was answered becomes a session under its own index. Older ones are over; a newer
 * one may have been answered too, and its responder has forgotten this session then: it goes on.
 */
static void install_ours(struct engine *e, struct peer *p, const struct session *s,
			 const struct noise *n)
{
	uint64_t sent_ns = p->outgoing[find_outgoing(p, s->local_index)].sent_ns;
	struct session_keys keys;

	for (size_t i = 0; i < OUTGOING_MAX; i++)
		if (p->outgoing[i].sent_ns <= sent_ns)
			outgoing_end(e, p, i);
	index_table_add(&e->indices, s->local_index, p->number);
	derive_keys(n, s->cipher, true, &keys);
	session_install(e, p, s, &keys, s->born_ns);
	key_wipe(&keys, sizeof(keys));
}

enum drop handshake_complete(struct engine *e, const struct route *from, const uint8_t *message,
			     uint64_t now_ns)
{
	struct reader r = reader_over(message + SENDER_AT, 2 * INDEX_BYTES);
	struct session s = {.born_ns = now_ns, .we_initiated = true};
	struct peer *p;
	struct noise n;
	size_t which;
	enum drop drop;
	bool was_up;

	s.remote_index = reader_u32(&r);
	s.local_index = reader_u32(&r);
	p = peer_by_number(e, index_table_find(&e->indices, s.local_index));
	which = p ? find_outgoing(p, s.local_index) : OUTGOING_MAX;
	if (which == OUTGOING_MAX)
		return engine_drop(e, DROP_UNKNOWN_INDEX);
	drop = read_response(e, p, which, message, &n);
	if (drop == DROP_NONE) {
		s.cipher = p->outgoing[which].offered;
		s.cross_id = p->outgoing[which].cross_id;
		was_up = p->is_up;
		install_ours(e, p, &s, &n);
		timers_heard(p, now_ns);
		path_take_answer(e, p, from, now_ns);
		path_began(e, p, was_up, now_ns);
		hello_start(e, p, now_ns);
		timers_due(e, p, now_ns);
	} else {
		peer_drop(p, drop);
	}
	key_wipe(&n, sizeof(n));
	return drop;
}

void handshake_forget_timestamps(struct peer *p)
{
	memset(p->confirmed_timestamp, 0, TIMESTAMP_BYTES);
	memset(p->answered_timestamp, 0, TIMESTAMP_BYTES);
	p->last_session_ns = 0;
}
