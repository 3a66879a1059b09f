/*
 * dgram_socket_linux.c - see dgram_socket.h
 */
#include "dgram_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/attributes.h"

/* Room for what SO_PASSCRED adds to a datagram, and for nothing behind it: descriptors that somebody
 * sends along have none, and stay out. */
union user_room {
	struct cmsghdr aligned;
	char bytes[CMSG_SPACE(sizeof(struct ucred))];
};

int dgram_ask_users(int fd)
{
	int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ? -errno : 0;
}

static uid_t user_of(struct msghdr *m)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(m);
	struct ucred user = {.uid = DGRAM_ANYBODY};

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS)
		memcpy(&user, CMSG_DATA(c), sizeof(user));
	return user.uid;
}

bool dgram_name_equal(const struct dgram_name *a, const struct dgram_name *b)
{
	return a->len == b->len && memcmp(&a->at, &b->at, a->len) == 0;
}

/* The kernel wrote @len bytes of it, and what is behind them is whatever was there. */
static void set_name(struct dgram_name *name, socklen_t len)
{
	name->len = len;
	if (len < sizeof(name->at))
		memset((char *)&name->at + len, 0, sizeof(name->at) - len);
}

int dgram_receive(int fd, const struct udp_area *area, bool asks_users,
		  struct dgram_received out[UDP_BATCH])
{
	UNINITIALIZED struct mmsghdr messages[UDP_BATCH];
	UNINITIALIZED struct iovec slots[UDP_BATCH];
	UNINITIALIZED union user_room users[UDP_BATCH];
	int count;

	for (size_t i = 0; i < UDP_BATCH; i++) {
		slots[i] = (struct iovec){area->bytes + i * area->slot_bytes, area->slot_bytes};
		messages[i].msg_hdr = (struct msghdr){.msg_name = &out[i].from.at,
						      .msg_namelen = sizeof(out[i].from.at),
						      .msg_iov = &slots[i],
						      .msg_iovlen = 1};
		if (!asks_users)
			continue;
		messages[i].msg_hdr.msg_control = &users[i];
		messages[i].msg_hdr.msg_controllen = sizeof(users[i]);
	}
	do {
		count = recvmmsg(fd, messages, UDP_BATCH, MSG_DONTWAIT, NULL);
	} while (count < 0 && errno == EINTR);
	if (count < 0)
		return errno == EAGAIN ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		out[i].bytes = slots[i].iov_base;
		out[i].len = messages[i].msg_len;
		out[i].is_cut = messages[i].msg_hdr.msg_flags & MSG_TRUNC;
		out[i].user = user_of(&messages[i].msg_hdr);
		set_name(&out[i].from, messages[i].msg_hdr.msg_namelen);
	}
	return count;
}

int dgram_send(int fd, const struct queue *q, size_t first, const struct dgram_name *to)
{
	UNINITIALIZED struct mmsghdr messages[UDP_BATCH];
	UNINITIALIZED struct iovec parts[UDP_BATCH];
	UNINITIALIZED struct udp_to_send list[UDP_BATCH];
	size_t count = queue_list(q, list);
	int sent;

	for (size_t i = first; i < count; i++) {
		parts[i] = (struct iovec){(void *)(uintptr_t)list[i].bytes, list[i].len};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
		if (!to)
			continue;
		messages[i].msg_hdr.msg_name = (void *)(uintptr_t)&to->at;
		messages[i].msg_hdr.msg_namelen = to->len;
	}
	sent = sendmmsg(fd, messages + first, (unsigned)(count - first),
			MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0)
		return -errno;
	return sent > 0 ? sent : -EIO;
}

int dgram_queue_limit(void)
{
	FILE *file = fopen("/proc/sys/net/unix/max_dgram_qlen", "re");
	int limit = -1;

	if (file && fscanf(file, "%d", &limit) != 1)
		limit = -1;
	if (file)
		fclose(file);
	return limit;
}
