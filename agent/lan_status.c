/*
 * lan_status.c - what status and log say of the vlans
 */
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "lan_private.h"

enum {
	NS_PER_S = 1000000000,
	MAC_SUGGESTED_BYTES = 3, /* after QEMU's prefix 52:54:00 */
	LINES_MAX = 16,          /* in the log, in LINES_S: more are not read anyway */
	LINES_S = 60,
};

const char *port_state_name(enum port_state state)
{
	static const char *const names[] = {
		[PORT_FORWARDING] = "forwarding",
		[PORT_LISTENING] = "listening",
		[PORT_STANDBY] = "standby",
		[PORT_BLOCKED] = "blocked",
		[PORT_DOWN] = "down",
	};

	return names[state];
}

bool lan_port_info(const struct lan *l, size_t index, struct port_info *out)
{
	const struct lan_port *p = NULL;

	for (size_t i = 0; i < LAN_PORTS_MAX; i++) {
		if (!l->ports[i] || index-- > 0)
			continue;
		p = l->ports[i];
		break;
	}
	if (!p)
		return false;
	*out = (struct port_info){
		.name = p->name,
		.type = port_type_name(p->config.type),
		.vlan = p->config.vlan,
		.plugged = p->config.line == 0,
		.rx_frames = p->port->rx_frames,
		.tx_frames = p->port->tx_frames,
		.rx_bytes = p->port->rx_bytes,
		.tx_bytes = p->port->tx_bytes,
		.drops = p->port->drops,
	};
	out->state = lan_segments_state(l, p, out->detail, sizeof(out->detail));
	return true;
}

/* ---- addresses ---- */

struct mac_walk {
	const struct lan *lan;
	uint16_t vlan;
	void (*visit)(void *context, const struct mac_info *info);
	void *context;
};

static void on_mac(void *context, const struct mac *mac, int member, uint64_t age_ns)
{
	const struct mac_walk *w = context;
	struct mac_info info = {
		.vlan = w->vlan, .mac = *mac, .peer = -1, .age_s = (uint32_t)(age_ns / NS_PER_S)};

	if (member >= LAN_PEER_BASE)
		info.peer = member - LAN_PEER_BASE;
	else
		info.port = w->lan->ports[member]->name;
	w->visit(w->context, &info);
}

void lan_macs(const struct lan *l, void (*visit)(void *context, const struct mac_info *info),
	      void *context)
{
	struct mac_walk w = {.lan = l, .visit = visit, .context = context};

	for (size_t i = 0; i < CONFIG_VLANS_MAX; i++) {
		if (!l->vlans[i])
			continue;
		w.vlan = l->vlans[i]->config.id;
		switch_visit_macs(l->vlans[i]->sw, clock_now_ns(), on_mac, &w);
	}
}

/* ---- warnings ---- */

void lan_name_place(const struct lan *l, int member, const struct lan_namer *n,
		    char out[LAN_PLACE_BYTES])
{
	const char *name = NULL;

	if (member < LAN_PEER_BASE) {
		snprintf(out, LAN_PLACE_BYTES, "port %s", l->ports[member]->name);
		return;
	}
	if (n->name_of)
		name = n->name_of(n->context, member - LAN_PEER_BASE);
	if (name)
		snprintf(out, LAN_PLACE_BYTES, "peer %s", name);
	else
		snprintf(out, LAN_PLACE_BYTES, "peer %d", member - LAN_PEER_BASE);
}

/* An address that hardly anybody else has, always the same one for the same clone here. */
static struct mac suggest_mac(const struct lan *l, const struct mac *clone)
{
	uint64_t hash = keyed_hash(&l->key, clone->b, MAC_BYTES);
	struct mac m = {{0x52, 0x54, 0x00}};

	memcpy(m.b + MAC_BYTES - MAC_SUGGESTED_BYTES, &hash, MAC_SUGGESTED_BYTES);
	return m;
}

static void warn_clone(const struct lan *l, const struct clone *c, const struct lan_namer *n,
		       struct warning *w)
{
	static const struct mac QEMU_DEFAULT = {{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};
	char first[LAN_PLACE_BYTES], second[LAN_PLACE_BYTES], text[MAC_TEXT_BYTES],
		fresh[MAC_TEXT_BYTES];
	struct mac suggested = suggest_mac(l, &c->mac);

	lan_name_place(l, c->first, n, first);
	lan_name_place(l, c->second, n, second);
	mac_format(&c->mac, text);
	mac_format(&suggested, fresh);
	snprintf(w->code, sizeof(w->code), "mac-in-two-places");
	snprintf(
		w->text, sizeof(w->text),
		"MAC %s is in two places, behind %s and behind %s, and only one of them is heard%s",
		text, first, second,
		mac_equal(&c->mac, &QEMU_DEFAULT)
			? ": it is what QEMU gives every machine that is given no other"
			: "");
	snprintf(w->fix, sizeof(w->fix),
		 "give one of the machines another MAC: -device e1000,netdev=lw,mac=%s", fresh);
}

static size_t collect_clones(const struct lan *l, const struct lan_namer *n, struct warning *out,
			     size_t max)
{
	struct clone clones[CLONES_MAX];
	size_t count = 0;

	for (size_t i = 0; i < CONFIG_VLANS_MAX; i++) {
		size_t found = 0;

		if (l->vlans[i])
			found = switch_clones(l->vlans[i]->sw, clock_now_ns(), clones, CLONES_MAX);
		for (size_t c = 0; c < found && count < max; c++)
			warn_clone(l, &clones[c], n, &out[count++]);
	}
	return count;
}

/* Those that are logged when they are new; what the guards stopped has lines of its own. */
static size_t lasting_warnings(const struct lan *l, const struct lan_namer *n, struct warning *out,
			       size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < CONFIG_PORTS_MAX; i++) {
		if (!l->ports[i])
			continue;
		count += l->ports[i]->port->ops->warnings(l->ports[i]->port, clock_now_ns(),
							  out + count, max - count);
	}
	count += lan_nested_warnings(l, n, out + count, max - count);
	count += collect_clones(l, n, out + count, max - count);
	return count + lan_guard_twins(l, n, out + count, max - count);
}

size_t lan_warnings(const struct lan *l, const char *(*name_of)(void *context, int peer),
		    void *context, struct warning *out, size_t max)
{
	struct lan_namer n = {.name_of = name_of, .context = context};
	size_t count = lan_flood_warnings(l, &n, out, max);

	/* First who did it: that somebody can make many of the others must not hide him. */
	count += lan_guard_warnings(l, &n, out + count, max - count);
	count += lan_segments_warnings(l, out + count, max - count);
	return count + lasting_warnings(l, &n, out + count, max - count);
}

static bool is_logged(const struct lan *l, uint64_t hash)
{
	for (size_t i = 0; i < LAN_WARNINGS_LOGGED; i++) {
		if (l->logged[i] == hash)
			return true;
	}
	return false;
}

/* Is there room for another line? Who invents addresses can make a new warning of each. */
static bool may_log(struct lan *l)
{
	uint64_t now_ns = lan_now_ns(l);

	if (!lan_is_within(l->lines_since_ns, LINES_S, now_ns)) {
		l->lines_since_ns = now_ns;
		l->lines = 0;
	}
	l->lines++;
	if (l->lines == LINES_MAX)
		log_warn("more such warnings than can be logged: see 'longwire status'");
	return l->lines < LINES_MAX;
}

void lan_log_warnings(struct lan *l)
{
	struct warning now[LAN_WARNINGS_LOGGED];
	uint64_t hashes[LAN_WARNINGS_LOGGED] = {0};
	struct lan_namer n = {.name_of = l->name_of, .context = l->name_context};
	size_t count = lasting_warnings(l, &n, now, LAN_WARNINGS_LOGGED);

	for (size_t i = 0; i < count; i++) {
		uint64_t hash = keyed_hash(&l->key, now[i].text, strlen(now[i].text));

		if (!is_logged(l, hash) && !may_log(l))
			continue; /* not known: logged when there is room */
		if (!is_logged(l, hash))
			log_warn("%s; %s", now[i].text, now[i].fix);
		hashes[i] = hash;
	}
	memcpy(l->logged, hashes, sizeof(l->logged));
}
