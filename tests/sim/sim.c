/*
 * sim.c - run seeds, as TAP; or one seed again, with words
 *
 *   sim SEED [AGENTS]           one seed: what failed, or what went on; AGENTS 0: a few
 *   sim FIRST COUNT AGENTS      as a test does it; COUNT times LONG_FACTOR with LONGWIRE_LONG=1
 */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum {
	LONG_FACTOR = 20,
	TWICE_EVERY = 10, /* one seed in so many is run twice: the same seed gives the same trace */
};

static struct sim sim;
static unsigned agents; /* 0: a few */

static bool run_again_is_the_same(uint64_t seed)
{
	uint64_t trace = sim.trace;

	sim_run(&sim, seed, agents, false);
	if (sim.trace == trace)
		return true;
	snprintf(sim.message, sizeof(sim.message), "another trace in the second run");
	return false;
}

/* Return: did it hold? */
static bool run_as_test(uint64_t seed, uint64_t number)
{
	bool holds;

	/* Said before, so that it is known which one a sanitizer ended. */
	printf("# seed %" PRIu64 "\n", seed);
	fflush(stdout);
	holds = sim_run(&sim, seed, agents, false);
	if (holds && seed % TWICE_EVERY == 0)
		holds = run_again_is_the_same(seed);
	if (!holds)
		printf("# seed %" PRIu64 ": %s; to see it alone: sim %" PRIu64 " %u\n", seed,
		       sim.message, seed, agents);
	printf("%s %" PRIu64 " - seed_%" PRIu64 "_holds\n", holds ? "ok" : "not ok", number, seed);
	fflush(stdout);
	return holds;
}

static int run_many(uint64_t first, uint64_t count)
{
	const char *is_long = getenv("LONGWIRE_LONG");
	int failed = 0;

	if (is_long && strcmp(is_long, "1") == 0)
		count *= LONG_FACTOR;
	printf("1..%" PRIu64 "\n", count);
	for (uint64_t i = 0; i < count; i++)
		failed |= !run_as_test(first + i, i + 1);
	return failed;
}

static int run_one(uint64_t seed)
{
	bool holds = sim_run(&sim, seed, agents, true);

	printf("seed %" PRIu64 ": %u agents, %.0f virtual seconds, %" PRIu64 " datagrams, %" PRIu64
	       " frames delivered, trace %016" PRIx64 "\n",
	       seed, sim.count, (double)sim.now_ns / (double)SIM_NS_PER_S - 1000, sim.datagrams,
	       sim.delivered, sim.trace);
	printf("%s\n", holds ? "everything held" : sim.message);
	return !holds;
}

static bool parse(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return !errno && end != text && !*end;
}

int main(int argc, char **argv)
{
	uint64_t numbers[3] = {0};

	if (sodium_init() < 0)
		return 1;
	for (int i = 1; i < argc && i <= 3; i++)
		if (!parse(argv[i], &numbers[i - 1]))
			argc = 0;
	agents = (unsigned)numbers[argc == 4 ? 2 : 1];
	if (agents <= SIM_AGENTS_MAX && agents != 1) {
		if (argc == 2 || argc == 3)
			return run_one(numbers[0]);
		if (argc == 4)
			return run_many(numbers[0], numbers[1]);
	}
	fprintf(stderr, "usage: sim SEED [AGENTS] | sim FIRST COUNT AGENTS\n");
	return 2;
}
