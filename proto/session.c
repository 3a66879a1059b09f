/*
 * session.c - see session.h
 */
#include "session.h"

#include <string.h>

#include "events.h"
#include "outbox.h"
#include "path_probe.h"
#include "session_crypt.h"

bool session_is_usable(const struct session *s, uint64_t now_ns)
{
	return s->local_index && age_of(s->born_ns, now_ns) < REJECT_AFTER_NS &&
	       s->send_counter < cipher_reject_after(s->cipher);
}

bool session_can_send(const struct peer *p, uint64_t now_ns)
{
	return p->current != SLOT_NONE && peer_path(p) &&
	       session_is_usable(&p->sessions[p->current], now_ns);
}

uint32_t index_new(struct engine *e, const struct peer *p)
{
	uint32_t index;

	do {
		index = (uint32_t)random_u64(e);
	} while (index == 0 || index_table_find(&e->indices, index) >= 0);
	index_table_add(&e->indices, index, p->number);
	return index;
}

enum session_slot session_find(const struct peer *p, uint32_t local_index)
{
	enum session_slot slot = SLOT_OURS;

	while (slot < SLOT_COUNT && p->sessions[slot].local_index != local_index)
		slot++;
	return slot;
}

/* Which of two sessions is sent on: PROTOCOL.md 4.4. Both sides come to the same answer. */
static bool ours_wins(const struct peer *p)
{
	const struct session *ours = &p->sessions[SLOT_OURS];
	const struct session *theirs = &p->sessions[SLOT_THEIRS];

	if (ours->cross_id && ours->cross_id == theirs->cross_id)
		return !p->key_is_lower;
	return ours->usable_ns > theirs->usable_ns;
}

void session_tell(struct engine *e, struct peer *p)
{
	bool is_up = p->current != SLOT_NONE && peer_path(p);

	if (p->is_up == is_up)
		return;
	p->is_up = is_up;
	event_raise(e, p, is_up ? ENGINE_EVENT_UP : ENGINE_EVENT_DOWN);
}

/* Set `current`, and tell when the peer came up or went down by it. */
static void choose(struct engine *e, struct peer *p, uint64_t now_ns)
{
	bool ours = session_is_usable(&p->sessions[SLOT_OURS], now_ns);
	bool theirs = session_is_usable(&p->sessions[SLOT_THEIRS], now_ns);

	if (ours && (!theirs || ours_wins(p)))
		p->current = SLOT_OURS;
	else
		p->current = theirs ? SLOT_THEIRS : SLOT_NONE;
	session_tell(e, p);
}

static void wipe(struct engine *e, struct peer *p, enum session_slot slot)
{
	struct session *s = &p->sessions[slot];

	if (!s->local_index)
		return;
	index_table_remove(&e->indices, s->local_index);
	reassembly_forget(&e->reassembly, p->number, s->local_index);
	session_forget_keys(e, s);
	key_wipe(&p->secrets->sessions[slot], sizeof(p->secrets->sessions[slot]));
	memset(s, 0, sizeof(*s));
}

static void move(struct engine *e, struct peer *p, enum session_slot from, enum session_slot to)
{
	if (!p->sessions[from].local_index)
		return;
	wipe(e, p, to);
	p->sessions[to] = p->sessions[from];
	p->secrets->sessions[to] = p->secrets->sessions[from];
	p->sessions[from].local_index = 0; /* it is known in its new slot: the index stays */
	key_wipe(&p->secrets->sessions[from], sizeof(p->secrets->sessions[from]));
}

/* The session in @slot makes way for a newer one of the same initiator. */
static void replace(struct engine *e, struct peer *p, enum session_slot slot, uint64_t now_ns)
{
	p->sessions[slot].replaced_ns = now_ns;
	move(e, p, slot, SLOT_REPLACED);
}

/* A session that may be used: tries are over. */
static void established(struct engine *e, struct peer *p, uint64_t now_ns)
{
	p->attempt = (struct peer_try){.at_ns = now_ns + REKEY_RETRY_NS};
	p->trouble = TROUBLE_NONE;
	p->said_goodbye = false;
	p->handshake_ns = now_ns;
	p->last_session_ns = now_ns;
	p->unanswered_ns = 0;
	p->hello.heard_generation = 0;
	choose(e, p, now_ns);
}

/*
 * Before the session that is sent on may change: what waits in the open datagram goes out on the one that
 * it was made for. A fragment sent on the next would be taken for a piece of another frame there.
 */
static void finish_datagram(struct engine *e, struct peer *p, uint64_t now_ns)
{
	outbox_seal(e, p, now_ns);
}

void session_install(struct engine *e, struct peer *p, const struct session *new,
		     const struct session_keys *keys, uint64_t now_ns)
{
	enum session_slot slot = new->we_initiated ? SLOT_OURS : SLOT_NEXT;

	finish_datagram(e, p, now_ns);
	if (slot == SLOT_OURS)
		replace(e, p, SLOT_OURS, now_ns);
	else
		wipe(e, p, SLOT_NEXT);
	p->sessions[slot] = *new;
	p->secrets->sessions[slot] = *keys;
	if (slot == SLOT_OURS) {
		p->sessions[slot].usable_ns = now_ns;
		established(e, p, now_ns);
	}
}

/* Which own initiations go on after theirs was confirmed: those that crossed with it and win. */
static void give_up_outgoing(struct engine *e, struct peer *p, uint32_t cross_id)
{
	for (size_t i = 0; i < OUTGOING_MAX; i++) {
		bool crossed = cross_id && p->outgoing[i].cross_id == cross_id;

		if (!crossed || p->key_is_lower)
			outgoing_end(e, p, i);
	}
}

void session_confirm(struct engine *e, struct peer *p, uint64_t now_ns)
{
	struct session *s = &p->sessions[SLOT_THEIRS];

	finish_datagram(e, p, now_ns);
	replace(e, p, SLOT_THEIRS, now_ns);
	move(e, p, SLOT_NEXT, SLOT_THEIRS);
	s->usable_ns = now_ns;
	memcpy(p->confirmed_timestamp, p->next_timestamp, TIMESTAMP_BYTES);
	give_up_outgoing(e, p, s->cross_id);
	established(e, p, now_ns);
}

/* Wipe one; another may be there to be sent on. */
static void end(struct engine *e, struct peer *p, enum session_slot slot, uint64_t now_ns)
{
	if (slot == p->current)
		finish_datagram(e, p, now_ns);
	wipe(e, p, slot);
	choose(e, p, now_ns);
}

/* No session is left that may be sent on. */
static void start_over(struct engine *e, struct peer *p, uint64_t now_ns)
{
	for (size_t i = 0; i < OUTGOING_MAX; i++)
		outgoing_end(e, p, i);
	p->attempt = (struct peer_try){.at_ns = now_ns};
	p->unanswered_ns = 0;
	p->keepalive_at_ns = HEAP_NEVER;
	p->hello.resend_at_ns = HEAP_NEVER;
	path_rest(p);
	choose(e, p, now_ns);
}

void session_end_all(struct engine *e, struct peer *p, uint64_t now_ns)
{
	outbox_discard(e, p);
	for (enum session_slot slot = SLOT_OURS; slot < SLOT_COUNT; slot++)
		wipe(e, p, slot);
	start_over(e, p, now_ns);
}

/* Whose end is that of @gone, too: what is not newer, and what crossed with it. PROTOCOL.md 6.5 */
static bool ends_with(const struct session *s, const struct session *gone)
{
	uint64_t since_ns = s->usable_ns ? s->usable_ns : s->born_ns; /* not confirmed yet */

	return since_ns <= gone->usable_ns || (gone->cross_id && s->cross_id == gone->cross_id);
}

bool session_end_up_to(struct engine *e, struct peer *p, uint32_t local_index, uint64_t now_ns)
{
	enum session_slot last = session_find(p, local_index);
	bool ends[SLOT_COUNT];

	for (enum session_slot slot = SLOT_OURS; slot < SLOT_COUNT; slot++)
		ends[slot] = ends_with(&p->sessions[slot], &p->sessions[last]);
	if (p->current != SLOT_NONE && ends[p->current])
		outbox_discard(e, p);
	for (enum session_slot slot = SLOT_OURS; slot < SLOT_COUNT; slot++)
		if (ends[slot])
			wipe(e, p, slot);
	choose(e, p, now_ns);
	if (p->current == SLOT_NONE)
		start_over(e, p, now_ns);
	return p->current == SLOT_NONE;
}

/* When the session in @slot ends. */
static uint64_t end_of(const struct peer *p, enum session_slot slot)
{
	const struct session *s = &p->sessions[slot];

	if (!s->local_index)
		return HEAP_NEVER;
	if (slot == SLOT_REPLACED)
		return s->replaced_ns + REPLACED_NS;
	if (slot == SLOT_NEXT)
		return s->born_ns + UNCONFIRMED_NS;
	return s->born_ns + REJECT_AFTER_NS;
}

void session_expire(struct engine *e, struct peer *p, uint64_t now_ns)
{
	if (end_of(p, SLOT_NEXT) <= now_ns && p->current == SLOT_NONE && !p->said_goodbye)
		p->trouble = TROUBLE_UNCONFIRMED;
	for (enum session_slot slot = SLOT_OURS; slot < SLOT_COUNT; slot++)
		if (end_of(p, slot) <= now_ns)
			end(e, p, slot, now_ns);
	/* Its counters may have run out before its time. It is still received on, but not sent. */
	if (p->current != SLOT_NONE && !session_is_usable(&p->sessions[p->current], now_ns)) {
		finish_datagram(e, p, now_ns);
		choose(e, p, now_ns);
	}
	for (size_t i = 0; i < OUTGOING_MAX; i++)
		if (p->outgoing[i].local_index && p->outgoing[i].sent_ns + OUTSTANDING_NS <= now_ns)
			outgoing_end(e, p, i);
}

uint64_t session_deadline_ns(const struct peer *p)
{
	uint64_t first = HEAP_NEVER;

	for (enum session_slot slot = SLOT_OURS; slot < SLOT_COUNT; slot++)
		if (end_of(p, slot) < first)
			first = end_of(p, slot);
	for (size_t i = 0; i < OUTGOING_MAX; i++)
		if (p->outgoing[i].local_index && p->outgoing[i].sent_ns + OUTSTANDING_NS < first)
			first = p->outgoing[i].sent_ns + OUTSTANDING_NS;
	return first;
}

void outgoing_end(struct engine *e, struct peer *p, size_t which)
{
	struct outgoing *o = &p->outgoing[which];

	if (!o->local_index)
		return;
	index_table_remove(&e->indices, o->local_index);
	key_wipe(&p->secrets->outgoing[which], sizeof(p->secrets->outgoing[which]));
	memset(o, 0, sizeof(*o));
}
