/*
 * decode_ipx.c - see decode.h; IPX, in whichever of its four framings
 */
#include "decode_private.h"

enum {
	CONTROL_BYTES = 2, /* transport control, packet type */
	NETWORK_BYTES = 4,
};

static const struct decode_name SOCKETS[] = {
	{0x0451, "NCP"},     {0x0452, "SAP"},         {0x0453, "RIP"},
	{0x0455, "NetBIOS"}, {0x0456, "diagnostics"}, {0, NULL},
};

/* struct ipx_end - NULL where it is cut */
struct ipx_end {
	const uint8_t *network, *node;
	uint16_t socket;
};

static struct ipx_end read_end(struct reader *r)
{
	struct ipx_end end;

	end.network = reader_bytes(r, NETWORK_BYTES);
	end.node = reader_bytes(r, MAC_BYTES);
	end.socket = reader_u16(r);
	return end;
}

/* As Novell writes it: network.node:socket, in hexadecimal digits */
static void put_end(struct line *l, const struct ipx_end *end)
{
	for (size_t i = 0; i < NETWORK_BYTES; i++)
		line_put(l, "%02x", end->network[i]);
	line_put(l, ".");
	for (size_t i = 0; i < MAC_BYTES; i++)
		line_put(l, "%02x", end->node[i]);
	line_put(l, ":%04x", end->socket);
}

void decode_ipx(struct line *l, struct reader r)
{
	struct ipx_end source, target;
	const char *name;
	uint16_t len;

	reader_u16(&r); /* checksum: never used */
	len = reader_u16(&r);
	reader_bytes(&r, CONTROL_BYTES);
	target = read_end(&r);
	source = read_end(&r);
	line_put(l, ", IPX ");
	if (r.failed) {
		line_put(l, "cut short");
		return;
	}
	put_end(l, &source);
	line_put(l, " > ");
	put_end(l, &target);
	name = decode_name(SOCKETS, target.socket);
	line_put(l, name ? ", %s, %u bytes" : "%s, %u bytes", name ? name : "", len);
}
