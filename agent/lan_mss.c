/*
 * lan_mss.c - TCP connections that cross are told what one datagram of their path carries
 *
 * Layer: agent. See mss.h. Where frames enter the tunnel and where they leave it: a SYN limits what
 * comes back, so each agent sees to its own direction, and to the other's where that one does not.
 *
 * A frame is borrowed, and local machines hear it as it was: what is changed is a copy, and a SYN only
 * is ever copied.
 */
#include <string.h>

#include "agent/mss.h"
#include "lan_private.h"

_Static_assert((int)MSS_CLAMP_PATH == (int)MSS_MAX, "no MSS is longer");

/* Return: the largest UDP payload on the way to a peer, or UINT32_MAX if none is known */
static uint32_t mtu_of(const struct lan *l, int peer)
{
	uint32_t mtu = engine_peer_mtu(l->engine, peer);

	return mtu > FRAME_OVERHEAD_BYTES ? mtu : UINT32_MAX;
}

/* Of the peers on a vlan that are up. Return: UINT32_MAX without one */
static uint32_t smallest_mtu(const struct lan *l, const struct lan_vlan *vlan)
{
	uint32_t smallest = UINT32_MAX;

	for (size_t i = 0; i < l->peers_capacity; i++) {
		uint32_t mtu;

		if (!switch_has(vlan->sw, LAN_PEER_BASE + (int)i) ||
		    !engine_peer_is_up(l->engine, (int)i))
			continue;
		mtu = mtu_of(l, (int)i);
		smallest = mtu < smallest ? mtu : smallest;
	}
	return smallest;
}

static uint16_t most(const struct lan *l, const struct mss *m, uint32_t mtu)
{
	uint16_t fits = mss_fitting(m, mtu - FRAME_OVERHEAD_BYTES);

	return fits < l->mss_clamp ? fits : l->mss_clamp;
}

struct port_frame lan_clamp_mss(struct lan *l, const struct lan_crossing *c,
				const struct port_frame *f)
{
	struct port_frame copy = {.bytes = l->clamped, .len = f->len, .offload = f->offload};
	struct mss mss;
	uint16_t value;

	if (l->mss_clamp == 0 || f->len > l->max_frame || !mss_find(f->bytes, f->len, &mss))
		return *f;
	value = most(l, &mss, c->peer < 0 ? smallest_mtu(l, c->vlan) : mtu_of(l, c->peer));
	if (value >= mss.value)
		return *f;
	memcpy(l->clamped, f->bytes, f->len);
	mss_set(l->clamped, &mss, value, !f->offload);
	return copy;
}
