/*
 * lan_bulk.c - while machines send bulk, do not interrupt them for each few frames
 */
#include "agent/yielding.h"
#include "lan_private.h"

static void follow_bulk(struct lan *l)
{
	if (l->bulk.waits) {
		l->yields = yielding_begin();
	} else if (l->yields) {
		yielding_end();
		l->yields = false;
	}
}

/* How many a rest brings says nothing of the machines, so there is either the one or the other. */
static bool note(struct lan *l)
{
	bool before = l->bulk.waits;

	moderation_note(&l->moderation, l->plain_frames, lan_now_ns(l));
	if (!l->moderation.rests)
		return bulk_note(&l->bulk, l->plain_frames, lan_now_ns(l));
	l->bulk = (struct bulk){.waits = false};
	return before;
}

void lan_note_bulk(struct lan *l)
{
	if (l->plain_frames > 0 && note(l))
		follow_bulk(l);
	l->plain_frames = 0;
}

uint64_t lan_rest_ns(struct lan *l)
{
	return moderation_rest_ns(&l->moderation);
}
