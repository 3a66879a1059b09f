/*
 * pins.c - see pins.h
 */
#include "agent/pins.h"

#include <string.h>

/* Return: where @mac is, or belongs */
static size_t place_of(const struct pins *p, const struct mac *mac)
{
	size_t low = 0, high = p->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(p->list[middle].mac.b, mac->b, MAC_BYTES) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int pins_owner(const struct pins *p, const struct mac *mac)
{
	size_t at = place_of(p, mac);

	if (at == p->count || !mac_equal(&p->list[at].mac, mac))
		return -1;
	return p->list[at].member;
}

void pins_clear(struct pins *p, int member)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++)
		if (p->list[i].member != member)
			p->list[kept++] = p->list[i];
	p->count = kept;
}

bool pins_add(struct pins *p, const struct mac *mac, int member)
{
	size_t at = place_of(p, mac);
	int owner = pins_owner(p, mac);

	if (owner >= 0)
		return owner == member;
	if (p->count == PINS_MAX)
		return false;
	memmove(&p->list[at + 1], &p->list[at], (p->count - at) * sizeof(p->list[0]));
	p->list[at] = (struct pin){.mac = *mac, .member = (uint16_t)member};
	p->count++;
	return true;
}
