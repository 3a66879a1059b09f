/*
 * driver.c - a fuzz target without a fuzzer: random inputs, the same ones in every run, as TAP
 *
 *   TARGET COUNT       that many; LONG_FACTOR times as many with LONGWIRE_LONG=1
 *   TARGET file FILE...  what a fuzzer has found
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum {
	INPUT_MAX = 4096,
	LONG_FACTOR = 50,
};

static uint8_t input[1 << 20];

/* Long and short ones, and bytes that repeat: uniform noise alone finds little. */
static size_t make_input(uint64_t number)
{
	struct rng rng = {.state = number};
	size_t len = rng_below(&rng, number % 4 ? INPUT_MAX / 16 : INPUT_MAX);

	rng_fill(&rng, input, len);
	for (size_t i = 0; number % 2 && i < len; i++) {
		if (rng_chance(&rng, 40))
			input[i] = (uint8_t)rng_below(&rng, 16);
		else if (i >= 7 && rng_chance(&rng, 30))
			input[i] = input[i - 7];
	}
	return len;
}

static int run_random(uint64_t count)
{
	const char *is_long = getenv("LONGWIRE_LONG");

	if (is_long && strcmp(is_long, "1") == 0)
		count *= LONG_FACTOR;
	printf("1..1\n");
	for (uint64_t i = 0; i < count; i++) {
		/* Said in time, so that it is known which one ended the test. */
		if (i % 1000 == 0) {
			printf("# from input %llu\n", (unsigned long long)i);
			fflush(stdout);
		}
		LLVMFuzzerTestOneInput(input, make_input(i));
	}
	printf("ok 1 - random_inputs_end_nothing\n");
	return 0;
}

static int run_file(const char *name)
{
	FILE *f = fopen(name, "rb");
	size_t len;

	if (!f) {
		fprintf(stderr, "%s: %s\n", name, strerror(errno));
		return 1;
	}
	len = fread(input, 1, sizeof(input), f);
	fclose(f);
	LLVMFuzzerTestOneInput(input, len);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc == 2 && atoll(argv[1]) > 0)
		return run_random((uint64_t)atoll(argv[1]));
	if (argc < 3 || strcmp(argv[1], "file") != 0) {
		fprintf(stderr, "usage: %s COUNT | %s file FILE...\n", argv[0], argv[0]);
		return 2;
	}
	for (int i = 2; i < argc; i++)
		failed |= run_file(argv[i]);
	return failed;
}
