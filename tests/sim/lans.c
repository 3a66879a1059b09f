/*
 * lans.c - run scenarios, as TAP; or one again, with words
 *
 *   lans                 those with names, each with a few seeds
 *   lans named COUNT     each with so many
 *   lans NAME [SEED]     one of them, with words
 *   lans FIRST COUNT     random ones; COUNT times LONG_FACTOR with LONGWIRE_LONG=1
 *   lans SEED            one of them, with words
 */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lans.h"

enum {
	LONG_FACTOR = 20,
	NAMED_TIMES = 3, /* seeds for each with a name */
};

static struct lans world;

/* A scenario: @named, or made of @seed. */
struct scenario {
	const struct lans_named *named;
	uint64_t seed;
	bool verbose;
	int watched;
};

static bool run(const struct scenario *s)
{
	bool holds;

	lans_init(&world, s->seed);
	world.verbose = s->verbose;
	world.watched = s->watched;
	if (s->named)
		s->named->make(&world);
	else
		lans_make_random(&world);
	if (s->verbose)
		lans_describe(&world);
	holds = lans_run(&world);
	lans_fini(&world);
	return holds;
}

/* Again, with the way of the frame that should have gone another one. */
static void tell(const struct scenario *s)
{
	struct scenario again = *s;

	again.verbose = true;
	again.watched = world.failed_frame;
	run(&again);
	printf("# %s\n", world.message);
}

static bool run_as_test(const struct scenario *s, uint64_t number)
{
	char name[64];
	bool holds = run(s);

	if (s->named)
		snprintf(name, sizeof(name), "%s_with_seed_%" PRIu64, s->named->name, s->seed);
	else
		snprintf(name, sizeof(name), "seed_%" PRIu64 "_holds", s->seed);
	if (!holds)
		tell(s);
	printf("# extra copies: %u, judged: %u\n", world.extra, world.judged);
	printf("%s %" PRIu64 " - %s\n", holds ? "ok" : "not ok", number, name);
	fflush(stdout);
	return holds;
}

/* Each with so many seeds: agents have other keys, and start in another order. */
static int run_named(uint64_t times)
{
	uint64_t number = 0;
	int failed = 0;

	printf("1..%zu\n", lans_named_count * (size_t)times);
	for (size_t i = 0; i < lans_named_count; i++)
		for (uint64_t k = 1; k <= times; k++) {
			struct scenario s = {.named = &lans_named[i], .seed = k, .watched = -1};

			failed |= !run_as_test(&s, ++number);
		}
	return failed;
}

static int run_many(uint64_t first, uint64_t count)
{
	const char *is_long = getenv("LONGWIRE_LONG");
	int failed = 0;

	if (is_long && strcmp(is_long, "1") == 0)
		count *= LONG_FACTOR;
	printf("1..%" PRIu64 "\n", count);
	for (uint64_t i = 0; i < count; i++) {
		struct scenario s = {.seed = first + i, .watched = -1};

		failed |= !run_as_test(&s, i + 1);
	}
	return failed;
}

static int run_one(struct scenario *s)
{
	s->watched = -1;
	if (run(s)) {
		s->verbose = true;
		run(s);
		printf("everything held: %u extra copies, %u judged\n", world.extra, world.judged);
		return 0;
	}
	tell(s);
	return 1;
}

static bool parse(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return !errno && end != text && !*end;
}

static bool find_named(const char *name, struct scenario *out)
{
	for (size_t i = 0; i < lans_named_count; i++)
		if (strcmp(lans_named[i].name, name) == 0) {
			*out = (struct scenario){.named = &lans_named[i], .seed = 1};
			return true;
		}
	return false;
}

int main(int argc, char **argv)
{
	struct scenario s = {.seed = 0};
	uint64_t count;

	if (sodium_init() < 0)
		return 1;
	if (argc == 1)
		return run_named(NAMED_TIMES);
	if (argc == 3 && strcmp(argv[1], "named") == 0 && parse(argv[2], &count))
		return run_named(count);
	if (argc == 3 && find_named(argv[1], &s) && parse(argv[2], &s.seed))
		return run_one(&s);
	if (argc == 2 && (parse(argv[1], &s.seed) || find_named(argv[1], &s)))
		return run_one(&s);
	if (argc == 3 && parse(argv[1], &s.seed) && parse(argv[2], &count))
		return run_many(s.seed, count);
	fprintf(stderr, "usage: lans | lans named COUNT | lans NAME [SEED] | lans SEED | lans "
			"FIRST COUNT\n");
	return 2;
}
