/*
 * test_engine_peers.c - peers come, change and go; strangers knock
 */
#include "forge.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

static void peer_is_refused_twice_as_own_key_and_over_the_limit(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 1});
	struct engine *e = wire_engine(w, 0);
	struct engine_peer_config config = {.key = w->hosts[0].host.key};

	(void)state;
	assert_int_equal(engine_peer_add(e, &config, w->now_ns), -EINVAL);
	for (unsigned i = 0; i < 8; i++) {
		struct secret_key secret = host_secret(50, i);

		secret_key_public(&secret, &config.key);
		assert_int_equal(engine_peer_add(e, &config, w->now_ns), (int)i);
		assert_int_equal(engine_peer_add(e, &config, w->now_ns), -EEXIST);
		assert_int_equal(engine_peer_find(e, &config.key), (int)i);
	}
	config.key.b[0] ^= 1;
	assert_int_equal(engine_peer_add(e, &config, w->now_ns), -ENOSPC);
	assert_int_equal(engine_peer_find(e, &config.key), -ENOENT);
	wire_free(w);
}

static void removed_peer_s_number_is_used_again_without_its_past(void **state)
{
	struct wire *w = wire_pair();
	struct engine *e = wire_engine(w, 0);
	struct secret_key secret = host_secret(50, 0);
	struct engine_peer_config config = {.vlans = {1}, .vlan_count = 1};
	struct peer_info info;
	struct engine_event event;
	int number = w->hosts[0].peer[1];

	(void)state;
	secret_key_public(&secret, &config.key);
	wire_send(w, 0, 1, 60, 1);
	engine_ping(e, number, 5, w->now_ns); /* something for an event */
	engine_count_drop(e, number, DROP_VLAN_UNKNOWN);
	engine_peer_remove(e, number, w->now_ns);
	assert_false(engine_peer_info(e, number, &info));
	assert_false(engine_peer_is_up(e, number));
	assert_int_equal(engine_peer_add(e, &config, w->now_ns), number);
	assert_true(engine_peer_info(e, number, &info));
	assert_int_equal(info.state, PEER_IDLE);
	assert_true(info.drops[DROP_VLAN_UNKNOWN] == 0 && info.tx_frames == 0);
	/* What happened to the one before is not told of the one now. */
	while (engine_next_event(e, &event))
		assert_int_not_equal(event.peer, number);
	w->hosts[0].peer[1] = -1;
	wire_free(w);
}

static void removed_peer_s_session_dies_at_once_on_both_sides(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 3});

	(void)state;
	wire_connect(w);
	wire_run(w, S_NS);
	engine_peer_remove(wire_engine(w, 0), w->hosts[0].peer[1], w->now_ns);
	w->hosts[0].peer[1] = -1;
	wire_settle(w);
	assert_false(wire_is_up(w, 1, 0));
	wire_run(w, 10 * S_NS);
	assert_false(wire_is_up(w, 1, 0));
	assert_true(wire_engine(w, 0)->drops[DROP_UNKNOWN_KEY] > 0);
	/* And no other session notices. */
	assert_int_equal(wire_events(w, 0, 2, ENGINE_EVENT_DOWN), 0);
	wire_assert_carries(w, 0, 2);
	wire_free(w);
}

static void removed_peer_s_secrets_are_wiped(void **state)
{
	struct wire *w = wire_pair();
	int number = w->hosts[0].peer[1];
	const uint8_t *at = (const uint8_t *)&wire_engine(w, 0)->secrets->peers[number];

	(void)state;
	engine_peer_remove(wire_engine(w, 0), number, w->now_ns);
	w->hosts[0].peer[1] = -1;
	for (size_t i = 0; i < sizeof(struct peer_secrets); i++)
		assert_int_equal(at[i], 0);
	wire_free(w);
}

static void ended_engine_leaves_no_secret(void **state)
{
	struct wire *w = wire_pair();
	struct engine *e = wire_engine(w, 0);
	const uint8_t *at = (const uint8_t *)e->secrets;
	size_t len = sizeof(struct engine_secrets) + 8 * sizeof(struct peer_secrets);

	(void)state;
	wire_send(w, 0, 1, 60, 1);
	engine_fini(e);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(at[i], 0);
	wire_free(w);
}

static void peer_removed_while_its_datagram_is_being_read_is_read_no_further(void **state)
{
	static uint8_t datagram[FORGE_MAX_BYTES];
	struct wire *w = wire_pair();
	struct engine *e = wire_engine(w, 0);
	uint8_t bytes[256], frame[64] = {0, 1};
	struct writer at = writer_over(bytes, sizeof(bytes));
	struct frame_in in;
	size_t len;

	(void)state;
	forge_put(&at, RECORD_FRAME, frame, sizeof(frame));
	forge_put(&at, RECORD_FRAME, frame, sizeof(frame));
	len = forge_data(w, 1, 0, &at, datagram);
	assert_int_equal(engine_input(e, &(struct route){.remote = w->hosts[1].host.at}, datagram,
				      len, w->now_ns),
			 DROP_NONE);
	assert_true(engine_next_frame(e, &in, w->now_ns));
	engine_peer_remove(e, in.peer, w->now_ns);
	assert_false(engine_next_frame(e, &in, w->now_ns));
	w->hosts[0].peer[1] = -1;
	wire_free(w);
}

static void changed_psk_ends_the_session_and_both_meet_again_once_both_have_it(void **state)
{
	struct wire *w = wire_pair();
	struct engine_peer_config config = {
		.key = w->hosts[1].host.key, .psk = {.b = {9}}, .vlans = {1}, .vlan_count = 1};

	(void)state;
	engine_peer_change(wire_engine(w, 0), w->hosts[0].peer[1], &config, w->now_ns);
	assert_false(wire_is_up(w, 0, 1));
	wire_run(w, 5 * S_NS);
	assert_false(wire_is_up(w, 0, 1));
	assert_false(wire_is_up(w, 1, 0));
	assert_int_equal(wire_info(w, 0, 1).trouble, TROUBLE_BAD_ANSWER);
	config.key = w->hosts[0].host.key;
	engine_peer_change(wire_engine(w, 1), w->hosts[1].peer[0], &config, w->now_ns);
	wire_run(w, 2 * S_NS);
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void changed_vlans_are_told_and_leave_the_session_alone(void **state)
{
	struct wire *w = wire_pair();
	struct engine_peer_config config = {
		.key = w->hosts[1].host.key, .vlans = {7, 9}, .vlan_count = 2};

	(void)state;
	engine_peer_change(wire_engine(w, 0), w->hosts[0].peer[1], &config, w->now_ns);
	wire_run(w, 0);
	assert_int_equal(wire_info(w, 1, 0).vlan_count, 2);
	assert_int_equal(wire_info(w, 1, 0).vlans[1], 9);
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_DOWN), 0);
	wire_free(w);
}

/* ---- knocks ---- */

static void knock(struct wire *w, unsigned who, const struct addr *from)
{
	struct secret_key stranger = host_secret(99, who);
	uint8_t message[INITIATION_BYTES];

	forge_initiation(&(struct forged_initiation){.from = &stranger,
						     .to = &w->hosts[0].host.key,
						     .timestamp_ns = 1,
						     .version = 1,
						     .ciphers = 1},
			 message);
	assert_int_equal(wire_input(w, 0, from, message, sizeof(message)), DROP_UNKNOWN_KEY);
}

static void stranger_that_authenticates_is_shown_as_a_knock_for_ten_minutes(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 1});
	struct addr from = addr_from_ipv4(0xc6336401, 5);
	struct secret_key stranger = host_secret(99, 0);
	struct public_key key;
	struct knock knocks[KNOCKS_MAX];

	(void)state;
	secret_key_public(&stranger, &key);
	assert_int_equal(engine_knocks(wire_engine(w, 0), knocks, w->now_ns), 0);
	knock(w, 0, &from);
	wire_collect(w);
	assert_true(w->sent_bytes == 0);
	assert_int_equal(w->hosts[0].events[WIRE_HOSTS_MAX][ENGINE_EVENT_KNOCK], 1);
	assert_int_equal(engine_knocks(wire_engine(w, 0), knocks, w->now_ns), 1);
	assert_true(public_key_equal(&knocks[0].key, &key));
	assert_true(addr_equal(&knocks[0].from, &from));
	assert_true(knocks[0].when_ns == w->now_ns);
	assert_int_equal(engine_knocks(wire_engine(w, 0), knocks, w->now_ns + KNOCK_NS - 1), 1);
	assert_int_equal(engine_knocks(wire_engine(w, 0), knocks, w->now_ns + KNOCK_NS), 0);
	wire_free(w);
}

static void eight_latest_knocks_are_kept_newest_first_and_each_key_once(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 1});
	struct addr from = addr_from_ipv4(0xc6336401, 5);
	struct knock knocks[KNOCKS_MAX];

	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		w->now_ns += S_NS;
		knock(w, i, &from);
		knock(w, i, &from);
	}
	w->now_ns += S_NS;
	knock(w, 5, &from); /* again: moves to the front */
	assert_int_equal(engine_knocks(wire_engine(w, 0), knocks, w->now_ns), KNOCKS_MAX);
	for (unsigned i = 0; i < KNOCKS_MAX; i++) {
		struct secret_key stranger = host_secret(99, i == 0 ? 5 : i < 7 ? 12 - i : 4);
		struct public_key key;

		secret_key_public(&stranger, &key);
		assert_true(public_key_equal(&knocks[i].key, &key));
	}
	wire_free(w);
}

static void added_stranger_knocks_no_more(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 1});
	struct addr from = addr_from_ipv4(0xc6336401, 5);
	struct secret_key stranger = host_secret(99, 0);
	struct engine_peer_config config = {.vlan_count = 0};
	struct knock knocks[KNOCKS_MAX];

	(void)state;
	secret_key_public(&stranger, &config.key);
	knock(w, 0, &from);
	assert_true(engine_peer_add(wire_engine(w, 0), &config, w->now_ns) >= 0);
	assert_int_equal(engine_knocks(wire_engine(w, 0), knocks, w->now_ns), 0);
	wire_free(w);
}

/* ---- events ---- */

static void down_and_up_in_one_batch_are_told_so_that_the_last_word_is_true(void **state)
{
	struct wire *w = wire_pair();
	struct engine *e = wire_engine(w, 0);
	struct engine_event event;
	struct packet p;
	bool up = true;

	(void)state;
	/* Goodbye and a new session before anybody asks. */
	assert_int_equal(forge_record(w, 1, 0, RECORD_GOODBYE, "", 0), DROP_NONE);
	w->now_ns += TRY_NS;
	engine_tick(e, w->now_ns);
	for (unsigned i = 0; i < 8; i++) {
		const struct datagram *d;
		size_t n;

		engine_flush(e, w->now_ns);
		n = engine_outbox(e, &d);
		for (size_t k = 0; k < n; k++)
			wire_input(w, 1, &w->hosts[0].host.at, d[k].bytes, d[k].len);
		engine_outbox_clear(e);
		engine_flush(wire_engine(w, 1), w->now_ns);
		n = engine_outbox(wire_engine(w, 1), &d);
		for (size_t k = 0; k < n; k++)
			wire_input(w, 0, &w->hosts[1].host.at, d[k].bytes, d[k].len);
		engine_outbox_clear(wire_engine(w, 1));
	}
	(void)p;
	assert_true(wire_is_up(w, 0, 1));
	up = false;
	while (engine_next_event(e, &event)) {
		if (event.type == ENGINE_EVENT_UP)
			up = true;
		if (event.type == ENGINE_EVENT_DOWN)
			up = false;
	}
	assert_true(up);
	wire_free(w);
}

/* ---- many ---- */

enum {
	MANY = 1000
};

static void a_thousand_peers_are_served_by_one_engine(void **state)
{
	static struct host hub, spokes[MANY];
	struct engine_peer_config config = {.vlans = {1}, .vlan_count = 1};
	uint64_t now_ns = 1000 * S_NS;
	unsigned up = 0;

	(void)state;
	host_start(&hub, &(struct host_setup){
				 .number = MANY, .seed = 3, .now_ns = now_ns, .peers_max = MANY});
	for (unsigned i = 0; i < MANY; i++) {
		host_start(&spokes[i], &(struct host_setup){.number = i,
							    .seed = 3,
							    .now_ns = now_ns,
							    .peers_max = 1,
							    .max_frame = 1514});
		config.key = spokes[i].key;
		assert_int_equal(engine_peer_add(hub.engine, &config, now_ns), (int)i);
		engine_peer_candidates(hub.engine, (int)i, &spokes[i].at, 1, now_ns);
		host_add(&spokes[i], &hub, false, now_ns);
	}
	/* The hub calls; each spoke answers; the outbox is far smaller than their number. */
	for (unsigned round = 0; round < 100 && up < MANY; round++) {
		const struct datagram *d;
		size_t n;

		now_ns += 20 * NS_PER_MS;
		do {
			engine_tick(hub.engine, now_ns);
			engine_flush(hub.engine, now_ns);
			n = engine_outbox(hub.engine, &d);
			for (size_t i = 0; i < n; i++) {
				static uint8_t bytes[DATAGRAM_MAX_BYTES];
				uint32_t to = (uint32_t)d[i].to.ip[14] << 8 | d[i].to.ip[15];
				struct frame_in frame;

				memcpy(bytes, d[i].bytes, d[i].len);
				engine_input(spokes[to - 1].engine,
					     &(struct route){.remote = hub.at}, bytes, d[i].len,
					     now_ns);
				while (engine_next_frame(spokes[to - 1].engine, &frame, now_ns))
					;
			}
			engine_outbox_clear(hub.engine);
		} while (engine_deadline_ns(hub.engine) <= now_ns);
		up = 0;
		for (unsigned i = 0; i < MANY; i++) {
			static uint8_t bytes[DATAGRAM_MAX_BYTES];
			struct frame_in frame;

			engine_flush(spokes[i].engine, now_ns);
			n = engine_outbox(spokes[i].engine, &d);
			for (size_t k = 0; k < n; k++) {
				memcpy(bytes, d[k].bytes, d[k].len);
				engine_input(hub.engine, &(struct route){.remote = spokes[i].at},
					     bytes, d[k].len, now_ns);
				while (engine_next_frame(hub.engine, &frame, now_ns))
					;
				if (!engine_outbox_has_room(hub.engine, 8)) {
					engine_flush(hub.engine, now_ns);
					engine_outbox_clear(hub.engine); /* lost: it is repeated */
				}
			}
			engine_outbox_clear(spokes[i].engine);
			up += engine_peer_is_up(hub.engine, (int)i) &&
			      engine_peer_is_up(spokes[i].engine, 0);
		}
	}
	assert_int_equal(up, MANY);
	for (unsigned i = 0; i < MANY; i++)
		host_stop(&spokes[i]);
	host_stop(&hub);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peer_is_refused_twice_as_own_key_and_over_the_limit),
		cmocka_unit_test(removed_peer_s_number_is_used_again_without_its_past),
		cmocka_unit_test(removed_peer_s_session_dies_at_once_on_both_sides),
		cmocka_unit_test(removed_peer_s_secrets_are_wiped),
		cmocka_unit_test(ended_engine_leaves_no_secret),
		cmocka_unit_test(peer_removed_while_its_datagram_is_being_read_is_read_no_further),
		cmocka_unit_test(
			changed_psk_ends_the_session_and_both_meet_again_once_both_have_it),
		cmocka_unit_test(changed_vlans_are_told_and_leave_the_session_alone),
		cmocka_unit_test(stranger_that_authenticates_is_shown_as_a_knock_for_ten_minutes),
		cmocka_unit_test(eight_latest_knocks_are_kept_newest_first_and_each_key_once),
		cmocka_unit_test(added_stranger_knocks_no_more),
		cmocka_unit_test(down_and_up_in_one_batch_are_told_so_that_the_last_word_is_true),
		cmocka_unit_test(a_thousand_peers_are_served_by_one_engine),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
