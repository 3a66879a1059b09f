/*
 * driver.c - a fuzz target without a fuzzer: random inputs, the same ones in every run, as TAP
 *
 *   TARGET COUNT [SEED...]  that many; LONG_FACTOR times as many with LONGWIRE_LONG=1. With seeds
 *                      (files), first these as they are, then most inputs are changed ones
 *   TARGET file FILE...  what a fuzzer has found
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "rng.h"

enum {
	INPUT_MAX = 4096,
	LONG_FACTOR = 50,
	SEEDS_MAX = 64,
	EDITS_MAX = 8, /* of a seed */
	PIECE_MAX = 64,
};

static uint8_t input[1 << 20];

/* struct seed - a good input, to be spoiled */
struct seed {
	uint8_t bytes[INPUT_MAX];
	size_t len;
};

static struct seed seeds[SEEDS_MAX];
static size_t seed_count;

/* Long and short ones, and bytes that repeat: uniform noise alone finds little. */
static size_t make_noise(struct rng *rng, uint64_t number)
{
	size_t len = rng_below(rng, number % 4 ? INPUT_MAX / 16 : INPUT_MAX);

	rng_fill(rng, input, len);
	for (size_t i = 0; number % 2 && i < len; i++) {
		if (rng_chance(rng, 40))
			input[i] = (uint8_t)rng_below(rng, 16);
		else if (i >= 7 && rng_chance(rng, 30))
			input[i] = input[i - 7];
	}
	return len;
}

/* Put @piece in place of @cut bytes at @at of the input. Return: its new length */
static size_t splice(size_t len, size_t at, size_t cut, const struct seed *piece)
{
	if (len - cut + piece->len > INPUT_MAX)
		return len;
	memmove(input + at + piece->len, input + at + cut, len - at - cut);
	memcpy(input + at, piece->bytes, piece->len);
	return len - cut + piece->len;
}

/* Some bytes of a seed; or any, or none */
static void pick_piece(struct rng *rng, struct seed *out)
{
	const struct seed *from = &seeds[rng_below(rng, seed_count)];
	size_t at = rng_below(rng, from->len + 1), left = from->len - at;

	out->len = rng_below(rng, PIECE_MAX);
	switch (rng_below(rng, 4)) {
	case 0:
		out->len = 0;
		break;
	case 1:
		out->len %= 4;
		rng_fill(rng, out->bytes, out->len);
		break;
	default:
		out->len = out->len < left ? out->len : left;
		memcpy(out->bytes, from->bytes + at, out->len);
		break;
	}
}

static size_t edit_seed(struct rng *rng)
{
	static struct seed piece;
	const struct seed *from = &seeds[rng_below(rng, seed_count)];
	size_t len = from->len;

	memcpy(input, from->bytes, len);
	for (uint64_t edits = 1 + rng_below(rng, EDITS_MAX); edits > 0; edits--) {
		size_t at = rng_below(rng, len + 1), left = len - at;
		size_t cut = rng_below(rng, rng_chance(rng, 50) ? 2 : PIECE_MAX);

		pick_piece(rng, &piece);
		len = splice(len, at, cut < left ? cut : left, &piece);
	}
	return len;
}

static size_t make_input(uint64_t number)
{
	struct rng rng = {.state = number};

	if (number < seed_count) {
		memcpy(input, seeds[number].bytes, seeds[number].len);
		return seeds[number].len;
	}
	return seed_count && number % 8 ? edit_seed(&rng) : make_noise(&rng, number);
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

/* Return: length, or -1 with a message */
static ssize_t read_file(const char *name, uint8_t *out, size_t max)
{
	FILE *f = fopen(name, "rb");
	size_t len;

	if (!f) {
		fprintf(stderr, "%s: %s\n", name, strerror(errno));
		return -1;
	}
	len = fread(out, 1, max, f);
	fclose(f);
	return (ssize_t)len;
}

static int run_files(char **names, int count)
{
	int failed = 0;

	for (int i = 0; i < count; i++) {
		ssize_t len = read_file(names[i], input, sizeof(input));

		if (len < 0)
			failed = 1;
		else
			LLVMFuzzerTestOneInput(input, (size_t)len);
	}
	return failed;
}

static int read_seeds(char **names, int count)
{
	for (int i = 0; i < count && i < SEEDS_MAX; i++) {
		struct seed *seed = &seeds[seed_count++];
		ssize_t len = read_file(names[i], seed->bytes, sizeof(seed->bytes));

		if (len < 0)
			return 1;
		seed->len = (size_t)len;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 2 && atoll(argv[1]) > 0) {
		if (read_seeds(argv + 2, argc - 2))
			return 1;
		return run_random((uint64_t)atoll(argv[1]));
	}
	if (argc < 3 || strcmp(argv[1], "file") != 0) {
		fprintf(stderr, "usage: %s COUNT [SEED...] | %s file FILE...\n", argv[0], argv[0]);
		return 2;
	}
	return run_files(argv + 2, argc - 2);
}
