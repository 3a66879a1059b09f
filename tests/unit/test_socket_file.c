/*
 * test_socket_file.c - agent/socket_file.h
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../../agent/socket_file.h"
#include "scratch.h"

enum {
	PRIVATE = 0600,
	SHARED = 0660,
	SOMEBODY = 12345, /* another user */
	NO_GROUP_OF_OURS = 12346,
};

/* Return: descriptor of a datagram socket, bound there */
static int bind_at(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	strcpy(at.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static int mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 0777;
}

static void a_socket_gets_its_group_and_mode(void **state)
{
	const char *path = scratch_path("socket");
	gid_t group = getegid();
	int fd = bind_at(path);

	(void)state;
	assert_int_equal(socket_file_give(path, NULL, PRIVATE), 0);
	assert_int_equal(mode_of(path), PRIVATE);
	assert_int_equal(socket_file_give(path, &group, SHARED), 0);
	assert_int_equal(mode_of(path), SHARED);
	close(fd);
}

static void what_somebody_put_in_its_place_is_left_alone(void **state)
{
	const char *secret = scratch_path("secret"), *path = scratch_path("socket");
	gid_t group = getegid();

	(void)state;
	scratch_write("secret", "of the agent's user");
	assert_int_equal(symlink(secret, path), 0);
	assert_int_equal(socket_file_give(path, &group, SHARED), -ENOTSOCK);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(link(secret, path), 0);
	assert_int_equal(socket_file_give(path, &group, SHARED), -ENOTSOCK);
	assert_int_equal(mode_of(secret), PRIVATE);
	unlink(path);
	assert_int_equal(socket_file_give(path, &group, SHARED), -ENOENT);
}

static void a_link_to_a_socket_is_no_socket(void **state)
{
	const char *path = scratch_path("socket"), *other = scratch_path("link");
	int fd = bind_at(path);

	(void)state;
	assert_int_equal(symlink(path, other), 0);
	assert_int_equal(socket_file_hold(other, geteuid()), -ENOTSOCK);
	close(fd);
}

static void what_is_held_is_one_users_and_stays_what_it_was(void **state)
{
	const char *path = scratch_path("socket");
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = bind_at(path), held, other, sender;
	char byte = 0;

	(void)state;
	assert_int_equal(socket_file_hold(path, SOMEBODY), -EPERM);
	held = socket_file_hold(path, geteuid());
	assert_true(held >= 0);
	unlink(path);
	other = bind_at(path);
	socket_file_name(held, at.sun_path);
	sender = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(sendto(sender, "x", 1, 0, (struct sockaddr *)&at, sizeof(at)), 1);
	assert_int_equal(recv(fd, &byte, 1, 0), 1);
	assert_int_equal(recv(other, &byte, 1, 0), -1);
	close(sender);
	close(other);
	close(held);
	close(fd);
}

static void a_group_that_we_are_no_member_of_is_refused_before_the_mode(void **state)
{
	const char *path = scratch_path("socket");
	gid_t group = NO_GROUP_OF_OURS;
	uid_t me = geteuid();
	int fd, code;

	(void)state;
	chmod(scratch, 0777);
	if (me == 0) /* root may give to whom it likes */
		assert_int_equal(seteuid(SOMEBODY), 0);
	fd = bind_at(path);
	chmod(path, PRIVATE);
	code = socket_file_give(path, &group, SHARED);
	assert_int_equal(seteuid(me), 0);
	assert_int_equal(code, -EPERM);
	assert_int_equal(mode_of(path), PRIVATE);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_socket_gets_its_group_and_mode, scratch_begin),
		cmocka_unit_test_setup(what_somebody_put_in_its_place_is_left_alone, scratch_begin),
		cmocka_unit_test_setup(a_link_to_a_socket_is_no_socket, scratch_begin),
		cmocka_unit_test_setup(what_is_held_is_one_users_and_stays_what_it_was,
				       scratch_begin),
		cmocka_unit_test_setup(a_group_that_we_are_no_member_of_is_refused_before_the_mode,
				       scratch_begin),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
