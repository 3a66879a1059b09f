/*
 * addr.c - see addr.h
 */
#include "common/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(sizeof(struct addr) == 24, "memcmp must not see padding");

static const uint8_t MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

enum {
	MAPPED_BYTES = sizeof(MAPPED)
};

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool addr_same_ip(const struct addr *a, const struct addr *b)
{
	return memcmp(a->ip, b->ip, ADDR_IP_BYTES) == 0 && a->scope == b->scope;
}

bool addr_is_set(const struct addr *a)
{
	return a->port != 0;
}

bool addr_is_ipv4(const struct addr *a)
{
	return memcmp(a->ip, MAPPED, MAPPED_BYTES) == 0;
}

bool addr_is_loopback(const struct addr *a)
{
	static const uint8_t loopback6[ADDR_IP_BYTES] = {[15] = 1};

	if (addr_is_ipv4(a))
		return a->ip[MAPPED_BYTES] == 127;
	return memcmp(a->ip, loopback6, ADDR_IP_BYTES) == 0;
}

bool addr_is_unicast(const struct addr *a)
{
	static const uint8_t unspecified6[ADDR_IP_BYTES];

	if (a->port == 0)
		return false;
	if (addr_is_ipv4(a)) {
		uint8_t first = a->ip[MAPPED_BYTES];

		return first != 0 && first < 224; /* RFC 1122: this-network; RFC 5771; RFC 1112 4 */
	}
	return a->ip[0] != 0xff && memcmp(a->ip, unspecified6, ADDR_IP_BYTES) != 0;
}

struct addr addr_from_ipv4(uint32_t ip, uint16_t port)
{
	struct addr a = {.port = port};

	memcpy(a.ip, MAPPED, MAPPED_BYTES);
	ip = htonl(ip);
	memcpy(a.ip + MAPPED_BYTES, &ip, sizeof(ip));
	return a;
}

struct addr addr_from_sockaddr(const struct sockaddr *sa)
{
	struct addr a = {0};

	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		return addr_from_ipv4(ntohl(in.sin_addr.s_addr), ntohs(in.sin_port));
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		memcpy(a.ip, &in6.sin6_addr, ADDR_IP_BYTES);
		a.port = ntohs(in6.sin6_port);
		a.scope = in6.sin6_scope_id;
	}
	return a;
}

uint32_t addr_to_sockaddr(const struct addr *a, bool mapped, struct sockaddr_storage *out)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(a->port)};
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(a->port), .sin6_scope_id = a->scope};

	if (addr_is_ipv4(a) && !mapped) {
		memcpy(&in.sin_addr, a->ip + MAPPED_BYTES, sizeof(in.sin_addr));
		memcpy(out, &in, sizeof(in));
		return sizeof(in);
	}
	memcpy(&in6.sin6_addr, a->ip, ADDR_IP_BYTES);
	memcpy(out, &in6, sizeof(in6));
	return sizeof(in6);
}

/* A port is one to five digits, 1 to 65535; no sign, no blank. */
static int parse_port(const char *text, uint16_t *out)
{
	unsigned long value;
	size_t len = strlen(text);

	if (len < 1 || len > 5 || strspn(text, "0123456789") != len)
		return -EINVAL;
	value = strtoul(text, NULL, 10);
	if (value < 1 || value > UINT16_MAX)
		return -EINVAL;
	*out = (uint16_t)value;
	return 0;
}

/* An interface by its name or its index. Return: the index, 0 if it is neither */
static uint32_t parse_scope(const char *text)
{
	uint32_t index = if_nametoindex(text);
	unsigned long value;
	size_t len = strlen(text);

	if (index || len < 1 || len > 9 || strspn(text, "0123456789") != len)
		return index;
	value = strtoul(text, NULL, 10);
	return (uint32_t)value; /* nine digits fit */
}

/* The address without port and brackets, perhaps with %scope. IPv4 takes no brackets. */
static int parse_ip(char *text, bool bracketed, struct addr *out)
{
	struct in_addr in;
	struct in6_addr in6;
	char *scope = strchr(text, '%');

	if (!bracketed && inet_pton(AF_INET, text, &in) == 1) {
		*out = addr_from_ipv4(ntohl(in.s_addr), out->port);
		return 0;
	}
	if (scope) {
		*scope++ = '\0';
		out->scope = parse_scope(scope);
		if (out->scope == 0)
			return -EINVAL;
	}
	if (inet_pton(AF_INET6, text, &in6) != 1)
		return -EINVAL;
	memcpy(out->ip, &in6, ADDR_IP_BYTES);
	return 0;
}

int addr_parse(const char *text, uint16_t default_port, struct addr *out)
{
	char copy[ADDR_TEXT_BYTES];
	char *ip = copy, *colon;
	struct addr a = {.port = default_port};
	size_t len = strlen(text);

	if (len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len + 1);
	colon = strrchr(copy, ':');
	if (copy[0] == '[') {
		char *close = strchr(copy, ']');

		if (!close || (close[1] != ':' && close[1] != '\0'))
			return -EINVAL;
		*close = '\0';
		ip = copy + 1;
		colon = close[1] ? close + 1 : NULL;
	} else if (colon && strchr(copy, ':') != colon) {
		colon = NULL; /* a bare IPv6 address has several colons and no port */
	}
	if (colon) {
		*colon = '\0';
		if (parse_port(colon + 1, &a.port))
			return -EINVAL;
	}
	if (a.port == 0 || parse_ip(ip, ip != copy, &a))
		return -EINVAL;
	*out = a;
	return 0;
}

const char *addr_format(const struct addr *a, char out[ADDR_TEXT_BYTES])
{
	char ip[INET6_ADDRSTRLEN];

	if (!addr_is_set(a)) {
		snprintf(out, ADDR_TEXT_BYTES, "none");
	} else if (addr_is_ipv4(a)) {
		inet_ntop(AF_INET, a->ip + MAPPED_BYTES, ip, sizeof(ip));
		snprintf(out, ADDR_TEXT_BYTES, "%s:%u", ip, a->port);
	} else {
		inet_ntop(AF_INET6, a->ip, ip, sizeof(ip));
		if (a->scope)
			snprintf(out, ADDR_TEXT_BYTES, "[%s%%%u]:%u", ip, a->scope, a->port);
		else
			snprintf(out, ADDR_TEXT_BYTES, "[%s]:%u", ip, a->port);
	}
	return out;
}
