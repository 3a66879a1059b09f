/*
 * dump_text.c - see dump_text.h
 */
#include "dump_text.h"

#include <inttypes.h>
#include <time.h>

#include "decode.h"

enum {
	CLOCK_TEXT_BYTES = 16,
	NS_PER_US = 1000,
};

static const uint64_t NS_PER_S = 1000000000;

/* What stands in @out already, made harmless */
static const char *plain(char *out)
{
	for (char *c = out; *c; c++)
		if (*c < ' ' || *c >= 0x7f)
			*c = '?';
	return out;
}

const char *dump_place_text(const struct dump_place *place, char out[DUMP_PLACE_BYTES])
{
	switch (place->kind) {
	case DUMP_PORT:
		snprintf(out, DUMP_PLACE_BYTES, "port %s", place->name);
		break;
	case DUMP_PEER:
		snprintf(out, DUMP_PLACE_BYTES, "peer %s", place->name);
		break;
	case DUMP_ALL:
		snprintf(out, DUMP_PLACE_BYTES, "all");
		break;
	case DUMP_NOBODY:
		if (*place->name)
			snprintf(out, DUMP_PLACE_BYTES, "nobody (%s)", place->name);
		else
			snprintf(out, DUMP_PLACE_BYTES, "longwire send");
		break;
	}
	return plain(out);
}

static void put_time(uint64_t wall_ns, FILE *out)
{
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	char text[CLOCK_TEXT_BYTES] = "";
	struct tm local;

	if (localtime_r(&seconds, &local))
		strftime(text, sizeof(text), "%H:%M:%S", &local);
	fprintf(out, "%s.%06" PRIu64, text, wall_ns % NS_PER_S / NS_PER_US);
}

void dump_text(const struct dump_frame *f, FILE *out)
{
	char from[DUMP_PLACE_BYTES], to[DUMP_PLACE_BYTES], vlan[NAME_BYTES];
	char what[DECODE_TEXT_BYTES];

	snprintf(vlan, sizeof(vlan), "%s", f->vlan_name);
	put_time(f->wall_ns, out);
	fprintf(out, " %s, %s -> %s, %zu bytes: %s\n", plain(vlan), dump_place_text(&f->from, from),
		dump_place_text(&f->to, to), f->len, decode_frame(f->bytes, f->len, what));
}

void dump_text_lost(uint64_t count, FILE *out)
{
	fprintf(out, "(%" PRIu64 " frames were lost here: they came faster than they were read)\n",
		count);
}
