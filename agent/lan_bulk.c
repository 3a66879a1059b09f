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

void lan_note_bulk(struct lan *l)
{
	if (l->plain_frames > 0 && bulk_note(&l->bulk, l->plain_frames, lan_now_ns(l)))
		follow_bulk(l);
	l->plain_frames = 0;
}
