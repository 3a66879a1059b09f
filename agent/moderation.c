/*
 * moderation.c - see moderation.h
 */
#include "agent/moderation.h"

enum {
	BATCH = 24,       /* frames that a rest is to bring */
	FULL = 2 * BATCH, /* so many at once: there may be more, which shall not wait */
	BEGIN_PER_S = 30000,
	END_PER_S = 26000,
	REST_MAX_NS = 400000,
	WINDOW_NS = 10000000,
};

static const uint64_t NS_PER_S = 1000000000;

void moderation_note(struct moderation *m, size_t frames, uint64_t now_ns)
{
	uint64_t elapsed_ns = now_ns - m->since_ns;

	m->last += frames;
	m->frames += frames;
	if (elapsed_ns < WINDOW_NS)
		return;
	m->per_s = m->frames * NS_PER_S / elapsed_ns;
	m->rests = m->per_s >= (m->rests ? END_PER_S : BEGIN_PER_S);
	m->frames = 0;
	m->since_ns = now_ns;
}

uint64_t moderation_rest_ns(struct moderation *m)
{
	size_t last = m->last;
	uint64_t rest_ns;

	m->last = 0;
	if (!m->rests || last == 0 || last >= FULL)
		return 0;
	rest_ns = BATCH * NS_PER_S / m->per_s;
	return rest_ns < REST_MAX_NS ? rest_ns : REST_MAX_NS;
}
