/*
 * peers.c - see peers.h
 */
#include "peers.h"

#include <errno.h>
#include <string.h>

#include "hello.h"
#include "knocks.h"
#include "known_keys.h"
#include "outbox.h"
#include "path.h"
#include "path_probe.h"
#include "path_table.h"
#include "pings.h"
#include "session.h"
#include "timers.h"

int engine_peer_find(const struct engine *e, const struct public_key *key)
{
	const struct peer *p = known_keys_find(e, key);

	return p ? (int)p->number : -ENOENT;
}

/* Return: a number that is not in use, or peers_max. */
static uint32_t free_number(const struct engine *e)
{
	uint32_t number = 0;

	while (number < e->peers_end && e->peers[number].in_use)
		number++;
	return number;
}

static void set_policy(struct peer *p, const struct engine_peer_config *config)
{
	p->secrets->psk = config->psk;
	p->vlan_count = (uint8_t)config->vlan_count;
	memcpy(p->vlans, config->vlans, config->vlan_count * sizeof(p->vlans[0]));
	p->is_fixed = config->is_fixed;
}

static bool vlans_differ(const struct peer *p, const struct engine_peer_config *config)
{
	return p->vlan_count != config->vlan_count ||
	       memcmp(p->vlans, config->vlans, config->vlan_count * sizeof(p->vlans[0])) != 0;
}

int engine_peer_add(struct engine *e, const struct engine_peer_config *config, uint64_t now_ns)
{
	uint32_t number = free_number(e);
	struct peer_secrets *secrets;
	struct peer *p;

	if (known_keys_find(e, &config->key))
		return -EEXIST;
	if (number == e->peers_max)
		return -ENOSPC;
	secrets = &e->secrets->peers[number];
	if (public_key_equal(&config->key, &e->own_key) ||
	    noise_dh(secrets->static_static, &e->secrets->own, &config->key))
		return -EINVAL;
	p = &e->peers[number];
	/* A number used before may still be in the event ring: its place there serves again. */
	*p = (struct peer){.number = number,
			   .in_use = true,
			   .event_queued = p->event_queued,
			   .key = config->key,
			   .key_hash = hello_key_hash(&config->key),
			   .secrets = secrets,
			   .current = SLOT_NONE,
			   .keepalive_at_ns = HEAP_NEVER,
			   .open_slot = -1,
			   .attempt = {.at_ns = now_ns}};
	p->hello.resend_at_ns = HEAP_NEVER;
	path_init(p);
	p->key_is_lower = memcmp(p->key.b, e->own_key.b, KEY_BYTES) < 0;
	known_keys_add(e, p);
	mac_keys_for(&p->key, &p->macs);
	set_policy(p, config);
	if (number == e->peers_end)
		e->peers_end++;
	knocks_forget(e, &p->key);
	hello_changed(e, now_ns);
	timers_due(e, p, now_ns);
	return (int)number;
}

void engine_peer_change(struct engine *e, int peer, const struct engine_peer_config *config,
			uint64_t now_ns)
{
	struct peer *p = peer_by_number(e, peer);
	bool new_psk, new_vlans;

	if (!p)
		return;
	new_vlans = vlans_differ(p, config);
	new_psk = memcmp(&p->secrets->psk, &config->psk, sizeof(config->psk)) != 0;
	if (new_psk)
		outbox_goodbye(e, p, now_ns);
	set_policy(p, config);
	if (new_psk) {
		session_end_all(e, p, now_ns);
		p->trouble = TROUBLE_NONE;
	}
	path_hold(e, p, now_ns);
	if (new_vlans)
		hello_changed(e, now_ns);
	timers_due(e, p, now_ns);
}

void engine_peer_remove(struct engine *e, int peer, uint64_t now_ns)
{
	struct peer *p = peer_by_number(e, peer);

	if (!p)
		return;
	outbox_goodbye(e, p, now_ns);
	session_end_all(e, p, now_ns);
	heap_set(&e->timers, &p->timer, HEAP_NEVER);
	key_wipe(p->secrets, sizeof(*p->secrets));
	if (e->input.peer == p)
		e->input.peer = NULL;
	pings_forget(e, p);
	known_keys_remove(e, p);
	p->in_use = false;
	hello_changed(e, now_ns);
}

void engine_peer_candidates(struct engine *e, int peer, const struct addr *addrs, size_t count,
			    uint64_t now_ns)
{
	struct peer *p = peer_by_number(e, peer);
	bool is_new = false;

	if (!p)
		return;
	for (size_t i = 0; i < count && i < PEER_CANDIDATES_MAX; i++) {
		bool known = false;

		for (size_t k = 0; k < p->candidate_count; k++)
			known |= addr_equal(&p->candidates[k], &addrs[i]);
		is_new |= !known;
	}
	p->candidate_count = (uint8_t)(count < PEER_CANDIDATES_MAX ? count : PEER_CANDIDATES_MAX);
	for (size_t i = 0; i < p->candidate_count; i++)
		p->candidates[i] = addrs[i];
	path_sync(p);
	path_hold(e, p, now_ns);
	path_probe_new(e, p, now_ns);
	if (is_new && timers_wants_reach(p, now_ns))
		p->attempt = (struct peer_try){.at_ns = now_ns, .blocked = p->attempt.blocked};
	timers_due(e, p, now_ns);
}

/* Start the tries again for one without a session; let one with a session prove itself. */
static void try_now(struct engine *e, struct peer *p, uint64_t now_ns)
{
	/* Changes may come in quick succession: the answer to a try must find it still outstanding. */
	uint64_t at_ns =
		p->tried_ns && age_of(p->tried_ns, now_ns) < TRY_NS ? p->tried_ns + TRY_NS : now_ns;

	if (timers_wants_reach(p, now_ns)) {
		p->attempt = (struct peer_try){.at_ns = at_ns, .blocked = p->attempt.blocked};
	} else {
		p->ping.wanted = true; /* by its timer: the outbox has no room for all at once */
		if (!p->doubt_ns)
			p->doubt_ns = now_ns ? now_ns : 1;
	}
	path_network_changed(e, p, now_ns);
	timers_wake_by(e, p, now_ns);
}

void engine_network_changed(struct engine *e, uint64_t now_ns)
{
	for (uint32_t i = 0; i < e->peers_end; i++)
		if (e->peers[i].in_use)
			try_now(e, &e->peers[i], now_ns);
}

bool engine_goodbye(struct engine *e, uint64_t now_ns)
{
	for (uint32_t i = 0; i < e->peers_end; i++) {
		struct peer *p = &e->peers[i];

		if (!p->in_use || p->current == SLOT_NONE)
			continue;
		if (outbox_room(e) < GOODBYES_MAX)
			return true;
		outbox_goodbye(e, p, now_ns);
		session_end_all(e, p, now_ns);
		heap_set(&e->timers, &p->timer, HEAP_NEVER);
	}
	return false;
}

/* ---- status ---- */

bool engine_peer_is_up(const struct engine *e, int peer)
{
	const struct peer *p = peer_by_number(e, peer);

	return p && p->is_up;
}

static enum peer_state state_of(const struct peer *p)
{
	if (p->is_up)
		return PEER_UP;
	if (p->current != SLOT_NONE)
		return PEER_CONNECTING; /* its address is being validated */
	if (!path_has_target(p))
		return p->said_goodbye ? PEER_DOWN : PEER_IDLE;
	if (p->said_goodbye || p->attempt.interval_ns > TRY_NS)
		return PEER_DOWN;
	return PEER_CONNECTING;
}

bool peer_shares_vlan(const struct peer *p, uint16_t vlan)
{
	for (size_t i = 0; i < p->vlan_count; i++)
		if (p->vlans[i] == vlan)
			return true;
	return false;
}

/* Keys that the peer knows on vlans that we share, and we do not. */
static uint32_t count_unknown(const struct engine *e, const struct peer *p)
{
	uint32_t count = 0;

	for (size_t i = 0; i < p->hello.known_count; i++)
		count += peer_shares_vlan(p, p->hello.known_vlans[i]) &&
			 p->hello.known_hashes[i] != e->own_key_hash &&
			 !known_keys_has(e, p->hello.known_hashes[i]);
	return count;
}

static void describe_hello(const struct engine *e, const struct peer *p, struct peer_info *out)
{
	const struct peer_hello *h = &p->hello;

	memcpy(out->name, h->name, sizeof(out->name));
	out->vlan_count = h->vlan_count;
	memcpy(out->vlans, h->vlans, h->vlan_count * sizeof(h->vlans[0]));
	out->local_count = h->local_count;
	for (size_t i = 0; i < h->local_count; i++)
		out->local[i] = hello_addr(&h->local[i]);
	out->unknown_keys = count_unknown(e, p);
}

bool engine_peer_info(const struct engine *e, int peer, struct peer_info *out)
{
	const struct peer *p = peer_by_number(e, peer);

	if (!p)
		return false;
	*out = (struct peer_info){
		.key = p->key,
		.state = state_of(p),
		.trouble = p->trouble,
		.cipher = p->current == SLOT_NONE ? NULL
						  : cipher_name(p->sessions[p->current].cipher),
		.endpoint = peer_endpoint(p),
		.elsewhere = p->elsewhere,
		.elsewhere_ns = p->elsewhere_ns,
		.rtt_ns = peer_path(p) ? peer_path(p)->rtt_ns : 0,
		.mtu_bytes = engine_peer_mtu(e, peer),
		.handshake_ns = p->handshake_ns,
		.heard_ns = p->heard_ns,
		.tries = p->attempt.count,
		.tries_since_ns = p->attempt.since_ns,
		.rx_frames = p->rx_frames,
		.tx_frames = p->tx_frames,
		.rx_bytes = p->rx_bytes,
		.tx_bytes = p->tx_bytes,
	};
	memcpy(out->drops, p->drops, sizeof(out->drops));
	describe_hello(e, p, out);
	return true;
}
