/*
 * test_identity.c - keys/identity.h
 */
#include "unit.h"

#include <errno.h>
#include <sodium.h>

#include "keys/identity.h"
#include "scratch.h"

static struct error error;

/* Alice's secret of RFC 7748 6.1 as a file. */
static const char FILE_TEXT[] =
	"longwire-secret-1 77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a\n";

static void identity_that_was_made_is_loaded_again(void **state)
{
	struct identity made, loaded;
	struct stat st;

	(void)state;
	assert_int_equal(identity_create(scratch_path("id"), &made, &error), 0);
	assert_int_equal(identity_load(scratch_path("id"), &loaded, &error), 0);
	assert_memory_equal(made.secret, loaded.secret, KEY_BYTES);
	assert_true(public_key_equal(&made.public, &loaded.public));
	assert_int_equal(stat(scratch_path("id"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, strlen(FILE_TEXT));
	identity_free(&made);
	identity_free(&loaded);
}

static void each_identity_is_another(void **state)
{
	struct identity a, b;

	(void)state;
	assert_int_equal(identity_create(scratch_path("a"), &a, &error), 0);
	assert_int_equal(identity_create(scratch_path("b"), &b, &error), 0);
	assert_false(public_key_equal(&a.public, &b.public));
	identity_free(&a);
	identity_free(&b);
}

static void identity_is_never_overwritten(void **state)
{
	struct identity id;

	(void)state;
	scratch_write("id", "something");
	assert_int_equal(identity_create(scratch_path("id"), &id, &error), -EEXIST);
	assert_null(id.secret);
	assert_string_equal(scratch_read("id"), "something");
}

static void known_file_gives_its_known_key(void **state)
{
	char text[KEY_TEXT_BYTES];
	struct identity id;

	(void)state;
	scratch_write("id", FILE_TEXT);
	assert_int_equal(identity_load(scratch_path("id"), &id, &error), 0);
	assert_string_equal(public_key_format(&id.public, text),
			    "lw1s5s0qzvfxzn4gayt0hwtg0hhtgxm7wsdycup4a8t5j5ca25mfe4qz7ak09");
	identity_free(&id);
}

static void file_of_any_other_form_is_refused(void **state)
{
	static const char hex[] =
		"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
	char cases[9][128];

	(void)state;
	snprintf(cases[0], 128, "%s", "");
	snprintf(cases[1], 128, "garbage\n");
	snprintf(cases[2], 128, "longwire-secret-1 %s", hex); /* no newline: cut */
	snprintf(cases[3], 128, "longwire-secret-1 %.63s\n", hex);
	snprintf(cases[4], 128, "longwire-secret-1 %sa\n", hex);
	snprintf(cases[5], 128, "longwire-secret-1 %s\n\n", hex);
	snprintf(cases[6], 128, "longwire-secret-1 %.63sg\n", hex);
	snprintf(cases[7], 128, "longwire-secret-2 %s\n", hex);
	snprintf(cases[8], 128, "longwire-secret-1 %.31s %.32s\n", hex, hex);
	for (int i = 0; i < 9; i++) {
		struct identity id = {.secret = (struct secret_key *)1};

		scratch_write("id", cases[i]);
		if (identity_load(scratch_path("id"), &id, &error) != -EINVAL)
			fail_msg("accepted, or another error: %s", cases[i]);
		assert_error(&error, "/id:1: this is no identity; expected one line");
		assert_null(strstr(error.text, "77076d")); /* no secret in a message */
		assert_null(id.secret);
	}
}

static void very_long_file_is_refused_too(void **state)
{
	char text[4096];
	struct identity id;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	scratch_write("id", text);
	assert_int_equal(identity_load(scratch_path("id"), &id, &error), -EINVAL);
	assert_error(&error, "this is no identity");
}

static void identity_that_others_can_read_is_refused(void **state)
{
	struct identity id;

	(void)state;
	scratch_write("id", FILE_TEXT);
	chmod(scratch_path("id"), 0640);
	assert_int_equal(identity_load(scratch_path("id"), &id, &error), -EPERM);
	assert_error(&error, "chmod 600");
	assert_null(id.secret);
}

static void missing_identity_says_so(void **state)
{
	struct identity id;

	(void)state;
	assert_int_equal(identity_load(scratch_path("id"), &id, &error), -ENOENT);
	assert_error(&error, "does not exist");
}

static void machine_macs_are_stable_distinct_and_local(void **state)
{
	const struct public_key key = {{1}}, other = {{2}};
	struct mac first = identity_machine_mac(&key, 1), again = identity_machine_mac(&key, 1),
		   second = identity_machine_mac(&key, 2),
		   elsewhere = identity_machine_mac(&other, 1);
	char text[MAC_TEXT_BYTES];

	(void)state;
	assert_true(mac_equal(&first, &again));
	assert_false(mac_equal(&first, &second));
	assert_false(mac_equal(&first, &elsewhere));
	assert_int_equal(first.b[0], 0x02);
	assert_string_equal(mac_format(&first, text), "02:cb:6c:7a:87:56");
}

static void macs_of_named_machines_are_stable_distinct_and_local(void **state)
{
	const struct public_key key = {{1}}, other = {{2}};
	struct mac first = identity_named_mac(&key, "win98"),
		   again = identity_named_mac(&key, "win98"),
		   second = identity_named_mac(&key, "win99"),
		   elsewhere = identity_named_mac(&other, "win98"),
		   numbered = identity_machine_mac(&key, 1);

	(void)state;
	assert_true(mac_equal(&first, &again));
	assert_false(mac_equal(&first, &second));
	assert_false(mac_equal(&first, &elsewhere));
	assert_false(mac_equal(&first, &numbered));
	assert_int_equal(first.b[0], 0x02);
}

static int start(void **state)
{
	return sodium_init() < 0 ? -1 : scratch_make(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(identity_that_was_made_is_loaded_again, scratch_begin),
		cmocka_unit_test_setup(each_identity_is_another, scratch_begin),
		cmocka_unit_test_setup(identity_is_never_overwritten, scratch_begin),
		cmocka_unit_test_setup(known_file_gives_its_known_key, scratch_begin),
		cmocka_unit_test_setup(file_of_any_other_form_is_refused, scratch_begin),
		cmocka_unit_test_setup(very_long_file_is_refused_too, scratch_begin),
		cmocka_unit_test_setup(identity_that_others_can_read_is_refused, scratch_begin),
		cmocka_unit_test_setup(missing_identity_says_so, scratch_begin),
		cmocka_unit_test_setup(machine_macs_are_stable_distinct_and_local, scratch_begin),
		cmocka_unit_test_setup(macs_of_named_machines_are_stable_distinct_and_local,
				       scratch_begin),
	};

	return cmocka_run_group_tests(tests, start, scratch_remove);
}
