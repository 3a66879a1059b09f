/*
 * egress_linux.c - see egress.h
 */
#include "egress.h"

#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	REPLY_BYTES = 4096, /* a route to one address takes some hundred */
	IPV4_AT = ADDR_IP_BYTES - 4,
	IPV4_BYTES = 4,
	IPV4_BITS = 32,
};

struct request {
	struct nlmsghdr header;
	struct rtmsg route;
	struct rtattr to_header;
	uint8_t to[IPV4_BYTES];
};

union reply {
	struct nlmsghdr header;
	uint8_t bytes[REPLY_BYTES];
};

/* The kernel answers before it returns from send(2). Return: how many bytes, or -1 */
static ssize_t ask(const struct request *request, union reply *reply)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t len = -1;

	if (fd < 0)
		return -1;
	if (send(fd, request, sizeof(*request), 0) == (ssize_t)sizeof(*request))
		len = recv(fd, reply, sizeof(*reply), MSG_DONTWAIT);
	close(fd);
	return len;
}

static void take(const struct rtattr *a, struct egress *e)
{
	uint32_t word;

	if (RTA_PAYLOAD(a) < sizeof(word))
		return;
	memcpy(&word, RTA_DATA(a), sizeof(word));
	if (a->rta_type == RTA_OIF)
		e->interface = word;
	else if (a->rta_type == RTA_PREFSRC)
		e->source = addr_from_ipv4(ntohl(word), 0);
}

/* Return: true if both were there */
static bool read_route(struct nlmsghdr *header, struct egress *e)
{
	struct rtmsg *route = NLMSG_DATA(header);
	size_t len = header->nlmsg_len;

	if (header->nlmsg_type != RTM_NEWROUTE || len < NLMSG_LENGTH(sizeof(*route)))
		return false;
	len -= NLMSG_LENGTH(sizeof(*route));
	for (struct rtattr *a = RTM_RTA(route); RTA_OK(a, len); a = RTA_NEXT(a, len))
		take(a, e);
	return e->interface != 0 && addr_is_ipv4(&e->source);
}

bool egress_find(const struct addr *group, struct egress *out)
{
	struct request request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = RTM_GETROUTE,
			   .nlmsg_flags = NLM_F_REQUEST},
		.route = {.rtm_family = AF_INET, .rtm_dst_len = IPV4_BITS},
		.to_header = {.rta_len = RTA_LENGTH(IPV4_BYTES), .rta_type = RTA_DST},
	};
	struct egress found = {.interface = 0};
	union reply reply;
	ssize_t len;

	memcpy(request.to, group->ip + IPV4_AT, IPV4_BYTES);
	len = ask(&request, &reply);
	if (len < 0 || !NLMSG_OK(&reply.header, (size_t)len) || !read_route(&reply.header, &found))
		return false;
	*out = found;
	return true;
}

bool egress_equal(const struct egress *a, const struct egress *b)
{
	return a->interface == b->interface && addr_same_ip(&a->source, &b->source);
}
