/*
 * test_resolver.c - agent/resolver.h; asks no name server
 */
#include "unit.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>

#include "agent/resolver.h"

enum {
	DEFAULT_PORT = 19543,
	ANSWERS_MAX = 6
};

/* struct answer - a look-up's result as the C library hands it over */
struct answer {
	struct addrinfo info[ANSWERS_MAX];
	struct sockaddr_in in[ANSWERS_MAX];
};

static const struct addrinfo *answer_of(struct answer *a, size_t count, const char *const *ips)
{
	memset(a, 0, sizeof(*a));
	for (size_t i = 0; i < count; i++) {
		a->in[i].sin_family = AF_INET;
		inet_pton(AF_INET, ips[i], &a->in[i].sin_addr);
		a->info[i].ai_addr = (struct sockaddr *)&a->in[i];
		a->info[i].ai_next = i + 1 < count ? &a->info[i + 1] : NULL;
	}
	return count ? a->info : NULL;
}

static void an_answer_becomes_addresses_with_the_entrys_port(void **state)
{
	struct lookup l = {.port = 7, .state = LOOKUP_PENDING};
	struct answer a;
	struct addr want;

	(void)state;
	assert_true(lookup_apply(&l, 0, answer_of(&a, 1, (const char *[]){"192.0.2.1"})));
	assert_int_equal(l.state, LOOKUP_RESOLVED);
	assert_int_equal(l.count, 1);
	assert_int_equal(addr_parse("192.0.2.1:7", 0, &want), 0);
	assert_true(addr_equal(&l.addrs[0], &want));
}

static void the_same_answer_again_is_no_news(void **state)
{
	struct lookup l = {.port = 7, .state = LOOKUP_PENDING};
	struct answer a;

	(void)state;
	lookup_apply(&l, 0, answer_of(&a, 1, (const char *[]){"192.0.2.1"}));
	assert_false(lookup_apply(&l, 0, answer_of(&a, 1, (const char *[]){"192.0.2.1"})));
	assert_true(lookup_apply(&l, 0, answer_of(&a, 1, (const char *[]){"192.0.2.2"})));
	assert_true(
		lookup_apply(&l, 0, answer_of(&a, 2, (const char *[]){"192.0.2.2", "192.0.2.3"})));
}

static void repetitions_and_unusable_addresses_are_left_out(void **state)
{
	struct lookup l = {.port = 7, .state = LOOKUP_PENDING};
	struct answer a;

	(void)state;
	lookup_apply(&l, 0,
		     answer_of(&a, 5,
			       (const char *[]){"192.0.2.1", "224.0.0.1", "192.0.2.1", "0.0.0.0",
						"255.255.255.255"}));
	assert_int_equal(l.count, 1);
}

static void an_endless_answer_is_cut(void **state)
{
	struct lookup l = {.port = 7, .state = LOOKUP_PENDING};
	struct answer a;

	(void)state;
	lookup_apply(&l, 0,
		     answer_of(&a, ANSWERS_MAX,
			       (const char *[]){"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4",
						"192.0.2.5", "192.0.2.6"}));
	assert_int_equal(l.count, LOOKUP_ADDRS_MAX);
}

static void a_failed_lookup_keeps_the_last_good_addresses(void **state)
{
	struct lookup l = {.port = 7, .state = LOOKUP_PENDING};
	struct answer a;

	(void)state;
	lookup_apply(&l, 0, answer_of(&a, 1, (const char *[]){"192.0.2.1"}));
	assert_true(lookup_apply(&l, UV_EAI_AGAIN, NULL));
	assert_int_equal(l.state, LOOKUP_FAILED);
	assert_int_equal(l.count, 1);
	assert_string_equal(lookup_error_text(&l), uv_strerror(UV_EAI_AGAIN));
	assert_false(lookup_apply(&l, UV_EAI_AGAIN, NULL));
}

static void an_answer_with_nothing_usable_is_a_failure(void **state)
{
	struct lookup l = {.port = 7, .state = LOOKUP_PENDING};
	struct answer a;

	(void)state;
	lookup_apply(&l, 0, answer_of(&a, 1, (const char *[]){"0.0.0.0"}));
	assert_int_equal(l.state, LOOKUP_FAILED);
}

static void count_change(void *context, uint64_t now_ns)
{
	(void)now_ns;
	(*(int *)context)++;
}

static struct lookup *look_up(uv_loop_t *loop, const char *host, int *changes)
{
	struct card_address where = {.port = 9};

	strcpy(where.host, host);
	return lookup_new(loop, &where, count_change, changes);
}

static void a_numeric_entry_is_there_at_once_and_asks_nobody(void **state)
{
	uv_loop_t loop;
	int changes = 0;
	struct lookup *l;

	(void)state;
	uv_loop_init(&loop);
	l = look_up(&loop, "2001:db8::7", &changes);
	assert_int_equal(l->state, LOOKUP_NUMERIC);
	assert_int_equal(l->count, 1);
	assert_null(l->request);
	lookup_again(l, 1);
	assert_null(l->request);
	lookup_free(l);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(changes, 0);
}

static void a_name_is_looked_up_off_the_loop_and_told_once(void **state)
{
	uv_loop_t loop;
	int changes = 0;
	struct lookup *l;

	(void)state;
	uv_loop_init(&loop);
	l = look_up(&loop, "localhost", &changes);
	assert_int_equal(l->state, LOOKUP_PENDING);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(changes, 1);
	assert_true(l->state == LOOKUP_RESOLVED || l->state == LOOKUP_FAILED);
	lookup_free(l);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void an_answer_to_a_freed_lookup_is_thrown_away(void **state)
{
	uv_loop_t loop;
	int changes = 0;

	(void)state;
	uv_loop_init(&loop);
	lookup_free(look_up(&loop, "localhost", &changes));
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(changes, 0);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void a_name_is_not_asked_again_within_seconds(void **state)
{
	static const uint64_t interval_ns = LOOKUP_INTERVAL_S * 1000000000ULL;
	uv_loop_t loop;
	int changes = 0;
	struct lookup *l;
	uint64_t start_ns;

	(void)state;
	uv_loop_init(&loop);
	l = look_up(&loop, "localhost", &changes);
	start_ns = l->asked_ns;
	assert_true(start_ns > 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	lookup_again(l, start_ns + interval_ns - 1);
	assert_null(l->request);
	lookup_again(l, start_ns + interval_ns);
	assert_non_null(l->request);
	uv_run(&loop, UV_RUN_DEFAULT);
	lookup_free(l);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void where_the_network_changed_it_is_asked_sooner(void **state)
{
	static const uint64_t hurry_ns = LOOKUP_HURRY_S * 1000000000ULL;
	uv_loop_t loop;
	int changes = 0;
	struct lookup *l;
	uint64_t start_ns;

	(void)state;
	uv_loop_init(&loop);
	l = look_up(&loop, "localhost", &changes);
	start_ns = l->asked_ns;
	uv_run(&loop, UV_RUN_DEFAULT);
	lookup_hurry(l, start_ns + hurry_ns - 1);
	assert_null(l->request);
	lookup_hurry(l, start_ns + hurry_ns);
	assert_non_null(l->request);
	uv_run(&loop, UV_RUN_DEFAULT);
	lookup_free(l);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_becomes_addresses_with_the_entrys_port),
		cmocka_unit_test(the_same_answer_again_is_no_news),
		cmocka_unit_test(repetitions_and_unusable_addresses_are_left_out),
		cmocka_unit_test(an_endless_answer_is_cut),
		cmocka_unit_test(a_failed_lookup_keeps_the_last_good_addresses),
		cmocka_unit_test(an_answer_with_nothing_usable_is_a_failure),
		cmocka_unit_test(a_numeric_entry_is_there_at_once_and_asks_nobody),
		cmocka_unit_test(a_name_is_looked_up_off_the_loop_and_told_once),
		cmocka_unit_test(an_answer_to_a_freed_lookup_is_thrown_away),
		cmocka_unit_test(a_name_is_not_asked_again_within_seconds),
		cmocka_unit_test(where_the_network_changed_it_is_asked_sooner),
	};

	return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
