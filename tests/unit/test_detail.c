/*
 * test_detail.c - agent/detail.h
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "agent/detail.h"

static const uint64_t S = 1000000000;

static struct lookup numeric, resolved, failed;

static struct peer a_peer(void)
{
	struct peer p = {.name = "anna", .lookup_count = 1, .lookups = {&numeric}};

	numeric = (struct lookup){.state = LOOKUP_NUMERIC, .host = "192.0.2.1", .count = 1};
	assert_int_equal(addr_parse("192.0.2.1:9", 0, &numeric.addrs[0]), 0);
	resolved = (struct lookup){
		.state = LOOKUP_RESOLVED, .host = "anna.example", .port = 9, .count = 1};
	resolved.addrs[0] = numeric.addrs[0];
	failed = (struct lookup){
		.state = LOOKUP_FAILED, .host = "anna.example", .error = UV_EAI_NONAME};
	return p;
}

static struct peer_info tried(enum peer_trouble trouble)
{
	return (struct peer_info){.state = PEER_CONNECTING,
				  .trouble = trouble,
				  .tries = 12,
				  .tries_since_ns = 100 * S};
}

static const char *detail(const struct peer *peer, const struct peer_info *info)
{
	static char out[DETAIL_BYTES];

	return detail_of_peer(peer, info, 114 * S, out);
}

/* @parts, NULL at the end, stand in @text one after the other */
static void assert_in_order(const char *text, const char *const *parts)
{
	const char *at = text;

	for (; *parts; parts++) {
		at = strstr(at, *parts);
		if (!at)
			fail_msg("'%s' is missing or too early in: %s", *parts, text);
	}
}

static void a_peer_that_is_up_has_no_detail(void **state)
{
	struct peer_info info = {.state = PEER_UP, .tries = 3};
	struct peer peer = a_peer();

	(void)state;
	assert_string_equal(detail(&peer, &info), "");
}

static void silence_is_told_with_facts_first_and_causes_in_order(void **state)
{
	struct peer_info info = tried(TROUBLE_NO_ANSWER);
	struct peer peer = a_peer();

	(void)state;
	assert_in_order(detail(&peer, &info),
			(const char *[]){"192.0.2.1:9", "12 handshakes sent in 14 s",
					 "nothing came back", "Likely causes", "firewall",
					 "has not added your card", "psk", "clock", "cipher",
					 NULL});
}

static void a_peer_that_does_not_roam_is_told_where_it_is(void **state)
{
	struct peer_info info = tried(TROUBLE_ELSEWHERE);
	struct peer peer = a_peer();

	(void)state;
	assert_int_equal(addr_parse("198.51.100.7:4444", 0, &info.elsewhere), 0);
	assert_in_order(detail(&peer, &info),
			(const char *[]){"192.0.2.1:9", "12 handshakes sent", "198.51.100.7:4444",
					 "roam = no", "peers/anna.local", "new card", NULL});
	assert_null(strstr(detail(&peer, &info), "Likely"));
	assert_contains(detail_down_reason(&info), "roam");
}

static void one_unanswered_try_is_no_reason_to_guess(void **state)
{
	struct peer_info info = tried(TROUBLE_NO_ANSWER);
	struct peer peer = a_peer();

	(void)state;
	info.tries = 1;
	assert_contains(detail(&peer, &info), "1 handshake sent");
	assert_null(strstr(detail(&peer, &info), "Likely"));
}

static void a_resolved_name_shows_what_it_resolved_to(void **state)
{
	struct peer_info info = tried(TROUBLE_NO_ANSWER);
	struct peer peer = a_peer();

	(void)state;
	peer.lookups[0] = &resolved;
	assert_contains(detail(&peer, &info), "anna.example:9 resolved to 192.0.2.1:9");
}

static void refusals_of_earlier_tries_are_forgotten(void **state)
{
	struct peer_info info = tried(TROUBLE_NO_ANSWER);
	struct peer peer = a_peer();

	(void)state;
	peer.refusals = 3;
	peer.refused_error = EHOSTUNREACH;
	peer.refused_ns = 101 * S;
	assert_contains(detail(&peer, &info), "no route");
	assert_contains(detail(&peer, &info), "order: this host is offline");
	peer.refused_ns = 99 * S;
	assert_null(strstr(detail(&peer, &info), "refused"));
	assert_contains(detail(&peer, &info), "order: it is off, at another address");
}

static void after_a_goodbye_both_reasons_for_one_are_told(void **state)
{
	struct peer_info info = tried(TROUBLE_GOODBYE);
	struct peer peer = a_peer();

	(void)state;
	assert_in_order(detail(&peer, &info),
			(const char *[]){"it said goodbye", "192.0.2.1:9", "12 handshakes sent",
					 "nothing came back", "was stopped", "removed your card",
					 NULL});
}

static void a_name_that_does_not_resolve_is_a_fact(void **state)
{
	struct peer_info info = {.state = PEER_IDLE};
	struct peer peer = a_peer();

	(void)state;
	peer.lookups[0] = &failed;
	assert_contains(detail(&peer, &info), "anna.example cannot be looked up");
	assert_contains(detail(&peer, &info), uv_strerror(UV_EAI_NONAME));
}

static void a_refused_datagram_is_told_and_comes_first_among_causes(void **state)
{
	struct peer_info info = tried(TROUBLE_NO_ANSWER);
	struct peer peer = a_peer();

	(void)state;
	peer.refusals = 3;
	peer.refused_error = ECONNREFUSED;
	peer.refused_ns = 101 * S;
	assert_in_order(detail(&peer, &info),
			(const char *[]){"3 datagrams refused", "Likely causes",
					 "its agent is not running", NULL});
}

static void a_peer_without_any_address_has_to_call(void **state)
{
	struct peer_info info = {.state = PEER_IDLE};
	struct peer peer = {.name = "anna"};

	(void)state;
	assert_contains(detail(&peer, &info), "has to call us");
}

static void the_last_known_address_is_a_place_to_look(void **state)
{
	struct peer_info info = tried(TROUBLE_NO_ANSWER);
	struct peer peer = {.name = "anna", .has_last = true};

	(void)state;
	assert_int_equal(addr_parse("[2001:db8::7]:9", 0, &peer.last), 0);
	assert_contains(detail(&peer, &info), "last heard from [2001:db8::7]:9");
}

static void a_known_cause_is_told_alone(void **state)
{
	static const struct {
		enum peer_trouble trouble;
		const char *part;
	} CASES[] = {
		{TROUBLE_BAD_ANSWER, "the psk in peers/anna.local differs"},
		{TROUBLE_UNCONFIRMED, "the psk in peers/anna.local differs"},
		{TROUBLE_OLD_INITIATION, "clock"},
		{TROUBLE_VERSION, "No protocol version in common"},
		{TROUBLE_CIPHER,
		 "No cipher in common: 'cipher' in [agent] of agent.conf forces one"},
	};
	struct peer peer = a_peer();

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct peer_info info = tried(CASES[i].trouble);

		assert_contains(detail(&peer, &info), CASES[i].part);
		assert_null(strstr(detail(&peer, &info), "Likely causes"));
	}
}

static void a_peer_that_went_silent_says_for_how_long(void **state)
{
	struct peer_info info = tried(TROUBLE_SILENT);
	struct peer peer = a_peer();

	(void)state;
	info.heard_ns = 94 * S;
	assert_contains(detail(&peer, &info), "silent for 20 s");
}

static void the_longest_facts_are_cut_and_not_overrun(void **state)
{
	struct peer_info info = tried(TROUBLE_NO_ANSWER);
	struct peer peer = a_peer();
	struct lookup longest = {.state = LOOKUP_RESOLVED, .count = LOOKUP_ADDRS_MAX};

	(void)state;
	memset(longest.host, 'x', sizeof(longest.host) - 1);
	peer.lookup_count = PEER_CANDIDATES_MAX;
	for (size_t i = 0; i < PEER_CANDIDATES_MAX; i++)
		peer.lookups[i] = &longest;
	assert_int_equal(strlen(detail(&peer, &info)), DETAIL_BYTES - 1);
}

static void ages_are_told_in_the_unit_that_fits(void **state)
{
	char out[AGE_TEXT_BYTES];

	(void)state;
	assert_string_equal(detail_age(0, out), "0 s");
	assert_string_equal(detail_age(119, out), "119 s");
	assert_string_equal(detail_age(120, out), "2 min");
	assert_string_equal(detail_age(7199, out), "119 min");
	assert_string_equal(detail_age(7200, out), "2 h");
	assert_string_equal(detail_age(172800, out), "2 days");
	assert_string_equal(detail_age(UINT64_MAX, out), "213503982334601 days");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_that_is_up_has_no_detail),
		cmocka_unit_test(silence_is_told_with_facts_first_and_causes_in_order),
		cmocka_unit_test(a_peer_that_does_not_roam_is_told_where_it_is),
		cmocka_unit_test(one_unanswered_try_is_no_reason_to_guess),
		cmocka_unit_test(a_resolved_name_shows_what_it_resolved_to),
		cmocka_unit_test(refusals_of_earlier_tries_are_forgotten),
		cmocka_unit_test(after_a_goodbye_both_reasons_for_one_are_told),
		cmocka_unit_test(a_name_that_does_not_resolve_is_a_fact),
		cmocka_unit_test(a_refused_datagram_is_told_and_comes_first_among_causes),
		cmocka_unit_test(a_peer_without_any_address_has_to_call),
		cmocka_unit_test(the_last_known_address_is_a_place_to_look),
		cmocka_unit_test(a_known_cause_is_told_alone),
		cmocka_unit_test(a_peer_that_went_silent_says_for_how_long),
		cmocka_unit_test(the_longest_facts_are_cut_and_not_overrun),
		cmocka_unit_test(ages_are_told_in_the_unit_that_fits),
	};

	return cmocka_run_group_tests_name("detail", tests, NULL, NULL);
}
