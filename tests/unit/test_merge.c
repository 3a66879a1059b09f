/*
 * test_merge.c - agent/merge.h: what joins a super-frame, and each reason for which a frame does not
 */
#include "unit.h"

#include "came.h"

/* ---- what joins ---- */

static void the_next_of_a_flow_joins(void **state)
{
	const struct super all[] = {TCP4, UDP4, TCP6, UDP6};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct super first = all[i], next;

		next = next_of(&first);
		assert_joins(&first, &next);
		first.tags = 2;
		first.ip_more = 3;
		first.tcp_more = 3;
		next = next_of(&first);
		assert_joins(&first, &next);
	}
}

static void a_shorter_one_joins_and_none_after_it(void **state)
{
	struct super first = TCP4, second = next_of(&first), third;

	(void)state;
	second.data_len = 1;
	third = next_of(&second);
	comes(2, &third);
	assert_joins(&first, &second);
	assert_false(adds(2));
	assert_cuts_into(0, 2);
}

static void one_with_psh_or_fin_joins_and_none_after_it(void **state)
{
	static const uint8_t last[] = {SUPER_PUSH, SUPER_FIN, SUPER_PUSH | SUPER_FIN};
	struct super first = TCP6, second = next_of(&first), third = next_of(&second);

	(void)state;
	comes(2, &third);
	for (size_t i = 0; i < sizeof(last); i++) {
		second.flags = SUPER_ACK | last[i];
		assert_joins(&first, &second);
		assert_int_equal(m.offload.tcp_flags, second.flags);
		assert_false(adds(2));
	}
}

static void numbers_that_begin_again_at_zero_join(void **state)
{
	struct super first = TCP4, next;

	(void)state;
	first.id = UINT16_MAX;
	first.sequence = UINT32_MAX - 99;
	next = next_of(&first);
	assert_int_equal(next.sequence, 0);
	assert_joins(&first, &next);
	first.sequence = UINT32_MAX - 50;
	next = next_of(&first);
	assert_joins(&first, &next);
}

/* ---- what does not ---- */

static void a_frame_of_another_flow_stays_apart(void **state)
{
	const struct super all[] = {TCP4, UDP4, TCP6, UDP6};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct super next = next_of(&all[i]), other;

		other = next;
		other.from++;
		assert_apart(&all[i], &other);
		other = next;
		other.to++;
		assert_apart(&all[i], &other);
		other = next;
		other.ttl--;
		assert_apart(&all[i], &other);
		other = next;
		other.tos++; /* of IPv6: the class */
		assert_apart(&all[i], &other);
		other = next;
		other.tags = 1;
		assert_apart(&all[i], &other);
		other = next;
		other.ip_more = 1;
		assert_apart(&all[i], &other);
	}
}

static void a_frame_of_another_kind_stays_apart(void **state)
{
	const struct super all[] = {TCP4, UDP4, TCP6, UDP6};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < 4; k++)
			if (k != i)
				assert_apart(&all[i], &all[k]);
}

/* The checksum, which may be anything, and TCP's FIN */
static bool is_free(const struct offload *o, size_t at)
{
	return at - o->checksum_at < 2 || (!o->is_udp && at == o->upper_at + 13U);
}

static void any_byte_of_the_headers_that_differs_keeps_it_apart(void **state)
{
	const struct super all[] = {TCP4, UDP4, TCP6, UDP6};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct super first = all[i], next;

		first.tags = 2;
		first.ip_more = 2;
		first.tcp_more = 2;
		next = next_of(&first);
		comes(0, &first);
		comes(1, &next);
		for (size_t at = 0; at < came[1].offload.headers_len; at++) {
			came[1].bytes[at] ^= 1;
			start(0);
			/* what is no TCP or UDP any more comes no further */
			if (offload_derive(came[1].bytes, came[1].len, &came[1].offload) &&
			    adds(1)) {
				assert_true(is_free(&came[1].offload, at));
				assert_cuts_into(0, 2);
			}
			came[1].bytes[at] ^= 1;
			offload_derive(came[1].bytes, came[1].len, &came[1].offload);
		}
	}
}

static void tcp_that_says_something_else_stays_apart(void **state)
{
	struct super next = next_of(&TCP4), other;

	(void)state;
	other = next;
	other.ack++;
	assert_apart(&TCP4, &other);
	other = next;
	other.window++;
	assert_apart(&TCP4, &other);
	other = next;
	other.urgent++;
	assert_apart(&TCP4, &other);
	other = next;
	other.tcp_more = 1;
	assert_apart(&TCP4, &other);
}

static void options_that_differ_keep_it_apart(void **state)
{
	struct super first = TCP4, next;

	(void)state;
	first.tcp_more = 3;
	next = next_of(&first);
	next.fill = 1;
	assert_apart(&first, &next);
	first = UDP4;
	first.ip_more = 1;
	next = next_of(&first);
	next.fill = 1;
	assert_apart(&first, &next);
	first = UDP6;
	first.ip_more = 1;
	next = next_of(&first);
	next.fill = 1;
	assert_apart(&first, &next);
}

static void a_number_that_is_not_the_next_keeps_it_apart(void **state)
{
	struct super next;

	(void)state;
	next = next_of(&TCP4);
	next.id++;
	assert_apart(&TCP4, &next);
	next.id = TCP4.id;
	assert_apart(&TCP4, &next);
	next = next_of(&UDP4);
	next.id--;
	assert_apart(&UDP4, &next);
	next = next_of(&TCP6);
	next.sequence++;
	assert_apart(&TCP6, &next);
	next.sequence -= 2;
	assert_apart(&TCP6, &next);
}

static void fragment_bits_that_differ_keep_it_apart(void **state)
{
	struct super first = TCP4, next = next_of(&first);

	(void)state;
	next.fragment = SUPER_DONT_FRAGMENT;
	assert_apart(&first, &next);
	first.fragment = SUPER_DONT_FRAGMENT;
	assert_joins(&first, &next);
	next.fragment = 0;
	assert_apart(&first, &next);
}

/* It would be mended, where today the receiver drops it. */
static void a_wrong_checksum_of_ip_is_left_to_the_receiver(void **state)
{
	struct super next = next_of(&TCP4);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		comes(0, &TCP4);
		comes(1, &next);
		came[i].bytes[14 + 11] ^= 1;
		start(0);
		assert_false(adds(1));
		assert_cuts_into(0, 1);
	}
}

/* 65,535 is 0 for who sums up, but not for who compares. */
static void a_checksum_of_ip_of_65535_stays_as_it_is(void **state)
{
	struct super first = TCP4, next;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct super *odd = i == 0 ? &first : &next;

		first = TCP4;
		next = next_of(&first);
		odd->id = 0;
		comes(i, odd);
		odd->id = peek_u16(came[i].bytes + 14 + 10); /* so that nothing is missing */
		if (i == 0)
			next.id = (uint16_t)(first.id + 1);
		else
			first.id = (uint16_t)(next.id - 1);
		comes(0, &first);
		comes(1, &next);
		assert_int_equal(peek_u16(came[i].bytes + 14 + 10), 0);
		start(0);
		assert_true(adds(1));
		poke_u16(came[i].bytes + 14 + 10, UINT16_MAX);
		start(0);
		assert_false(adds(1));
	}
}

static void a_longer_one_stays_apart(void **state)
{
	struct super next = next_of(&UDP6);

	(void)state;
	next.data_len++;
	assert_apart(&UDP6, &next);
}

static void what_has_no_data_stays_apart(void **state)
{
	struct super first = TCP4, next = next_of(&first);

	(void)state;
	next.data_len = 0;
	assert_apart(&first, &next);
	first.data_len = 0;
	next = next_of(&first);
	assert_apart(&first, &next);
	next.data_len = 100;
	assert_apart(&first, &next);
}

static void flags_that_no_piece_may_have_keep_it_apart(void **state)
{
	struct super first = TCP4, next = next_of(&first);

	(void)state;
	for (unsigned flags = 0; flags < 256; flags++) {
		bool is_last =
			(flags | SUPER_PUSH | SUPER_FIN) == (SUPER_ACK | SUPER_PUSH | SUPER_FIN);

		next.flags = (uint8_t)flags;
		first.flags = SUPER_ACK;
		assert_int_equal(joins(&first, &next), is_last);
		next.flags = SUPER_ACK;
		first.flags = (uint8_t)flags;
		assert_int_equal(joins(&first, &next), flags == SUPER_ACK);
		assert_cuts_into(0, flags == SUPER_ACK ? 2 : 1);
	}
}

static void a_super_frame_is_not_put_together_with_another(void **state)
{
	struct super first = TCP4, next = next_of(&first);

	(void)state;
	next.data_len = 50;
	comes(0, &first);
	comes(1, &next);
	came[0].offload.piece_len = 50;
	start(0);
	assert_false(adds(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		seeded(the_next_of_a_flow_joins),
		seeded(a_shorter_one_joins_and_none_after_it),
		seeded(one_with_psh_or_fin_joins_and_none_after_it),
		seeded(numbers_that_begin_again_at_zero_join),
		seeded(a_frame_of_another_flow_stays_apart),
		seeded(a_frame_of_another_kind_stays_apart),
		seeded(any_byte_of_the_headers_that_differs_keeps_it_apart),
		seeded(tcp_that_says_something_else_stays_apart),
		seeded(options_that_differ_keep_it_apart),
		seeded(a_number_that_is_not_the_next_keeps_it_apart),
		seeded(fragment_bits_that_differ_keep_it_apart),
		seeded(a_wrong_checksum_of_ip_is_left_to_the_receiver),
		seeded(a_checksum_of_ip_of_65535_stays_as_it_is),
		seeded(a_longer_one_stays_apart),
		seeded(what_has_no_data_stays_apart),
		seeded(flags_that_no_piece_may_have_keep_it_apart),
		seeded(a_super_frame_is_not_put_together_with_another),
	};

	return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
