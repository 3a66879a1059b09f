/*
 * bulk.h - would frames come several at a time if we did not hurry?
 *
 * Layer: agent. Pure: no I/O, no clock, no allocation.
 *
 * How it works. How many frames a wake-up brings tells a game, whose frames come one by one, however often,
 * from a download, of which there are several each time, since the sender goes on while we work. For the one we
 * hurry. With the other each wake-up costs more than its few frames, and the machine that sends them is
 * interrupted for each: there it is worth to wait for more, until enough come. The mean of the last wake-ups
 * decides, with room between yes and no, so that it does not change all the time. After a pause it starts anew.
 */
#ifndef AGENT_BULK_H
#define AGENT_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct bulk - zeroed: nothing came yet
 * @waits:	it is worth to wait
 * @mean:	256 times what a wake-up brought lately
 * @last_ns:	when the last one was
 */
struct bulk {
	bool waits;
	uint32_t mean;
	uint64_t last_ns;
};

/**
 * bulk_note() - A wake-up brought so many frames, at least one
 *
 * Return: has @waits changed?
 */
bool bulk_note(struct bulk *b, size_t frames, uint64_t now_ns);

#endif
