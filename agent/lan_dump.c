/*
 * lan_dump.c - frames for those who watch
 *
 * A frame is shown where it entered, once, with where the switch sends it: not again at each place
 * where it leaves.
 */
#include "agent/dump.h"

#include <string.h>

#include "lan_private.h"

_Static_assert((int)LAN_PORT_NAME_BYTES <= (int)DUMP_NAME_BYTES, "each name fits");

void lan_use_dump(struct lan *l, struct dump *d)
{
	l->dump = d;
}

static const char *name_of_peer(const struct lan *l, size_t peer)
{
	const char *name = l->name_of ? l->name_of(l->name_context, (int)peer) : NULL;

	return name ? name : "";
}

static struct dump_place place_of(const struct lan *l, int member)
{
	if (member == SWITCH_NOBODY)
		return (struct dump_place){.kind = DUMP_NOBODY, .name = ""};
	if (member >= LAN_PEER_BASE)
		return (struct dump_place){
			.kind = DUMP_PEER,
			.name = name_of_peer(l, (size_t)(member - LAN_PEER_BASE)),
		};
	return (struct dump_place){.kind = DUMP_PORT, .name = l->ports[member]->name};
}

static struct dump_place place_to(const struct lan *l, const struct switch_verdict *v)
{
	if (v->drop != DROP_NONE)
		return (struct dump_place){.kind = DUMP_NOBODY, .name = drop_name(v->drop)};
	if (v->to == SWITCH_FLOOD)
		return (struct dump_place){.kind = DUMP_ALL, .name = ""};
	return place_of(l, v->to);
}

/* struct flood - a frame to everybody else, from a member */
struct flood {
	const struct lan *lan;
	const struct lan_vlan *vlan;
	int from;
};

static bool reaches_port(const struct flood *f, const char *name)
{
	for (int i = 0; i < LAN_PORTS_MAX; i++) {
		const struct dump_place place = {
			.kind = DUMP_PORT, .name = f->lan->ports[i] ? f->lan->ports[i]->name : ""};

		if (switch_has(f->vlan->sw, i) && dump_place_is(&place, DUMP_PORT, name))
			return true;
	}
	return false;
}

/* What comes from a peer goes to no other: split horizon */
static bool reaches_peer(const struct flood *f, const char *name)
{
	for (size_t i = 0; f->from < LAN_PEER_BASE && i < f->lan->peers_capacity; i++) {
		if (f->lan->peers[i].is_set && strcmp(name_of_peer(f->lan, i), name) == 0)
			return switch_has(f->vlan->sw, LAN_PEER_BASE + (int)i);
	}
	return false;
}

static bool reaches(void *context, enum dump_kind kind, const char *name)
{
	const struct flood *f = context;

	return kind == DUMP_PEER ? reaches_peer(f, name) : reaches_port(f, name);
}

void lan_dump(struct lan *l, const struct lan_vlan *vlan, int from, const struct switch_verdict *v,
	      const struct port_frame *f)
{
	struct flood flood = {.lan = l, .vlan = vlan, .from = from};
	const struct dump_reach reach = {.reaches = reaches, .context = &flood};
	struct dump_frame shown = {
		.wall_ns = clock_read().wall_ns, .bytes = f->bytes, .len = f->len};

	if (!vlan)
		return;
	shown.vlan = vlan->config.id;
	shown.vlan_name = vlan->config.name;
	shown.from = place_of(l, from);
	shown.to = place_to(l, v);
	dump_show(l->dump, &shown, &reach);
}
