/*
 * admission.c - see admission.h
 */
#include "admission.h"

#include <string.h>

#include "outbox.h"

/* Where things are in a cookie reply; PROTOCOL.md 3.3. */
enum {
	COOKIE_INDEX_AT = TYPE_BYTES,
	COOKIE_NONCE_AT = COOKIE_INDEX_AT + INDEX_BYTES,
	COOKIE_SEALED_AT = COOKIE_NONCE_AT + COOKIE_NONCE_BYTES,
};

/* The cookie of an address under the secret of these two minutes. */
static void current_cookie(struct engine *e, const struct addr *from, uint64_t now_ns,
			   uint8_t out[MAC_TAG_BYTES])
{
	if (!e->cookie_secret_ns || age_of(e->cookie_secret_ns, now_ns) >= COOKIE_SECRET_NS) {
		e->random(e->random_context, e->secrets->cookie_secret,
			  sizeof(e->secrets->cookie_secret));
		e->cookie_secret_ns = now_ns ? now_ns : 1;
	}
	cookie_make(e->secrets->cookie_secret, from, out);
}

static void reply_with_cookie(struct engine *e, const struct route *from, uint8_t *message,
			      const uint8_t cookie[MAC_TAG_BYTES])
{
	uint8_t *out = outbox_raw(e, -1, from, COOKIE_REPLY_BYTES);
	struct cookie_reply reply = {.key = e->own_macs.cookie,
				     .mac1 = mac1_of(message, INITIATION_BYTES)};

	if (!out)
		return;
	memset(out, 0, TYPE_BYTES);
	out[0] = MESSAGE_COOKIE;
	memcpy(out + COOKIE_INDEX_AT, message + TYPE_BYTES, INDEX_BYTES);
	e->random(e->random_context, out + COOKIE_NONCE_AT, COOKIE_NONCE_BYTES);
	reply.nonce = out + COOKIE_NONCE_AT;
	cookie_seal(&reply, cookie, out + COOKIE_SEALED_AT);
}

enum drop admission_initiation(struct engine *e, const struct route *from, uint8_t *message,
			       uint64_t now_ns)
{
	uint8_t cookie[MAC_TAG_BYTES];

	if (!mac1_is_valid(&e->own_macs, message, INITIATION_BYTES))
		return DROP_BAD_MAC1;
	if (!load_note(&e->load, now_ns))
		return DROP_NONE;
	current_cookie(e, &from->remote, now_ns, cookie);
	if (!mac2_is_valid(cookie, message, INITIATION_BYTES)) {
		if (load_take_cookie(&e->load, &from->remote, now_ns))
			reply_with_cookie(e, from, message, cookie);
		return DROP_BAD_MAC2;
	}
	return load_take_handshake(&e->load, &from->remote, now_ns) ? DROP_NONE : DROP_RATE_LIMITED;
}

/* Return: the outstanding initiation with that index which had no cookie yet, or NULL. */
static struct outgoing *find_waiting(struct engine *e, uint32_t index, struct peer **peer)
{
	struct peer *p = peer_by_number(e, index_table_find(&e->indices, index));

	for (size_t i = 0; p && i < OUTGOING_MAX; i++) {
		if (p->outgoing[i].local_index == index && !p->outgoing[i].cookie_taken) {
			*peer = p;
			return &p->outgoing[i];
		}
	}
	return NULL;
}

enum drop admission_cookie(struct engine *e, const struct addr *from, const uint8_t *message,
			   uint64_t now_ns)
{
	struct reader r = reader_over(message + COOKIE_INDEX_AT, INDEX_BYTES);
	struct peer *p = NULL;
	struct outgoing *o = find_waiting(e, reader_u32(&r), &p);
	struct cookie_reply reply = {.nonce = message + COOKIE_NONCE_AT};

	if (!o)
		return engine_drop(e, DROP_BAD_COOKIE);
	reply.key = p->macs.cookie;
	reply.mac1 = o->mac1;
	if (!cookie_open(&reply, message + COOKIE_SEALED_AT, p->cookie.bytes))
		return peer_drop(p, DROP_BAD_COOKIE);
	p->cookie.from = *from;
	p->cookie.got_ns = now_ns ? now_ns : 1;
	o->cookie_taken = true;
	return DROP_NONE;
}
