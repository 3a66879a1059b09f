/*
 * micro_reassembly.c - frames put together from pieces, in order and not
 */
#include <stdlib.h>

#include "micro.h"
#include "reassembly.h"

enum {
	FRAMES = 100,
	BODY_MAX = 2 + 9216,
	BODY = 9002,
	PIECE = 1400,
	PIECES = (BODY + PIECE - 1) / PIECE,
	SESSION = 7,
	LOST = 15,         /* frames that miss a piece; one more is put together among them */
	SHORT_BODY = 1444, /* 1,400 bytes in a UDP datagram */
};

#define NOW_NS UINT64_C(1000000000000)

static struct reassembly r;
static void *memory;
static uint8_t body[BODY];
static uint32_t next_id;

static void renew(void)
{
	free(memory);
	memory = malloc(reassembly_memory_bytes(BODY_MAX));
	micro_must(memory != NULL, "out of memory");
	reassembly_init(&r, memory, BODY_MAX);
}

static bool add_of(unsigned number, uint16_t total)
{
	unsigned at = number * PIECE;
	struct piece piece = {.session = SESSION,
			      .id = next_id,
			      .total = total,
			      .offset = (uint16_t)at,
			      .bytes = body + at,
			      .len = at + PIECE < total ? PIECE : total - at};

	return reassembly_add(&r, &piece, NOW_NS).body != NULL;
}

static bool add(unsigned number)
{
	return add_of(number, BODY);
}

static void in_order(void)
{
	for (unsigned i = 0; i < FRAMES; i++, next_id++) {
		bool whole = false;

		for (unsigned k = 0; k < PIECES; k++)
			whole = add(k);
		micro_must(whole, "a frame did not become whole");
	}
}

/* The odd pieces first: no two of them touch. */
static void odd_first(void)
{
	for (unsigned i = 0; i < FRAMES; i++, next_id++) {
		bool whole = false;

		for (unsigned k = 1; k < PIECES; k += 2)
			add(k);
		for (unsigned k = 0; k < PIECES; k += 2)
			whole = add(k);
		micro_must(whole, "a frame did not become whole");
	}
}

static void renew_with_losses(void)
{
	renew();
	for (unsigned i = 0; i < LOST; i++, next_id++)
		add(0);
}

/* Of two pieces each, as bulk of full datagrams is */
static void of_two(void)
{
	for (unsigned i = 0; i < FRAMES; i++, next_id++) {
		add_of(0, SHORT_BODY);
		micro_must(add_of(1, SHORT_BODY), "a frame did not become whole");
	}
}

static const struct micro list[] = {
	{"reassembly_in_order", renew, in_order, FRAMES},
	{"reassembly_odd_pieces_first", renew, odd_first, FRAMES},
	{"reassembly_of_two", renew, of_two, FRAMES},
	{"reassembly_of_two_among_lost", renew_with_losses, of_two, FRAMES},
};

int main(void)
{
	return micro_main(list, MICRO_COUNT(list));
}
