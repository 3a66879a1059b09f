/*
 * udp_send_linux.c - datagrams out, in as few calls and as few passes through the kernel as they allow
 *
 * Layer: agent (private); see udp.h.
 *
 * How it works. A list is cut into runs (udp_run_length()). A run is one message of sendmmsg(2) with an iovec
 * for each datagram, nothing being copied, and UDP_SEGMENT says where the kernel cuts. Up to UDP_BATCH
 * messages are a call.
 *
 * A message is taken whole or not at all. A run that is not goes again as single datagrams, which find out
 * which of them is to blame. If none is, it is the run itself that the way there does not take: see struct
 * udp_sender.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

#include "common/attributes.h"
#include "udp.h"

enum {
	IPV4_AT = 12,   /* in an IPv4-mapped address */
	SEND_TRIES = 3, /* each takes one earlier datagram's ICMP error away */
	PARTS = 2 * UDP_BATCH,
	CONTROL_BYTES = CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t)) +
			CMSG_SPACE(sizeof(int)),
	DSCP_SHIFT = 2, /* above the ECN bits, which are 0: RFC 6040, 4.1, compatibility mode */
};

union control {
	struct cmsghdr align;
	uint8_t bytes[CONTROL_BYTES];
};

/* Messages for one system call. @first: of each, the index of its first datagram */
struct call {
	struct mmsghdr messages[UDP_BATCH];
	struct iovec parts[PARTS];
	union control controls[UDP_BATCH];
	size_t first[UDP_BATCH];
	size_t count, used; /* messages, parts */
};

/* A list that is being sent. @refused: datagrams of it so far */
struct sending {
	struct udp_sender *sender;
	const struct udp_to_send *list;
	udp_refused on_refused;
	void *context;
	size_t refused;
};

/* ---- control messages ---- */

/* One more, @c being where it goes; what CMSG_NXTHDR() would want to read is not there yet. */
static void put_control(struct msghdr *m, int level, int type, const void *data, size_t len)
{
	uint8_t *at = (uint8_t *)m->msg_control + m->msg_controllen;
	struct cmsghdr header = {.cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type};

	memset(at, 0, CMSG_SPACE(len));
	memcpy(at, &header, sizeof(header));
	memcpy(CMSG_DATA((struct cmsghdr *)(void *)at), data, len);
	m->msg_controllen += CMSG_SPACE(len);
}

static void send_from(struct msghdr *m, const struct addr *local)
{
	struct in6_pktinfo v6 = {.ipi6_ifindex = local->scope};
	struct in_pktinfo v4 = {.ipi_ifindex = 0};

	if (addr_is_ipv4(local)) {
		memcpy(&v4.ipi_spec_dst, local->ip + IPV4_AT, sizeof(v4.ipi_spec_dst));
		put_control(m, IPPROTO_IP, IP_PKTINFO, &v4, sizeof(v4));
		return;
	}
	memcpy(&v6.ipi6_addr, local->ip, sizeof(v6.ipi6_addr));
	put_control(m, IPPROTO_IPV6, IPV6_PKTINFO, &v6, sizeof(v6));
}

static void cut_every(struct msghdr *m, size_t len)
{
	uint16_t segment = (uint16_t)len;

	put_control(m, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment));
}

static void put_class(struct msghdr *m, const struct udp_to_send *d)
{
	int class = d->dscp << DSCP_SHIFT;

	if (d->to->sa_family == AF_INET)
		put_control(m, IPPROTO_IP, IP_TOS, &class, sizeof(class));
	else
		put_control(m, IPPROTO_IPV6, IPV6_TCLASS, &class, sizeof(class));
}

/* All that is said of a message but where it is cut. */
static void put_controls(struct msghdr *m, const struct udp_to_send *d)
{
	if (d->local)
		send_from(m, d->local);
	if (d->dscp)
		put_class(m, d);
}

/* ---- what refused runs ---- */

static struct udp_refusal *find_refusal(struct udp_sender *s, const struct addr *to)
{
	for (size_t i = 0; i < s->refused; i++) {
		if (addr_equal(&s->refusals[i].to, to))
			return &s->refusals[i];
	}
	return NULL;
}

static void remember_refusal(struct udp_sender *s, const struct udp_to_send *d)
{
	struct addr to = addr_from_sockaddr(d->to);
	struct udp_refusal *r = find_refusal(s, &to);

	if (!r) {
		r = &s->refusals[s->next_refusal++ % UDP_REFUSALS];
		s->refused += s->refused < UDP_REFUSALS;
	}
	*r = (struct udp_refusal){.to = to, .left = UDP_REFUSED_RUNS};
}

/* Is a run to there better not tried now? */
static bool is_refused(struct udp_sender *s, const struct udp_to_send *d)
{
	struct addr to;
	struct udp_refusal *r;

	if (s->refused == 0)
		return false; /* the usual case */
	to = addr_from_sockaddr(d->to);
	r = find_refusal(s, &to);
	if (!r || r->left == 0)
		return false;
	r->left--;
	return true;
}

/* Errors that may mean the run and not the datagrams, udp(7): others have nothing to do with it */
static bool may_mean_runs(int error)
{
	return error == EIO || error == EINVAL || error == EMSGSIZE || error == EOPNOTSUPP ||
	       error == ENOPROTOOPT;
}

/* ---- calls ---- */

/* One more message of @n datagrams from the @index-th on. */
static void add_message(struct call *c, const struct sending *s, size_t index, size_t n)
{
	const struct udp_to_send *d = &s->list[index];
	struct msghdr *m = &c->messages[c->count].msg_hdr;

	*m = (struct msghdr){.msg_name = (void *)(uintptr_t)d->to,
			     .msg_namelen = d->to_len,
			     .msg_iov = &c->parts[c->used],
			     .msg_iovlen = n};
	for (size_t i = 0; i < n; i++)
		c->parts[c->used++] = (struct iovec){(void *)(uintptr_t)d[i].bytes, d[i].len};
	m->msg_control = &c->controls[c->count];
	put_controls(m, d);
	if (n > 1)
		cut_every(m, d->len);
	c->first[c->count++] = index;
}

/* How many of @count datagrams make the next message. @single: how many of the first are known to go alone */
static size_t next_message(struct sending *s, size_t from, size_t count, size_t *single)
{
	size_t n;

	if (*single == 0) {
		n = s->sender->joins ? udp_run_length(s->list + from, count) : 1;
		if (n == 1 || !is_refused(s->sender, &s->list[from]))
			return n;
		*single = n;
	}
	--*single;
	return 1;
}

/* Return: where the next call begins. */
static size_t fill(struct call *c, struct sending *s, size_t from, size_t to)
{
	size_t single = 0;

	c->count = c->used = 0;
	while (from < to && c->count < UDP_BATCH) {
		size_t n = next_message(s, from, to - from, &single);

		if (n > PARTS - c->used)
			break; /* it is not worth breaking it in two */
		add_message(c, s, from, n);
		from += n;
	}
	return from;
}

/* As sendmmsg(2) with one, which costs the kernel less. */
static int send_message(int fd, const struct mmsghdr *m)
{
	return sendmsg(fd, &m->msg_hdr, MSG_DONTWAIT) < 0 ? -1 : 1;
}

/* An earlier datagram's ICMP error is returned once, by whatever call comes next, so an error counts only
 * when it comes again and again: whoever forges ICMP would need good luck each time. A buffer that is full
 * is full the second time too.
 * Return: how many of the first went, or a negative errno that the first one itself met. */
static int send_some(int fd, struct mmsghdr *messages, size_t count)
{
	int sent = -1;

	for (int tries = 0; tries < SEND_TRIES && sent < 0; tries++) {
		sent = count == 1 ? send_message(fd, messages)
				  : sendmmsg(fd, messages, (unsigned)count, MSG_DONTWAIT);
		if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS))
			break;
	}
	if (sent < 0)
		return -errno;
	return sent > 0 ? sent : -EIO;
}

static void tell(struct sending *s, size_t index, size_t n, int error)
{
	s->refused += n;
	for (size_t i = 0; i < n; i++)
		s->on_refused(s->context, index + i, error);
}

/* By itself, without all that a call of many needs, which is pages of stack that nothing touched for a while. */
static void send_single(struct sending *s, size_t index)
{
	const struct udp_to_send *d = &s->list[index];
	struct iovec part = {(void *)(uintptr_t)d->bytes, d->len};
	union control control;
	struct mmsghdr m = {.msg_hdr = {.msg_name = (void *)(uintptr_t)d->to,
					.msg_namelen = d->to_len,
					.msg_iov = &part,
					.msg_iovlen = 1,
					.msg_control = &control}};
	int sent;

	put_controls(&m.msg_hdr, d);
	sent = send_some(s->sender->fd, &m, 1);
	if (sent < 0)
		tell(s, index, 1, -sent);
}

/* The @at-th message of a call did not go. */
static void refuse(struct sending *s, const struct call *c, size_t at, int error)
{
	size_t index = c->first[at], n = c->messages[at].msg_hdr.msg_iovlen;
	size_t refused = s->refused;

	/* The buffer has no room for the first byte even. */
	if (n == 1 || error == EAGAIN) {
		tell(s, index, n, error);
		return;
	}
	for (size_t i = 0; i < n; i++)
		send_single(s, index + i);
	if (may_mean_runs(error) && s->refused == refused)
		remember_refusal(s->sender, &s->list[index]);
}

static void send_list(struct sending *s, size_t count)
{
	UNINITIALIZED struct call c;

	for (size_t from = 0; from < count;) {
		from = fill(&c, s, from, count);
		for (size_t done = 0; done < c.count;) {
			int sent = send_some(s->sender->fd, c.messages + done, c.count - done);

			if (sent < 0)
				refuse(s, &c, done, -sent);
			done += sent < 0 ? 1 : (size_t)sent;
		}
	}
}

void udp_send_runs(struct udp_sender *sender, const struct udp_to_send *list, size_t count,
		   udp_refused on_refused, void *context)
{
	struct sending s = {
		.sender = sender, .list = list, .on_refused = on_refused, .context = context};

	if (count == 1)
		send_single(&s, 0);
	else
		send_list(&s, count);
}

void udp_send(int fd, const struct udp_to_send *list, size_t count, udp_refused on_refused,
	      void *context)
{
	struct udp_sender each = {.fd = fd};

	udp_send_runs(&each, list, count, on_refused, context);
}

void udp_sender_init(struct udp_sender *s, int fd, bool offload)
{
	int segment;
	socklen_t len = sizeof(segment);

	/* An older kernel would not know the control message, and send the run as one datagram. */
	*s = (struct udp_sender){
		.fd = fd,
		.joins = offload && getsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, &len) == 0};
}
