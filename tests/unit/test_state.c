/*
 * test_state.c - agent/state.h, on a folder of its own
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/state.h"

enum {
	PATH_BYTES = 256
};

static char folder[PATH_BYTES];

static const char *file_path(void)
{
	static char path[PATH_BYTES + 8];

	snprintf(path, sizeof(path), "%s/state", folder);
	return path;
}

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/longwire-state-XXXXXX");
	unsetenv("STATE_DIRECTORY");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(file_path());
	return rmdir(folder);
}

static void write_file(const char *text)
{
	FILE *f = fopen(file_path(), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static struct public_key key_of(uint8_t first)
{
	return (struct public_key){.b = {first, 1, 2, 3}};
}

static struct addr addr_of(const char *text)
{
	struct addr a = {0};

	assert_int_equal(addr_parse(text, 0, &a), 0);
	return a;
}

static void remember(struct state *s, uint8_t key, const char *addr)
{
	struct public_key k = key_of(key);
	struct addr a = addr_of(addr);

	state_remember(s, &k, &a);
}

static int save(const struct state *s, struct error *err)
{
	char *text = state_text(s);
	int rc = state_write_text(s, text, err);

	free(text);
	return rc;
}

static void a_missing_file_is_an_empty_state(void **state)
{
	struct state s;

	(void)state;
	assert_int_equal(state_load(&s, folder, NULL), 0);
	assert_int_equal(s.timestamp_ceiling_ns, 0);
	assert_int_equal(s.count, 0);
	state_fini(&s);
}

static void what_was_saved_is_read_again(void **state)
{
	struct public_key one = key_of(1), two = key_of(2);
	struct addr six = addr_of("[2001:db8::7]:9"), four = addr_of("192.0.2.1:19543");
	struct state s;

	(void)state;
	assert_int_equal(state_load(&s, folder, NULL), 0);
	s.timestamp_ceiling_ns = 1700000000123456789;
	remember(&s, 1, "192.0.2.1:19543");
	remember(&s, 2, "[2001:db8::7]:9");
	assert_int_equal(save(&s, NULL), 0);
	state_fini(&s);

	assert_int_equal(state_load(&s, folder, NULL), 0);
	assert_true(s.timestamp_ceiling_ns == 1700000000123456789);
	assert_true(addr_equal(state_find(&s, &one), &four));
	assert_true(addr_equal(state_find(&s, &two), &six));
	state_fini(&s);
}

static void the_file_is_for_its_owner_only(void **state)
{
	struct state s;
	struct stat st;

	(void)state;
	umask(0);
	assert_int_equal(state_load(&s, folder, NULL), 0);
	assert_int_equal(save(&s, NULL), 0);
	assert_int_equal(stat(file_path(), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	state_fini(&s);
}

static void the_same_address_again_is_no_news(void **state)
{
	struct public_key one = key_of(1);
	struct addr a = addr_of("192.0.2.1:1"), b = addr_of("192.0.2.2:1");
	struct state s = {0};

	(void)state;
	assert_true(state_remember(&s, &one, &a));
	assert_false(state_remember(&s, &one, &a));
	assert_true(state_remember(&s, &one, &b));
	assert_int_equal(s.count, 1);
	state_fini(&s);
}

static void a_forgotten_peer_is_gone_and_the_others_stay(void **state)
{
	struct public_key one = key_of(1), two = key_of(2);
	struct state s = {0};

	(void)state;
	remember(&s, 1, "192.0.2.1:1");
	remember(&s, 2, "192.0.2.2:1");
	assert_true(state_forget(&s, &one));
	assert_false(state_forget(&s, &one));
	assert_null(state_find(&s, &one));
	assert_non_null(state_find(&s, &two));
	state_fini(&s);
}

static void more_peers_than_there_can_be_are_not_kept(void **state)
{
	struct addr a = addr_of("192.0.2.1:1");
	struct state s = {0};

	(void)state;
	for (unsigned i = 0; i < STATE_PEERS_MAX + 1; i++) {
		struct public_key key = {.b = {(uint8_t)i, (uint8_t)(i >> 8)}};

		assert_true(state_remember(&s, &key, &a) == (i < STATE_PEERS_MAX));
	}
	assert_int_equal(s.count, STATE_PEERS_MAX);
	state_fini(&s);
}

static void assert_damaged(const char *text)
{
	struct error err = {0};
	struct state s;

	write_file(text);
	assert_int_equal(state_load(&s, folder, &err), -EINVAL);
	assert_non_null(strstr(err.text, file_path()));
	assert_int_equal(s.count, 0);
	assert_int_equal(s.timestamp_ceiling_ns, 0);
	assert_int_equal(save(&s, NULL), 0);
	state_fini(&s);
	assert_int_equal(state_load(&s, folder, NULL), 0);
	state_fini(&s);
}

static void a_damaged_file_is_said_and_leaves_a_usable_state(void **state)
{
	(void)state;
	assert_damaged("");
	assert_damaged("{\"timestamp_ceiling_ns\": 12, \"pe");
	assert_damaged("[]");
	assert_damaged("{\"timestamp_ceiling_ns\": -1, \"peers\": {}}");
	assert_damaged("{\"timestamp_ceiling_ns\": \"1\", \"peers\": {}}");
	assert_damaged("{\"timestamp_ceiling_ns\": 1}");
	assert_damaged("{\"timestamp_ceiling_ns\": 1, \"peers\": {\"anna\": \"192.0.2.1:1\"}}");
}

static void a_bad_address_spoils_the_whole_file(void **state)
{
	struct public_key one = key_of(1), two = key_of(2);
	char a[KEY_TEXT_BYTES], b[KEY_TEXT_BYTES], text[512];

	(void)state;
	snprintf(text, sizeof(text),
		 "{\"timestamp_ceiling_ns\": 5, \"peers\": {\"%s\": \"192.0.2.1:1\", \"%s\": "
		 "\"224.0.0.1:1\"}}",
		 public_key_format(&one, a), public_key_format(&two, b));
	assert_damaged(text);
}

static void what_is_no_file_is_refused_and_named(void **state)
{
	struct error err = {0};
	struct state s;

	(void)state;
	assert_int_equal(mkdir(file_path(), 0700), 0);
	assert_int_equal(state_load(&s, folder, &err), -EINVAL);
	assert_error(&err, file_path());
	state_fini(&s);
	assert_int_equal(rmdir(file_path()), 0);
}

static void the_first_folder_of_the_service_manager_is_used(void **state)
{
	char elsewhere[PATH_BYTES + 32];
	struct state s;

	(void)state;
	snprintf(elsewhere, sizeof(elsewhere), "%s:/nonexistent", folder);
	setenv("STATE_DIRECTORY", elsewhere, 1);
	assert_int_equal(state_load(&s, "/nonexistent", NULL), 0);
	assert_string_equal(s.path, file_path());
	assert_int_equal(save(&s, NULL), 0);
	state_fini(&s);
	unsetenv("STATE_DIRECTORY");
}

static void a_folder_that_is_gone_is_an_error_that_names_it(void **state)
{
	struct error err = {0};
	struct state s;

	(void)state;
	assert_int_equal(state_load(&s, "/nonexistent/longwire", NULL), 0);
	assert_int_equal(save(&s, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/longwire/state"));
	state_fini(&s);
}

int main(void)
{
#define STATE_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		STATE_TEST(a_missing_file_is_an_empty_state),
		STATE_TEST(what_was_saved_is_read_again),
		STATE_TEST(the_file_is_for_its_owner_only),
		cmocka_unit_test(the_same_address_again_is_no_news),
		cmocka_unit_test(a_forgotten_peer_is_gone_and_the_others_stay),
		cmocka_unit_test(more_peers_than_there_can_be_are_not_kept),
		STATE_TEST(a_damaged_file_is_said_and_leaves_a_usable_state),
		STATE_TEST(a_bad_address_spoils_the_whole_file),
		STATE_TEST(what_is_no_file_is_refused_and_named),
		STATE_TEST(the_first_folder_of_the_service_manager_is_used),
		cmocka_unit_test(a_folder_that_is_gone_is_an_error_that_names_it),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
