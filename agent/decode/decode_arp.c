/*
 * decode_arp.c - see decode.h; ARP (RFC 826) and RARP (RFC 903)
 */
#include "decode_private.h"

enum {
	HEAD_BYTES = 6, /* hardware type to lengths */
	REQUEST = 1,
	REPLY = 2,
	REVERSE_REQUEST = 3, /* what a machine says after its migration, too */
	REVERSE_REPLY = 4,
};

struct arp {
	uint16_t operation;
	const uint8_t *sender_mac, *sender_ip, *target_mac, *target_ip;
};

static void put_request(struct line *l, const struct arp *a)
{
	static const uint8_t nobody[DECODE_IPV4_BYTES];
	bool is_probe = memcmp(a->sender_ip, nobody, sizeof(nobody)) == 0;

	line_put(l, ", who has ");
	line_put_ipv4(l, a->target_ip);
	line_put(l, is_probe ? ", asked as a probe" : ", tell ");
	if (!is_probe)
		line_put_ipv4(l, a->sender_ip);
}

static void put_is_at(struct line *l, const uint8_t *ip, const uint8_t *mac)
{
	line_put(l, ", ");
	line_put_ipv4(l, ip);
	line_put(l, " is at ");
	line_put_mac(l, mac);
}

static void put_operation(struct line *l, const struct arp *a)
{
	switch (a->operation) {
	case REQUEST:
		put_request(l, a);
		break;
	case REPLY:
		put_is_at(l, a->sender_ip, a->sender_mac);
		break;
	case REVERSE_REQUEST:
		line_put(l, ", which address has ");
		line_put_mac(l, a->target_mac);
		break;
	case REVERSE_REPLY:
		put_is_at(l, a->target_ip, a->target_mac);
		break;
	default:
		line_put(l, ", operation %u", a->operation);
		break;
	}
}

void decode_arp(struct line *l, struct reader r, bool reverse)
{
	const uint8_t *head = reader_bytes(&r, HEAD_BYTES);
	struct arp a = {.operation = reader_u16(&r)};

	line_put(l, reverse ? ", RARP" : ", ARP");
	/* protocol and both lengths; the hardware type may be 802's or Ethernet's */
	if (head && memcmp(head + 2, "\x08\x00\x06\x04", 4) != 0) {
		line_put(l, ", for other addresses than IPv4's on Ethernet");
		return;
	}
	a.sender_mac = reader_bytes(&r, MAC_BYTES);
	a.sender_ip = reader_bytes(&r, DECODE_IPV4_BYTES);
	a.target_mac = reader_bytes(&r, MAC_BYTES);
	a.target_ip = reader_bytes(&r, DECODE_IPV4_BYTES);
	if (r.failed)
		line_put(l, ", cut short");
	else
		put_operation(l, &a);
}
