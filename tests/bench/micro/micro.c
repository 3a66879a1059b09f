/*
 * micro.c - see micro.h
 */
#include "micro.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef HAVE_CALLGRIND
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_STOP_INSTRUMENTATION
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_DUMP_STATS_AT(name) (void)(name)
#endif

void micro_must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "micro: %s\n", what);
	abort();
}

static void prepare(const struct micro *m)
{
	if (m->prepare)
		m->prepare();
}

/* The first run binds symbols and touches memory for the first time. */
static void measure(const struct micro *m)
{
	prepare(m);
	m->run();
	prepare(m);
	CALLGRIND_START_INSTRUMENTATION;
	CALLGRIND_ZERO_STATS;
	m->run();
	CALLGRIND_DUMP_STATS_AT(m->name);
	CALLGRIND_STOP_INSTRUMENTATION;
	printf("%s %u\n", m->name, m->each);
}

int micro_main(const struct micro *list, size_t count)
{
	micro_must(sodium_init() >= 0, "libsodium does not start");
	for (size_t i = 0; i < count; i++)
		measure(&list[i]);
	return 0;
}
