/*
 * notes.h - what is wrong and stays wrong until somebody does something: the agent's own warnings
 *
 * Layer: agent. Pure but for the log.
 *
 * How it works. Each note belongs to a scope, one source of warnings that is judged as a whole again
 * and again (the trust folder at each reading, say). Between notes_begin() and notes_end() the source
 * adds what is wrong now: a note that was there before stays without a word, a new one is logged
 * once, one that was not added again is gone.
 */
#ifndef AGENT_NOTES_H
#define AGENT_NOTES_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/lan.h"

enum {
	NOTES_MAX = 32 /* of those in a folder full of mistakes, the first */
};

/** enum note_scope - who judges */
enum note_scope {
	NOTE_START,  /* what start-up could not do */
	NOTE_CONFIG, /* agent.conf */
	NOTE_TRUST,  /* the trust folder */
	NOTE_PEERS,  /* what the trust folder asks for and cannot be done */
	NOTE_STATE,  /* the state file */
	NOTE_PLUGS,  /* ports that were unplugged */
};

struct note {
	struct warning warning;
	enum note_scope scope;
	bool current;
};

/** struct notes - zeroed is empty */
struct notes {
	struct note list[NOTES_MAX];
	size_t count;
};

/** notes_begin() - @scope is judged anew */
void notes_begin(struct notes *n, enum note_scope scope);

/** notes_add() - Something is wrong: @code a word, @text a sentence, @fix what to do, or "" */
void notes_add(struct notes *n, enum note_scope scope, const struct warning *warning);

/** notes_end() - What was not added since notes_begin() is right again */
void notes_end(struct notes *n, enum note_scope scope);

/** warning_make() - A warning; cut where too long */
struct warning warning_make(const char *code, const char *text, const char *fix);

/** warning_set_text(), warning_set_fix() - The same parts with a printf format */
void warning_set_text(struct warning *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void warning_set_fix(struct warning *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
