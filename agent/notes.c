/*
 * notes.c - see notes.h
 */
#include "agent/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"

void notes_begin(struct notes *n, enum note_scope scope)
{
	for (size_t i = 0; i < n->count; i++)
		if (n->list[i].scope == scope)
			n->list[i].current = false;
}

static struct note *find(struct notes *n, enum note_scope scope, const struct warning *warning)
{
	for (size_t i = 0; i < n->count; i++)
		if (n->list[i].scope == scope &&
		    strcmp(n->list[i].warning.code, warning->code) == 0 &&
		    strcmp(n->list[i].warning.text, warning->text) == 0)
			return &n->list[i];
	return NULL;
}

void notes_add(struct notes *n, enum note_scope scope, const struct warning *warning)
{
	struct note *known = find(n, scope, warning);

	if (known) {
		known->current = true;
		return;
	}
	log_warn("%s%s%s", warning->text, *warning->fix ? "; " : "", warning->fix);
	if (n->count < NOTES_MAX)
		n->list[n->count++] =
			(struct note){.warning = *warning, .scope = scope, .current = true};
}

void notes_end(struct notes *n, enum note_scope scope)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->count; i++)
		if (n->list[i].scope != scope || n->list[i].current)
			n->list[kept++] = n->list[i];
	n->count = kept;
}

struct warning warning_make(const char *code, const char *text, const char *fix)
{
	struct warning w;

	snprintf(w.code, sizeof(w.code), "%s", code);
	snprintf(w.text, sizeof(w.text), "%s", text);
	snprintf(w.fix, sizeof(w.fix), "%s", fix);
	return w;
}

void warning_set_text(struct warning *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(w->text, sizeof(w->text), format, args);
	va_end(args);
}

void warning_set_fix(struct warning *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(w->fix, sizeof(w->fix), format, args);
	va_end(args);
}
