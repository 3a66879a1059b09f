/*
 * decode_dhcp.c - see decode.h; DHCP (RFC 2131, 2132), and the kinds of DHCPv6 message (RFC 8415)
 */
#include "decode_private.h"

enum {
	BOOTP_YOURS_AT = 16,
	BOOTP_HARDWARE_AT = 28,
	BOOTP_FIXED_BYTES = 236,
	OPTION_PAD = 0,
	OPTION_NAME = 12,
	OPTION_REQUESTED = 50,
	OPTION_TYPE = 53,
	OPTION_SERVER = 54,
	OPTION_END = 255,
	NAME_SHOWN_BYTES = 64,
};

static const uint32_t COOKIE = 0x63825363;

static const struct decode_name TYPES[] = {
	{1, "discover"}, {2, "offer"},   {3, "request"}, {4, "decline"}, {5, "ack"},
	{6, "nak"},      {7, "release"}, {8, "inform"},  {0, NULL},
};

static const struct decode_name TYPES6[] = {
	{1, "solicit"},
	{2, "advertise"},
	{3, "request"},
	{4, "confirm"},
	{5, "renew"},
	{6, "rebind"},
	{7, "reply"},
	{8, "release"},
	{9, "decline"},
	{10, "reconfigure"},
	{11, "information request"},
	{12, "relayed forward"},
	{13, "relayed reply"},
	{0, NULL},
};

/* struct options - those that are said; NULL where they were not there */
struct options {
	const uint8_t *type, *requested, *server, *name;
	size_t name_len;
};

static void take_option(struct options *o, uint8_t option, const uint8_t *value, size_t len)
{
	if (option == OPTION_TYPE && len == 1)
		o->type = value;
	else if (option == OPTION_REQUESTED && len == DECODE_IPV4_BYTES)
		o->requested = value;
	else if (option == OPTION_SERVER && len == DECODE_IPV4_BYTES)
		o->server = value;
	else if (option == OPTION_NAME) {
		o->name = value;
		o->name_len = len;
	}
}

static struct options read_options(struct reader r)
{
	struct options o = {0};

	while (reader_left(&r) > 0 && !r.failed) {
		uint8_t option = reader_u8(&r), len;
		const uint8_t *value;

		if (option == OPTION_END)
			break;
		if (option == OPTION_PAD)
			continue;
		len = reader_u8(&r);
		value = reader_bytes(&r, len);
		if (value)
			take_option(&o, option, value, len);
	}
	return o;
}

static void put_type(struct line *l, const char *protocol, const struct decode_name *names,
		     uint8_t type)
{
	const char *name = decode_name(names, type);

	if (name)
		line_put(l, ", %s %s", protocol, name);
	else
		line_put(l, ", %s type %u", protocol, type);
}

static void put_address(struct line *l, const char *what, const uint8_t *ip)
{
	line_put(l, ", %s ", what);
	line_put_ipv4(l, ip);
}

static void put_options(struct line *l, const struct options *o)
{
	if (o->requested)
		put_address(l, "asks for", o->requested);
	if (o->server)
		put_address(l, "server", o->server);
	if (o->name) {
		line_put(l, ", name");
		line_put_quoted(l, o->name, o->name_len, NAME_SHOWN_BYTES);
	}
}

void decode_dhcp(struct line *l, struct reader r)
{
	static const uint8_t none[DECODE_IPV4_BYTES];
	const uint8_t *bootp = reader_bytes(&r, BOOTP_FIXED_BYTES);
	bool has_options = reader_u32(&r) == COOKIE && !r.failed;
	struct options o = {0};

	if (!bootp) {
		line_put(l, ", DHCP, cut short");
		return;
	}
	if (has_options)
		o = read_options(r);
	if (o.type)
		put_type(l, "DHCP", TYPES, *o.type);
	else
		line_put(l, ", BOOTP");
	line_put(l, " for ");
	line_put_mac(l, bootp + BOOTP_HARDWARE_AT);
	if (memcmp(bootp + BOOTP_YOURS_AT, none, sizeof(none)) != 0)
		put_address(l, "gets", bootp + BOOTP_YOURS_AT);
	put_options(l, &o);
}

void decode_dhcpv6(struct line *l, struct reader r)
{
	uint8_t type = reader_u8(&r);

	if (r.failed)
		line_put(l, ", DHCPv6, cut short");
	else
		put_type(l, "DHCPv6", TYPES6, type);
}
