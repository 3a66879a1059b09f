/*
 * peers.c - see peers.h
 */
#include "agent/peers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

/* struct entry - a peer, and what only this file needs of it */
struct entry {
	struct peer peer;
	struct peers *owner;
	struct entry *next; /* in the order of names */
	unsigned what;      /* differences that the reading at hand found */
};

struct peers {
	struct peers_links links;
	const struct config *config; /* during an apply only */
	struct entry *first;
	struct entry **by_number; /* links.peers_max places */
	bool started;    /* the first reading is applied: from then on, each change is news */
	uint64_t now_ns; /* during an apply only */
	bool state_changed;
};

int peers_new(struct peers **out, const struct peers_links *links)
{
	struct peers *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->links = *links;
	p->by_number = calloc(links->peers_max, sizeof(struct entry *));
	if (!p->by_number) {
		free(p);
		return -ENOMEM;
	}
	*out = p;
	return 0;
}

/* ---- the list ---- */

static void link_entry(struct peers *p, struct entry *e)
{
	struct entry **at = &p->first;

	while (*at && strcmp((*at)->peer.name, e->peer.name) < 0)
		at = &(*at)->next;
	e->next = *at;
	*at = e;
}

static void unlink_entry(struct peers *p, struct entry *e)
{
	struct entry **at = &p->first;

	while (*at && *at != e)
		at = &(*at)->next;
	if (*at)
		*at = e->next;
}

static struct entry *find_key(const struct peers *p, const struct public_key *key)
{
	for (struct entry *e = p->first; e; e = e->next)
		if (public_key_equal(&e->peer.key, key))
			return e;
	return NULL;
}

struct peer *peers_get(const struct peers *p, int number)
{
	if (number < 0 || (uint32_t)number >= p->links.peers_max || !p->by_number[number])
		return NULL;
	return &p->by_number[number]->peer;
}

struct peer *peers_find(const struct peers *p, const char *name)
{
	for (struct entry *e = p->first; e; e = e->next)
		if (strcmp(e->peer.name, name) == 0)
			return &e->peer;
	return NULL;
}

struct peer *peers_next(const struct peers *p, const struct peer *previous)
{
	struct entry *e = previous ? p->by_number[previous->number]->next : p->first;

	return e ? &e->peer : NULL;
}

const char *peers_name(const struct peers *p, int number)
{
	const struct peer *peer = peers_get(p, number);

	return peer ? peer->name : "nobody";
}

/* ---- where a peer may be ---- */

static bool is_listed(const struct addr *list, size_t count, const struct addr *a)
{
	for (size_t i = 0; i < count; i++)
		if (addr_equal(&list[i], a))
			return true;
	return false;
}

/* The last validated address first; then one of each entry in turn, so that a name with many
 * addresses does not crowd the others out */
static void offer_candidates(struct entry *e, uint64_t now_ns)
{
	const struct peer *peer = &e->peer;
	struct addr list[PEER_CANDIDATES_MAX];
	size_t count = 0;

	if (peer->has_last && !peer->is_fixed)
		list[count++] = peer->last;
	for (size_t round = 0; round < LOOKUP_ADDRS_MAX; round++)
		for (size_t i = 0; i < peer->lookup_count && count < PEER_CANDIDATES_MAX; i++) {
			const struct lookup *l = peer->lookups[i];

			if (round < l->count && !is_listed(list, count, &l->addrs[round]))
				list[count++] = l->addrs[round];
		}
	engine_peer_candidates(e->owner->links.engine, peer->number, list, count, now_ns);
}

static void on_lookup_changed(void *context, uint64_t now_ns)
{
	offer_candidates(context, now_ns);
}

static void free_lookups(struct peer *peer)
{
	for (size_t i = 0; i < peer->lookup_count; i++)
		lookup_free(peer->lookups[i]);
	peer->lookup_count = 0;
}

/* Return: the look-up of that place, taken out of the list, or NULL */
static struct lookup *take_lookup(struct peer *from, const struct card_address *where)
{
	for (size_t i = 0; i < from->lookup_count; i++) {
		struct lookup *l = from->lookups[i];

		if (!l || l->port != where->port || strcmp(l->host, where->host) != 0)
			continue;
		from->lookups[i] = NULL;
		return l;
	}
	return NULL;
}

/* What the card named before goes on being known: a peer that does not roam could not be sent to while
 * it is looked up again */
static void start_lookups(struct entry *e, const struct card *card)
{
	struct card_address where[CARD_ADDRESSES_MAX];
	size_t count = card_addresses(card, where);
	struct peer *peer = &e->peer, old = *peer;

	peer->lookup_count = 0;
	for (size_t i = 0; i < count && peer->lookup_count < PEER_CANDIDATES_MAX; i++) {
		struct lookup *l = take_lookup(&old, &where[i]);

		if (!l)
			l = lookup_new(e->owner->links.loop, &where[i], on_lookup_changed, e);
		if (l)
			peer->lookups[peer->lookup_count++] = l;
	}
	free_lookups(&old);
}

/* ---- what a peer may ---- */

static void note_not_added(struct peers *p, const struct trust_peer *from, int error)
{
	struct warning w = warning_make("peer-not-added", "", "restart the agent");

	warning_set_text(&w, "%s/peers/%s.card: cannot be added now (%s)", p->config->folder,
			 from->name,
			 error == -ENOSPC ? "there is room for that many peers only after a restart"
					  : strerror(-error));
	notes_add(p->links.notes, NOTE_PEERS, &w);
}

/* What the .local file asks for; where that cannot be, what the peer had: none, if it is new */
static void fill_vlans(struct peers *p, const struct trust_peer *from, const struct entry *e,
		       struct engine_peer_config *out)
{
	struct error err = {0};
	struct warning w;
	int count = config_peer_vlans(p->config, from, out->vlans, &err);

	if (count >= 0) {
		out->vlan_count = (size_t)count;
		return;
	}
	w = warning_make("vlans-not-applied", err.text,
			 e ? "correct it: until then the peer stays on the vlans it had"
			   : "correct it: until then the peer is on no vlan");
	notes_add(p->links.notes, NOTE_PEERS, &w);
	out->vlan_count = e ? e->peer.vlan_count : 0;
	if (e)
		memcpy(out->vlans, e->peer.vlans, sizeof(out->vlans));
}

static void set_lan(struct entry *e, const struct trust_peer *from)
{
	const struct peers *p = e->owner;
	struct lan_limits limits = {
		.broadcast = from->local.broadcast ? from->local.broadcast : p->config->broadcast,
		.mac_quota = from->local.mac_quota,
		.allow = from->local.allow,
		.rate = from->local.rate,
		.pin_count = from->local.pin_count,
	};

	memcpy(limits.pins, from->local.pins, sizeof(limits.pins));
	lan_peer_set(p->links.lan, e->peer.number, e->peer.vlans, e->peer.vlan_count, &limits);
}

static bool vlans_differ(const struct peer *peer, const struct engine_peer_config *config)
{
	return peer->vlan_count != config->vlan_count ||
	       memcmp(peer->vlans, config->vlans, config->vlan_count * sizeof(*config->vlans)) != 0;
}

static void keep_vlans(struct peer *peer, const struct engine_peer_config *config)
{
	memcpy(peer->vlans, config->vlans, sizeof(peer->vlans));
	peer->vlan_count = config->vlan_count;
}

/* ---- the difference ---- */

static void add(struct peers *p, const struct trust_peer *from,
		const struct engine_peer_config *config, struct entry *e)
{
	const struct addr *last = state_find(p->links.state, &from->card.key);

	e->owner = p;
	e->peer.is_fixed = config->is_fixed;
	e->peer.key = from->card.key;
	snprintf(e->peer.name, sizeof(e->peer.name), "%s", from->name);
	keep_vlans(&e->peer, config);
	if (last) {
		e->peer.has_last = true;
		e->peer.last = *last;
	}
	p->by_number[e->peer.number] = e;
	link_entry(p, e);
	set_lan(e, from);
	start_lookups(e, &from->card);
	offer_candidates(e, p->now_ns);
	if (p->started)
		log_info("%s: card added", e->peer.name);
}

static void try_to_add(struct peers *p, const struct trust_peer *from,
		       const struct engine_peer_config *config)
{
	struct entry *e = calloc(1, sizeof(*e));
	int number = e ? engine_peer_add(p->links.engine, config, p->now_ns) : -ENOMEM;

	if (number >= 0) {
		e->peer.number = number;
		add(p, from, config, e);
		return;
	}
	free(e);
	note_not_added(p, from, number);
}

static void rename_entry(struct entry *e, const char *name)
{
	log_info("%s: is now called %s", e->peer.name, name);
	unlink_entry(e->owner, e);
	snprintf(e->peer.name, sizeof(e->peer.name), "%s", name);
	link_entry(e->owner, e);
}

/* Only what differs is touched: the session of a peer whose card has a new address goes on */
static void update(struct entry *e, const struct trust_peer *from,
		   const struct engine_peer_config *config)
{
	struct peers *p = e->owner;
	bool vlans = vlans_differ(&e->peer, config);

	if (e->what & TRUST_NAME)
		rename_entry(e, from->name);
	if (vlans || (e->what & (TRUST_PSK | TRUST_PATHS))) {
		keep_vlans(&e->peer, config);
		e->peer.is_fixed = config->is_fixed;
		engine_peer_change(p->links.engine, e->peer.number, config, p->now_ns);
	}
	if (vlans || (e->what & TRUST_LIMITS))
		set_lan(e, from);
	if (e->what & TRUST_AT)
		start_lookups(e, &from->card);
	if (e->what & (TRUST_AT | TRUST_PATHS))
		offer_candidates(e, p->now_ns);
	if (e->what || vlans)
		log_info("%s: card or settings changed", e->peer.name);
	e->what = 0;
}

static void free_entry(struct entry *e)
{
	struct peers *p = e->owner;

	free_lookups(&e->peer);
	unlink_entry(p, e);
	p->by_number[e->peer.number] = NULL;
	free(e);
}

static void drop(struct entry *e)
{
	struct peers *p = e->owner;

	lan_peer_unset(p->links.lan, e->peer.number);
	engine_peer_remove(p->links.engine, e->peer.number, p->now_ns);
	lan_flush(p->links.lan); /* its goodbye, before the number is used again */
	p->state_changed |= state_forget(p->links.state, &e->peer.key);
	log_info("%s: card removed", e->peer.name);
	free_entry(e);
}

static void on_change(void *context, const struct trust_change *change)
{
	struct peers *p = context;
	struct entry *e = change->before ? find_key(p, &change->before->card.key) : NULL;

	if (!e)
		return;
	if (!change->after)
		drop(e);
	else
		e->what = change->what;
}

static void apply_one(struct peers *p, const struct trust_peer *from)
{
	struct engine_peer_config config = {
		.key = from->card.key, .psk = *from->psk, .is_fixed = from->local.is_fixed};
	struct entry *e = find_key(p, &from->card.key);

	fill_vlans(p, from, e, &config);
	if (e)
		update(e, from, &config);
	else
		try_to_add(p, from, &config);
	key_wipe(&config.psk, sizeof(config.psk));
}

bool peers_apply(struct peers *p, const struct peers_reading *reading, uint64_t now_ns)
{
	p->config = reading->config;
	p->now_ns = now_ns;
	p->state_changed = false;
	notes_begin(p->links.notes, NOTE_PEERS);
	trust_compare(reading->before, reading->after, on_change, p);
	for (size_t i = 0; i < reading->after->count; i++)
		apply_one(p, &reading->after->peers[i]);
	notes_end(p->links.notes, NOTE_PEERS);
	p->config = NULL;
	p->started = true;
	return p->state_changed;
}

/* ---- what the engine reports ---- */

bool peers_moved(struct peers *p, int number)
{
	struct peer *peer = peers_get(p, number);
	struct peer_info info;

	if (!peer || !engine_peer_info(p->links.engine, number, &info) ||
	    !addr_is_unicast(&info.endpoint))
		return false;
	peer->has_last = true;
	peer->last = info.endpoint;
	return state_remember(p->links.state, &peer->key, &info.endpoint);
}

void peers_unreached(struct peers *p, int number, uint64_t now_ns)
{
	struct peer *peer = peers_get(p, number);

	for (size_t i = 0; peer && i < peer->lookup_count; i++)
		lookup_again(peer->lookups[i], now_ns);
}

void peers_network_changed(struct peers *p, uint64_t now_ns)
{
	for (struct entry *e = p->first; e; e = e->next)
		for (size_t i = 0; i < e->peer.lookup_count; i++)
			lookup_hurry(e->peer.lookups[i], now_ns);
}

void peers_free(struct peers *p)
{
	if (!p)
		return;
	while (p->first)
		free_entry(p->first);
	free(p->by_number);
	free(p);
}
