/*
 * netwatch_addresses.c - this host's own addresses; see netwatch.h
 */
#include <stdlib.h>
#include <string.h>

#include "agent/netwatch.h"

/* fe80::/10 (RFC 4291 2.5.6) and 169.254.0.0/16 (RFC 3927), which mean nothing elsewhere */
static bool is_link_local(const struct addr *a)
{
	enum {
		IPV4_AT = 12
	};

	if (addr_is_ipv4(a))
		return a->ip[IPV4_AT] == 169 && a->ip[IPV4_AT + 1] == 254;
	return a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct addr));
}

size_t netwatch_addresses(const struct netwatch_wanted *wanted, struct addr *out, size_t max)
{
	uv_interface_address_t *list;
	size_t found = 0;
	int count;

	if (uv_interface_addresses(&list, &count) != 0)
		return 0;
	for (int i = 0; i < count && found < max; i++) {
		struct addr a = addr_from_sockaddr((const struct sockaddr *)&list[i].address);

		a.port = wanted->port;
		a.scope = 0;
		if (wanted->is_ours && wanted->is_ours(wanted->context, list[i].name))
			continue;
		if (!list[i].is_internal && addr_is_unicast(&a) && !is_link_local(&a))
			out[found++] = a;
	}
	uv_free_interface_addresses(list, count);
	qsort(out, found, sizeof(*out), compare);
	return found;
}
