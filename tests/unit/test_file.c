/*
 * test_file.c - common/file.h
 */
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"

enum {
	ROOM = 64,
	PATHS = 128
};

static char folder[] = "/tmp/longwire-test-file-XXXXXX", path[PATHS];
static char room[ROOM];
static struct error error;

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static int begin(void **state)
{
	(void)state;
	unlink(path);
	memset(room, 'x', sizeof(room));
	memset(&error, 0, sizeof(error));
	return 0;
}

static void put(const char *text, mode_t mode)
{
	const struct file_bytes bytes = {text, strlen(text), mode};

	if (file_replace(path, &bytes, &error))
		fail_msg("%s", error.text);
}

static int get(enum file_secrecy secrecy, size_t size)
{
	struct file_text text = {.at = room, .room = size};
	int rc = file_read(path, secrecy, &text, &error);

	if (rc == 0)
		assert_int_equal(text.len, strlen(room));
	return rc;
}

/* Entries of the folder besides . and .. */
static int entries(void)
{
	DIR *d = opendir(folder);
	int count = -2;

	assert_non_null(d);
	while (readdir(d))
		count++;
	closedir(d);
	return count;
}

static void file_that_was_written_is_read_again(void **state)
{
	(void)state;
	put("hello", 0600);
	assert_int_equal(get(FILE_SECRET, ROOM), 0);
	assert_string_equal(room, "hello");
	put("", 0600);
	assert_int_equal(get(FILE_SECRET, ROOM), 0);
	assert_string_equal(room, "");
}

static void file_gets_its_mode_whatever_the_umask(void **state)
{
	mode_t before = umask(0777);
	struct stat st;

	(void)state;
	put("hello", 0644);
	umask(before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void replacing_leaves_the_new_text_and_nothing_beside_it(void **state)
{
	(void)state;
	put("a longer text", 0600);
	put("short", 0600);
	assert_int_equal(get(FILE_PUBLIC, ROOM), 0);
	assert_string_equal(room, "short");
	assert_int_equal(entries(), 1);
}

static void creating_over_a_file_is_refused_and_leaves_it(void **state)
{
	const struct file_bytes bytes = {"new", 3, 0600};

	(void)state;
	assert_int_equal(file_create(path, &bytes, &error), 0);
	assert_int_equal(file_create(path, &(struct file_bytes){"other", 5, 0600}, &error),
			 -EEXIST);
	assert_error(&error, "exists already");
	assert_int_equal(get(FILE_SECRET, ROOM), 0);
	assert_string_equal(room, "new");
	assert_int_equal(entries(), 1);
}

static void writing_into_a_folder_that_is_not_there_says_so(void **state)
{
	const struct file_bytes bytes = {"new", 3, 0600};

	(void)state;
	assert_int_equal(file_replace("/nowhere-at-all/file", &bytes, &error), -ENOENT);
	assert_error(&error, "/nowhere-at-all/file: cannot write");
}

static void file_longer_than_the_room_is_refused_and_wiped(void **state)
{
	const char zeros[8] = {0};

	(void)state;
	put("1234567", 0600);
	assert_int_equal(get(FILE_PUBLIC, 8), 0);
	put("12345678", 0600);
	assert_int_equal(get(FILE_PUBLIC, 8), -EFBIG);
	assert_error(&error, "longer than 7 bytes");
	assert_memory_equal(room, zeros, sizeof(zeros));
}

static void secret_that_others_may_open_is_refused_with_the_fix(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0620, 0601, 0644, 0666};

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		put("secret", modes[i]);
		assert_int_equal(get(FILE_PUBLIC, ROOM), 0);
		memset(room, 0, sizeof(room));
		assert_int_equal(get(FILE_SECRET, ROOM), -EPERM);
		assert_error(&error, "chmod 600 /tmp/longwire-test-file-");
		assert_string_equal(room, "");
	}
	put("secret", 0400);
	assert_int_equal(get(FILE_SECRET, ROOM), 0);
}

static void secret_of_another_user_is_refused(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	put("secret", 0600);
	assert_int_equal(chown(path, 65534, 0), 0);
	assert_int_equal(get(FILE_SECRET, ROOM), -EPERM);
	assert_error(&error, "belongs to another user (uid 65534)");
	assert_int_equal(get(FILE_PUBLIC, ROOM), 0);
}

static void secret_behind_a_link_is_refused_but_a_public_file_is_not(void **state)
{
	char target[PATHS + 8];

	(void)state;
	put("text", 0600);
	snprintf(target, sizeof(target), "%s.target", path);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(get(FILE_PUBLIC, ROOM), 0);
	assert_int_equal(get(FILE_SECRET, ROOM), -ELOOP);
	assert_error(&error, "is a symbolic link");
	unlink(target);
}

static void pipes_and_folders_are_refused_without_waiting(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(get(FILE_PUBLIC, ROOM), -EINVAL);
	assert_error(&error, "is not a regular file");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(get(FILE_PUBLIC, ROOM), -EINVAL);
	rmdir(path);
}

static void missing_file_says_so(void **state)
{
	(void)state;
	assert_int_equal(get(FILE_PUBLIC, ROOM), -ENOENT);
	assert_error(&error, "does not exist");
	assert_int_equal(file_remove(path, &error), -ENOENT);
}

static void removed_file_is_gone(void **state)
{
	(void)state;
	put("text", 0600);
	assert_int_equal(file_remove(path, &error), 0);
	assert_int_equal(entries(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(file_that_was_written_is_read_again, begin),
		cmocka_unit_test_setup(file_gets_its_mode_whatever_the_umask, begin),
		cmocka_unit_test_setup(replacing_leaves_the_new_text_and_nothing_beside_it, begin),
		cmocka_unit_test_setup(creating_over_a_file_is_refused_and_leaves_it, begin),
		cmocka_unit_test_setup(writing_into_a_folder_that_is_not_there_says_so, begin),
		cmocka_unit_test_setup(file_longer_than_the_room_is_refused_and_wiped, begin),
		cmocka_unit_test_setup(secret_that_others_may_open_is_refused_with_the_fix, begin),
		cmocka_unit_test_setup(secret_of_another_user_is_refused, begin),
		cmocka_unit_test_setup(secret_behind_a_link_is_refused_but_a_public_file_is_not,
				       begin),
		cmocka_unit_test_setup(pipes_and_folders_are_refused_without_waiting, begin),
		cmocka_unit_test_setup(missing_file_says_so, begin),
		cmocka_unit_test_setup(removed_file_is_gone, begin),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
