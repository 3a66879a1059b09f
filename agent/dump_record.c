/*
 * dump_record.c - see dump_record.h
 */
#include "agent/dump_record.h"

#include <errno.h>
#include <string.h>

#include "common/cursor.h"

enum {
	LENGTH_BYTES = 4,
	LOST_BODY_BYTES = DUMP_LOST_BYTES - LENGTH_BYTES,
};

bool dump_place_is(const struct dump_place *place, enum dump_kind kind, const char *name)
{
	size_t len = strlen(name);

	if (place->kind != kind || strncmp(place->name, name, len) != 0)
		return false;
	return !place->name[len] || (kind == DUMP_PORT && place->name[len] == '/');
}

static void write_name(struct writer *w, const char *name)
{
	size_t len = strlen(name) + 1;

	writer_u8(w, (uint8_t)len);
	writer_bytes(w, name, len);
}

size_t dump_record_head(const struct dump_frame *f, uint8_t out[DUMP_HEAD_MAX_BYTES])
{
	struct writer w = writer_over(out, DUMP_HEAD_MAX_BYTES), start = w;

	writer_u32(&w, 0); /* when it is known */
	writer_u8(&w, DUMP_RECORD_FRAME);
	writer_u64(&w, f->wall_ns);
	writer_u16(&w, f->vlan);
	writer_u8(&w, (uint8_t)f->from.kind);
	writer_u8(&w, (uint8_t)f->to.kind);
	write_name(&w, f->vlan_name);
	write_name(&w, f->from.name);
	write_name(&w, f->to.name);
	writer_u32(&start, (uint32_t)(writer_used(&w) - LENGTH_BYTES + f->len));
	return writer_used(&w);
}

void dump_record_lost(uint64_t count, uint8_t out[DUMP_LOST_BYTES])
{
	struct writer w = writer_over(out, DUMP_LOST_BYTES);

	writer_u32(&w, LOST_BODY_BYTES);
	writer_u8(&w, DUMP_RECORD_LOST);
	writer_u64(&w, count);
}

/* Return: the name in the record, "" with @r failed if it is none */
static const char *read_name(struct reader *r)
{
	uint8_t len = reader_u8(r);
	const char *name = (const char *)reader_bytes(r, len);

	if (name && len > 0 && strnlen(name, len) == len - 1U)
		return name;
	r->failed = true;
	return "";
}

static void read_frame(struct reader *r, struct dump_frame *f)
{
	f->wall_ns = reader_u64(r);
	f->vlan = reader_u16(r);
	f->from.kind = reader_u8(r);
	f->to.kind = reader_u8(r);
	f->vlan_name = read_name(r);
	f->from.name = read_name(r);
	f->to.name = read_name(r);
	f->len = reader_left(r);
	f->bytes = r->at;
	if (f->from.kind > DUMP_ALL || f->to.kind > DUMP_ALL)
		r->failed = true;
}

int dump_record_read(const uint8_t *bytes, size_t len, struct dump_item *out)
{
	struct reader r = reader_over(bytes, len);
	uint32_t body = reader_u32(&r);

	if (r.failed)
		return 0;
	if (body == 0 || body > DUMP_RECORD_MAX_BYTES - LENGTH_BYTES)
		return -EPROTO;
	if (body > reader_left(&r))
		return 0;
	r.end = r.at + body;
	*out = (struct dump_item){.type = reader_u8(&r)};
	if (out->type == DUMP_RECORD_FRAME)
		read_frame(&r, &out->frame);
	else if (out->type == DUMP_RECORD_LOST)
		out->lost = reader_u64(&r);
	return r.failed ? -EPROTO : (int)(body + LENGTH_BYTES);
}
