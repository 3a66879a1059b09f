/*
 * tunnel_out.c - what goes out; see tunnel.h and tunnel_private.h
 */
#include <errno.h>

#include "common/attributes.h"
#include "tunnel_private.h"

/* Return: the peer's own entry of that set, or NULL */
static struct sent *find_sent(struct sent_set *set, const struct datagram *d)
{
	for (size_t i = 0; i < SENT_MAX; i++) {
		if (set->list[i].peer == d->peer && addr_equal(&set->list[i].to, &d->to))
			return &set->list[i];
	}
	return NULL;
}

static void remember(struct tunnel *t, const struct datagram *d)
{
	struct sent_set *set;
	struct sent *sent;

	if (d->peer < 0)
		return; /* whoever makes us answer makes us forget nothing */
	set = &t->sent[(size_t)d->peer % SENT_SETS];
	sent = find_sent(set, d);
	if (!sent) {
		sent = &set->list[set->next];
		set->next = (set->next + 1) % SENT_MAX;
	}
	*sent = (struct sent){.to = d->to, .peer = d->peer, .order = ++t->sent_order};
}

/* An address may have been another peer's before: the later one counts. */
int tunnel_out_sent_to(const struct tunnel *t, const struct addr *to)
{
	static const struct sent NONE = {.peer = NOBODY_LATELY};
	const struct sent *latest = &NONE;

	for (size_t i = 0; i < SENT_SETS; i++) {
		for (size_t j = 0; j < SENT_MAX; j++) {
			const struct sent *sent = &t->sent[i].list[j];

			if (sent->order > latest->order && addr_equal(&sent->to, to))
				latest = sent;
		}
	}
	return latest->peer;
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

/* A datagram that goes by itself */
struct lone {
	struct tunnel *tunnel;
	const struct datagram *datagram;
};

static void on_lone_refused(void *context, size_t index, int error)
{
	const struct lone *l = context;

	(void)index;
	l->tunnel->events.on_refused(l->tunnel->events.context, l->datagram, error);
}

/* Where @d goes, and all that go the same way. @to: where its address is put */
static struct udp_to_send way_of(const struct datagram *d, struct sockaddr_storage *to)
{
	return (struct udp_to_send){.to = (struct sockaddr *)to,
				    .to_len = addr_to_sockaddr(&d->to, false, to),
				    .dscp = d->dscp,
				    .local = local_of(d)};
}

/* Behind what is listed already. */
static void list_group(struct tunnel *t, const struct datagram *datagrams,
		       const struct tunnel_group *group)
{
	struct sending *s = &t->sending;
	const struct datagram *first = &datagrams[group->first];
	const struct udp_to_send way = way_of(first, &s->to[s->count]);

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

/* Somebody may wait for it: what can be done later is done later, and no memory used that nothing touched lately. */
static void send_lone(struct tunnel *t, const struct datagram *d)
{
	struct half *half = &t->halves[family_of(d)];
	UNINITIALIZED struct sockaddr_storage to;
	struct udp_to_send out = way_of(d, &to);
	struct lone lone = {t, d};

	out.bytes = d->bytes;
	out.len = d->len;
	if (half->fd >= 0)
		udp_send_runs(&half->sender, &out, 1, on_lone_refused, &lone);
	else
		on_lone_refused(&lone, 0, EAFNOSUPPORT);
	remember(t, d);
}

void tunnel_send(struct tunnel *t, const struct datagram *datagrams, size_t count)
{
	if (count == 1) {
		send_lone(t, datagrams);
		return;
	}
	while (count > 0) {
		size_t n = count < TUNNEL_GROUP_DATAGRAMS ? count : TUNNEL_GROUP_DATAGRAMS;

		tunnel_groups_make(&t->sending.groups, datagrams, n);
		for (int i = 0; i < FAMILIES; i++)
			send_half(t, i, datagrams);
		datagrams += n;
		count -= n;
	}
}
