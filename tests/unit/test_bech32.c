/*
 * test_bech32.c - keys/types/bech32.h, with the vectors of BIP 350
 */
#include "unit.h"

#include <ctype.h>

#include "../../keys/types/bech32.h"

static const char *const VALID[] = {
	"A1LQFN3A",
	"a1lqfn3a",
	"an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg"
	"6",
	"abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
	"11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr"
	"8",
	"split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
	"?1v759aa",
};

static const char *const INVALID[] = {
	"\x20"
	"1xj0phk", /* prefix character out of range */
	"\x7f"
	"1g6xzxy",
	"\x80"
	"1vctc34",
	"an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts"
	"4",
	"qyrz8wqd2c9m",  /* no separator */
	"1qyrz8wqd2c9m", /* empty prefix */
	"y1b0jsk6g",     /* invalid data character */
	"lt1igcx5c0",
	"in1muywd",  /* checksum too short */
	"mm1crxm3i", /* invalid character in the checksum */
	"au1s5cgom",
	"M1VUXWEZ", /* checksum over the upper case prefix */
	"16plkw9",  /* empty prefix */
	"1p2gdwpf",
	/* Valid bech32 of BIP 173, which bech32m is not. */
	"A12UEL5L",
	"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
	"?1ezyfcl",
	/* Mixed case. */
	"a1lqfn3A",
	"A1lqfn3a",
	"",
	"1",
	"a1",
};

static void valid_vectors_of_bip_350_decode_and_encode_to_themselves(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(VALID) / sizeof(VALID[0]); i++) {
		struct bech32 decoded;
		char again[BECH32_TEXT_MAX + 1], expected[BECH32_TEXT_MAX + 1];
		size_t j;

		if (!bech32m_decode(VALID[i], &decoded))
			fail_msg("refused: %s", VALID[i]);
		bech32m_encode(decoded.prefix, decoded.values, decoded.count, again);
		for (j = 0; VALID[i][j]; j++)
			expected[j] = (char)tolower(VALID[i][j]);
		expected[j] = '\0';
		assert_string_equal(again, expected);
	}
}

static void invalid_vectors_of_bip_350_are_refused(void **state)
{
	struct bech32 decoded;

	(void)state;
	for (size_t i = 0; i < sizeof(INVALID) / sizeof(INVALID[0]); i++)
		if (bech32m_decode(INVALID[i], &decoded))
			fail_msg("accepted: %s", INVALID[i]);
}

static void values_come_in_the_order_of_the_alphabet(void **state)
{
	struct bech32 decoded;

	(void)state;
	assert_true(bech32m_decode("abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx", &decoded));
	assert_string_equal(decoded.prefix, "abcdef");
	assert_int_equal(decoded.count, 32);
	for (int i = 0; i < 32; i++)
		assert_int_equal(decoded.values[i], 31 - i);
}

static void characters_outside_the_alphabet_have_no_value(void **state)
{
	(void)state;
	assert_int_equal(bech32_value('q'), 0);
	assert_int_equal(bech32_value('L'), 31);
	for (const char *c = "1bioBIO -\x80"; *c; c++)
		assert_int_equal(bech32_value(*c), -1);
	assert_int_equal(bech32_value('\0'), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_vectors_of_bip_350_decode_and_encode_to_themselves),
		cmocka_unit_test(invalid_vectors_of_bip_350_are_refused),
		cmocka_unit_test(values_come_in_the_order_of_the_alphabet),
		cmocka_unit_test(characters_outside_the_alphabet_have_no_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
