/*
 * forge.c - see forge.h
 */
#include "forge.h"

#include <sodium.h>
#include <stdlib.h>

#include "session.h"
#include "session_crypt.h"

static const char PROLOGUE[] = "longwire1";

enum {
	PROLOGUE_BYTES = sizeof(PROLOGUE) - 1,
	NOISE_AT = TYPE_BYTES + INDEX_BYTES,
	RESPONSE_AT = TYPE_BYTES + 2 * INDEX_BYTES,
	PAYLOAD_AT = NOISE_AT + 2 * KEY_BYTES + TAG_BYTES,
};

static void write_payload(uint64_t timestamp_ns, uint8_t version, uint8_t ciphers,
			  uint8_t out[PAYLOAD_BYTES])
{
	struct writer w = writer_over(out, PAYLOAD_BYTES);

	writer_u64(&w, timestamp_ns / NS_PER_S);
	writer_u32(&w, (uint32_t)(timestamp_ns % NS_PER_S));
	writer_u8(&w, version);
	writer_u8(&w, ciphers);
	writer_zeros(&w, writer_left(&w));
}

void forge_mac1(const struct public_key *to, uint8_t *message, size_t len)
{
	struct mac_keys macs;

	mac_keys_for(to, &macs);
	mac_write(&macs, message, len);
}

void forge_initiation(const struct forged_initiation *f, uint8_t out[INITIATION_BYTES])
{
	struct secret_key ephemeral;
	struct public_key own;
	uint8_t static_static[KEY_BYTES] = {0}, payload[PAYLOAD_BYTES];
	struct noise n;
	struct noise_keys keys = {.own_static_public = f->claimed ? f->claimed : &own,
				  .own_ephemeral = &ephemeral,
				  .their_static = f->to,
				  .static_static = static_static};
	struct writer w = writer_over(out, INITIATION_BYTES);

	randombytes_buf(ephemeral.b, KEY_BYTES);
	secret_key_public(f->from, &own);
	/* Of a low-order key the shared secret is zero: what its inventor would take it to be. */
	if (!f->claimed)
		noise_dh(static_static, f->from, f->to);
	writer_u8(&w, MESSAGE_INITIATION);
	writer_zeros(&w, TYPE_BYTES - 1);
	writer_u32(&w, f->sender ? f->sender : 77);
	write_payload(f->timestamp_ns, f->version, f->ciphers, payload);
	noise_init(&n, PROLOGUE, PROLOGUE_BYTES, f->to);
	assert_int_equal(noise_write_1(&n, &keys, &(struct noise_payload){payload, PAYLOAD_BYTES},
				       out + NOISE_AT),
			 0);
	if (f->ephemeral)
		memcpy(out + NOISE_AT, f->ephemeral->b, KEY_BYTES);
	forge_mac1(f->to, out, INITIATION_BYTES);
}

void forge_response(const struct forged_response *f, uint8_t out[RESPONSE_BYTES])
{
	static const struct preshared_key none;
	struct public_key own, initiator, initiator_ephemeral;
	struct secret_key ephemeral;
	uint8_t static_static[KEY_BYTES], payload[PAYLOAD_BYTES];
	struct noise n;
	struct noise_keys keys = {.own_static = f->from,
				  .own_ephemeral = &ephemeral,
				  .static_static = static_static,
				  .psk = f->psk ? f->psk : &none};
	struct writer w = writer_over(out, RESPONSE_BYTES);

	secret_key_public(f->from, &own);
	randombytes_buf(ephemeral.b, KEY_BYTES);
	noise_init(&n, PROLOGUE, PROLOGUE_BYTES, &own);
	assert_int_equal(noise_read_1_static(&n, &keys, f->initiation + NOISE_AT, &initiator,
					     &initiator_ephemeral),
			 0);
	noise_dh(static_static, f->from, &initiator);
	assert_int_equal(noise_read_1_payload(&n, &keys, f->initiation + PAYLOAD_AT,
					      &(struct noise_payload){payload, PAYLOAD_BYTES}),
			 0);
	keys.their_static = &initiator;
	keys.their_ephemeral = &initiator_ephemeral;
	write_payload(TESTS_WALL_S * NS_PER_S, f->version, f->ciphers, payload);
	writer_u8(&w, MESSAGE_RESPONSE);
	writer_zeros(&w, TYPE_BYTES - 1);
	writer_u32(&w, 78);
	writer_bytes(&w, f->initiation + TYPE_BYTES, INDEX_BYTES);
	assert_int_equal(noise_write_2(&n, &keys, &(struct noise_payload){payload, PAYLOAD_BYTES},
				       out + RESPONSE_AT),
			 0);
	if (f->ephemeral)
		memcpy(out + RESPONSE_AT, f->ephemeral->b, KEY_BYTES);
	forge_mac1(&initiator, out, RESPONSE_BYTES);
}

void forge_cookie_reply(const struct public_key *from, const uint8_t *initiation,
			const uint8_t cookie[MAC_TAG_BYTES], uint8_t out[COOKIE_REPLY_BYTES])
{
	struct writer w = writer_over(out, COOKIE_REPLY_BYTES);
	struct mac_keys macs;
	struct cookie_reply reply = {.key = macs.cookie,
				     .mac1 = initiation + INITIATION_BYTES - 2 * MAC_TAG_BYTES};
	uint8_t *nonce;

	mac_keys_for(from, &macs);
	writer_u8(&w, MESSAGE_COOKIE);
	writer_zeros(&w, TYPE_BYTES - 1);
	writer_bytes(&w, initiation + TYPE_BYTES, INDEX_BYTES);
	nonce = writer_reserve(&w, COOKIE_NONCE_BYTES);
	randombytes_buf(nonce, COOKIE_NONCE_BYTES);
	reply.nonce = nonce;
	cookie_seal(&reply, cookie, nonce + COOKIE_NONCE_BYTES);
}

size_t forge_data(struct wire *w, unsigned from, unsigned to, const struct writer *records,
		  uint8_t out[FORGE_MAX_BYTES])
{
	struct peer *p = wire_peer(w, from, to);
	struct session *s = wire_session(w, from, to);
	struct writer at = writer_over(out, FORGE_MAX_BYTES);
	struct sealed sealed = {
		.datagram = out, .text_len = writer_used(records), .counter = s->send_counter++};

	writer_u8(&at, MESSAGE_DATA);
	writer_zeros(&at, TYPE_BYTES - 1);
	writer_u32(&at, s->remote_index);
	writer_u64(&at, sealed.counter);
	writer_bytes(&at, records->start, sealed.text_len);
	writer_reserve(&at, TAG_BYTES);
	assert_false(at.failed);
	assert_true(session_seal(wire_engine(w, from), p, p->current, &sealed));
	return writer_used(&at);
}

enum drop forge_records(struct wire *w, unsigned from, unsigned to, const struct writer *records)
{
	static uint8_t datagram[FORGE_MAX_BYTES];
	size_t len = forge_data(w, from, to, records, datagram);

	return wire_input(w, to, &w->hosts[from].host.at, datagram, len);
}

void forge_put(struct writer *w, uint8_t type, const void *body, size_t len)
{
	writer_u8(w, type);
	writer_u16(w, (uint16_t)len);
	writer_bytes(w, body, len);
}

enum drop forge_record(struct wire *w, unsigned from, unsigned to, uint8_t type, const void *body,
		       size_t len)
{
	static uint8_t records[FORGE_MAX_BYTES];
	struct writer at = writer_over(records, sizeof(records));

	forge_put(&at, type, body, len);
	return forge_records(w, from, to, &at);
}

struct reader forge_open(struct wire *w, unsigned to, unsigned from, struct packet *p)
{
	struct peer *peer = wire_peer(w, to, from);
	struct reader header = reader_over(p->bytes + TYPE_BYTES, INDEX_BYTES + 8);
	enum session_slot slot = session_find(peer, reader_u32(&header));
	struct sealed sealed = {.datagram = p->bytes,
				.text_len = p->len - DATA_MIN_BYTES,
				.counter = reader_u64(&header)};

	assert_int_not_equal(slot, SLOT_NONE);
	assert_int_equal(session_open(wire_engine(w, to), peer, slot, &sealed), DROP_NONE);
	return reader_over(p->bytes + DATA_HEADER_BYTES, sealed.text_len);
}
