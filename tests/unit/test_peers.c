/*
 * test_peers.c - agent/peers.h, with the real engine, real readings of a real folder, and a fake lan
 */
#include "unit.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/peers.h"

enum {
	PATH_BYTES = 256,
	PEERS = 4,
	TEXT_BYTES = 1024
};

/* ---- the fake lan: what was asked of it ---- */

static struct {
	int peer;
	size_t vlan_count;
	uint16_t first_vlan;
	struct lan_limits limits;
	int sets;
	int unsets;
} lan;

void lan_peer_set(struct lan *l, int peer, const uint16_t *vlans, size_t vlan_count,
		  const struct lan_limits *limits)
{
	(void)l;
	lan.peer = peer;
	lan.vlan_count = vlan_count;
	lan.first_vlan = vlan_count ? vlans[0] : 0;
	lan.limits = *limits;
	lan.sets++;
}

void lan_peer_unset(struct lan *l, int peer)
{
	(void)l;
	(void)peer;
	lan.unsets++;
}

static struct engine *engine;

void lan_flush(struct lan *l)
{
	(void)l;
	engine_flush(engine, 1);
	engine_outbox_clear(engine);
}

/* ---- the world ---- */

static char folder[PATH_BYTES];
static char peers_folder[PATH_BYTES + 8];
static uv_loop_t loop;
static void *plain, *secrets;
static struct state state_file;
static struct notes notes;
static struct peers *peers;
static struct trust trust;
static struct config config;

static void fill_random(void *context, void *out, size_t len)
{
	(void)context;
	randombytes_buf(out, len);
}

static void start_engine(void)
{
	struct secret_key secret;
	struct engine_config c = {.secret = &secret,
				  .random = fill_random,
				  .peers_max = PEERS,
				  .max_frame = FRAME_MAX_DEFAULT_BYTES,
				  .wall_ns = 1700000000000000000,
				  .now_ns = 1};

	randombytes_buf(&secret, sizeof(secret));
	plain = calloc(1, engine_memory_bytes(&c));
	secrets = calloc(1, engine_secret_bytes(&c));
	engine = engine_init(&c, plain, secrets);
}

static int setup(void **state)
{
	struct peers_links links = {
		.loop = &loop, .state = &state_file, .notes = &notes, .peers_max = PEERS};

	(void)state;
	memset(&lan, 0, sizeof(lan));
	memset(&notes, 0, sizeof(notes));
	memset(&trust, 0, sizeof(trust));
	memset(&state_file, 0, sizeof(state_file));
	config = (struct config){.broadcast = 5000, .vlan_count = 1};
	config.vlans[0] = (struct vlan_config){.name = "lan", .id = 7};
	snprintf(folder, sizeof(folder), "/tmp/longwire-peers-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(config.folder, sizeof(config.folder), "%s", folder);
	snprintf(config.file, sizeof(config.file), "%s/agent.conf", folder);
	snprintf(peers_folder, sizeof(peers_folder), "%s/peers", folder);
	uv_loop_init(&loop);
	start_engine();
	links.engine = engine;
	return mkdir(peers_folder, 0700) || peers_new(&peers, &links);
}

static int teardown(void **state)
{
	char command[PATH_BYTES * 2];

	(void)state;
	peers_free(peers);
	trust_free(&trust);
	state_fini(&state_file);
	engine_fini(engine);
	free(plain);
	free(secrets);
	uv_run(&loop, UV_RUN_DEFAULT);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return uv_loop_close(&loop) || system(command);
}

static void write_file(const char *name, const char *text)
{
	char path[PATH_BYTES * 3];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", peers_folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

static void remove_file(const char *name)
{
	char path[PATH_BYTES * 2];

	snprintf(path, sizeof(path), "%s/%s", peers_folder, name);
	assert_int_equal(unlink(path), 0);
}

static struct public_key key_of(uint8_t seed)
{
	struct secret_key secret = {.b = {0, seed}}; /* X25519 ignores low bits of the first */
	struct public_key key;

	secret_key_public(&secret, &key);
	return key;
}

static void write_card(const char *name, uint8_t seed, const char *at)
{
	struct public_key key = key_of(seed);
	char text[TEXT_BYTES], key_text[KEY_TEXT_BYTES], file[PATH_BYTES];

	snprintf(text, sizeof(text), "[peer]\nname = %s\nkey = %s\n%s%s\n", name,
		 public_key_format(&key, key_text), at ? "at = " : "", at ? at : "");
	snprintf(file, sizeof(file), "%s.card", name);
	write_file(file, text);
}

static bool apply(void)
{
	struct trust after;
	struct peers_reading reading = {.before = &trust, .after = &after, .config = &config};
	bool save;

	assert_int_equal(trust_read(peers_folder, NULL, &trust, &after, NULL), 0);
	save = peers_apply(peers, &reading, 5);
	trust_free(&trust);
	trust = after;
	return save;
}

static int number_of(uint8_t seed)
{
	struct public_key key = key_of(seed);

	return engine_peer_find(engine, &key);
}

/* ---- tests ---- */

static void a_card_becomes_a_peer_on_the_only_vlan(void **state)
{
	const struct peer *anna;

	(void)state;
	write_card("anna", 1, "192.0.2.1:9");
	apply();
	anna = peers_find(peers, "anna");
	assert_non_null(anna);
	assert_int_equal(anna->number, number_of(1));
	assert_ptr_equal(peers_get(peers, anna->number), anna);
	assert_int_equal(lan.sets, 1);
	assert_int_equal(lan.first_vlan, 7);
	assert_int_equal(lan.limits.broadcast, 5000);
	assert_int_equal(notes.count, 0);
}

static void the_same_reading_again_touches_nothing(void **state)
{
	(void)state;
	write_card("anna", 1, "192.0.2.1:9");
	apply();
	apply();
	assert_int_equal(lan.sets, 1);
	assert_int_equal(lan.unsets, 0);
}

static void a_removed_card_removes_that_peer_only(void **state)
{
	(void)state;
	write_card("anna", 1, "192.0.2.1:9");
	write_card("bert", 2, "192.0.2.2:9");
	apply();
	remove_file("anna.card");
	assert_false(apply());
	assert_int_equal(number_of(1), -ENOENT);
	assert_null(peers_find(peers, "anna"));
	assert_non_null(peers_find(peers, "bert"));
	assert_int_equal(lan.unsets, 1);
	assert_int_equal(lan.sets, 2);
}

static void a_removed_peers_address_leaves_the_state_file(void **state)
{
	struct public_key one = key_of(1);
	struct addr last;

	(void)state;
	assert_int_equal(addr_parse("192.0.2.9:1", 0, &last), 0);
	state_remember(&state_file, &one, &last);
	write_card("anna", 1, NULL);
	assert_false(apply());
	assert_true(peers_find(peers, "anna")->has_last);
	remove_file("anna.card");
	assert_true(apply());
	assert_null(state_find(&state_file, &one));
}

static void a_renamed_card_is_the_same_peer(void **state)
{
	int number;

	(void)state;
	write_card("zoe", 1, "192.0.2.1:9");
	write_card("bert", 2, "192.0.2.2:9");
	apply();
	number = number_of(1);
	remove_file("zoe.card");
	write_card("anna", 1, "192.0.2.1:9");
	apply();
	assert_int_equal(number_of(1), number);
	assert_string_equal(peers_name(peers, number), "anna");
	assert_string_equal(peers_next(peers, NULL)->name, "anna");
	assert_int_equal(lan.unsets, 0);
}

static void another_key_under_a_name_is_another_peer(void **state)
{
	(void)state;
	write_card("anna", 1, NULL);
	apply();
	write_card("anna", 2, NULL);
	apply();
	assert_int_equal(number_of(1), -ENOENT);
	assert_true(number_of(2) >= 0);
	assert_int_equal(lan.unsets, 1);
}

static void a_changed_address_is_looked_for_at_once(void **state)
{
	const struct peer *anna;

	(void)state;
	write_card("anna", 1, "192.0.2.1:9");
	apply();
	write_card("anna", 1, "192.0.2.2:9, 192.0.2.3:9");
	apply();
	anna = peers_find(peers, "anna");
	assert_int_equal(anna->lookup_count, 2);
	assert_string_equal(anna->lookups[1]->host, "192.0.2.3");
	assert_int_equal(lan.sets, 1);
}

static void a_peer_with_address_is_tried_and_one_without_is_idle(void **state)
{
	struct peer_info info;

	(void)state;
	engine_timestamp_persisted(engine, engine_timestamp_ceiling_ns(engine), 2);
	write_card("anna", 1, "192.0.2.1:9");
	write_card("bert", 2, NULL);
	apply();
	assert_true(engine_peer_info(engine, number_of(1), &info));
	assert_int_equal(info.state, PEER_CONNECTING);
	assert_true(engine_peer_info(engine, number_of(2), &info));
	assert_int_equal(info.state, PEER_IDLE);
}

static void a_bad_card_keeps_the_peer_as_it_was(void **state)
{
	(void)state;
	write_card("anna", 1, "192.0.2.1:9");
	apply();
	write_file("anna.card", "[peer]\nkey = lw1oops\n");
	apply();
	assert_true(number_of(1) >= 0);
	assert_int_equal(lan.unsets, 0);
	assert_int_equal(trust.fault_count, 1);
	write_card("anna", 1, "192.0.2.1:9");
	apply();
	assert_int_equal(lan.sets, 1);
}

static void a_local_file_chooses_vlans_and_limits(void **state)
{
	(void)state;
	config.vlans[config.vlan_count++] = (struct vlan_config){.name = "other", .id = 8};
	write_card("anna", 1, NULL);
	write_file("anna.local", "[local]\nvlans = other\nbroadcast = 50\nmac_quota = 3\n"
				 "allow = ra\nrate = 1M\npin = 02:00:00:00:00:07\n");
	apply();
	assert_int_equal(lan.vlan_count, 1);
	assert_int_equal(lan.first_vlan, 8);
	assert_int_equal(lan.limits.broadcast, 50);
	assert_int_equal(lan.limits.mac_quota, 3);
	assert_int_equal(lan.limits.allow, 1 << TRUST_ALLOW_RA);
	assert_int_equal(lan.limits.rate, 1000000);
	assert_int_equal(lan.limits.pin_count, 1);
	assert_int_equal(lan.limits.pins[0].b[5], 7);
	assert_int_equal(notes.count, 0);
}

/* What the engine sends an initiation to. Return: is @text one of the addresses? */
static bool is_tried(const char *text, uint64_t now_ns)
{
	const struct datagram *d;
	struct addr at;
	bool found = false;

	assert_int_equal(addr_parse(text, 0, &at), 0);
	engine_network_changed(engine, now_ns); /* try now */
	engine_tick(engine, now_ns);
	engine_flush(engine, now_ns);
	for (size_t n = engine_outbox(engine, &d); n > 0; n--, d++)
		found |= addr_equal(&d->to, &at);
	engine_outbox_clear(engine);
	return found;
}

static void remember(uint8_t seed, const char *at)
{
	struct public_key key = key_of(seed);
	struct addr last;

	assert_int_equal(addr_parse(at, 0, &last), 0);
	state_remember(&state_file, &key, &last);
}

/* Wherever she was the last time. */
static void a_peer_that_does_not_roam_is_tried_at_the_addresses_of_her_card_only(void **state)
{
	const uint64_t s = 1000000000;

	(void)state;
	engine_timestamp_persisted(engine, engine_timestamp_ceiling_ns(engine), 2);
	remember(1, "192.0.2.9:1");
	write_card("anna", 1, "192.0.2.1:9");
	write_file("anna.local", "[local]\nroam = no\n");
	apply();
	assert_false(is_tried("192.0.2.9:1", 10 * s));
	assert_true(is_tried("192.0.2.1:9", 20 * s));
	write_file("anna.local", "[local]\nroam = yes\n");
	apply();
	assert_true(is_tried("192.0.2.9:1", 30 * s));
	write_file("anna.local", "[local]\nroam = no\n");
	apply();
	assert_false(is_tried("192.0.2.9:1", 40 * s));
	assert_true(is_tried("192.0.2.1:9", 50 * s));
	assert_int_equal(lan.sets, 1);
	assert_int_equal(lan.unsets, 0);
}

static void an_address_that_stays_in_a_card_is_not_looked_up_again(void **state)
{
	struct lookup *first, *second;

	(void)state;
	write_card("anna", 1, "192.0.2.1:9, 192.0.2.2:9");
	apply();
	first = peers_find(peers, "anna")->lookups[0];
	second = peers_find(peers, "anna")->lookups[1];
	write_card("anna", 1, "192.0.2.3:9, 192.0.2.2:9, 192.0.2.1:10, 192.0.2.1:9");
	apply();
	assert_int_equal(peers_find(peers, "anna")->lookup_count, 4);
	assert_ptr_equal(peers_find(peers, "anna")->lookups[3], first);
	assert_ptr_equal(peers_find(peers, "anna")->lookups[1], second);
	write_card("anna", 1, "192.0.2.2:9");
	apply();
	assert_int_equal(peers_find(peers, "anna")->lookup_count, 1);
	assert_ptr_equal(peers_find(peers, "anna")->lookups[0], second);
}

static void relay_changes_nothing_yet(void **state)
{
	(void)state;
	write_card("anna", 1, "192.0.2.1:9");
	apply();
	write_file("anna.local", "[local]\nrelay = no\n");
	apply();
	assert_int_equal(notes.count, 0);
	assert_int_equal(trust.fault_count, 0);
	assert_true(trust.peers[0].local.refuses_relay);
	assert_int_equal(lan.sets, 1);
}

static void with_several_vlans_and_no_choice_there_is_none_and_a_warning(void **state)
{
	(void)state;
	config.vlans[config.vlan_count++] = (struct vlan_config){.name = "other", .id = 8};
	write_card("anna", 1, NULL);
	apply();
	assert_int_equal(lan.vlan_count, 0);
	assert_int_equal(notes.count, 1);
	assert_contains(notes.list[0].warning.text, "anna.local");
	write_file("anna.local", "[local]\nvlans = lan\n");
	apply();
	assert_int_equal(notes.count, 0);
	assert_int_equal(lan.first_vlan, 7);
}

static void an_unknown_vlan_is_named_with_file_and_line(void **state)
{
	(void)state;
	write_card("anna", 1, NULL);
	write_file("anna.local", "[local]\nvlans = lna\n");
	apply();
	assert_int_equal(notes.count, 1);
	assert_contains(notes.list[0].warning.text, "anna.local:2: there is no vlan 'lna'");
}

static void a_vlan_id_that_changes_reaches_the_peers(void **state)
{
	(void)state;
	write_card("anna", 1, NULL);
	apply();
	config.vlans[0].id = 9;
	apply();
	assert_int_equal(lan.sets, 2);
	assert_int_equal(lan.first_vlan, 9);
}

static void more_cards_than_there_is_room_for_are_a_warning_until_there_is(void **state)
{
	char name[] = "peer0";

	(void)state;
	for (uint8_t i = 0; i <= PEERS; i++) {
		name[4] = (char)('0' + i);
		write_card(name, (uint8_t)(i + 1), NULL);
	}
	apply();
	assert_int_equal(lan.sets, PEERS);
	assert_int_equal(notes.count, 1);
	assert_string_equal(notes.list[0].warning.code, "peer-not-added");
	remove_file("peer0.card");
	apply();
	assert_int_equal(lan.sets, PEERS + 1);
	assert_int_equal(notes.count, 0);
}

static void peers_come_in_the_order_of_their_names(void **state)
{
	const struct peer *p;

	(void)state;
	write_card("carl", 1, NULL);
	write_card("anna", 2, NULL);
	write_card("bert", 3, NULL);
	apply();
	p = peers_next(peers, NULL);
	assert_string_equal(p->name, "anna");
	p = peers_next(peers, p);
	assert_string_equal(p->name, "bert");
	p = peers_next(peers, p);
	assert_string_equal(p->name, "carl");
	assert_null(peers_next(peers, p));
}

int main(void)
{
#define PEERS_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		PEERS_TEST(a_card_becomes_a_peer_on_the_only_vlan),
		PEERS_TEST(the_same_reading_again_touches_nothing),
		PEERS_TEST(a_removed_card_removes_that_peer_only),
		PEERS_TEST(a_removed_peers_address_leaves_the_state_file),
		PEERS_TEST(a_renamed_card_is_the_same_peer),
		PEERS_TEST(another_key_under_a_name_is_another_peer),
		PEERS_TEST(a_changed_address_is_looked_for_at_once),
		PEERS_TEST(a_peer_with_address_is_tried_and_one_without_is_idle),
		PEERS_TEST(a_bad_card_keeps_the_peer_as_it_was),
		PEERS_TEST(a_local_file_chooses_vlans_and_limits),
		PEERS_TEST(a_peer_that_does_not_roam_is_tried_at_the_addresses_of_her_card_only),
		PEERS_TEST(an_address_that_stays_in_a_card_is_not_looked_up_again),
		PEERS_TEST(relay_changes_nothing_yet),
		PEERS_TEST(with_several_vlans_and_no_choice_there_is_none_and_a_warning),
		PEERS_TEST(an_unknown_vlan_is_named_with_file_and_line),
		PEERS_TEST(a_vlan_id_that_changes_reaches_the_peers),
		PEERS_TEST(more_cards_than_there_is_room_for_are_a_warning_until_there_is),
		PEERS_TEST(peers_come_in_the_order_of_their_names),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("peers", tests, NULL, NULL);
}
