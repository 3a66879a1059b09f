/*
 * lan.c - see lan.h; life of vlans, ports and members
 */
#include "lan_private.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BITS_PER_BYTE = 8,
	CACHE_LINE_BYTES = 64
};

/* ---- vlans ---- */

static void free_vlan(struct lan_vlan *vlan)
{
	if (!vlan)
		return;
	switch_free(vlan->sw);
	guard_free(vlan->guard);
	fdb_free(vlan->near);
	free(vlan);
}

static int open_vlan(struct lan *l, const struct vlan_config *config, struct error *err)
{
	struct switch_config how = {.members_max = LAN_MEMBERS_MAX, .max_frame = l->max_frame};
	struct lan_vlan *vlan = calloc(1, sizeof(*vlan));
	uint8_t slot = 0;

	randombytes_buf(&how.key, sizeof(how.key));
	if (vlan) {
		vlan->sw = switch_new(&how);
		vlan->guard = guard_new(&how.key, LAN_MEMBERS_MAX);
	}
	if (!vlan || !vlan->sw || !vlan->guard) {
		free_vlan(vlan);
		return error_set(err, -ENOMEM, "not enough memory for vlan %s", config->name);
	}
	vlan->config = *config;
	while (l->vlans[slot])
		slot++; /* as many slots as a configuration has vlans: one is free */
	l->vlans[slot] = vlan;
	l->vlan_at[config->id] = (uint8_t)(slot + 1);
	return 0;
}

static void close_vlan(struct lan *l, size_t slot)
{
	struct lan_vlan *vlan = l->vlans[slot];

	l->vlan_at[vlan->config.id] = 0;
	l->vlans[slot] = NULL;
	free_vlan(vlan);
}

/* ---- members ---- */

static void join(struct lan *l, const struct lan_vlan *vlan, int member,
		 const struct switch_member *how)
{
	switch_join(vlan->sw, member, how, lan_now_ns(l));
	guard_join(vlan->guard, member, how->is_peer);
}

static void leave(const struct lan_vlan *vlan, int member)
{
	switch_leave(vlan->sw, member);
	guard_forget(vlan->guard, member);
}

/* ---- ports ---- */

void lan_join_port(const struct lan_port *p)
{
	struct switch_member how = {.quota = SWITCH_PORT_QUOTA, .broadcast = p->config.broadcast};

	if (!p->port->has_lanes)
		join(p->lan, p->vlan, p->member, &how);
}

void lan_leave_port(const struct lan_port *p)
{
	leave(p->vlan, p->member);
}

static void close_port(struct lan *l, size_t slot)
{
	struct lan_port *p = l->ports[slot];

	lan_segments_close_port(p);
	lan_lanes_drop(p);
	lan_leave_port(p);
	p->port->ops->close(p->port);
	lan_put_port(l, slot, NULL);
	free(p);
}

static int open_port(struct lan *l, const struct port_config *config, struct error *err)
{
	struct port_env env = {.loop = l->loop,
			       .area = &l->area,
			       .offload = l->offload,
			       .hubs = &l->hubs,
			       .folder = l->folder};
	struct lan_port *p = calloc(1, sizeof(*p));
	struct port_events events = lan_port_events(p);
	int slot = 0, code;

	if (!p)
		return error_set(err, -ENOMEM, "not enough memory for port %s", config->name);
	code = port_ops_for(config->type)->open(&p->port, &env, config, &events, err);
	if (code < 0) {
		free(p);
		return code;
	}
	while (l->ports[slot])
		slot++; /* as many slots as a configuration has ports: one is free */
	p->lan = l;
	p->config = *config;
	snprintf(p->name, sizeof(p->name), "%s", config->name);
	p->vlan = lan_vlan_by_id(l, config->vlan);
	p->member = slot;
	p->lonely_ticks = LAN_LONELY_TICKS;
	lan_put_port(l, (size_t)slot, p);
	lan_join_port(p);
	lan_segments_open_port(p);
	return 0;
}

static const struct port_config *find_config(const struct config *c, const struct port_config *as)
{
	for (size_t i = 0; i < c->port_count; i++) {
		if (port_config_same(&c->ports[i], as))
			return &c->ports[i];
	}
	return NULL;
}

static struct lan_port *find_port(const struct lan *l, const struct port_config *as)
{
	for (size_t i = 0; i < CONFIG_PORTS_MAX; i++) {
		if (l->ports[i] && port_config_same(&l->ports[i]->config, as))
			return l->ports[i];
	}
	return NULL;
}

/* ---- reload: first what goes, then what stays or comes ---- */

/* Do its machines find a port where they found this one? */
static bool has_heir(const struct config *c, const struct port_config *p)
{
	const struct port_config *heir = config_port_by_name(c, p->name);

	return heir && heir->type == p->type && endpoint_equal(&heir->plug.local, &p->plug.local);
}

static void close_for_good(struct lan *l, size_t slot, const struct config *config)
{
	struct lan_port *p = l->ports[slot];

	if (p->port->ops->forget && !has_heir(config, &p->config))
		p->port->ops->forget(p->port);
	close_port(l, slot);
}

/* A TAP is asked for offloads when it is opened. */
static bool stays(const struct lan *l, const struct config *config, const struct port_config *p)
{
	return find_config(config, p) && (p->type != PORT_TAP || l->offload == config->offload);
}

static void close_what_goes(struct lan *l, const struct config *config)
{
	for (size_t i = 0; i < CONFIG_PORTS_MAX; i++) {
		if (l->ports[i] && !stays(l, config, &l->ports[i]->config))
			close_for_good(l, i, config);
	}
	for (size_t i = 0; i < CONFIG_VLANS_MAX; i++) {
		if (l->vlans[i] && !config_vlan_by_id(config, l->vlans[i]->config.id))
			close_vlan(l, i);
	}
}

static int open_what_comes(struct lan *l, const struct config *config, struct error *err)
{
	int code = 0;

	for (size_t i = 0; i < config->vlan_count && code == 0; i++) {
		struct lan_vlan *vlan = lan_vlan_by_id(l, config->vlans[i].id);

		if (vlan)
			vlan->config = config->vlans[i];
		else
			code = open_vlan(l, &config->vlans[i], err);
	}
	for (size_t i = 0; i < config->port_count && code == 0; i++) {
		struct lan_port *p = find_port(l, &config->ports[i]);

		if (!p) {
			code = open_port(l, &config->ports[i], err);
			continue;
		}
		p->config = config->ports[i];
		lan_join_port(p);
		lan_lanes_reload(p);
	}
	return code;
}

static bool has_vlan(const struct lan_peer *p, uint16_t id)
{
	for (size_t i = 0; i < p->vlan_count; i++) {
		if (p->vlans[i] == id)
			return true;
	}
	return false;
}

/* Make a peer a member of its vlans and of no other. */
static void apply_peer(struct lan *l, size_t peer)
{
	const struct lan_peer *p = &l->peers[peer];
	struct switch_member how = {
		.is_peer = true,
		.quota = p->limits.mac_quota ? p->limits.mac_quota : SWITCH_PEER_QUOTA,
		.broadcast = p->limits.broadcast,
	};
	int member = LAN_PEER_BASE + (int)peer;

	for (size_t i = 0; i < CONFIG_VLANS_MAX; i++) {
		struct lan_vlan *vlan = l->vlans[i];

		if (vlan && p->is_set && has_vlan(p, vlan->config.id)) {
			join(l, vlan, member, &how);
			switch_pin(vlan->sw, member, p->limits.pins, p->limits.pin_count);
		} else if (vlan) {
			leave(vlan, member);
		}
	}
}

int lan_reload(struct lan *l, const struct config *config, struct error *err)
{
	int code;

	snprintf(l->folder, sizeof(l->folder), "%s", config->folder);
	l->broadcast = config->broadcast;
	lan_attached_reload(l, config);
	l->mss_clamp = config->mss_clamp;
	l->dscp_copy = config->dscp_copy;
	close_what_goes(l, config);
	l->offload = config->offload;
	code = open_what_comes(l, config, err);
	for (size_t i = 0; i < l->peers_capacity; i++)
		apply_peer(l, i);
	lan_carrier_follow(l, 0);
	lan_touch(l);
	lan_settle(l);
	l->now_ns = 0;
	return code;
}

/* ---- peers ---- */

/* Return: the peer's place, made if need be; NULL without memory. */
static struct lan_peer *peer_place(struct lan *l, int peer)
{
	size_t wanted = (size_t)peer + 1;

	assert(peer >= 0 && peer < LAN_PEERS_MAX);
	if (wanted > l->peers_capacity) {
		struct lan_peer *more = realloc(l->peers, wanted * sizeof(*more));

		if (!more)
			return NULL;
		memset(more + l->peers_capacity, 0, (wanted - l->peers_capacity) * sizeof(*more));
		l->peers = more;
		l->peers_capacity = wanted;
	}
	return &l->peers[peer];
}

/* One second deep, and deep enough for the longest frame. */
static void start_bucket(struct lan *l, struct lan_peer *p, uint64_t rate)
{
	uint32_t bytes = (uint32_t)(rate / BITS_PER_BYTE);

	bucket_init(&p->bucket, bytes, bytes > FRAME_MAX_BYTES ? bytes : FRAME_MAX_BYTES,
		    lan_now_ns(l));
}

void lan_peer_set(struct lan *l, int peer, const uint16_t *vlans, size_t vlan_count,
		  const struct lan_limits *limits)
{
	struct lan_peer *p = peer_place(l, peer);

	if (!p)
		return; /* it stays a member of nothing */
	if (!p->is_set || p->limits.rate != limits->rate)
		start_bucket(l, p, limits->rate);
	p->is_set = true;
	p->limits = *limits;
	p->vlan_count = vlan_count < PEER_VLANS_MAX ? vlan_count : PEER_VLANS_MAX;
	memcpy(p->vlans, vlans, p->vlan_count * sizeof(*vlans));
	apply_peer(l, (size_t)peer);
	l->now_ns = 0;
}

void lan_peer_unset(struct lan *l, int peer)
{
	if (peer < 0 || (size_t)peer >= l->peers_capacity)
		return;
	lan_segments_peer_down(l, peer);
	l->peers[peer] = (struct lan_peer){.is_set = false};
	apply_peer(l, (size_t)peer);
}

void lan_peer_down(struct lan *l, int peer)
{
	lan_segments_peer_down(l, peer);
	for (size_t i = 0; i < CONFIG_VLANS_MAX; i++) {
		if (!l->vlans[i])
			continue;
		switch_forget(l->vlans[i]->sw, LAN_PEER_BASE + peer);
		guard_forget(l->vlans[i]->guard, LAN_PEER_BASE + peer);
	}
}

/* ---- life ---- */

void lan_network_changed(struct lan *l)
{
	lan_touch(l);
	for (size_t i = 0; i < CONFIG_PORTS_MAX; i++) {
		if (l->ports[i])
			l->ports[i]->port->ops->network_changed(l->ports[i]->port, lan_now_ns(l));
	}
	l->now_ns = 0;
}

static int init_area(struct lan *l)
{
	size_t slot = ((size_t)l->max_frame + 1 + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES *
		      CACHE_LINE_BYTES;

	l->area = (struct udp_area){.bytes = malloc(UDP_BATCH * slot), .slot_bytes = slot};
	l->clamped = malloc(l->max_frame);
	l->finished = malloc(OFFLOAD_FRAME_MAX);
	if (!l->area.bytes || !l->clamped || !l->finished)
		return -ENOMEM;
	l->area.slots = udp_slots_new(&l->area);
	return l->area.slots ? 0 : -ENOMEM;
}

static void free_lan(struct lan *l)
{
	segments_free(l->segments);
	free(l->area.slots);
	free(l->area.bytes);
	free(l->clamped);
	free(l->finished);
	free(l->peers);
	free(l);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct lan *l = handle->data;

	if (--l->timers == 0)
		free_lan(l);
}

void lan_close(struct lan *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < CONFIG_PORTS_MAX; i++) {
		if (l->ports[i])
			close_port(l, i);
	}
	for (size_t i = 0; i < CONFIG_VLANS_MAX; i++) {
		if (l->vlans[i])
			close_vlan(l, i);
	}
	l->timers = 2;
	uv_close((uv_handle_t *)&l->timer, on_timer_closed);
	uv_close((uv_handle_t *)&l->segments_timer, on_timer_closed);
}

int lan_open(struct lan **out, uv_loop_t *loop, struct engine *engine, const struct config *config,
	     struct error *err)
{
	struct lan *l = calloc(1, sizeof(*l));
	int code;

	if (!l)
		return error_set(err, -ENOMEM, "not enough memory for the vlans");
	l->loop = loop;
	l->engine = engine;
	l->max_frame = config->max_frame;
	randombytes_buf(&l->key, sizeof(l->key));
	if (init_area(l) < 0 || lan_segments_open(l) < 0) {
		free_lan(l);
		return error_set(err, -ENOMEM, "not enough memory for the vlans");
	}
	uv_timer_init(loop, &l->timer);
	l->timer.data = l;
	code = lan_reload(l, config, err);
	if (code < 0) {
		lan_close(l);
		return code;
	}
	*out = l;
	return 0;
}

void lan_use_tunnel(struct lan *l, struct tunnel *t)
{
	l->tunnel = t;
}

void lan_use_names(struct lan *l, const char *(*name_of)(void *context, int peer), void *context)
{
	l->name_of = name_of;
	l->name_context = context;
}
