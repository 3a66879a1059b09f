/*
 * status_peer.c - the part of status that describes a peer; see status.h
 */
#include "agent/command.h"
#include "agent/detail.h"
#include "agent/json_text.h"
#include "agent/peers.h"
#include "agent/status.h"
#include "proto/engine.h"

enum {
	RECENT_S = 60 /* heard elsewhere so long ago is still of interest */
};

static const uint64_t NS_PER_S = 1000000000;
static const double NS_PER_MS = 1e6;

static const char *const STATE_NAMES[] = {
	[PEER_UP] = "up",
	[PEER_CONNECTING] = "connecting",
	[PEER_IDLE] = "idle",
	[PEER_DOWN] = "down",
};

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *vlan_names(const struct agent *a, const struct peer *peer)
{
	json_t *names = json_array();

	for (size_t i = 0; i < peer->vlan_count; i++) {
		const struct vlan_config *vlan = config_vlan_by_id(&a->config, peer->vlans[i]);

		if (vlan)
			json_array_append_new(names, json_string(vlan->name));
	}
	return names;
}

static json_t *path_of(const struct peer_info *info)
{
	char endpoint[ADDR_TEXT_BYTES];

	if (info->state != PEER_UP)
		return json_null();
	return json_pack("{s:s, s:s, s:n, s:o, s:I}", "kind", "direct", "endpoint",
			 addr_format(&info->endpoint, endpoint), "via", "rtt_ms",
			 info->rtt_ns ? json_real((double)info->rtt_ns / NS_PER_MS) : json_null(),
			 "mtu_bytes", (json_int_t)info->mtu_bytes);
}

static json_t *age_or_null(uint64_t then_ns, uint64_t now_ns)
{
	return then_ns ? json_integer((json_int_t)((now_ns - then_ns) / NS_PER_S)) : json_null();
}

static void set_counters(json_t *object, const struct peer_info *info)
{
	json_object_set_new(object, "rx_frames", json_integer((json_int_t)info->rx_frames));
	json_object_set_new(object, "tx_frames", json_integer((json_int_t)info->tx_frames));
	json_object_set_new(object, "rx_bytes", json_integer((json_int_t)info->rx_bytes));
	json_object_set_new(object, "tx_bytes", json_integer((json_int_t)info->tx_bytes));
	json_object_set_new(object, "drops", status_drops(info->drops));
}

json_t *status_peer(const struct agent *a, const struct peer *peer, uint64_t now_ns)
{
	char key[KEY_TEXT_BYTES], detail[DETAIL_BYTES];
	struct peer_info info = {.state = PEER_DOWN};
	bool up;
	json_t *object;

	engine_peer_info(a->engine, peer->number, &info);
	up = info.state == PEER_UP;
	object = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name", peer->name,
			   "key", public_key_format(&peer->key, key), "state",
			   STATE_NAMES[info.state], "detail",
			   json_text(detail_of_peer(peer, &info, now_ns, detail)), "cipher",
			   text_or_null(up ? info.cipher : NULL), "vlans", vlan_names(a, peer),
			   "path", path_of(&info), "paths", status_paths(a, peer),
			   "handshake_age_s", age_or_null(info.handshake_ns, now_ns));
	if (object)
		set_counters(object, &info);
	return object;
}

static bool shares_vlan(const struct peer *peer, const struct peer_info *info)
{
	for (size_t i = 0; i < peer->vlan_count; i++)
		for (size_t j = 0; j < info->vlan_count; j++)
			if (peer->vlans[i] == info->vlans[j])
				return true;
	return false;
}

static void warn_no_common_vlan(const struct agent *a, const struct peer *peer,
				const struct peer_info *info, json_t *list)
{
	struct warning w = warning_make("no-common-vlan", "", "");

	if (info->vlan_count == 0 || peer->vlan_count == 0 || shares_vlan(peer, info))
		return;
	warning_set_text(&w, "%s shares no vlan with you: the first id there is %u, here %u",
			 peer->name, info->vlans[0], peer->vlans[0]);
	warning_set_fix(&w, "agree on one id and write it into the [vlan] section of %s",
			a->config.file);
	json_array_append_new(list, status_warning(&w));
}

static void warn_missing_card(const struct agent *a, const struct peer *peer,
			      const struct peer_info *info, json_t *list)
{
	struct warning w = warning_make("missing-card", "", "");
	char command[COMMAND_BYTES];

	if (info->unknown_keys == 0)
		return;
	warning_set_text(&w,
			 "%s knows %u agent%s on your LAN whose card is not here: you do not see "
			 "the machines there",
			 peer->name, info->unknown_keys, info->unknown_keys == 1 ? "" : "s");
	warning_set_fix(&w, "ask for the missing cards, then: %s",
			command_text(a->config.folder, "add", command));
	json_array_append_new(list, status_warning(&w));
}

/* It may be all right: a router in between that gives its packets another port. Or nothing of ours
 * arrives. */
static void warn_not_followed(const struct agent *a, const struct peer *peer,
			      const struct peer_info *info, uint64_t now_ns, json_t *list)
{
	char elsewhere[ADDR_TEXT_BYTES], endpoint[ADDR_TEXT_BYTES];
	struct warning w = warning_make("not-followed", "", "");

	if (!info->elsewhere_ns || now_ns - info->elsewhere_ns > RECENT_S * NS_PER_S)
		return;
	warning_set_text(&w,
			 "%s sends from %s, which its card does not name; what we send goes to %s, "
			 "as 'roam = no' has it",
			 peer->name, addr_format(&info->elsewhere, elsewhere),
			 addr_format(&info->endpoint, endpoint));
	warning_set_fix(&w,
			"if nothing arrives there: ask for a new card, or take 'roam = no' out of "
			"%s/peers/%s.local",
			a->config.folder, peer->name);
	json_array_append_new(list, status_warning(&w));
}

void status_peer_warnings(const struct agent *a, const struct peer *peer, uint64_t now_ns,
			  json_t *list)
{
	struct peer_info info;

	if (!engine_peer_info(a->engine, peer->number, &info) || info.state != PEER_UP)
		return;
	warn_no_common_vlan(a, peer, &info, list);
	warn_missing_card(a, peer, &info, list);
	warn_not_followed(a, peer, &info, now_ns, list);
}
