/*
 * igmp.c - see igmp.h
 */
#include "igmp.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum {
	LINE_BYTES = 256,
	IPV4_AT = ADDR_IP_BYTES - 4
};

/* The number that the group's bytes make in this machine's byte order, as /proc/net/igmp prints it. */
static uint32_t number_of(const struct addr *group)
{
	uint32_t number;

	memcpy(&number, group->ip + IPV4_AT, sizeof(number));
	return number;
}

size_t igmp_read(FILE *file, const struct addr *group, struct igmp_members *out, size_t max)
{
	uint32_t wanted = number_of(group), interface = 0, address, members;
	size_t count = 0;
	char line[LINE_BYTES];

	while (count < max && fgets(line, sizeof(line), file)) {
		/* "2  eth0  :  2  V3" begins an interface; its groups follow, indented by tabs. */
		if (line[0] >= '0' && line[0] <= '9')
			interface = (uint32_t)strtoul(line, NULL, 10);
		else if (line[0] == '\t' && interface != 0 &&
			 sscanf(line, " %8" SCNx32 " %" SCNu32, &address, &members) == 2 &&
			 address == wanted)
			out[count++] = (struct igmp_members){interface, members};
	}
	return count;
}

static void take_off(struct igmp_members *list, size_t count, uint32_t interface, uint32_t members)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].interface == interface)
			list[i].count -= members < list[i].count ? members : list[i].count;
	}
}

void igmp_discount(FILE *file, const struct addr *group, struct igmp_members *list, size_t count)
{
	uint32_t wanted = ntohl(number_of(group)), interface, address, members;
	char line[LINE_BYTES];

	/* "2  eth0  0xe6000001  0x0a000001  1  0": a source, who wants it, and who does not. */
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%" SCNu32 " %*s 0x%8" SCNx32 " 0x%*x %" SCNu32, &interface,
			   &address, &members) == 3 &&
		    address == wanted)
			take_off(list, count, interface, members);
	}
}
