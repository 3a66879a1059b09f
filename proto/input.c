/*
 * input.c - see input.h
 */
#include "input.h"

#include <string.h>

#include "events.h"
#include "hello.h"
#include "keep.h"
#include "outbox.h"
#include "path.h"
#include "path_probe.h"
#include "records.h"
#include "segment_record.h"
#include "session.h"
#include "session_crypt.h"
#include "timers.h"

/* Decrypt and check the counter. Return: DROP_NONE; nothing of the session changed otherwise. */
static enum drop open_data(struct engine *e, struct peer *p, enum session_slot slot,
			   const struct sealed *sealed, uint64_t now_ns)
{
	struct session *s = &p->sessions[slot];

	if (age_of(s->born_ns, now_ns) >= REJECT_AFTER_NS ||
	    sealed->counter >= cipher_reject_after(s->cipher))
		return DROP_EXPIRED_KEY;
	return session_open(e, p, slot, sealed);
}

/* The newest data, and no mere probe: it tells where the peer is. */
static void note_where(struct engine *e, struct peer *p, uint64_t now_ns)
{
	if (e->input.leads)
		path_heard(e, p, &e->input.route, now_ns);
	e->input.leads = false;
}

/* What a fresh authentic message tells: the peer lives, the session is confirmed, it is over there. */
static void note_heard(struct engine *e, struct peer *p, enum session_slot slot, bool newest,
		       uint64_t now_ns)
{
	const struct route *route = &e->input.route;

	timers_heard(p, now_ns);
	keep_came(p, &route->remote, now_ns);
	if (slot == SLOT_NEXT) {
		bool response_arrived = addr_equal(&route->remote, &p->answered_to);
		bool was_up = p->is_up;

		keep_renewed(p, &route->remote, now_ns);
		session_confirm(e, p, now_ns);
		if (response_arrived && path_may_be(p, &route->remote))
			path_take_place(e, p, route, now_ns);
		path_began(e, p, was_up, now_ns);
		hello_start(e, p, now_ns);
		timers_due(e, p, now_ns);
	}
	e->input.leads = newest;
	if (!peer_path(p))
		note_where(e, p, now_ns); /* even a probe is better than nothing */
}

enum drop input_data(struct engine *e, const struct route *route, uint8_t *datagram, size_t len,
		     uint64_t now_ns)
{
	struct reader header = reader_over(datagram + TYPE_BYTES, len - TYPE_BYTES);
	uint32_t index = reader_u32(&header);
	struct sealed sealed = {.datagram = datagram,
				.text_len = len - DATA_MIN_BYTES,
				.counter = reader_u64(&header)};
	struct peer *p = peer_by_number(e, index_table_find(&e->indices, index));
	enum session_slot slot = p ? session_find(p, index) : SLOT_NONE;
	enum drop drop;
	bool newest;

	if (slot == SLOT_NONE)
		return engine_drop(e, DROP_UNKNOWN_INDEX);
	drop = open_data(e, p, slot, &sealed, now_ns);
	if (drop != DROP_NONE)
		return peer_drop(p, drop);
	newest = replay_is_newest(&p->sessions[slot].replay, sealed.counter);
	if (!replay_accept(&p->sessions[slot].replay, sealed.counter))
		return peer_drop(p, DROP_REPLAY);
	e->input.peer = p;
	e->input.local_index = index;
	e->input.challenged = false;
	e->input.leads = false;
	e->input.route = *route;
	e->input.records = reader_over(datagram + DATA_HEADER_BYTES, sealed.text_len);
	note_heard(e, p, slot, newest, now_ns);
	if (sealed.text_len == 0)
		note_where(e, p, now_ns);
	return DROP_NONE;
}

/* ---- records ---- */

/* A frame's body, from one record or put together. Return: DROP_NONE and @out filled. */
static enum drop take_body(struct engine *e, struct reader *body, struct frame_in *out)
{
	uint16_t tag = reader_u16(body);

	*out = (struct frame_in){.peer = (int)e->input.peer->number,
				 .vlan = tag & VLAN_MASK,
				 .checksum_unfinished = tag & FLAG_CHECKSUM_UNFINISHED,
				 .on_segment = tag & FLAG_ON_SEGMENT,
				 .frame = body->at,
				 .len = reader_left(body)};
	if (out->len < ETHER_HEADER_BYTES)
		return DROP_SHORT_FRAME;
	if (out->len > e->max_frame)
		return DROP_LONG_FRAME;
	return DROP_NONE;
}

static enum drop take_fragment(struct engine *e, struct reader *body, struct frame_in *out,
			       uint64_t now_ns)
{
	struct peer *p = e->input.peer;
	struct piece piece = {.peer = p->number, .session = e->input.local_index};
	struct reassembled result;
	struct reader whole;

	piece.id = reader_u32(body);
	piece.total = reader_u16(body);
	piece.offset = reader_u16(body);
	piece.len = reader_left(body);
	piece.bytes = body->at;
	if (body->failed || piece.len == 0)
		return DROP_BAD_RECORD;
	result = reassembly_add(&e->reassembly, &piece, now_ns);
	if (result.evicted_peer >= 0)
		peer_drop(&e->peers[result.evicted_peer], DROP_REASSEMBLY_FULL);
	if (!result.body)
		return result.drop;
	whole = reader_over(result.body, result.len);
	result.drop = take_body(e, &whole, out);
	out->is_reassembled = true;
	return result.drop;
}

static void take_goodbye(struct engine *e, struct peer *p, uint64_t now_ns)
{
	e->input.peer = NULL; /* nothing after it counts */
	if (session_end_up_to(e, p, e->input.local_index, now_ns)) {
		p->said_goodbye = true;
		p->trouble = TROUBLE_GOODBYE;
		p->attempt.at_ns = now_ns + TRY_NS; /* it is just leaving */
	}
	timers_due(e, p, now_ns);
}

/* Records with a token for a body, or none. Return: DROP_BAD_RECORD if the length is wrong. */
static enum drop take_small(struct engine *e, uint8_t type, struct reader *body, uint64_t now_ns)
{
	struct peer *p = e->input.peer;
	bool has_token = type != RECORD_KEEPALIVE && type != RECORD_GOODBYE;
	uint8_t token[TOKEN_BYTES];

	if (reader_left(body) != (has_token ? TOKEN_BYTES : 0))
		return DROP_BAD_RECORD;
	if (has_token)
		reader_copy(body, token, TOKEN_BYTES);
	if (type == RECORD_PING) {
		keep_pinged(e, p, now_ns);
		outbox_record(e, p, &(struct record){RECORD_PONG, token, TOKEN_BYTES}, now_ns);
	} else if (type == RECORD_PONG) {
		path_take_pong(e, p, token, now_ns);
	} else if (type == RECORD_PATH_CHALLENGE) {
		path_take_challenge(e, p, token, now_ns);
	} else if (type == RECORD_PATH_RESPONSE) {
		path_take_response(e, p, token, now_ns);
	} else if (type == RECORD_GOODBYE) {
		take_goodbye(e, p, now_ns);
	}
	return DROP_NONE;
}

static enum drop take_ack(struct engine *e, struct reader *body)
{
	uint32_t generation = reader_u32(body);

	if (body->failed || reader_left(body) > 0)
		return DROP_BAD_RECORD;
	hello_take_ack(e, e->input.peer, generation);
	return DROP_NONE;
}

/* One record's body. @out has something to deliver when it was or ended a frame, or is for the caller. */
static enum drop take_record(struct engine *e, uint8_t type, struct reader *body,
			     struct frame_in *out, uint64_t now_ns)
{
	switch (type) {
	case RECORD_FRAME:
		if (reader_left(body) < FRAME_TAG_BYTES)
			return DROP_BAD_RECORD;
		return take_body(e, body, out);
	case RECORD_FRAGMENT:
		return take_fragment(e, body, out, now_ns);
	case RECORD_HELLO:
		return hello_take(e, e->input.peer, body, now_ns);
	case RECORD_HELLO_ACK:
		return take_ack(e, body);
	case RECORD_SEGMENTS:
		return segment_record_take(e, body, out);
	case RECORD_KEEPALIVE:
	case RECORD_PING:
	case RECORD_PONG:
	case RECORD_PATH_CHALLENGE:
	case RECORD_PATH_RESPONSE:
	case RECORD_GOODBYE:
		return take_small(e, type, body, now_ns);
	default:
		return DROP_UNKNOWN_RECORD;
	}
}

static bool all_zero(struct reader *r)
{
	size_t len = reader_left(r);
	const uint8_t *bytes = len ? reader_bytes(r, len) : NULL;

	return !bytes || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

/* The next record's type and body. Return: false at the end, or where the rest makes no sense. */
static bool next_record(struct engine *e, uint8_t *type, struct reader *body)
{
	struct reader *r = &e->input.records;
	size_t len;

	if (reader_left(r) == 0)
		return false;
	*type = reader_u8(r);
	if (*type == RECORD_PADDING) {
		if (!all_zero(r))
			peer_drop(e->input.peer, DROP_BAD_PADDING);
		return false;
	}
	len = reader_u16(r);
	*body = reader_over(reader_bytes(r, len), len);
	if (r->failed)
		peer_drop(e->input.peer, DROP_BAD_RECORD);
	return !r->failed;
}

bool engine_next_frame(struct engine *e, struct frame_in *out, uint64_t now_ns)
{
	uint8_t type;
	struct reader body;

	while (e->input.peer && next_record(e, &type, &body)) {
		struct peer *p = e->input.peer;
		enum drop drop;

		*out = (struct frame_in){.peer = (int)p->number};
		if (!record_probes(type))
			note_where(e, p, now_ns);
		if (record_asks(type))
			timers_heard_asking(e, p, now_ns);
		drop = take_record(e, type, &body, out, now_ns);
		if (drop != DROP_NONE) {
			peer_drop(p, drop);
			continue;
		}
		if (out->frame) {
			p->rx_frames++;
			p->rx_bytes += out->len;
			return true;
		}
		if (out->report || out->answer)
			return true;
	}
	e->input.peer = NULL;
	return false;
}
