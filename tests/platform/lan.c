/*
 * lan.c - see lan.h
 */
#include "lan.h"

#include <arpa/inet.h>
#include <assert.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int here = -1, there = -1;
static bool is_made;

static bool write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file)
		return false;
	fputs(text, file);
	return fclose(file) == 0;
}

/* Whoever is not root is it in a user namespace. */
static bool become_root(void)
{
	char map[64];

	if (geteuid() == 0)
		return true;
	snprintf(map, sizeof(map), "0 %u 1", geteuid());
	return unshare(CLONE_NEWUSER) == 0 && write_file("/proc/self/setgroups", "deny") &&
	       write_file("/proc/self/uid_map", map);
}

/* Return: a descriptor of a new network namespace. We are in it now; ip(8) inherits it. */
static int new_namespace(void)
{
	return unshare(CLONE_NEWNET) == 0 ? open("/proc/self/ns/net", O_RDONLY) : -1;
}

static bool run(const char *command)
{
	return system(command) == 0;
}

static void enter(int namespace)
{
	int code = setns(namespace, CLONE_NEWNET);

	assert(code == 0);
	(void)code;
}

static void go_there(void)
{
	enter(there);
}

static void come_back(void)
{
	enter(here);
}

static bool make(void)
{
	char link[128];

	if (!become_root())
		return false;
	there = new_namespace();
	here = new_namespace();
	if (there < 0 || here < 0)
		return false;
	snprintf(link, sizeof(link),
		 "ip link add lan0 type veth peer name lan0 netns /proc/self/fd/%d", there);
	if (!run(link) || !run("ip link set lo up && ip link set lan0 up") ||
	    !run("ip addr add 198.18.0.1/24 dev lan0") ||
	    !run("ip link add other0 type veth peer name other1") ||
	    !run("ip link set other0 up && ip link set other1 up") ||
	    !run("ip addr add 198.18.1.1/24 dev other0"))
		return false;
	go_there();
	link[0] = run("ip link set lo up && ip link set lan0 up") &&
		  run("ip addr add 198.18.0.2/24 dev lan0");
	come_back();
	return link[0];
}

int make_lan(void **state)
{
	(void)state;
	is_made = make();
	return 0;
}

struct fixture *on_lan(void **state)
{
	if (!is_made)
		skip();
	return *state;
}

void open_lan_machine(struct fixture *f, int i)
{
	f->machines[i] = new_machine(f, HERE_IP);
}

void open_far_machine(struct fixture *f, int i)
{
	go_there();
	f->machines[i] = new_machine(f, THERE_IP);
	come_back();
}

int open_far_program(void)
{
	struct in_addr local = {htonl(THERE_IP)};
	int fd;

	go_there();
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	come_back();
	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &local, sizeof(local));
	return fd;
}

int open_far_liar(void)
{
	struct sockaddr_in ours = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(HERE_IP)};
	int fd = open_far_program(), on = 1, code;

	code = setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on));
	assert(code == 0);
	code = bind(fd, (struct sockaddr *)&ours, sizeof(ours));
	assert(code == 0);
	(void)code;
	return fd;
}

void set_route(const char *interface)
{
	char command[128];
	bool is_set;

	snprintf(command, sizeof(command), "ip route replace default dev %s", interface);
	is_set = run(interface ? command : "ip route flush default");
	assert(is_set);
	(void)is_set;
}

uint32_t lan_interface(void)
{
	return if_nametoindex("lan0");
}

uint32_t loopback(void)
{
	return if_nametoindex("lo");
}
