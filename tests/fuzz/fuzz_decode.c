/*
 * fuzz_decode.c - any frame in words: one line of printable text; and any bytes as records of a dump
 */
#include <stdlib.h>
#include <string.h>

#include "agent/dump_record.h"
#include "decode.h"
#include "fuzz.h"

static void decode(const uint8_t *frame, size_t len)
{
	char text[DECODE_TEXT_BYTES];

	memset(text, 0x55, sizeof(text));
	decode_frame(frame, len, text);
	fuzz_must(memchr(text, '\0', sizeof(text)) != NULL, "a text without an end");
	for (const char *c = text; *c; c++)
		fuzz_must(*c >= ' ' && *c < 0x7f, "a text that moves a terminal's cursor");
}

static void read_records(const uint8_t *bytes, size_t len)
{
	struct dump_item item;
	int taken;

	while ((taken = dump_record_read(bytes, len, &item)) > 0) {
		fuzz_must((size_t)taken <= len, "a record longer than what there is");
		if (item.type == DUMP_RECORD_FRAME) {
			fuzz_must(strlen(item.frame.from.name) < UINT8_MAX,
				  "a name without an end");
			decode(item.frame.bytes, item.frame.len);
		}
		bytes += taken;
		len -= (size_t)taken;
	}
}

/* With an ethertype that is read by somebody, and a protocol and an end of the IP packet likewise */
static void decode_as(uint8_t *frame, size_t len, uint16_t type, uint8_t protocol)
{
	if (len < 40)
		return;
	frame[12] = (uint8_t)(type >> 8);
	frame[13] = (uint8_t)type;
	if (type == 0x0800) {
		frame[14] = (uint8_t)(0x40 | (5 + frame[14] % 2));
		frame[20] &= 0xe0; /* often no fragment */
		frame[21] &= 0x01;
	}
	frame[type == 0x0800 ? 23 : 20] = protocol;
	decode(frame, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t types[] = {0x0800, 0x0806, 0x8035, 0x8100, 0x8137, 0x86dd, 40};
	static const uint8_t protocols[] = {0, 1, 6, 17, 43, 44, 51, 58, 60};
	uint8_t *copy = fuzz_exact(data, size);

	decode(copy, size);
	read_records(copy, size);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		decode_as(copy, size, types[i], protocols[(size + i) % sizeof(protocols)]);
	for (size_t i = 0; i < sizeof(protocols); i++) {
		decode_as(copy, size, 0x0800, protocols[i]);
		decode_as(copy, size, 0x86dd, protocols[i]);
	}
	free(copy);
	return 0;
}
