/*
 * utf8.c - see utf8.h
 */
#include "utf8.h"

#include <stdint.h>

#include "limits.h"

/* One character of well-formed UTF-8 (Unicode 15, table 3-7). Return: it, or 0 if it is not one. */
static uint32_t take_character(struct reader *r)
{
	static const struct {
		uint8_t mask, lead;
		uint32_t least; /* smaller ones have a shorter form */
	} forms[] = {
		{0x80, 0x00, 1}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
	uint8_t lead = reader_u8(r);
	size_t more = 0;
	uint32_t c;

	while (more < 4 && (lead & forms[more].mask) != forms[more].lead)
		more++;
	if (more == 4)
		return 0;
	c = lead & (uint8_t)~forms[more].mask;
	for (size_t i = 0; i < more; i++) {
		uint8_t next = reader_u8(r);

		if ((next & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (next & 0x3f);
	}
	if (c < forms[more].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return c;
}

bool utf8_is_text(struct reader r)
{
	while (reader_left(&r) > 0) {
		uint32_t c = take_character(&r);

		if (c < ' ' || (c >= 0x7f && c < 0xa0))
			return false;
	}
	return true;
}

bool utf8_take_name(struct reader *r, size_t len, char *out)
{
	const uint8_t *bytes = reader_bytes(r, len);

	if (!bytes || len < 1 || len >= NAME_BYTES || !utf8_is_text(reader_over(bytes, len)))
		return false;
	memset(out, 0, NAME_BYTES);
	memcpy(out, bytes, len);
	return true;
}
