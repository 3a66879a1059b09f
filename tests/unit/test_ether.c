/*
 * test_ether.c - common/ether.h
 */
#include "unit.h"

#include <errno.h>

#include "common/ether.h"

static void mac_text_survives_parse_and_format(void **state)
{
	static const char *const cases[] = {"52:54:00:ab:cd:ef", "52-54-00-AB-CD-EF",
					    "52:54:00:Ab:cD:eF"};
	struct mac m;
	char text[MAC_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(mac_parse(cases[i], &m), 0);
		assert_string_equal(mac_format(&m, text), "52:54:00:ab:cd:ef");
	}
}

static void text_that_is_no_mac_is_refused_and_nothing_changes(void **state)
{
	static const char *const cases[] = {
		"",
		"52:54:00:12:34",
		"52:54:00:12:34:5",
		"52:54:00:12:34:567",
		"52:54:00:12:34:56:78",
		"52:54:00:12:34:5g",
		"52:54:00:12:34: 6",
		"52:54:00:12:34:-6",
		"525400123456aaaaa",
		"52.54.00.12.34.56",
		"52:54-00:12-34:56",
		"52:54:00:12:34-56",
		" 2:54:00:12:34:56",
	};
	const struct mac before = {{1, 2, 3, 4, 5, 6}};
	struct mac m = before;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (mac_parse(cases[i], &m) != -EINVAL)
			fail_msg("accepted: '%s'", cases[i]);
		assert_true(mac_equal(&m, &before));
	}
}

static struct mac mac(const char *text)
{
	struct mac m;

	assert_int_equal(mac_parse(text, &m), 0);
	return m;
}

static void group_broadcast_and_zero_are_told_apart(void **state)
{
	struct mac all = mac("ff:ff:ff:ff:ff:ff"), most = mac("ff:ff:ff:ff:ff:fe"),
		   group = mac("01:00:5e:00:00:01"), one = mac("52:54:00:12:34:56"),
		   zero = mac("00:00:00:00:00:00");

	(void)state;
	assert_true(mac_is_broadcast(&all) && mac_is_group(&all));
	assert_true(!mac_is_broadcast(&most) && mac_is_group(&most));
	assert_true(mac_is_group(&group) && !mac_is_broadcast(&group));
	assert_false(mac_is_group(&one));
	assert_true(mac_is_zero(&zero));
	assert_false(mac_is_zero(&one));
}

static void link_local_groups_are_exactly_sixteen(void **state)
{
	struct mac first = mac("01:80:c2:00:00:00"), last = mac("01:80:c2:00:00:0f"),
		   next = mac("01:80:c2:00:00:10"), other = mac("01:80:c2:00:01:00");

	(void)state;
	assert_true(mac_is_link_local(&first));
	assert_true(mac_is_link_local(&last));
	assert_false(mac_is_link_local(&next));
	assert_false(mac_is_link_local(&other));
}

static void destination_comes_before_source_in_a_frame(void **state)
{
	const uint8_t frame[ETHER_HEADER_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 8, 0};
	struct mac dst = ether_dst(frame), src = ether_src(frame);

	(void)state;
	assert_memory_equal(dst.b, frame, MAC_BYTES);
	assert_memory_equal(src.b, frame + 6, MAC_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mac_text_survives_parse_and_format),
		cmocka_unit_test(text_that_is_no_mac_is_refused_and_nothing_changes),
		cmocka_unit_test(group_broadcast_and_zero_are_told_apart),
		cmocka_unit_test(link_local_groups_are_exactly_sixteen),
		cmocka_unit_test(destination_comes_before_source_in_a_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
