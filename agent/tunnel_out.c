/*
 * tunnel_out.c - what goes out; see tunnel.h and tunnel_private.h
 */
#include <errno.h>

#include "tunnel_private.h"

int tunnel_out_sent_to(const struct tunnel *t, const struct addr *to)
{
	for (size_t i = 0; i < SENT_MAX; i++) {
		if (addr_is_set(&t->sent[i].to) && addr_equal(&t->sent[i].to, to))
			return t->sent[i].peer;
	}
	return NOBODY_LATELY;
}

static void remember(struct tunnel *t, const struct datagram *d)
{
	const struct sent *last = &t->sent[t->last_sent];

	if (last->peer == d->peer && addr_equal(&last->to, &d->to))
		return; /* the usual case */
	if (tunnel_out_sent_to(t, &d->to) == d->peer)
		return;
	t->last_sent = (t->last_sent + 1) % SENT_MAX;
	t->sent[t->last_sent] = (struct sent){.to = d->to, .peer = d->peer};
}

/* The address to send from, where one is named that the datagram's family has */
static const struct addr *local_of(const struct datagram *d)
{
	return addr_is_set(&d->local) && addr_is_ipv4(&d->local) == addr_is_ipv4(&d->to) ? &d->local
											 : NULL;
}

static int family_of(const struct datagram *d)
{
	return addr_is_ipv4(&d->to) ? 0 : 1;
}

static void on_refused(void *context, size_t index, int error)
{
	struct tunnel *t = context;

	t->events.on_refused(t->events.context, t->sending.datagrams[index], error);
}

/* A group's datagrams behind what is listed already. */
static void list_group(struct tunnel *t, const struct datagram *datagrams,
		       const struct tunnel_group *group)
{
	struct sending *s = &t->sending;
	const struct datagram *first = &datagrams[group->first];
	struct sockaddr_storage *to = &s->to[s->count];
	const struct udp_to_send way = {.to = (struct sockaddr *)to,
					.to_len = addr_to_sockaddr(&first->to, false, to),
					.dscp = first->dscp,
					.local = local_of(first)};

	remember(t, first);
	for (uint16_t i = group->first; i != TUNNEL_GROUP_NONE; i = s->groups.next[i]) {
		struct udp_to_send *out = &s->list[s->count];

		*out = way;
		out->bytes = datagrams[i].bytes;
		out->len = datagrams[i].len;
		out->alone = datagrams[i].is_probe;
		s->datagrams[s->count++] = &datagrams[i];
	}
}

/* What is for one of the sockets. */
static void send_half(struct tunnel *t, int family, const struct datagram *datagrams)
{
	struct half *half = &t->halves[family];
	struct sending *s = &t->sending;

	s->count = 0;
	for (size_t i = 0; i < s->groups.count; i++) {
		if (family_of(&datagrams[s->groups.list[i].first]) == family)
			list_group(t, datagrams, &s->groups.list[i]);
	}
	if (half->fd >= 0)
		udp_send_runs(&half->sender, s->list, s->count, on_refused, t);
	for (size_t i = 0; half->fd < 0 && i < s->count; i++)
		on_refused(t, i, EAFNOSUPPORT);
}

void tunnel_send(struct tunnel *t, const struct datagram *datagrams, size_t count)
{
	while (count > 0) {
		size_t n = count < TUNNEL_GROUP_DATAGRAMS ? count : TUNNEL_GROUP_DATAGRAMS;

		tunnel_groups_make(&t->sending.groups, datagrams, n);
		for (int i = 0; i < FAMILIES; i++)
			send_half(t, i, datagrams);
		datagrams += n;
		count -= n;
	}
}
