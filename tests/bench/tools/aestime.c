/*
 * aestime.c - how long AES-256-GCM takes by one of the libraries that a build may take it from: proto/gcm.h
 *
 *   for l in libipsec-mb libcrypto libsodium; do build-release/tests/bench/tools/aestime-$l; done
 *
 * Some times, so that they take turns. Nanoseconds to seal and to open a text in place: warm, one after another, and
 * cold, as a lone frame meets it, each after a pause. Medians.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gcm.h"
#include "now.h"

enum {
	RUNS = 201,
	TEXTS = 200, /* of a warm run */
	LONGEST = 1400,
	PAUSE_NS = 5000000,
};

static const size_t LENGTHS[] = {64, 112, 300, LONGEST};

/* In both directions of one session. @texts: of each run; @pauses: before each run */
struct trial {
	struct gcm gcm[DIRECTION_COUNT];
	size_t texts, len;
	bool pauses;
	bool failed;
	double seal_ns[RUNS], open_ns[RUNS];
};

static uint8_t datagrams[TEXTS][DATA_MIN_BYTES + LONGEST];

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median(double *ns)
{
	qsort(ns, RUNS, sizeof(*ns), compare);
	return ns[RUNS / 2];
}

/* Return: ns for each */
static double time_all(struct trial *t, enum direction direction)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	uint64_t start_ns;

	if (t->pauses)
		nanosleep(&pause, NULL);
	start_ns = now_ns();
	for (size_t i = 0; i < t->texts; i++) {
		struct sealed s = {datagrams[i], t->len, i + 1};

		t->failed |= direction == DIRECTION_SEND ? gcm_seal(&t->gcm[direction], &s) != 0
							 : gcm_open(&t->gcm[direction], &s) != 0;
	}
	return (double)(now_ns() - start_ns) / (double)t->texts;
}

/* Sealed and opened in turns, so that each is opened as it was sealed. */
static void measure(struct trial *t)
{
	for (size_t run = 0; run < RUNS; run++) {
		t->seal_ns[run] = time_all(t, DIRECTION_SEND);
		t->open_ns[run] = time_all(t, DIRECTION_RECEIVE);
	}
	printf("  %zu: %.0f %.0f", t->len, median(t->seal_ns), median(t->open_ns));
}

static void measure_lengths(struct trial *t, bool pauses)
{
	t->pauses = pauses;
	t->texts = pauses ? 1 : TEXTS;
	printf("%-12s %s, bytes: ns to seal, to open:", gcm_library(), pauses ? "cold" : "warm");
	for (size_t i = 0; i < sizeof(LENGTHS) / sizeof(*LENGTHS); i++) {
		t->len = LENGTHS[i];
		measure(t);
	}
	printf("\n");
}

int main(void)
{
	static const uint8_t key[KEY_BYTES] = {1};
	static struct trial t;

	if (sodium_init() < 0 || !gcm_is_available() || gcm_start(t.gcm, DIRECTION_COUNT) ||
	    gcm_set_key(&t.gcm[DIRECTION_SEND], DIRECTION_SEND, key) ||
	    gcm_set_key(&t.gcm[DIRECTION_RECEIVE], DIRECTION_RECEIVE, key)) {
		fprintf(stderr, "aestime: %s has no AES-256-GCM on this computer\n", gcm_library());
		return 1;
	}
	measure_lengths(&t, false);
	measure_lengths(&t, true);
	gcm_stop(t.gcm, DIRECTION_COUNT);
	if (t.failed)
		fprintf(stderr, "aestime: what %s sealed it did not open\n", gcm_library());
	return t.failed;
}
