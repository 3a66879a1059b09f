/*
 * micro_offload.c - super-frames: cut for a peer, cut and summed for a machine, and put together again
 */
#include <arpa/inet.h>
#include <string.h>

#include "agent/merge.h"
#include "agent/offload.h"
#include "craft_tcp.h"
#include "micro.h"

enum {
	PIECES = 40,
	SUPER_FRAMES = 8,
	PIECE_BYTES = 1380, /* of data, as the clamp has it on a 1500-byte wire */
	DATA_BYTES = PIECES * PIECE_BYTES,
	IP_LENGTH_AT = ETHER_HEADER_BYTES + 2,
	IP_CHECKSUM_AT = ETHER_HEADER_BYTES + 10,
	IP_TCP_BYTES = 40,
	HEADERS = ETHER_HEADER_BYTES + IP_TCP_BYTES,
};

static uint8_t whole[CRAFT_TCP_BYTES + DATA_BYTES];
static uint8_t pieces[PIECES][HEADERS + PIECE_BYTES];
static struct offload offload;

/* An IPv4 header whose sum is right. */
static void sum_ip(uint8_t *frame, size_t ip_bytes)
{
	uint16_t len = htons((uint16_t)ip_bytes), sum = 0;

	memcpy(frame + IP_LENGTH_AT, &len, sizeof(len));
	memcpy(frame + IP_CHECKSUM_AT, &sum, sizeof(sum));
	sum = htons((uint16_t)~crafted_sum(frame + ETHER_HEADER_BYTES, IP_TCP_BYTES - 20));
	memcpy(frame + IP_CHECKSUM_AT, &sum, sizeof(sum));
}

static void write_whole(void)
{
	struct crafted how = {.flags = CRAFT_ACK, .options = "", .options_len = 0};

	memset(whole, 0x5a, sizeof(whole));
	micro_must(craft_tcp(&how, whole) == HEADERS, "the headers have another length");
	sum_ip(whole, IP_TCP_BYTES + DATA_BYTES);
	micro_must(offload_derive(whole, HEADERS + DATA_BYTES, &offload), "it is no segment");
	offload.piece_len = PIECE_BYTES;
}

static unsigned cut(bool is_finished)
{
	struct cutter c = cutter_over(whole, &offload);
	struct piece piece;
	unsigned count = 0;

	while (cutter_next(&c, &piece)) {
		if (is_finished)
			piece_finish(&piece, &offload);
		count++;
	}
	return count;
}

static void cut_for_peer(void)
{
	for (unsigned i = 0; i < SUPER_FRAMES; i++) {
		struct offload derived;

		micro_must(offload_derive(whole, HEADERS + DATA_BYTES, &derived), "no segment");
		micro_must(cut(false) == PIECES, "it was cut into other pieces");
	}
}

static void cut_for_machine(void)
{
	for (unsigned i = 0; i < SUPER_FRAMES; i++)
		micro_must(cut(true) == PIECES, "it was cut into other pieces");
}

/* As they come from a peer: one by one. */
static void write_pieces(void)
{
	struct cutter c;
	struct piece piece;

	write_whole();
	c = cutter_over(whole, &offload);
	for (unsigned i = 0; cutter_next(&c, &piece); i++) {
		memcpy(pieces[i], piece.headers, piece.headers_len);
		memcpy(pieces[i] + piece.headers_len, piece.data, piece.data_len);
	}
}

static void merge_all(void)
{
	for (unsigned i = 0; i < SUPER_FRAMES; i++) {
		struct merge m;

		m.frame = NULL;
		for (unsigned k = 0; k < PIECES; k++) {
			struct offload o;

			micro_must(offload_derive(pieces[k], sizeof(pieces[k]), &o), "no segment");
			if (k == 0)
				merge_start(&m, pieces[k], &o);
			else
				micro_must(merge_add(&m, pieces[k], &o), "a piece did not join");
		}
	}
}

static const struct micro list[] = {
	{"offload_cut_for_peer", write_whole, cut_for_peer, SUPER_FRAMES *PIECES},
	{"offload_cut_for_machine", write_whole, cut_for_machine, SUPER_FRAMES *PIECES},
	{"offload_merge", write_pieces, merge_all, SUPER_FRAMES *PIECES},
};

int main(void)
{
	return micro_main(list, MICRO_COUNT(list));
}
