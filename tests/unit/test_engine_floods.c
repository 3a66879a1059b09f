/*
 * test_engine_floods.c - many initiations, cookies, budgets: PROTOCOL.md 5
 */
#include "forge.h"

#include <sodium.h>

#define WALL_NS (TESTS_WALL_S * NS_PER_S + 2000 * NS_PER_S)

/* Bring host 0 under load with valid-mac1 junk from elsewhere; what it answered is forgotten. */
static void load_up(struct wire *w)
{
	struct addr elsewhere = addr_from_ipv4(0xc6336401, 1);
	uint8_t junk[INITIATION_BYTES] = {MESSAGE_INITIATION};

	forge_mac1(&w->hosts[0].host.key, junk, sizeof(junk));
	for (unsigned i = 0; i <= LOAD_INITIATIONS; i++)
		wire_input(w, 0, &elsewhere, junk, sizeof(junk));
	wire_collect(w);
	w->used = w->first;
}

static void make_initiation(struct wire *w, uint64_t later_ns, uint8_t out[INITIATION_BYTES])
{
	forge_initiation(&(struct forged_initiation){.from = &w->hosts[1].host.secret,
						     .to = &w->hosts[0].host.key,
						     .timestamp_ns = WALL_NS + later_ns,
						     .version = 1,
						     .ciphers = CIPHERS_KNOWN},
			 out);
}

/* The cookie in a reply to @initiation by host 0. */
static void open_cookie(struct wire *w, const struct packet *reply, const uint8_t *initiation,
			uint8_t cookie[MAC_TAG_BYTES])
{
	struct mac_keys macs;
	struct cookie_reply r = {.key = macs.cookie,
				 .mac1 = initiation + INITIATION_BYTES - 2 * MAC_TAG_BYTES,
				 .nonce = reply->bytes + 8};

	mac_keys_for(&w->hosts[0].host.key, &macs);
	assert_true(cookie_open(&r, reply->bytes + 32, cookie));
}

static void under_load_an_initiation_needs_mac2_and_gets_a_cookie(void **state)
{
	struct wire *w = wire_pair();
	struct addr from = w->hosts[1].host.at;
	uint8_t initiation[INITIATION_BYTES], cookie[MAC_TAG_BYTES];
	struct packet reply;
	struct drops before;

	(void)state;
	load_up(w);
	make_initiation(w, 1, initiation);
	before = wire_drops(w, 0);
	assert_int_equal(wire_input(w, 0, &from, initiation, sizeof(initiation)), DROP_BAD_MAC2);
	wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_BAD_MAC2);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_COOKIE, &reply));
	assert_int_equal(reply.len, COOKIE_REPLY_BYTES);
	assert_true(addr_equal(&reply.to, &from));
	open_cookie(w, &reply, initiation, cookie);
	mac2_write(cookie, initiation, sizeof(initiation));
	assert_int_equal(wire_input(w, 0, &from, initiation, sizeof(initiation)), DROP_NONE);
	wire_free(w);
}

/* OpenVPN CVE-2025-13086: a cookie is worth something from its own address and port alone. */
static void wrong_stale_or_foreign_cookie_is_refused(void **state)
{
	struct wire *w = wire_pair();
	struct addr from = w->hosts[1].host.at, port = from,
		    ip = addr_from_ipv4(0x0a000099, from.port);
	uint8_t initiation[INITIATION_BYTES], cookie[MAC_TAG_BYTES], wrong[MAC_TAG_BYTES] = {0};
	struct packet reply;

	(void)state;
	port.port++;
	load_up(w);
	make_initiation(w, 1, initiation);
	wire_input(w, 0, &from, initiation, sizeof(initiation));
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_COOKIE, &reply));
	open_cookie(w, &reply, initiation, cookie);
	mac2_write(wrong, initiation, sizeof(initiation));
	assert_int_equal(wire_input(w, 0, &from, initiation, sizeof(initiation)), DROP_BAD_MAC2);
	mac2_write(cookie, initiation, sizeof(initiation));
	assert_int_equal(wire_input(w, 0, &port, initiation, sizeof(initiation)), DROP_BAD_MAC2);
	assert_int_equal(wire_input(w, 0, &ip, initiation, sizeof(initiation)), DROP_BAD_MAC2);
	/* Two minutes later the secret is another one. */
	w->now_ns += COOKIE_SECRET_NS;
	load_up(w);
	assert_int_equal(wire_input(w, 0, &from, initiation, sizeof(initiation)), DROP_BAD_MAC2);
	wire_free(w);
}

static void address_over_its_budget_is_rate_limited_even_with_a_cookie(void **state)
{
	struct wire *w = wire_pair();
	struct addr from = w->hosts[1].host.at;
	uint8_t initiation[INITIATION_BYTES], cookie[MAC_TAG_BYTES];
	struct packet reply;
	struct drops before;

	(void)state;
	load_up(w);
	make_initiation(w, 1, initiation);
	wire_input(w, 0, &from, initiation, sizeof(initiation));
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_COOKIE, &reply));
	open_cookie(w, &reply, initiation, cookie);
	for (unsigned i = 0; i < LOAD_BURST; i++) {
		make_initiation(w, 10 + i, initiation);
		mac2_write(cookie, initiation, sizeof(initiation));
		assert_int_equal(wire_input(w, 0, &from, initiation, sizeof(initiation)),
				 DROP_NONE);
	}
	make_initiation(w, 100, initiation);
	mac2_write(cookie, initiation, sizeof(initiation));
	before = wire_drops(w, 0);
	assert_int_equal(wire_input(w, 0, &from, initiation, sizeof(initiation)),
			 DROP_RATE_LIMITED);
	wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_RATE_LIMITED);
	wire_free(w);
}

/* fastd CVE-2025-24356. */
static void spoofed_ports_of_one_address_get_less_than_they_sent(void **state)
{
	struct wire *w = wire_pair();
	uint8_t junk[INITIATION_BYTES] = {MESSAGE_INITIATION};
	uint64_t in = 0, out = w->sent_bytes;
	uint32_t replies = w->sent[MESSAGE_COOKIE];

	(void)state;
	forge_mac1(&w->hosts[0].host.key, junk, sizeof(junk));
	for (unsigned port = 1; port < 65536; port++) {
		struct addr from = addr_from_ipv4(0xc6336401, (uint16_t)port);

		wire_input(w, 0, &from, junk, sizeof(junk));
		in += sizeof(junk);
		wire_collect(w);
		w->used = w->first;
		assert_true(w->sent_bytes - out <= in);
	}
	assert_in_range(w->sent[MESSAGE_COOKIE] - replies, 1, LOAD_BURST);
	wire_free(w);
}

/* Streun et al.: sessions go on while valid-mac1 junk comes in, and handshakes of peers still finish. */
static void session_goes_on_and_a_new_one_is_made_under_a_flood(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 3, .strangers = true});

	(void)state;
	wire_know(w, 0, 1, false);
	wire_know(w, 1, 0, true);
	wire_connect(w);
	load_up(w);
	wire_know(w, 0, 2, false);
	wire_know(w, 2, 0, true);
	for (unsigned tenth = 0; tenth < 50 && !wire_is_up(w, 2, 0); tenth++) {
		load_up(w);
		wire_assert_carries(w, 0, 1);
		wire_run(w, S_NS / 10);
	}
	assert_true(wire_is_up(w, 0, 2));
	assert_true(wire_peer(w, 2, 0)->cookie.got_ns != 0);
	wire_assert_carries(w, 0, 2);
	wire_free(w);
}

/* ---- cookies that come to us ---- */

static struct wire *with_initiation(struct packet *p)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});

	wire_know(w, 0, 1, true);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_INITIATION, p));
	return w;
}

static void cookie_that_was_not_asked_for_is_ignored(void **state)
{
	struct wire *w = wire_pair();
	uint8_t initiation[INITIATION_BYTES], reply[COOKIE_REPLY_BYTES],
		cookie[MAC_TAG_BYTES] = {1};
	struct drops before = wire_drops(w, 0);

	(void)state;
	make_initiation(w, 1, initiation);
	forge_cookie_reply(&w->hosts[1].host.key, initiation, cookie, reply);
	assert_int_equal(wire_input(w, 0, &w->hosts[1].host.at, reply, sizeof(reply)),
			 DROP_BAD_COOKIE);
	wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_BAD_COOKIE);
	wire_free(w);
}

static void cookie_that_does_not_authenticate_is_ignored(void **state)
{
	struct packet p;
	struct wire *w = with_initiation(&p);
	uint8_t reply[COOKIE_REPLY_BYTES], cookie[MAC_TAG_BYTES] = {1};
	struct drops before = wire_drops(w, 0);

	(void)state;
	forge_cookie_reply(&w->hosts[1].host.key, p.bytes, cookie, reply);
	reply[COOKIE_REPLY_BYTES - 1] ^= 1;
	assert_int_equal(wire_input(w, 0, &p.to, reply, sizeof(reply)), DROP_BAD_COOKIE);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_BAD_COOKIE);
	assert_true(wire_peer(w, 0, 1)->cookie.got_ns == 0);
	wire_free(w);
}

static void cookie_is_taken_once_per_initiation(void **state)
{
	struct packet p;
	struct wire *w = with_initiation(&p);
	uint8_t reply[COOKIE_REPLY_BYTES], cookie[MAC_TAG_BYTES] = {1};

	(void)state;
	forge_cookie_reply(&w->hosts[1].host.key, p.bytes, cookie, reply);
	assert_int_equal(wire_input(w, 0, &p.to, reply, sizeof(reply)), DROP_NONE);
	assert_int_equal(wire_input(w, 0, &p.to, reply, sizeof(reply)), DROP_BAD_COOKIE);
	wire_free(w);
}

static void cookie_is_used_for_its_address_for_115_seconds(void **state)
{
	struct packet p;
	struct wire *w = with_initiation(&p);
	struct addr two[2] = {p.to, addr_from_ipv4(0xc6336401, 9)};
	uint8_t reply[COOKIE_REPLY_BYTES], cookie[MAC_TAG_BYTES] = {1};
	uint64_t start = w->now_ns;
	unsigned with = 0, without = 0;

	(void)state;
	forge_cookie_reply(&w->hosts[1].host.key, p.bytes, cookie, reply);
	assert_int_equal(wire_input(w, 0, &p.to, reply, sizeof(reply)), DROP_NONE);
	wire_collect(w);
	assert_false(wire_take(w, MESSAGE_INITIATION, &p)); /* not sooner because of it */
	engine_peer_candidates(wire_engine(w, 0), w->hosts[0].peer[1], two, 2, w->now_ns);
	while (w->now_ns < start + 200 * S_NS) {
		w->now_ns = engine_deadline_ns(wire_engine(w, 0));
		engine_tick(wire_engine(w, 0), w->now_ns);
		wire_collect(w);
		while (wire_take(w, MESSAGE_INITIATION, &p)) {
			bool due = w->now_ns - start < COOKIE_USE_NS && addr_equal(&p.to, &two[0]);

			assert_int_equal(mac2_is_valid(cookie, p.bytes, p.len), due);
			with += due;
			without += !due;
		}
	}
	assert_in_range(with, 50, 100);
	assert_in_range(without, 50, 200);
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(under_load_an_initiation_needs_mac2_and_gets_a_cookie),
		cmocka_unit_test(wrong_stale_or_foreign_cookie_is_refused),
		cmocka_unit_test(address_over_its_budget_is_rate_limited_even_with_a_cookie),
		cmocka_unit_test(spoofed_ports_of_one_address_get_less_than_they_sent),
		cmocka_unit_test(session_goes_on_and_a_new_one_is_made_under_a_flood),
		cmocka_unit_test(cookie_that_was_not_asked_for_is_ignored),
		cmocka_unit_test(cookie_that_does_not_authenticate_is_ignored),
		cmocka_unit_test(cookie_is_taken_once_per_initiation),
		cmocka_unit_test(cookie_is_used_for_its_address_for_115_seconds),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
