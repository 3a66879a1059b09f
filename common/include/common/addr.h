/*
 * addr.h - socket addresses as plain values
 *
 * Layer: common. One shape for both families: an IPv4 address is kept in its IPv4-mapped IPv6 form
 * (RFC 4291 2.5.5.2), so that equality is equality of bytes and no caller switches on a family.
 */
#ifndef COMMON_ADDR_H
#define COMMON_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr;
struct sockaddr_storage;

enum {
	ADDR_IP_BYTES = 16,
	ADDR_TEXT_BYTES =
		72, /* "[" 45 for the address "%" 10 scope "]:" 5 port and NUL, rounded up */
};

/**
 * struct addr - an IP address and UDP or TCP port
 * @ip:		network order, IPv4 as ::ffff:a.b.c.d
 * @port:	host order; 0 means "none"
 * @reserved:	zero, so that memcmp compares no padding
 * @scope:	interface index of a link-local IPv6 address, else 0
 *
 * All zero is "no address": see addr_is_set().
 */
struct addr {
	uint8_t ip[ADDR_IP_BYTES];
	uint16_t port;
	uint16_t reserved;
	uint32_t scope;
};

bool addr_equal(const struct addr *a, const struct addr *b);
bool addr_same_ip(const struct addr *a, const struct addr *b);
bool addr_is_set(const struct addr *a);
bool addr_is_ipv4(const struct addr *a);
/** addr_is_unicast() - Can be a peer's address: neither unspecified, multicast, broadcast nor port 0 */
bool addr_is_unicast(const struct addr *a);
bool addr_is_loopback(const struct addr *a);

/** addr_from_ipv4() - @ip in host order */
struct addr addr_from_ipv4(uint32_t ip, uint16_t port);

/** addr_from_sockaddr() - Return: the value, or "no address" for a family other than IPv4 and IPv6 */
struct addr addr_from_sockaddr(const struct sockaddr *sa);

/**
 * addr_to_sockaddr() - For the kernel
 * @a:		a set address
 * @mapped:	true: always AF_INET6 (for a dual-stack socket); false: AF_INET where it is IPv4
 * @out:	filled
 *
 * Return: length of the filled part, bytes
 */
uint32_t addr_to_sockaddr(const struct addr *a, bool mapped, struct sockaddr_storage *out);

/**
 * addr_parse() - Numeric "192.0.2.1:19543", "[2001:db8::7]:19543", "[fe80::1%eth0]:19543"
 * @text:	NUL-terminated
 * @default_port: used where the text has no port; 0: the port is required
 * @out:	filled on success, else untouched
 *
 * No name is ever looked up. Return: 0, or -EINVAL
 */
int addr_parse(const char *text, uint16_t default_port, struct addr *out);

/** addr_format() - As addr_parse() reads it. Return: @out; "none" for no address */
const char *addr_format(const struct addr *a, char out[ADDR_TEXT_BYTES]);

#endif
