/*
 * lan_nested.c - the tunnel's own datagrams on the LAN that it carries; see nested.h
 *
 * Layer: agent. What this host sent is stopped where it would go to a peer, what a peer sent to us also where
 * it comes out of that peer's session: whichever of the two has the wrong route, neither makes it
 * grow. What stays among the ports of this host is no business of the tunnel: an agent in a machine of
 * this host may be a peer.
 */
#include "agent/netwatch.h"
#include "agent/notes.h"
#include "lan_private.h"

enum {
	NESTED_SHOWN_S = 300, /* since the last time: as long as what the guards stopped */
};

/* Between two looks at the addresses because of frames that turned out to be somebody else's */
static const uint64_t LOOK_AGAIN_NS = 100000000;

void lan_use_addresses(struct lan *l, uint16_t port)
{
	const struct netwatch_wanted all = {.port = port};

	l->nested.port = port;
	l->nested.own_count = netwatch_addresses(&all, l->nested.own, NESTED_OWN_MAX);
}

static bool has_path(const struct lan *l, int peer, const struct addr *remote)
{
	struct path_info paths[PEER_PATHS_MAX];
	size_t count = engine_peer_paths(l->engine, peer, paths);

	for (size_t i = 0; i < count; i++)
		if (addr_equal(&paths[i].remote, remote))
			return true;
	return false;
}

static bool is_path(const struct lan *l, const struct addr *remote)
{
	for (size_t i = 0; i < l->peers_capacity; i++)
		if (l->peers[i].is_set && has_path(l, (int)i, remote))
			return true;
	return false;
}

/* Peers behind one router may have one address. @member: where our datagrams come in, or nobody */
static void refuse(struct lan *l, int member, const struct addr *remote)
{
	for (size_t i = 0; i < l->peers_capacity; i++) {
		if (!l->peers[i].is_set || !has_path(l, (int)i, remote))
			continue;
		engine_path_refuse(l->engine, (int)i, remote, lan_now_ns(l));
		l->nest = (struct lan_nest){.peer = (int)i,
					    .member = member,
					    .remote = *remote,
					    .last_ns = lan_now_ns(l)};
	}
}

/* An address that this host has since a moment ago may be known here only after the next one, and until then
 * a loop would grow: look again, unless that was just in vain. */
static enum nested_way look_again(struct lan *l, const struct port_frame *f, struct addr *remote)
{
	enum nested_way way;

	if (l->nested_looked_ns && lan_now_ns(l) - l->nested_looked_ns < LOOK_AGAIN_NS)
		return NESTED_NOT;
	lan_use_addresses(l, l->nested.port);
	way = nested_way(&l->nested, f->bytes, f->len, remote);
	l->nested_looked_ns = way == NESTED_PERHAPS ? lan_now_ns(l) : 0;
	return way == NESTED_PERHAPS ? NESTED_NOT : way;
}

bool lan_is_nested(struct lan *l, int member, const struct port_frame *f)
{
	struct addr remote;
	enum nested_way way = nested_way(&l->nested, f->bytes, f->len, &remote);

	if (way == NESTED_NOT || !is_path(l, &remote))
		return false;
	if (way == NESTED_PERHAPS)
		way = look_again(l, f, &remote);
	if (way == NESTED_NOT)
		return false;
	if (way == NESTED_OUT && nested_count(&l->nested, &remote, lan_now_ns(l)))
		refuse(l, member, &remote);
	return true;
}

enum drop lan_check_nested(struct lan *l, const struct frame_in *in)
{
	struct addr remote;

	if (nested_way(&l->nested, in->frame, in->len, &remote) != NESTED_IN ||
	    !has_path(l, in->peer, &remote))
		return DROP_NONE;
	return DROP_TUNNEL_IN_TUNNEL;
}

size_t lan_nested_warnings(const struct lan *l, const struct lan_namer *n, struct warning *out,
			   size_t max)
{
	const struct lan_nest *nest = &l->nest;
	char peer[LAN_PLACE_BYTES], port[LAN_PLACE_BYTES] = "a port", text[ADDR_TEXT_BYTES];

	if (max == 0 || !lan_is_within(nest->last_ns, NESTED_SHOWN_S, clock_now_ns()))
		return 0;
	lan_name_place(l, LAN_PEER_BASE + nest->peer, n, peer);
	if (nest->member >= 0 && l->ports[nest->member])
		lan_name_place(l, nest->member, n, port);
	*out = warning_make("tunnel-in-tunnel", "", "");
	warning_set_text(out,
			 "%s is not tried at %s: what this host sends there comes in by %s, so its "
			 "route leads into the tunnel itself",
			 peer, addr_format(&nest->remote, text), port);
	warning_set_fix(out,
			"give this host a route to that address that does not lead onto the LAN; a "
			"default route that the LAN's DHCP server gave must go");
	return 1;
}
