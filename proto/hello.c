/*
 * hello.c - see hello.h
 */
#include "hello.h"

#include <sodium.h>
#include <string.h>

#include "events.h"
#include "outbox.h"
#include "path_probe.h"
#include "path_table.h"
#include "peers.h"
#include "timers.h"
#include "utf8.h"

enum hello_tag {
	HELLO_NAME = 1,
	HELLO_VLANS = 2,
	HELLO_LOCAL = 3,
	HELLO_KNOWN = 4,
};

enum {
	VLAN_BYTES = 2,
	LOCAL_BYTES = ADDR_IP_BYTES + 2,
	KNOWN_HASH_BYTES = 8,
	KNOWN_BYTES = VLAN_BYTES + KNOWN_HASH_BYTES,
	FIELD_HEADER_BYTES = 3,
	GENERATION_BYTES = 4,
	HELLO_MAX_BYTES = GENERATION_BYTES + 4 * FIELD_HEADER_BYTES + NAME_BYTES +
			  PEER_VLANS_MAX * VLAN_BYTES + PEER_CANDIDATES_MAX * LOCAL_BYTES +
			  PEER_KNOWN_KEYS_MAX * KNOWN_BYTES,
};

_Static_assert(RECORD_HEADER_BYTES + HELLO_MAX_BYTES <= RECORDS_LEAST_BYTES,
	       "the longest hello fits one datagram");

uint64_t hello_key_hash(const struct public_key *key)
{
	static const char label[] = "known---";
	crypto_generichash_state state;
	uint8_t hash[HASH_BYTES];
	struct reader r = reader_over(hash, sizeof(hash));

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	crypto_generichash_update(&state, (const uint8_t *)label, sizeof(label) - 1);
	crypto_generichash_update(&state, key->b, KEY_BYTES);
	crypto_generichash_final(&state, hash, sizeof(hash));
	return reader_u64(&r);
}

/* ---- ours ---- */

/* Tag and length of a field, the length written once the value is there. Return: where. */
static uint8_t *field_begin(struct writer *w, enum hello_tag tag)
{
	writer_u8(w, (uint8_t)tag);
	return writer_reserve(w, 2);
}

static void field_end(struct writer *w, uint8_t *length)
{
	struct writer at = writer_over(length, 2);

	writer_u16(&at, (uint16_t)(w->at - length - 2));
}

static void write_name(struct writer *w, const struct engine *e)
{
	uint8_t *length = field_begin(w, HELLO_NAME);

	writer_bytes(w, e->self.name, strlen(e->self.name));
	field_end(w, length);
}

static void write_vlans(struct writer *w, const struct peer *p)
{
	uint8_t *length = field_begin(w, HELLO_VLANS);

	for (size_t i = 0; i < p->vlan_count; i++)
		writer_u16(w, p->vlans[i]);
	field_end(w, length);
}

static void write_local(struct writer *w, const struct engine *e)
{
	uint8_t *length = field_begin(w, HELLO_LOCAL);

	for (size_t i = 0; i < e->self.local_count; i++) {
		writer_bytes(w, e->self.local[i].ip, ADDR_IP_BYTES);
		writer_u16(w, e->self.local[i].port);
	}
	field_end(w, length);
}

/* The others that we know on the vlans of @p: each once per vlan, as many as fit. */
static void write_known(struct writer *w, const struct engine *e, const struct peer *p)
{
	uint8_t *length = field_begin(w, HELLO_KNOWN);
	size_t count = 0;

	for (uint32_t i = 0; i < e->peers_end; i++) {
		const struct peer *q = &e->peers[i];

		if (!q->in_use || q == p)
			continue;
		for (size_t v = 0; v < q->vlan_count && count < PEER_KNOWN_KEYS_MAX; v++) {
			if (!peer_shares_vlan(p, q->vlans[v]))
				continue;
			writer_u16(w, q->vlans[v]);
			writer_u64(w, q->key_hash);
			count++;
		}
	}
	field_end(w, length);
}

void hello_send(struct engine *e, struct peer *p, uint64_t now_ns)
{
	uint8_t body[HELLO_MAX_BYTES];
	struct writer w = writer_over(body, sizeof(body));
	struct peer_hello *h = &p->hello;

	writer_u32(&w, e->hello_generation);
	if (e->self.name[0])
		write_name(&w, e);
	write_vlans(&w, p);
	write_local(&w, e);
	write_known(&w, e, p);
	outbox_record(e, p, &(struct record){RECORD_HELLO, body, writer_used(&w)}, now_ns);
	h->resend_at_ns = HEAP_NEVER;
	if (h->resends < HELLO_RESENDS) {
		h->resend_at_ns = now_ns + (NS_PER_S << h->resends++);
		timers_wake_by(e, p, h->resend_at_ns);
	}
}

void hello_start(struct engine *e, struct peer *p, uint64_t now_ns)
{
	p->hello.resends = 0;
	hello_send(e, p, now_ns);
	event_raise(e, p, ENGINE_EVENT_RENEWED);
}

void hello_changed(struct engine *e, uint64_t now_ns)
{
	e->hello_generation++;
	for (uint32_t i = 0; i < e->peers_end; i++) {
		struct peer *p = &e->peers[i];

		if (!p->in_use || p->current == SLOT_NONE)
			continue;
		p->hello.resends = 0;
		p->hello.resend_at_ns = now_ns;
		timers_wake_by(e, p, now_ns);
	}
}

void hello_take_ack(struct engine *e, struct peer *p, uint32_t generation)
{
	if (generation == e->hello_generation)
		p->hello.resend_at_ns = HEAP_NEVER;
}

/* ---- theirs ---- */

static bool take_vlans(struct peer_hello *h, struct reader *value)
{
	size_t count = reader_left(value) / VLAN_BYTES;

	if (reader_left(value) % VLAN_BYTES || count > PEER_VLANS_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		h->vlans[i] = reader_u16(value);
		if (h->vlans[i] < VLAN_ID_MIN || h->vlans[i] > VLAN_ID_MAX)
			return false;
	}
	h->vlan_count = (uint8_t)count;
	return true;
}

/* Addresses that nobody should be sent to are left out: a peer may not make us speak to a group. */
static bool take_local(struct peer_hello *h, struct reader *value)
{
	size_t count = reader_left(value) / LOCAL_BYTES;

	if (reader_left(value) % LOCAL_BYTES || count > PEER_CANDIDATES_MAX)
		return false;
	h->local_count = 0;
	for (size_t i = 0; i < count; i++) {
		struct addr a = {0};

		reader_copy(value, a.ip, ADDR_IP_BYTES);
		a.port = reader_u16(value);
		if (!addr_is_unicast(&a) || addr_is_loopback(&a))
			continue;
		h->local[h->local_count].port = a.port;
		memcpy(h->local[h->local_count++].ip, a.ip, ADDR_IP_BYTES);
	}
	return true;
}

static bool take_known(struct peer_hello *h, struct reader *value)
{
	size_t count = reader_left(value) / KNOWN_BYTES;

	if (reader_left(value) % KNOWN_BYTES || count > PEER_KNOWN_KEYS_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		h->known_vlans[i] = reader_u16(value);
		h->known_hashes[i] = reader_u64(value);
	}
	h->known_count = (uint8_t)count;
	return true;
}

static bool take_field(struct peer *p, struct peer_hello *h, struct reader *body)
{
	uint8_t tag = reader_u8(body);
	size_t len = reader_u16(body);
	struct reader value = reader_over(reader_bytes(body, len), len);

	if (body->failed)
		return false;
	switch (tag) {
	case HELLO_NAME:
		return utf8_take_name(&value, len, h->name);
	case HELLO_VLANS:
		return take_vlans(h, &value);
	case HELLO_LOCAL:
		return take_local(h, &value);
	case HELLO_KNOWN:
		return take_known(h, &value);
	default:
		peer_drop(p, DROP_UNKNOWN_CAPABILITY);
		return true;
	}
}

static void send_ack(struct engine *e, struct peer *p, uint32_t generation, uint64_t now_ns)
{
	uint8_t body[GENERATION_BYTES];
	struct writer w = writer_over(body, sizeof(body));

	writer_u32(&w, generation);
	outbox_record(e, p, &(struct record){RECORD_HELLO_ACK, body, sizeof(body)}, now_ns);
}

enum drop hello_take(struct engine *e, struct peer *p, struct reader *body, uint64_t now_ns)
{
	struct peer_hello h = p->hello;
	uint32_t generation = reader_u32(body);

	if (body->failed)
		return DROP_BAD_RECORD;
	h.name[0] = '\0';
	h.vlan_count = h.local_count = h.known_count = 0;
	while (reader_left(body) > 0)
		if (!take_field(p, &h, body))
			return DROP_BAD_RECORD;
	send_ack(e, p, generation, now_ns);
	if (generation < h.heard_generation)
		return DROP_NONE;
	h.heard_generation = p->hello.heard_generation = generation;
	if (memcmp(&p->hello, &h, sizeof(h)) != 0)
		event_raise(e, p, ENGINE_EVENT_HELLO);
	p->hello = h;
	path_sync(p);
	path_probe_new(e, p, now_ns);
	return DROP_NONE;
}
