/*
 * trust_compare.c - the difference between two readings; see trust.h
 */
#include <sodium.h>
#include <string.h>

#include "keys/trust.h"

static bool same_vlans(const struct trust_local *a, const struct trust_local *b)
{
	if (a->vlan_count != b->vlan_count)
		return false;
	for (size_t i = 0; i < a->vlan_count; i++)
		if (strcmp(a->vlans[i], b->vlans[i]) != 0)
			return false;
	return true;
}

static bool same_limits(const struct trust_local *a, const struct trust_local *b)
{
	return a->mac_quota == b->mac_quota && a->broadcast == b->broadcast &&
	       a->allow == b->allow && a->rate == b->rate && a->pin_count == b->pin_count &&
	       memcmp(a->pins, b->pins, a->pin_count * sizeof(a->pins[0])) == 0;
}

static unsigned differences(const struct trust_peer *a, const struct trust_peer *b)
{
	unsigned what = 0;

	if (strcmp(a->name, b->name) != 0)
		what |= TRUST_NAME;
	if (strcmp(a->card.at, b->card.at) != 0)
		what |= TRUST_AT;
	if (!same_vlans(&a->local, &b->local))
		what |= TRUST_VLANS;
	if (sodium_memcmp(a->psk, b->psk, sizeof(*a->psk)) != 0)
		what |= TRUST_PSK;
	if (!same_limits(&a->local, &b->local))
		what |= TRUST_LIMITS;
	if (a->local.is_fixed != b->local.is_fixed ||
	    a->local.refuses_relay != b->local.refuses_relay)
		what |= TRUST_PATHS;
	return what;
}

typedef void (*report)(void *context, const struct trust_change *change);

static void tell_removed(const struct trust *before, const struct trust *after, report on_change,
			 void *context)
{
	for (size_t i = 0; i < before->count; i++) {
		const struct trust_change change = {.before = &before->peers[i]};

		if (!trust_find_key(after, &change.before->card.key))
			on_change(context, &change);
	}
}

/* Those in both readings, or the new ones. */
static void tell_present(const struct trust *before, const struct trust *after, bool added,
			 report on_change, void *context)
{
	for (size_t i = 0; i < after->count; i++) {
		struct trust_change change = {.after = &after->peers[i]};

		change.before = trust_find_key(before, &change.after->card.key);
		if (change.before)
			change.what = differences(change.before, change.after);
		if (added ? !change.before : change.what != 0)
			on_change(context, &change);
	}
}

void trust_compare(const struct trust *before, const struct trust *after,
		   void (*on_change)(void *context, const struct trust_change *change),
		   void *context)
{
	tell_removed(before, after, on_change, context);
	tell_present(before, after, false, on_change, context);
	tell_present(before, after, true, on_change, context);
}
