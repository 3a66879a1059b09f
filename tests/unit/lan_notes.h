/*
 * lan_notes.h - what ports, peers and those who watch were handed, piece by piece, with lan_fakes.h
 *
 * Machine 2 says it all, to machine 1: see craft_super.h. Port "tap" has offloads, "hub" has not.
 */
#ifndef TESTS_LAN_NOTES_H
#define TESTS_LAN_NOTES_H

#include "craft_super.h"
#include "lan_fakes.h"

enum {
	NOTES_MAX = 32,
	NOTE_BYTES = 2048,
	DATA_BYTES = 2500,
	PIECE_BYTES = 1000,
	PIECES = 3,
	NOT_WHOLE = -1,
};

/* A frame, finished, that a member was handed; @whole: in which super-frame, counted from 0 */
struct note {
	const struct fake_port *port;
	int peer;
	int whole;
	bool unfinished;
	size_t len;
	uint8_t bytes[NOTE_BYTES];
};

extern struct note notes[NOTES_MAX];
extern size_t note_count;
extern int wholes;
extern uint8_t data[DATA_BYTES];

/* Of PIECES pieces, all with data that no other has. */
extern const struct super TCP4, UDP6;

int set_up_offload(void **state);
void forget_notes(void);

/* Machine @n is behind a port, or a peer. */
void is_behind(struct fixture *f, const char *port, int peer, int n);

void assert_bytes(const struct note *n, const struct super *wanted);

/* Note @at and those that follow are all pieces of @s, in super-frame @whole. */
void assert_pieces_to_port(size_t at, const char *port, int whole, const struct super *s);
void assert_pieces_to_peer(size_t at, int peer, bool unfinished, const struct super *s);

/* Somebody who watches all. Return: a descriptor to close; the test ends with tear_down_dump() */
int watch(struct fixture *f);
int tear_down_dump(void **state);

/* What was shown since the last time: anything, or all pieces, finished. */
void forget_shown(int fd);
void assert_shown(struct fixture *f, int fd, const struct super *s);

#define offloaded(test) cmocka_unit_test_setup_teardown(test, set_up_offload, tear_down)
#define watched(test)   cmocka_unit_test_setup_teardown(test, set_up_offload, tear_down_dump)

#endif
