/*
 * moderation.h - how long to leave machines alone that send so much
 *
 * Layer: agent. Pure: no I/O, no clock, no allocation.
 *
 * How it works. As a network card moderates its interrupts: from some rate on, whoever handles frames rests between
 * two looks at them, for about as long as a batch takes to come together, and never long. What it costs is a
 * fraction of a millisecond; what it saves is most of the wake-ups, each of which costs as much as several frames, and
 * takes the processor from the machine that sends. Below that rate, where a game is, there is no rest at all. The rate
 * is that of the last hundredth of a second or more, with room between yes and no.
 */
#ifndef AGENT_MODERATION_H
#define AGENT_MODERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct moderation - zeroed: nothing came yet
 * @rests:	the rate is one to rest at
 * @per_s:	that rate, frames a second
 * @frames, @since_ns: what came since the rate was last computed, and when that was
 * @last:	frames of the last note; 0: it was answered
 */
struct moderation {
	bool rests;
	uint64_t per_s;
	size_t frames;
	uint64_t since_ns;
	size_t last;
};

/** moderation_note() - A batch brought so many frames, at least one */
void moderation_note(struct moderation *m, size_t frames, uint64_t now_ns);

/** moderation_rest_ns() - How long to rest after what was noted since the last call. Return: 0 if not at all */
uint64_t moderation_rest_ns(struct moderation *m);

#endif
