/*
 * udp_run.c - which datagrams can go as one; see udp.h
 *
 * Layer: agent (private). Pure.
 */
#include <string.h>

#include "udp.h"

static bool same_destination(const struct udp_to_send *a, const struct udp_to_send *b)
{
	return a->to == b->to || (a->to_len == b->to_len && memcmp(a->to, b->to, a->to_len) == 0);
}

static bool same_source(const struct udp_to_send *a, const struct udp_to_send *b)
{
	return a->local == b->local || (a->local && b->local && addr_equal(a->local, b->local));
}

size_t udp_run_length(const struct udp_to_send *list, size_t count)
{
	size_t bytes = list->len, n = 1;

	if (list->alone || list->len == 0)
		return 1;
	for (; n < count && n < UDP_RUN_MAX; n++) {
		const struct udp_to_send *next = &list[n];

		/* The kernel cuts by length, and would not see an empty one. */
		if (next->alone || next->len == 0 || next->len > list->len ||
		    bytes + next->len > UDP_RUN_BYTES || !same_destination(list, next) ||
		    !same_source(list, next) || next->dscp != list->dscp)
			break;
		bytes += next->len;
		if (next->len < list->len)
			return n + 1; /* the last of its run */
	}
	return n;
}
