/*
 * replay.c - see replay.h
 *
 * The ring has one word more than the window: the word that the highest counter has just entered is
 * cleared as a whole, so moving on costs no shift.
 */
#include "replay.h"

#include <string.h>

_Static_assert((REPLAY_WORDS & (REPLAY_WORDS - 1)) == 0, "index by mask");
_Static_assert(REPLAY_WINDOW == REPLAY_RING_BITS - REPLAY_WORD_BITS, "one spare word");

static uint64_t word_of(uint64_t counter)
{
	return counter / REPLAY_WORD_BITS;
}

/* Clear the words that the window enters when @counter becomes the highest. */
static void advance(struct replay *w, uint64_t counter)
{
	uint64_t from = w->next ? word_of(w->next - 1) : UINT64_MAX; /* so that word 0 is cleared */
	uint64_t steps = word_of(counter) - from;

	if (steps > REPLAY_WORDS)
		steps = REPLAY_WORDS;
	for (uint64_t i = 1; i <= steps; i++)
		w->ring[(from + i) & (REPLAY_WORDS - 1)] = 0;
	w->next = counter + 1;
}

bool replay_accept(struct replay *w, uint64_t counter)
{
	uint64_t *word = &w->ring[word_of(counter) & (REPLAY_WORDS - 1)];
	uint64_t bit = UINT64_C(1) << counter % REPLAY_WORD_BITS;

	if (counter == UINT64_MAX)
		return false;
	if (counter >= w->next)
		advance(w, counter);
	else if (w->next - 1 - counter > REPLAY_WINDOW || *word & bit)
		return false;
	*word |= bit;
	return true;
}
