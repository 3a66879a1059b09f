/*
 * pcapng.c - see pcapng.h
 */
#include "pcapng.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cursor.h"
#include "dump_text.h"

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6, /* enhanced */
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	VERSION_MAJOR = 1,
	LINKTYPE_ETHERNET = 1,

	OPTION_END = 0,
	OPTION_COMMENT = 1,
	SECTION_APPLICATION = 4,
	INTERFACE_NAME = 2,
	INTERFACE_DESCRIPTION = 3,
	INTERFACE_RESOLUTION = 9,
	PACKET_FLAGS = 2,
	PACKET_LOST = 4,

	NANOSECONDS = 9, /* 10^-9 s */
	INBOUND = 1,
	OUTBOUND = 2,
	ALIGNMENT = 4,
	HEAD_BYTES = 8,       /* of a block: type and length */
	TAIL_BYTES = 4,       /* its length again */
	HEAD_MAX_BYTES = 512, /* of a block without a frame */
	OPTIONS_MAX_BYTES = 512,
};

static const uint64_t LENGTH_UNKNOWN = UINT64_MAX;

/* ---- options ---- */

static size_t padding(size_t len)
{
	return (ALIGNMENT - len % ALIGNMENT) % ALIGNMENT;
}

static void put_option(struct writer *w, uint16_t code, const void *value, size_t len)
{
	writer_u16(w, code);
	writer_u16(w, (uint16_t)len);
	writer_bytes(w, value, len);
	writer_zeros(w, padding(len));
}

static void put_text(struct writer *w, uint16_t code, const char *text)
{
	put_option(w, code, text, strlen(text));
}

static void end_options(struct writer *w)
{
	put_option(w, OPTION_END, NULL, 0);
}

/* ---- blocks ---- */

/* struct block - the parts of one, of which the second may be missing */
struct block {
	uint32_t type;
	struct writer head;   /* behind type and length */
	const uint8_t *frame; /* padded when it is written */
	size_t frame_len;
	struct writer options;
};

static void write_u32(FILE *out, uint32_t value)
{
	uint8_t bytes[sizeof(value)];
	struct writer w = writer_over(bytes, sizeof(bytes));

	writer_u32(&w, value);
	fwrite(bytes, sizeof(bytes), 1, out);
}

static int write_block(FILE *out, const struct block *b)
{
	static const uint8_t zeros[ALIGNMENT];
	size_t padded = b->frame_len + padding(b->frame_len);
	size_t len =
		HEAD_BYTES + writer_used(&b->head) + padded + writer_used(&b->options) + TAIL_BYTES;

	write_u32(out, b->type);
	write_u32(out, (uint32_t)len);
	fwrite(b->head.start, 1, writer_used(&b->head), out);
	if (b->frame_len > 0)
		fwrite(b->frame, 1, b->frame_len, out);
	fwrite(zeros, 1, padding(b->frame_len), out);
	fwrite(b->options.start, 1, writer_used(&b->options), out);
	write_u32(out, (uint32_t)len);
	return ferror(out) ? -EIO : 0;
}

int pcapng_begin(struct pcapng *p, FILE *out, const struct dump_place *center)
{
	uint8_t head[HEAD_MAX_BYTES], options[OPTIONS_MAX_BYTES];
	struct block b = {.type = BLOCK_SECTION,
			  .head = writer_over(head, sizeof(head)),
			  .options = writer_over(options, sizeof(options))};

	*p = (struct pcapng){.out = out, .center = *center};
	writer_u32(&b.head, BYTE_ORDER_MAGIC);
	writer_u16(&b.head, VERSION_MAJOR);
	writer_u16(&b.head, 0);
	writer_u64(&b.head, LENGTH_UNKNOWN);
	put_text(&b.options, SECTION_APPLICATION, "longwire " LONGWIRE_VERSION);
	end_options(&b.options);
	return write_block(out, &b);
}

/* ---- interfaces ---- */

static int describe(struct pcapng *p, const struct dump_place *place, const struct dump_frame *f)
{
	uint8_t head[HEAD_MAX_BYTES], options[OPTIONS_MAX_BYTES];
	static const uint8_t resolution = NANOSECONDS;
	char name[DUMP_PLACE_BYTES], vlan[DUMP_PLACE_BYTES];
	struct block b = {.type = BLOCK_INTERFACE,
			  .head = writer_over(head, sizeof(head)),
			  .options = writer_over(options, sizeof(options))};

	snprintf(vlan, sizeof(vlan), "vlan %s", f->vlan_name);
	writer_u16(&b.head, LINKTYPE_ETHERNET);
	writer_u16(&b.head, 0);
	writer_u32(&b.head, 0); /* no limit of length */
	put_text(&b.options, INTERFACE_NAME, dump_place_text(place, name));
	put_text(&b.options, INTERFACE_DESCRIPTION, vlan);
	put_option(&b.options, INTERFACE_RESOLUTION, &resolution, sizeof(resolution));
	end_options(&b.options);
	return write_block(p->out, &b);
}

static int add_interface(struct pcapng *p, const struct dump_place *place,
			 const struct dump_frame *f)
{
	struct pcapng_interface *more =
		realloc(p->interfaces, (p->count + 1) * sizeof(*p->interfaces));
	struct pcapng_interface *at;

	if (!more)
		return -ENOMEM;
	p->interfaces = more;
	at = &more[p->count];
	*at = (struct pcapng_interface){.kind = place->kind, .vlan = f->vlan};
	snprintf(at->name, sizeof(at->name), "%s", place->name);
	return describe(p, place, f) < 0 ? -EIO : (int)p->count++;
}

/* Return: the interface's number in the file, or a negative errno */
static int interface_of(struct pcapng *p, const struct dump_place *place,
			const struct dump_frame *f)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct pcapng_interface *at = &p->interfaces[i];

		if (at->kind == place->kind && at->vlan == f->vlan &&
		    strcmp(at->name, place->name) == 0)
			return (int)i;
	}
	return add_interface(p, place, f);
}

/* ---- frames ---- */

static void put_comment(struct writer *w, const struct dump_frame *f)
{
	char from[DUMP_PLACE_BYTES], to[DUMP_PLACE_BYTES];
	char text[2 * DUMP_PLACE_BYTES + NAME_BYTES];

	snprintf(text, sizeof(text), "%s -> %s, vlan %s", dump_place_text(&f->from, from),
		 dump_place_text(&f->to, to), f->vlan_name);
	put_text(w, OPTION_COMMENT, text);
}

static void put_packet_options(struct writer *w, const struct dump_frame *f, uint32_t direction,
			       uint64_t lost)
{
	uint8_t bytes[sizeof(lost)];
	struct writer number = writer_over(bytes, sizeof(bytes));

	put_comment(w, f);
	writer_u32(&number, direction);
	put_option(w, PACKET_FLAGS, bytes, writer_used(&number));
	if (lost) {
		number = writer_over(bytes, sizeof(bytes));
		writer_u64(&number, lost);
		put_option(w, PACKET_LOST, bytes, writer_used(&number));
	}
	end_options(w);
}

/* Is it the one that was asked for, or a machine that shares it? */
static bool is_center(const struct pcapng *p, const struct dump_place *place)
{
	return dump_place_is(place, p->center.kind, p->center.name);
}

/* Where a frame stands that leaves by the one that was asked for */
static const struct dump_place *place_out(const struct pcapng *p, const struct dump_frame *f)
{
	return is_center(p, &f->to) ? &f->to : &p->center;
}

int pcapng_frame(struct pcapng *p, const struct dump_frame *f)
{
	uint8_t head[HEAD_MAX_BYTES], options[OPTIONS_MAX_BYTES];
	struct block b = {.type = BLOCK_PACKET,
			  .head = writer_over(head, sizeof(head)),
			  .options = writer_over(options, sizeof(options)),
			  .frame = f->bytes,
			  .frame_len = f->len};
	bool outbound = p->center.kind != DUMP_ALL && !is_center(p, &f->from);
	int interface = interface_of(p, outbound ? place_out(p, f) : &f->from, f);

	if (interface < 0)
		return interface;
	writer_u32(&b.head, (uint32_t)interface);
	writer_u64(&b.head, f->wall_ns); /* high half first, and so is this */
	writer_u32(&b.head, (uint32_t)f->len);
	writer_u32(&b.head, (uint32_t)f->len);
	put_packet_options(&b.options, f, outbound ? OUTBOUND : INBOUND, p->lost);
	p->lost = 0;
	return write_block(p->out, &b);
}

void pcapng_lost(struct pcapng *p, uint64_t count)
{
	p->lost += count;
}

void pcapng_fini(struct pcapng *p)
{
	free(p->interfaces);
	*p = (struct pcapng){0};
}
