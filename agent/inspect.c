/*
 * inspect.c - see inspect.h; IPv6 is in inspect_ipv6.c
 */
#include "agent/inspect.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/cursor.h"
#include "inspect_private.h"

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_MIN = 0x0600, /* below, the field is a length: IEEE 802.3, 3.2.6 */
	TPID_8021Q = 0x8100,
	TPID_8021AD = 0x88a8,
	TPID_QINQ = 0x9100, /* before 802.1ad */
	TAGS_MAX = 8,       /* nobody stacks more */
	TAG_VID_MASK = 0x0fff,

	SAP_SPANNING_TREE = 0x42, /* LLC, IEEE 802.1D 9.2 */
	SAP_SNAP = 0xaa,
	SAP_GROUP_BIT = 1, /* or command/response */
	OUI_CISCO = 0x00000c,
	OUI_BRIDGE_TUNNEL = 0x0000f8, /* RFC 1042 frames behind an 802.1H bridge */
	PID_PVST = 0x010b,
	OUI_BYTES = 3,

	ARP_ADDRESSES_AT = 8, /* hardware type to operation; RFC 826 */
	IPV4_BYTES = 4,
	IPV4_MAPPED_AT = 12,
	IPV4_FIXED_BYTES = 20,
	IPV4_PROTOCOL_AT = 9,
	IPV4_SOURCE_AT = 12,
	IPV4_FRAGMENT_AT = 6,
	IPV4_IHL_MASK = 0x0f,
	IPV4_WORD_BYTES = 4,
	IPV4_OFFSET_MASK = 0x1fff,
	IPV4_MULTICAST_FIRST = 224, /* and what follows: reserved, broadcast */
	IPV4_LOOPBACK = 127,

	DHCP_SERVER_PORT = 67,
	DHCP_CLIENT_PORT = 68,
	UDP_REST_BYTES = 4, /* length, checksum */
	BOOTP_REQUEST = 1,
	BOOTP_RELAY_AT = 24, /* giaddr; RFC 2131, 2 */
	BOOTP_FIXED_BYTES = 236,
	DHCP_OPTION_PAD = 0,
	DHCP_OPTION_CLIENT_ID = 61,
	DHCP_OPTION_END = 255,
};

static const uint32_t DHCP_COOKIE = 0x63825363;
static const uint8_t MAPPED[IPV4_MAPPED_AT] = {[10] = 0xff, [11] = 0xff};
static const struct mac PVST_GROUP = {{0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcd}};

const char *ip_key_format(const struct ip_key *key, char *out, size_t size)
{
	bool is_ipv4 = memcmp(key->ip, MAPPED, sizeof(MAPPED)) == 0;

	return inet_ntop(is_ipv4 ? AF_INET : AF_INET6, key->ip + (is_ipv4 ? IPV4_MAPPED_AT : 0),
			 out, (socklen_t)size);
}

/* ---- IPv4 ---- */

/* An address that one machine can have takes @role. */
static void take_ipv4(struct inspect *out, const uint8_t *ip, enum ip_role role)
{
	if (ip[0] == 0 || ip[0] == IPV4_LOOPBACK || ip[0] >= IPV4_MULTICAST_FIRST)
		return;
	memcpy(out->ip.ip, MAPPED, sizeof(MAPPED));
	memcpy(out->ip.ip + IPV4_MAPPED_AT, ip, IPV4_BYTES);
	out->role = role;
}

static void read_arp(struct inspect *out, struct reader r)
{
	const uint8_t *head = reader_bytes(&r, ARP_ADDRESSES_AT);
	const uint8_t *hardware = reader_bytes(&r, MAC_BYTES);
	const uint8_t *ip = reader_bytes(&r, IPV4_BYTES);

	/* protocol and both lengths; the hardware type may be 802's or Ethernet's */
	if (r.failed || memcmp(head + 2, "\x08\x00\x06\x04", 4) != 0)
		return;
	out->contradicts = memcmp(hardware, out->source.b, MAC_BYTES) != 0;
	take_ipv4(out, ip, IP_CLAIMED);
}

static void read_client_id(struct inspect *out, struct reader r)
{
	for (;;) {
		uint8_t option = reader_u8(&r), len;
		const uint8_t *value;

		if (r.failed || option == DHCP_OPTION_END)
			return;
		if (option == DHCP_OPTION_PAD)
			continue;
		len = reader_u8(&r);
		value = reader_bytes(&r, len);
		if (option != DHCP_OPTION_CLIENT_ID || !value)
			continue;
		out->client_id.len = len < INSPECT_CLIENT_ID_BYTES ? len : INSPECT_CLIENT_ID_BYTES;
		memcpy(out->client_id.bytes, value, out->client_id.len);
		return;
	}
}

/* A client's message that no relay has put its own MAC on. */
static void read_dhcp_request(struct inspect *out, struct reader r)
{
	static const uint8_t no_relay[IPV4_BYTES];
	const uint8_t *bootp;

	reader_bytes(&r, UDP_REST_BYTES);
	bootp = reader_bytes(&r, BOOTP_FIXED_BYTES);
	if (reader_u32(&r) != DHCP_COOKIE || r.failed || bootp[0] != BOOTP_REQUEST ||
	    memcmp(bootp + BOOTP_RELAY_AT, no_relay, IPV4_BYTES) != 0)
		return;
	read_client_id(out, r);
}

/*
 * Clients read raw frames and filter them by the destination port alone, so the source port, the
 * version and the checks of a kernel's IP are not asked for.
 */
static void read_ipv4(struct inspect *out, struct reader r)
{
	struct reader upper = r;
	const uint8_t *fixed = reader_bytes(&r, IPV4_FIXED_BYTES);
	uint16_t fragment, target;

	if (!fixed)
		return;
	fragment = (uint16_t)(fixed[IPV4_FRAGMENT_AT] << 8 | fixed[IPV4_FRAGMENT_AT + 1]);
	take_ipv4(out, fixed + IPV4_SOURCE_AT, IP_USED);
	if (fixed[IPV4_PROTOCOL_AT] != IPPROTO_UDP || (fragment & IPV4_OFFSET_MASK) != 0)
		return;
	reader_bytes(&upper, (size_t)(fixed[0] & IPV4_IHL_MASK) * IPV4_WORD_BYTES);
	reader_u16(&upper); /* source port */
	target = reader_u16(&upper);
	out->dhcp_reply = target == DHCP_CLIENT_PORT;
	if (target == DHCP_SERVER_PORT)
		read_dhcp_request(out, upper);
}

/* ---- the wrappings ---- */

/* Return: true with @type and @r behind the header, if it is SNAP with an ethertype in it */
static bool unwrap_llc(struct inspect *out, struct reader *r, uint16_t *type)
{
	struct reader at = *r;
	uint8_t target = reader_u8(&at) & (uint8_t)~SAP_GROUP_BIT;
	uint8_t source = reader_u8(&at) & (uint8_t)~SAP_GROUP_BIT;
	uint32_t oui;

	reader_u8(&at); /* control */
	if (target == SAP_SPANNING_TREE && source == SAP_SPANNING_TREE) {
		/* GARP has the same SAP, and 1 for its protocol */
		out->bpdu = reader_u16(&at) == 0 && !at.failed;
		return false;
	}
	if (target != SAP_SNAP || source != SAP_SNAP)
		return false;
	oui = (uint32_t)reader_uint(&at, OUI_BYTES);
	*type = reader_u16(&at);
	if (at.failed)
		return false;
	out->bpdu = oui == OUI_CISCO && *type == PID_PVST;
	*r = at;
	return oui == 0 || oui == OUI_BRIDGE_TUNNEL;
}

static bool is_tag(uint16_t type)
{
	return type == TPID_8021Q || type == TPID_8021AD || type == TPID_QINQ;
}

/* Return: the ethertype of what @r is left at, or 0 */
static uint16_t unwrap(struct inspect *out, struct reader *r)
{
	uint16_t type = reader_u16(r);
	size_t kept = 0;

	for (size_t i = 0; i < TAGS_MAX && !r->failed; i++) {
		uint16_t vid;

		if (type < ETHERTYPE_MIN && !unwrap_llc(out, r, &type))
			return 0;
		if (!is_tag(type))
			return type;
		vid = reader_u16(r) & TAG_VID_MASK;
		type = reader_u16(r);
		if (vid != 0 && kept < INSPECT_TAGS) /* 0: a priority, and no network of its own */
			out->ip.tags[kept++] = vid;
	}
	return 0;
}

void inspect_frame(const uint8_t *frame, size_t len, struct inspect *out)
{
	struct reader r = reader_over(frame, len);
	struct mac target;

	memset(out, 0, sizeof(*out));
	if (len < ETHER_HEADER_BYTES)
		return;
	target = ether_dst(frame);
	out->source = ether_src(frame);
	reader_bytes(&r, 2 * MAC_BYTES);
	switch (unwrap(out, &r)) {
	case ETHERTYPE_ARP:
		read_arp(out, r);
		break;
	case ETHERTYPE_IPV4:
		read_ipv4(out, r);
		break;
	case ETHERTYPE_IPV6:
		inspect_ipv6(out, r);
		break;
	default:
		break;
	}
	out->bpdu = (out->bpdu || mac_equal(&target, &PVST_GROUP)) && !mac_is_link_local(&target);
}
