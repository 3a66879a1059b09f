/*
 * igmp.c - see igmp.h
 *
 * The table prints an address as the number that its bytes make in this machine's byte order.
 */
#include "igmp.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	LINE_BYTES = 256,
	IPV4_AT = ADDR_IP_BYTES - 4
};

static uint32_t as_printed(const struct addr *a)
{
	uint32_t number;

	memcpy(&number, a->ip + IPV4_AT, sizeof(number));
	return number;
}

size_t igmp_read(FILE *file, const struct addr *group, uint32_t *out, size_t max)
{
	uint32_t wanted = as_printed(group), interface = 0, address;
	size_t count = 0;
	char line[LINE_BYTES];

	while (count < max && fgets(line, sizeof(line), file)) {
		/* "2  eth0  :  2  V3" begins an interface; its groups follow, indented by tabs. */
		if (line[0] >= '0' && line[0] <= '9')
			interface = (uint32_t)strtoul(line, NULL, 10);
		else if (line[0] == '\t' && interface != 0 &&
			 sscanf(line, " %8" SCNx32, &address) == 1 && address == wanted)
			out[count++] = interface;
	}
	return count;
}
