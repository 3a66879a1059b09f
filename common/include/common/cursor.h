/*
 * cursor.h - checked big-endian reader and writer over bytes from or for outside
 *
 * Layer: common. Allocates nothing. The only place that does pointer arithmetic on packets.
 *
 * Both fail softly: a read or write that does not fit sets `failed`, moves nothing and yields zero
 * (or NULL); so a parser reads all its fields first and asks once at the end.
 */
#ifndef COMMON_CURSOR_H
#define COMMON_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** struct reader - what is left to read; borrows the bytes */
struct reader {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

/** reader_over() - Read @len bytes at @bytes, which must outlive the reader */
static inline struct reader reader_over(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	return (struct reader){.at = at, .end = at ? at + len : at};
}

/** reader_left() - Bytes not yet read */
static inline size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

/** reader_bytes() - Take @len bytes. Return: borrowed pointer into the input, or NULL if too few */
static inline const uint8_t *reader_bytes(struct reader *r, size_t len)
{
	const uint8_t *at = r->at;

	if (r->failed || len > reader_left(r)) {
		r->failed = true;
		return NULL;
	}
	r->at += len;
	return at;
}

/** reader_copy() - Take @len bytes into @out; @out is zeroed if there are too few */
static inline void reader_copy(struct reader *r, void *out, size_t len)
{
	const uint8_t *at = reader_bytes(r, len);

	if (at)
		memcpy(out, at, len);
	else
		memset(out, 0, len);
}

/** reader_uint() - Take a big-endian number of @len bytes, 1 to 8. Return: it, or 0 on failure */
static inline uint64_t reader_uint(struct reader *r, size_t len)
{
	const uint8_t *at = reader_bytes(r, len);
	uint64_t value = 0;

	for (size_t i = 0; at && i < len; i++)
		value = value << 8 | at[i];
	return value;
}

static inline uint8_t reader_u8(struct reader *r)
{
	return (uint8_t)reader_uint(r, 1);
}

static inline uint16_t reader_u16(struct reader *r)
{
	return (uint16_t)reader_uint(r, 2);
}

static inline uint32_t reader_u32(struct reader *r)
{
	return (uint32_t)reader_uint(r, 4);
}

static inline uint64_t reader_u64(struct reader *r)
{
	return reader_uint(r, 8);
}

/** peek_u16(), peek_u32() - A big-endian number at a place that is known to be there */
static inline uint16_t peek_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t peek_u32(const uint8_t *at)
{
	return (uint32_t)peek_u16(at) << 16 | peek_u16(at + sizeof(uint16_t));
}

/** poke_u16(), poke_u32() - Write one over what is there */
static inline void poke_u16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void poke_u32(uint8_t *at, uint32_t value)
{
	poke_u16(at, (uint16_t)(value >> 16));
	poke_u16(at + sizeof(uint16_t), (uint16_t)value);
}

/** struct writer - room left to write; borrows the buffer */
struct writer {
	uint8_t *start;
	uint8_t *at;
	uint8_t *end;
	bool failed;
};

/** writer_over() - Write to at most @len bytes at @buffer, which must outlive the writer */
static inline struct writer writer_over(void *buffer, size_t len)
{
	uint8_t *at = buffer;

	return (struct writer){.start = at, .at = at, .end = at ? at + len : at};
}

/** writer_left() - Room that is left, bytes */
static inline size_t writer_left(const struct writer *w)
{
	return (size_t)(w->end - w->at);
}

/** writer_used() - Bytes written so far */
static inline size_t writer_used(const struct writer *w)
{
	return (size_t)(w->at - w->start);
}

/** writer_reserve() - Claim @len bytes to be filled by the caller. Return: them, or NULL if too few */
static inline uint8_t *writer_reserve(struct writer *w, size_t len)
{
	uint8_t *at = w->at;

	if (w->failed || len > writer_left(w)) {
		w->failed = true;
		return NULL;
	}
	w->at += len;
	return at;
}

/** writer_bytes() - Append @len bytes */
static inline void writer_bytes(struct writer *w, const void *bytes, size_t len)
{
	uint8_t *at = writer_reserve(w, len);

	if (at && len)
		memcpy(at, bytes, len);
}

/** writer_zeros() - Append @len zero bytes */
static inline void writer_zeros(struct writer *w, size_t len)
{
	uint8_t *at = writer_reserve(w, len);

	if (at && len)
		memset(at, 0, len);
}

/** writer_uint() - Append @value as a big-endian number of @len bytes, 1 to 8 */
static inline void writer_uint(struct writer *w, uint64_t value, size_t len)
{
	uint8_t *at = writer_reserve(w, len);

	for (size_t i = 0; at && i < len; i++)
		at[i] = (uint8_t)(value >> 8 * (len - 1 - i));
}

static inline void writer_u8(struct writer *w, uint8_t value)
{
	writer_uint(w, value, 1);
}

static inline void writer_u16(struct writer *w, uint16_t value)
{
	writer_uint(w, value, 2);
}

static inline void writer_u32(struct writer *w, uint32_t value)
{
	writer_uint(w, value, 4);
}

static inline void writer_u64(struct writer *w, uint64_t value)
{
	writer_uint(w, value, 8);
}

#endif
