/*
 * status.c - see status.h
 */
#include "agent/status.h"

#include "agent/dump.h"
#include "agent/json_text.h"
#include "agent/lan.h"
#include "agent/peers.h"
#include "agent/tunnel.h"
#include "proto/drop.h"
#include "proto/engine.h"

enum {
	SCHEMA = 1,
	LISTENING_MAX = 2, /* one socket of each family */
	LAN_WARNINGS_MAX = 64,
};

static const uint64_t NS_PER_S = 1000000000;

json_t *status_drops(const uint64_t *counters)
{
	json_t *object = json_object();

	for (int reason = DROP_NONE + 1; counters && reason < DROP_COUNT; reason++)
		if (counters[reason])
			json_object_set_new(object, drop_name((enum drop)reason),
					    json_integer((json_int_t)counters[reason]));
	return object;
}

json_t *status_warning(const struct warning *warning)
{
	return json_pack("{s:s, s:o, s:o}", "code", warning->code, "text", json_text(warning->text),
			 "fix", json_text(warning->fix));
}

static json_t *listening(const struct agent *a)
{
	json_t *list = json_array();
	struct addr bound[LISTENING_MAX];
	size_t count = a->tunnel ? tunnel_bound(a->tunnel, bound) : 0;
	char text[ADDR_TEXT_BYTES];

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(addr_format(&bound[i], text)));
	return list;
}

static json_t *sandbox(const struct agent *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->sandbox.count; i++)
		json_array_append_new(list, json_string(a->sandbox.steps[i]));
	return list;
}

static json_t *own_part(const struct agent *a, uint64_t now_ns)
{
	char key[KEY_TEXT_BYTES];

	return json_pack("{s:s, s:s, s:s, s:o, s:I, s:o, s:I, s:o}", "name", a->config.name, "key",
			 public_key_format(&a->key, key), "version", LONGWIRE_VERSION, "folder",
			 json_text(a->config.folder), "uptime_s",
			 (json_int_t)((now_ns - a->started_ns) / NS_PER_S), "listen", listening(a),
			 "wakeups", (json_int_t)a->wakeups, "sandbox", sandbox(a));
}

static json_t *peer_list(const struct agent *a, uint64_t now_ns)
{
	json_t *list = json_array();

	for (const struct peer *p = peers_next(a->peers, NULL); p; p = peers_next(a->peers, p))
		json_array_append_new(list, status_peer(a, p, now_ns));
	return list;
}

static json_t *port(const struct port_info *info)
{
	json_t *object =
		json_pack("{s:s, s:s, s:s, s:o}", "name", info->name, "type", info->type, "state",
			  port_state_name(info->state), "detail", json_text(info->detail));

	json_object_set_new(object, "plugged", json_boolean(info->plugged));
	json_object_set_new(object, "rx_frames", json_integer((json_int_t)info->rx_frames));
	json_object_set_new(object, "tx_frames", json_integer((json_int_t)info->tx_frames));
	json_object_set_new(object, "rx_bytes", json_integer((json_int_t)info->rx_bytes));
	json_object_set_new(object, "tx_bytes", json_integer((json_int_t)info->tx_bytes));
	json_object_set_new(object, "drops", status_drops(info->drops));
	return object;
}

static json_t *port_list(const struct agent *a, uint16_t vlan)
{
	json_t *list = json_array();
	struct port_info info;

	for (size_t i = 0; lan_port_info(a->lan, i, &info); i++)
		if (info.vlan == vlan)
			json_array_append_new(list, port(&info));
	return list;
}

/* struct mac_visit - where visited addresses go */
struct mac_visit {
	const struct agent *agent;
	uint16_t vlan;
	json_t *list;
};

static void on_mac(void *context, const struct mac_info *info)
{
	struct mac_visit *visit = context;
	char mac[MAC_TEXT_BYTES];
	bool at_peer = info->peer >= 0;

	if (info->vlan != visit->vlan)
		return;
	json_array_append_new(
		visit->list, json_pack("{s:s, s:s?, s:s?, s:I}", "mac", mac_format(&info->mac, mac),
				       "port", info->port, "peer",
				       at_peer ? peers_name(visit->agent->peers, info->peer) : NULL,
				       "age_s", (json_int_t)info->age_s));
}

static json_t *mac_list(const struct agent *a, uint16_t vlan)
{
	struct mac_visit visit = {.agent = a, .vlan = vlan, .list = json_array()};

	lan_macs(a->lan, on_mac, &visit);
	return visit.list;
}

static json_t *vlan_list(const struct agent *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->config.vlan_count; i++) {
		const struct vlan_config *vlan = &a->config.vlans[i];

		json_array_append_new(list,
				      json_pack("{s:s, s:i, s:o, s:o}", "name", vlan->name, "id",
						(int)vlan->id, "ports", port_list(a, vlan->id),
						"macs", mac_list(a, vlan->id)));
	}
	return list;
}

static json_t *knock_list(const struct agent *a, uint64_t now_ns)
{
	char key[KEY_TEXT_BYTES], phrase[CHECK_PHRASE_BYTES], from[ADDR_TEXT_BYTES];
	json_t *list = json_array();
	struct knock knocks[KNOCKS_MAX];
	size_t count = engine_knocks(a->engine, knocks, now_ns);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:I}", "key",
					public_key_format(&knocks[i].key, key), "phrase",
					check_phrase(&a->key, &knocks[i].key, phrase), "from",
					addr_format(&knocks[i].from, from), "age_s",
					(json_int_t)((now_ns - knocks[i].when_ns) / NS_PER_S)));
	return list;
}

static json_t *name_or_null(const char *name)
{
	return *name ? json_string(name) : json_null();
}

static json_t *dump_list(const struct agent *a, uint64_t now_ns)
{
	json_t *list = json_array();
	struct dump_info info;

	for (size_t i = 0; dump_info(a->dump, i, &info); i++) {
		const struct vlan_config *vlan = config_vlan_by_id(&a->config, info.filter->vlan);

		json_array_append_new(
			list,
			json_pack("{s:I, s:s?, s:o, s:o, s:I, s:I, s:I}", "uid",
				  (json_int_t)info.uid, "vlan", vlan ? vlan->name : NULL, "peer",
				  name_or_null(info.filter->peer), "port",
				  name_or_null(info.filter->port), "frames",
				  (json_int_t)info.frames, "lost", (json_int_t)info.lost, "age_s",
				  (json_int_t)((now_ns - info.since_ns) / NS_PER_S)));
	}
	return list;
}

static const char *name_of(void *context, int peer)
{
	return peers_name(context, peer);
}

static json_t *warning_list(const struct agent *a, uint64_t now_ns)
{
	static struct warning found[LAN_WARNINGS_MAX]; /* one thread; too large for the stack */
	json_t *list = json_array();
	size_t count = lan_warnings(a->lan, name_of, a->peers, found, LAN_WARNINGS_MAX);

	for (size_t i = 0; i < a->notes.count; i++)
		json_array_append_new(list, status_warning(&a->notes.list[i].warning));
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, status_warning(&found[i]));
	for (const struct peer *p = peers_next(a->peers, NULL); p; p = peers_next(a->peers, p))
		status_peer_warnings(a, p, now_ns, list);
	return list;
}

/* What belongs to no peer and no port; the kernel counts what it had no room for. */
static json_t *general_drops(const struct agent *a)
{
	uint64_t counters[DROP_COUNT];

	memcpy(counters, engine_drops(a->engine), sizeof(counters));
	counters[DROP_TUNNEL_OVERFLOW] += tunnel_lost(a->tunnel);
	return status_drops(counters);
}

json_t *status_build(const struct agent *a, uint64_t now_ns)
{
	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "schema", SCHEMA, "agent",
			 own_part(a, now_ns), "peers", peer_list(a, now_ns), "vlans", vlan_list(a),
			 "knocks", knock_list(a, now_ns), "dumps", dump_list(a, now_ns), "drops",
			 general_drops(a), "warnings", warning_list(a, now_ns));
}
