/*
 * yielding.h - leave the processor to others while they are busy
 *
 * Layer: agent. What is the system's own about scheduling; yielding_linux.c has Linux's.
 *
 * A machine that sends bulk is interrupted by each wake-up of ours, on a computer that has no processor idle;
 * and then there are few frames for us. If we wait until the machine pauses, or its time is up, a wake-up costs
 * the same and brings many. Where a processor is idle nothing changes.
 */
#ifndef AGENT_YIELDING_H
#define AGENT_YIELDING_H

#include <stdbool.h>
#include <stdint.h>

/** yielding_begin() - From now on. Return: false where the user chose a way of scheduling, which stays, or the
 * system knows none such */
bool yielding_begin(void);

/** yielding_end() - No more, after yielding_begin() returned true */
void yielding_end(void);

/** yielding_rest() - Sleep so long, whatever comes; less than a second. The kernel may make it a bit longer */
void yielding_rest(uint64_t ns);

#endif
