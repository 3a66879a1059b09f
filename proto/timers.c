/*
 * timers.c - see timers.h
 */
#include "timers.h"

#include "events.h"
#include "handshake.h"
#include "hello.h"
#include "keep.h"
#include "outbox.h"
#include "path.h"
#include "path_probe.h"
#include "session.h"

static void earlier(uint64_t *first, uint64_t at_ns)
{
	if (at_ns < *first)
		*first = at_ns;
}

void timers_wake_by(struct engine *e, struct peer *p, uint64_t at_ns)
{
	if (!p->timer.pos || at_ns < p->timer.at_ns)
		heap_set(&e->timers, &p->timer, at_ns);
}

void timers_sent(struct engine *e, struct peer *p, bool asks, uint64_t now_ns)
{
	p->sent_ns = now_ns;
	p->keepalive_at_ns = HEAP_NEVER;
	if (asks && !p->unanswered_ns) {
		p->unanswered_ns = now_ns ? now_ns : 1;
		timers_wake_by(e, p, now_ns + UNHEARD_NS);
	}
}

void timers_heard(struct peer *p, uint64_t now_ns)
{
	p->heard_ns = now_ns;
	p->unanswered_ns = 0;
	p->doubt_ns = 0;
}

void timers_heard_asking(struct engine *e, struct peer *p, uint64_t now_ns)
{
	if (p->keepalive_at_ns != HEAP_NEVER)
		return;
	p->keepalive_at_ns = now_ns + KEEPALIVE_NS;
	timers_wake_by(e, p, p->keepalive_at_ns);
}

/* When the peer counts as lost from sight, for nothing is heard that should have been. */
static uint64_t lost_at(const struct peer *p)
{
	const struct session *s = &p->sessions[p->current];
	uint64_t first = HEAP_NEVER;

	if (p->unanswered_ns)
		earlier(&first, p->unanswered_ns + UNHEARD_NS);
	if (p->doubt_ns)
		earlier(&first, p->doubt_ns + DOUBT_NS);
	if (s->we_initiated && s->replay.next == 0)
		earlier(&first, s->usable_ns + UNPROVEN_NS);
	return first;
}

bool timers_wants_reach(const struct peer *p, uint64_t now_ns)
{
	return p->current == SLOT_NONE || !peer_path(p) || lost_at(p) <= now_ns;
}

/* When the current session should have a successor. */
static uint64_t rekey_at(const struct peer *p)
{
	const struct session *s = &p->sessions[p->current];

	if (s->send_counter >= cipher_rekey_after(s->cipher))
		return 0;
	return s->born_ns + (s->we_initiated ? REKEY_AFTER_NS : REKEY_RESPONDER_NS);
}

/* When the next handshake try is due; HEAP_NEVER if there is nobody to send it to. */
static uint64_t try_at(const struct peer *p, uint64_t now_ns)
{
	uint64_t want;

	if (p->attempt.blocked || !path_has_target(p))
		return HEAP_NEVER;
	if (timers_wants_reach(p, now_ns))
		return p->attempt.at_ns;
	want = rekey_at(p);
	earlier(&want, lost_at(p));
	return want > p->attempt.at_ns ? want : p->attempt.at_ns;
}

/* Every second for a minute, then less and less: PROTOCOL.md 7.3. */
static void schedule_reach(struct engine *e, struct peer *p, uint64_t now_ns)
{
	struct peer_try *t = &p->attempt;

	if (!t->since_ns)
		t->since_ns = now_ns ? now_ns : 1;
	if (age_of(t->since_ns, now_ns) < TRY_EAGER_NS)
		t->interval_ns = TRY_NS;
	else if (t->interval_ns < TRY_MAX_NS / 2)
		t->interval_ns *= 2;
	else
		t->interval_ns = TRY_MAX_NS;
	t->at_ns = now_ns + t->interval_ns + random_u64(e) % TRY_JITTER_NS;
}

static void start_try(struct engine *e, struct peer *p, uint64_t now_ns)
{
	bool reach = timers_wants_reach(p, now_ns);

	if (reach && p->attempt.count) {
		if (p->trouble == TROUBLE_NONE)
			p->trouble = TROUBLE_NO_ANSWER;
		event_raise(e, p, ENGINE_EVENT_UNREACHED);
	}
	if (reach && p->current != SLOT_NONE && peer_path(p))
		keep_left(p, p->paths.active);
	if (!handshake_initiate(e, p, reach, now_ns))
		return;
	/* Nobody may have asked it anything: now its silence counts. PROTOCOL.md 8 */
	if (!reach && p->attempt.count)
		p->ping.wanted = true;
	p->tried_ns = now_ns;
	p->attempt.count++;
	if (reach)
		schedule_reach(e, p, now_ns);
	else
		p->attempt.at_ns = now_ns + REKEY_RETRY_NS + random_u64(e) % REKEY_JITTER_NS;
}

static void send_empty(struct engine *e, struct peer *p, uint8_t type, uint64_t now_ns)
{
	outbox_record(e, p, &(struct record){.type = type}, now_ns);
}

/* What a session needs from time to time. */
static void keep_session(struct engine *e, struct peer *p, uint64_t now_ns)
{
	if (p->unanswered_ns && age_of(p->unanswered_ns, now_ns) >= SILENT_NS) {
		session_end_all(e, p, now_ns);
		p->trouble = TROUBLE_SILENT;
		return;
	}
	if (p->keepalive_at_ns <= now_ns)
		send_empty(e, p, RECORD_KEEPALIVE, now_ns);
	if (p->hello.resend_at_ns <= now_ns)
		hello_send(e, p, now_ns);
	if (p->ping.wanted || (peer_path(p) && keep_ping_at(p) <= now_ns))
		keep_ping(e, p, now_ns);
	path_due(e, p, now_ns);
	outbox_seal(e, p, now_ns);
}

static uint64_t next_deadline(const struct peer *p, uint64_t now_ns)
{
	uint64_t first = session_deadline_ns(p);

	earlier(&first, try_at(p, now_ns));
	if (p->last_session_ns)
		earlier(&first, p->last_session_ns + FORGET_TIMESTAMP_NS);
	if (p->current == SLOT_NONE)
		return first;
	earlier(&first, path_deadline_ns(p));
	if (!peer_path(p))
		return first;
	earlier(&first, p->keepalive_at_ns);
	earlier(&first, p->hello.resend_at_ns);
	earlier(&first, p->ping.wanted ? now_ns : keep_ping_at(p));
	if (p->unanswered_ns)
		earlier(&first, p->unanswered_ns + SILENT_NS);
	return first;
}

void timers_due(struct engine *e, struct peer *p, uint64_t now_ns)
{
	uint64_t next;

	session_expire(e, p, now_ns);
	if (p->last_session_ns && age_of(p->last_session_ns, now_ns) >= FORGET_TIMESTAMP_NS)
		handshake_forget_timestamps(p);
	if (p->current != SLOT_NONE)
		keep_session(e, p, now_ns);
	if (try_at(p, now_ns) <= now_ns)
		start_try(e, p, now_ns);
	next = next_deadline(p, now_ns);
	/* What could not be done (the outbox is full) must not spin: look again shortly. */
	if (next <= now_ns)
		next = now_ns + NS_PER_MS;
	heap_set(&e->timers, &p->timer, next);
}
