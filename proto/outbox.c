/*
 * outbox.c - see outbox.h
 */
#include "outbox.h"

#include <string.h>

#include "keep.h"
#include "path_probe.h"
#include "path_size.h"
#include "records.h"
#include "session.h"
#include "session_crypt.h"
#include "timers.h"

enum {
	RUN_PAD_PART = 16 /* padding is at most this part of the run's length; PROTOCOL.md 6 */
};

void outbox_init(struct outbox *o)
{
	for (uint32_t i = 0; i < OUTBOX_MAX; i++)
		o->room[i] = o->bytes[i];
}

uint32_t outbox_room(const struct engine *e)
{
	return OUTBOX_MAX - e->outbox.count;
}

/* How long a datagram to there may be. */
static size_t mtu_of(const struct peer *p)
{
	const struct path *path = p ? peer_path(p) : NULL;

	return path ? path->mtu_bytes : DATAGRAM_BASE_BYTES;
}

/* Return: a new slot, empty but for the room for a header; or -1. */
static int claim(struct engine *e, const struct peer *p, size_t len)
{
	struct outbox *o = &e->outbox;
	uint32_t slot = o->count;

	if (slot == OUTBOX_MAX)
		return -1;
	o->count++;
	o->open[slot] = false;
	o->asks[slot] = false;
	o->matters[slot] = false;
	o->limit[slot] = (uint16_t)mtu_of(p);
	o->datagrams[slot] = (struct datagram){
		.peer = p ? (int)p->number : -1, .bytes = o->room[slot], .len = len};
	return (int)slot;
}

static void address(struct engine *e, int slot, const struct route *to)
{
	e->outbox.datagrams[slot].to = to->remote;
	e->outbox.datagrams[slot].local = to->local;
}

/* To where the peer is now. */
static void address_peer(struct engine *e, int slot, const struct peer *p)
{
	const struct path *path = peer_path(p);

	if (path)
		address(e, slot, &(struct route){path->remote, path->local});
}

uint8_t *outbox_raw(struct engine *e, int peer, const struct route *to, size_t len)
{
	int slot = claim(e, peer_by_number(e, peer), len);

	if (slot < 0)
		return NULL;
	address(e, slot, to);
	return e->outbox.room[slot];
}

static size_t room_in(const struct engine *e, int slot)
{
	return (size_t)e->outbox.limit[slot] - TAG_BYTES - e->outbox.datagrams[slot].len;
}

/* Append header and body. Return: where the body goes; there must be room. */
static uint8_t *append(struct engine *e, int slot, uint8_t type, size_t body_len)
{
	struct datagram *d = &e->outbox.datagrams[slot];
	struct writer w = writer_over(e->outbox.room[slot] + d->len, room_in(e, slot));
	uint8_t *body;

	writer_u8(&w, type);
	writer_u16(&w, (uint16_t)body_len);
	body = writer_reserve(&w, body_len);
	d->len += writer_used(&w);
	e->outbox.asks[slot] |= record_asks(type);
	e->outbox.matters[slot] |= record_matters(type);
	return body;
}

/* Header, encryption, tag. The slot holds its records; the session @with may send. */
static void seal_slot(struct engine *e, struct peer *p, int slot, enum session_slot with,
		      uint64_t now_ns)
{
	struct session *s = &p->sessions[with];
	struct datagram *d = &e->outbox.datagrams[slot];
	uint8_t *bytes = e->outbox.room[slot];
	struct writer w = writer_over(bytes, DATA_HEADER_BYTES);
	struct sealed sealed = {.datagram = bytes,
				.text_len = d->len - DATA_HEADER_BYTES,
				.counter = s->send_counter++};

	writer_u8(&w, MESSAGE_DATA);
	writer_zeros(&w, TYPE_BYTES - 1);
	writer_u32(&w, s->remote_index);
	writer_u64(&w, sealed.counter);
	if (!session_seal(e, p, with, &sealed)) {
		d->len = 0; /* engine_flush() takes it out */
		return;
	}
	d->len += TAG_BYTES;
	if (!d->is_probe)
		path_size_sent(e, p, d->len, now_ns);
	if (e->outbox.matters[slot])
		timers_sent(e, p, e->outbox.asks[slot], now_ns);
	if (s->send_counter == cipher_rekey_after(s->cipher) ||
	    s->send_counter == cipher_reject_after(s->cipher))
		timers_wake_by(e, p, now_ns);
}

void outbox_discard(struct engine *e, struct peer *p)
{
	if (p->open_slot < 0)
		return;
	e->outbox.open[p->open_slot] = false;
	e->outbox.datagrams[p->open_slot].len = 0; /* engine_flush() takes it out */
	p->open_slot = -1;
}

void outbox_seal(struct engine *e, struct peer *p, uint64_t now_ns)
{
	int slot = p->open_slot;

	if (slot < 0)
		return;
	if (!session_can_send(p, now_ns)) {
		outbox_discard(e, p);
		peer_drop(p, DROP_NO_SESSION);
		return;
	}
	p->open_slot = -1;
	e->outbox.open[slot] = false;
	address_peer(e, slot, p);
	keep_sent(p, &peer_path(p)->remote, now_ns);
	seal_slot(e, p, slot, p->current, now_ns);
}

/* Padding up to a length of the whole. */
static void pad(struct engine *e, int slot, size_t len)
{
	struct datagram *d = &e->outbox.datagrams[slot];

	if (len < d->len + TAG_BYTES)
		return;
	memset(e->outbox.room[slot] + d->len, RECORD_PADDING, len - TAG_BYTES - d->len);
	d->len = len - TAG_BYTES;
}

/* As long as the ones before it, if that takes few bytes: the kernel takes equal ones as one. The last may be
 * shorter, so what is open when all is flushed stays as it is. */
static void fit_into_run(struct engine *e, struct peer *p)
{
	struct peer_run *run = &p->run;
	size_t len = e->outbox.datagrams[p->open_slot].len + TAG_BYTES;

	if (run->flush != e->outbox.flushes)
		*run = (struct peer_run){.flush = e->outbox.flushes};
	if (len >= run->len)
		run->len = (uint16_t)len;
	else if (len >= (size_t)(run->len - run->len / RUN_PAD_PART) &&
		 run->len <= e->outbox.limit[p->open_slot])
		pad(e, p->open_slot, run->len);
	else
		run->len = 0; /* it is the last of its run */
}

/* The open datagram if it is of that class and has @room bytes, else a new one. Return: its slot, or -1 when
 * full. */
static int open_with_room(struct engine *e, struct peer *p, size_t room, uint8_t dscp,
			  uint64_t now_ns)
{
	if (p->open_slot >= 0 && e->outbox.datagrams[p->open_slot].dscp != dscp)
		outbox_seal(e, p, now_ns);
	if (p->open_slot >= 0 && room_in(e, p->open_slot) < room) {
		fit_into_run(e, p);
		outbox_seal(e, p, now_ns);
	}
	if (p->open_slot < 0) {
		p->open_slot = claim(e, p, DATA_HEADER_BYTES);
		if (p->open_slot >= 0) {
			e->outbox.open[p->open_slot] = true;
			e->outbox.datagrams[p->open_slot].dscp = dscp;
		}
	}
	return p->open_slot;
}

enum drop outbox_record(struct engine *e, struct peer *p, const struct record *record,
			uint64_t now_ns)
{
	int slot;
	uint8_t *body;

	if (!session_can_send(p, now_ns))
		return DROP_NO_SESSION;
	slot = open_with_room(e, p, RECORD_HEADER_BYTES + record->len, DSCP_NONE, now_ns);
	if (slot < 0)
		return DROP_OUTBOX_FULL;
	body = append(e, slot, record->type, record->len);
	if (record->len)
		memcpy(body, record->body, record->len);
	return DROP_NONE;
}

/* A record alone in a datagram, on any session; not sealed yet. Return: its slot, -1 when full. */
static int put_alone(struct engine *e, struct peer *p, const struct record *record)
{
	int slot = claim(e, p, DATA_HEADER_BYTES);
	uint8_t *body;

	if (slot < 0)
		return -1;
	body = append(e, slot, record->type, record->len);
	if (record->len)
		memcpy(body, record->body, record->len);
	address_peer(e, slot, p);
	return slot;
}

static bool may_send(const struct peer *p, enum session_slot with, uint64_t now_ns)
{
	return with != SLOT_NONE && session_is_usable(&p->sessions[with], now_ns);
}

enum drop outbox_record_to(struct engine *e, struct peer *p, const struct record *record,
			   const struct route *from, uint64_t now_ns)
{
	int slot;

	if (!may_send(p, p->current, now_ns))
		return DROP_NO_SESSION;
	slot = put_alone(e, p, record);
	if (slot < 0)
		return DROP_OUTBOX_FULL;
	address(e, slot, from);
	keep_replied(p, &from->remote, now_ns);
	seal_slot(e, p, slot, p->current, now_ns);
	return DROP_NONE;
}

enum drop outbox_probe(struct engine *e, struct peer *p, const struct probe *probe, uint64_t now_ns)
{
	const struct record record = {RECORD_PATH_CHALLENGE, probe->token, TOKEN_BYTES};
	int slot;

	if (!may_send(p, p->current, now_ns))
		return DROP_NO_SESSION;
	slot = put_alone(e, p, &record);
	if (slot < 0)
		return DROP_OUTBOX_FULL;
	address(e, slot, probe->route);
	keep_sent(p, &probe->route->remote, now_ns);
	e->outbox.asks[slot] = e->outbox.matters[slot] = probe->asks;
	e->outbox.datagrams[slot].is_probe = true;
	pad(e, slot, probe->size);
	seal_slot(e, p, slot, p->current, now_ns);
	return DROP_NONE;
}

void outbox_goodbye(struct engine *e, struct peer *p, uint64_t now_ns)
{
	static const enum session_slot SAID_ON[GOODBYES_MAX] = {SLOT_OURS, SLOT_THEIRS, SLOT_NEXT};
	const struct record record = {.type = RECORD_GOODBYE};

	outbox_seal(e, p, now_ns);
	if (peer_path(p))
		keep_sent(p, &peer_path(p)->remote, now_ns);
	for (size_t i = 0; peer_path(p) && i < GOODBYES_MAX; i++) {
		int slot = may_send(p, SAID_ON[i], now_ns) ? put_alone(e, p, &record) : -1;

		if (slot >= 0)
			seal_slot(e, p, slot, SAID_ON[i], now_ns);
	}
}

static uint16_t frame_tag(const struct frame_out *frame)
{
	return (uint16_t)((frame->vlan & VLAN_MASK) |
			  (frame->checksum_unfinished ? FLAG_CHECKSUM_UNFINISHED : 0) |
			  (frame->on_segment ? FLAG_ON_SEGMENT : 0));
}

static size_t body_len_of(const struct frame_out *frame)
{
	return FRAME_TAG_BYTES + frame->len + frame->data_len;
}

/* Copy bytes @from up to @to of a frame's body, which is its tag and then the frame in its two parts. */
static void copy_body(uint8_t *out, const struct frame_out *frame, size_t from, size_t to)
{
	const size_t data_at = FRAME_TAG_BYTES + frame->len;
	uint8_t tag[FRAME_TAG_BYTES];

	poke_u16(tag, frame_tag(frame));
	for (; from < to && from < FRAME_TAG_BYTES; from++)
		*out++ = tag[from];
	if (from < data_at) {
		size_t len = (to < data_at ? to : data_at) - from;

		memcpy(out, frame->frame + from - FRAME_TAG_BYTES, len);
		from += len;
		out += len;
	}
	if (from < to)
		memcpy(out, frame->data + from - data_at, to - from);
}

static void write_piece(uint8_t *out, uint32_t id, const struct frame_out *frame,
			const struct stretch *piece)
{
	struct writer w = writer_over(out, FRAGMENT_HEADER_BYTES);

	writer_u32(&w, id);
	writer_u16(&w, (uint16_t)body_len_of(frame));
	writer_u16(&w, piece->start);
	copy_body(out + FRAGMENT_HEADER_BYTES, frame, piece->start, piece->end);
}

/* Pieces: the first fills up what is open, the others a datagram each. The caller saw to the room. */
static void split(struct engine *e, struct peer *p, const struct frame_out *frame, uint64_t now_ns)
{
	const size_t overhead = RECORD_HEADER_BYTES + FRAGMENT_HEADER_BYTES;
	size_t total = body_len_of(frame), at = 0;
	uint32_t id = p->sessions[p->current].fragment_id++;

	while (at < total) {
		int slot = open_with_room(e, p, overhead + FRAGMENT_PIECE_MIN_BYTES, frame->dscp,
					  now_ns);
		size_t len = room_in(e, slot) - overhead;
		struct stretch piece;

		if (len > total - at)
			len = total - at;
		piece = (struct stretch){(uint16_t)at, (uint16_t)(at + len)};
		write_piece(append(e, slot, RECORD_FRAGMENT, FRAGMENT_HEADER_BYTES + len), id,
			    frame, &piece);
		at += len;
	}
}

/* Bytes of records in a datagram to there. */
static size_t records_max(const struct peer *p)
{
	return mtu_of(p) - DATA_HEADER_BYTES - TAG_BYTES;
}

static uint32_t datagrams_for(const struct peer *p, size_t body_len)
{
	const size_t piece = records_max(p) - RECORD_HEADER_BYTES - FRAGMENT_HEADER_BYTES;

	return (uint32_t)(body_len / piece) + 1;
}

enum drop outbox_frame(struct engine *e, struct peer *p, const struct frame_out *frame,
		       uint64_t now_ns)
{
	size_t body_len = body_len_of(frame);
	int slot;

	if (!session_can_send(p, now_ns))
		return DROP_NO_SESSION;
	if (RECORD_HEADER_BYTES + body_len > records_max(p)) {
		if (outbox_room(e) < datagrams_for(p, body_len))
			return DROP_OUTBOX_FULL;
		path_used(e, p, now_ns);
		split(e, p, frame, now_ns);
		return DROP_NONE;
	}
	slot = open_with_room(e, p, RECORD_HEADER_BYTES + body_len, frame->dscp, now_ns);
	if (slot < 0)
		return DROP_OUTBOX_FULL;
	path_used(e, p, now_ns);
	copy_body(append(e, slot, RECORD_FRAME, body_len), frame, 0, body_len);
	return DROP_NONE;
}

/* To a place further down that is free; a peer whose open datagram it is follows. */
static void move_down(struct engine *e, uint32_t from, uint32_t to)
{
	struct outbox *o = &e->outbox;
	uint8_t *room = o->room[to];

	if (from == to)
		return;
	o->room[to] = o->room[from];
	o->room[from] = room;
	o->datagrams[to] = o->datagrams[from];
	o->open[to] = o->open[from];
	o->asks[to] = o->asks[from];
	o->matters[to] = o->matters[from];
	o->limit[to] = o->limit[from];
	if (o->open[to])
		e->peers[o->datagrams[to].peer].open_slot = (int)to;
}

/* Return: how many are sealed, up to the first that is not (or was, with its session gone, discarded) */
static uint32_t sealed_count(const struct outbox *o)
{
	uint32_t i = 0;

	while (i < o->count && !o->open[i] && o->datagrams[i].len)
		i++;
	return i;
}

void engine_flush(struct engine *e, uint64_t now_ns)
{
	struct outbox *o = &e->outbox;
	uint32_t kept = 0;

	o->flushes++;
	for (uint32_t i = 0; i < o->count; i++) {
		if (o->open[i])
			outbox_seal(e, &e->peers[o->datagrams[i].peer], now_ns);
		if (!o->datagrams[i].len)
			continue;
		move_down(e, i, kept++);
	}
	o->count = kept;
}

size_t engine_outbox(const struct engine *e, const struct datagram **out)
{
	*out = e->outbox.datagrams;
	return sealed_count(&e->outbox);
}

bool engine_outbox_has_room(const struct engine *e, size_t datagrams)
{
	return outbox_room(e) >= datagrams;
}

void engine_outbox_clear(struct engine *e)
{
	uint32_t sealed = sealed_count(&e->outbox), left = e->outbox.count - sealed;

	for (uint32_t i = 0; i < left; i++)
		move_down(e, sealed + i, i);
	e->outbox.count = left;
}
