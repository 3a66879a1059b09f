/*
 * tunnel_groups.c - see tunnel_groups.h
 */
#include "tunnel_groups.h"

#include <assert.h>
#include <string.h>

_Static_assert((int)TUNNEL_GROUP_DATAGRAMS < (int)TUNNEL_GROUP_NONE, "an index is no NONE");
_Static_assert((TUNNEL_GROUP_BUCKETS & (TUNNEL_GROUP_BUCKETS - 1)) == 0, "buckets are masked");

static bool same_way(const struct datagram *a, const struct datagram *b)
{
	return a->peer == b->peer && a->dscp == b->dscp && addr_equal(&a->to, &b->to) &&
	       addr_equal(&a->local, &b->local);
}

/* Who chooses addresses can fill one bucket, with as many as are sent at once and no more. */
static uint16_t *bucket_of(struct tunnel_groups *g, const struct datagram *d)
{
	unsigned mixed = (unsigned)d->peer ^ d->to.port ^ d->to.ip[ADDR_IP_BYTES - 1];

	return &g->buckets[mixed % TUNNEL_GROUP_BUCKETS];
}

static struct tunnel_group *find(struct tunnel_groups *g, const struct datagram *datagrams,
				 const struct datagram *d)
{
	for (uint16_t i = *bucket_of(g, d); i != TUNNEL_GROUP_NONE; i = g->list[i].alike) {
		if (same_way(&datagrams[g->list[i].first], d))
			return &g->list[i];
	}
	return NULL;
}

static struct tunnel_group *begin(struct tunnel_groups *g, const struct datagram *d, uint16_t index)
{
	uint16_t *bucket = bucket_of(g, d);
	struct tunnel_group *group = &g->list[g->count];

	*group = (struct tunnel_group){.first = index, .last = index, .alike = *bucket};
	*bucket = g->count++;
	return group;
}

void tunnel_groups_make(struct tunnel_groups *g, const struct datagram *datagrams, size_t count)
{
	struct tunnel_group *group = NULL;

	assert(count <= TUNNEL_GROUP_DATAGRAMS);
	g->count = 0;
	memset(g->buckets, 0xff, sizeof(g->buckets)); /* TUNNEL_GROUP_NONE */
	for (size_t i = 0; i < count; i++) {
		const struct datagram *d = &datagrams[i];
		uint16_t index = (uint16_t)i;

		g->next[index] = TUNNEL_GROUP_NONE;
		/* Mostly it goes where the one before it goes. */
		if (i == 0 || !same_way(d - 1, d))
			group = i == 0 ? NULL : find(g, datagrams, d);
		if (!group) {
			group = begin(g, d, index);
			continue;
		}
		g->next[group->last] = index;
		group->last = index;
	}
}
