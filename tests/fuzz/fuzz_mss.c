/*
 * fuzz_mss.c - any frame whose MSS is lowered: nothing else changes, and the checksum stays as true
 *
 * The first bytes say which wrapping of a SYN comes before the input; with none, the input is the frame.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/mss.h"
#include "agent/packet.h"
#include "common/cursor.h"
#include "fuzz.h"

enum {
	ROOM_BYTES = 2048,
	KINDS = 4,
};

/* Up to the options of a SYN */
static void write_headers(struct writer *w, uint8_t kind, uint8_t words, size_t rest)
{
	writer_zeros(w, 12);
	if (kind == 2)
		writer_u32(w, 0x81000007);
	if (kind == 3) {
		writer_u16(w, 0x86dd);
		writer_u32(w, 0x60000000);
		writer_u16(w, (uint16_t)(20 + rest));
		writer_u16(w, 0x0640);
		writer_zeros(w, 32);
	} else {
		writer_u16(w, 0x0800);
		writer_u16(w, 0x4500);
		writer_u16(w, (uint16_t)(40 + rest));
		writer_u32(w, 0);
		writer_u16(w, 0x4006);
		writer_zeros(w, 10);
	}
	writer_zeros(w, 12);
	writer_u8(w, (uint8_t)(words << 4));
	writer_u8(w, 2);
	writer_u16(w, 0xffff);
	writer_zeros(w, 4);
}

/* Of a TCP segment, modulo 0xffff */
static uint32_t sum_of(const uint8_t *frame, const struct packet *p)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < p->upper_len; i++)
		sum += (uint32_t)frame[p->upper_at + i] << (i % 2 ? 0 : 8);
	return sum % UINT16_MAX;
}

static void change(uint8_t *frame, size_t len, uint16_t value)
{
	struct packet p;
	struct mss m, again;
	uint8_t *before;
	uint32_t sum;

	if (!packet_find(frame, len, &p))
		return;
	fuzz_must(p.upper_at + p.upper_len <= len && p.network_at < p.upper_at, "out of the frame");
	sum = sum_of(frame, &p);
	if (!mss_find(frame, len, &m))
		return;
	before = fuzz_exact(frame, len);
	mss_set(frame, &m, value, true);
	fuzz_must(mss_find(frame, len, &again) && again.value == value &&
			  again.value_at == m.value_at,
		  "what was written is not read");
	fuzz_must(sum_of(frame, &p) == sum, "the checksum is another");
	for (size_t i = 0; i < len; i++)
		fuzz_must(frame[i] == before[i] || i - m.value_at < 2 || i - m.checksum_at < 2,
			  "something else changed");
	fuzz_must(mss_fitting(&m, value) >= MSS_MIN, "too small an MSS");
	free(before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[ROOM_BYTES];
	struct writer w = writer_over(room, sizeof(room));
	struct reader r = reader_over(data, size);
	uint8_t how = reader_u8(&r), words = reader_u8(&r) & 0x0f;
	uint8_t kind = how % KINDS, nothings = how >> 2 & 7;
	uint16_t value = reader_u16(&r);
	uint8_t *exact;

	if (r.failed || reader_left(&r) > ROOM_BYTES / 2)
		return 0;
	if (kind > 0)
		write_headers(&w, kind, words, reader_left(&r) + nothings + 4U);
	if (kind > 0 && how & 0x80) {
		memset(writer_reserve(&w, nothings), 1, nothings);
		writer_u32(&w, 0x02040000U | value / 3);
	}
	writer_bytes(&w, r.at, reader_left(&r));
	exact = fuzz_exact(room, writer_used(&w));
	change(exact, writer_used(&w), value);
	free(exact);
	return 0;
}
