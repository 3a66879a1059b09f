/*
 * detail.c - see detail.h
 */
#include "agent/detail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	MINUTE_S = 60,
	HOUR_S = 3600,
	DAY_S = 86400,
	ROUND_UP_AFTER = 2
};

static const uint64_t NS_PER_S = 1000000000;

/* struct text - a bounded sentence that grows */
struct text {
	char *at;
	size_t left;
};

static void add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(t->at, t->left, format, args);
	va_end(args);
	if (len < 0)
		return;
	if ((size_t)len >= t->left)
		len = (int)t->left - 1;
	t->at += len;
	t->left -= (size_t)len;
}

const char *detail_age(uint64_t age_s, char out[AGE_TEXT_BYTES])
{
	static const struct {
		unsigned long unit_s;
		const char *word;
	} UNITS[] = {{DAY_S, "days"}, {HOUR_S, "h"}, {MINUTE_S, "min"}};

	for (size_t i = 0; i < sizeof(UNITS) / sizeof(UNITS[0]); i++) {
		if (age_s < ROUND_UP_AFTER * UNITS[i].unit_s)
			continue;
		snprintf(out, AGE_TEXT_BYTES, "%lu %s", (unsigned long)age_s / UNITS[i].unit_s,
			 UNITS[i].word);
		return out;
	}
	snprintf(out, AGE_TEXT_BYTES, "%lu s", (unsigned long)age_s);
	return out;
}

static void add_resolved(struct text *t, const struct lookup *l)
{
	char addr[ADDR_TEXT_BYTES];

	add(t, "%s:%u resolved to", l->host, l->port);
	for (size_t i = 0; i < l->count; i++)
		add(t, "%s %s", i ? "," : "", addr_format(&l->addrs[i], addr));
}

static void add_lookup(struct text *t, const struct lookup *l)
{
	char addr[ADDR_TEXT_BYTES];

	switch (l->state) {
	case LOOKUP_NUMERIC:
		add(t, "address %s", addr_format(&l->addrs[0], addr));
		return;
	case LOOKUP_PENDING:
		add(t, "%s is being looked up", l->host);
		return;
	case LOOKUP_FAILED:
		add(t, "%s cannot be looked up (%s)", l->host, lookup_error_text(l));
		if (l->count)
			add(t, ", earlier ");
		else
			return;
		/* fall through */
	case LOOKUP_RESOLVED:
		add_resolved(t, l);
		return;
	}
}

/* Where we look for it */
static void add_places(struct text *t, const struct peer *peer)
{
	char addr[ADDR_TEXT_BYTES];

	for (size_t i = 0; i < peer->lookup_count; i++) {
		add(t, "%s", i ? "; " : "");
		add_lookup(t, peer->lookups[i]);
	}
	if (peer->has_last)
		add(t, "%slast heard from %s", peer->lookup_count ? "; " : "",
		    addr_format(&peer->last, addr));
}

static const char *refusal_text(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return "refused there: no agent listens on that port";
	case ENETUNREACH:
	case EHOSTUNREACH:
		return "refused: there is no route there";
	case EPERM:
	case EACCES:
		return "refused by this host's firewall";
	default:
		return strerror(error);
	}
}

bool detail_is_refused(const struct peer *peer, const struct peer_info *info)
{
	return peer->refusals > 0 && peer->refused_ns >= info->tries_since_ns;
}

/* What was tried, and what came of it */
static void add_tries(struct text *t, const struct peer *peer, const struct peer_info *info,
		      uint64_t now_ns)
{
	char age[AGE_TEXT_BYTES];

	if (info->tries == 0)
		return;
	add(t, "; %llu handshake%s sent in %s", (unsigned long long)info->tries,
	    info->tries == 1 ? "" : "s",
	    detail_age((now_ns - info->tries_since_ns) / NS_PER_S, age));
	if (detail_is_refused(peer, info))
		add(t, ", %llu datagram%s %s", (unsigned long long)peer->refusals,
		    peer->refusals == 1 ? "" : "s", refusal_text(peer->refused_error));
	if (info->trouble == TROUBLE_NO_ANSWER || info->trouble == TROUBLE_GOODBYE ||
	    (info->trouble == TROUBLE_SILENT && info->tries > 1))
		add(t, ", nothing came back");
}

static const char *unreachable_text(const struct peer *peer, const struct peer_info *info)
{
	bool refused = detail_is_refused(peer, info);

	if (refused && peer->refused_error == ECONNREFUSED)
		return "its agent is not running or listens on another port";
	if (refused)
		return "this host is offline, the other one is off, or a firewall here lets "
		       "nothing out";
	return "it is off, at another address, or a firewall or router in between lets nothing in";
}

/* The likely causes in order; where the protocol knows better, only that */
static void add_causes(struct text *t, const struct peer *peer, const struct peer_info *info)
{
	const char *name = peer->name;
	char addr[ADDR_TEXT_BYTES];

	switch (info->trouble) {
	case TROUBLE_NONE:
	case TROUBLE_NO_ANSWER:
	case TROUBLE_SILENT:
		if (info->tries > 1)
			add(t,
			    ". Likely causes, in this order: %s; %s has not added your card; the "
			    "psk "
			    "differs; the clock is wrong on one side; no cipher in common",
			    unreachable_text(peer, info), name);
		return;
	case TROUBLE_BAD_ANSWER:
		add(t,
		    ". Something came back that does not authenticate: the psk in peers/%s.local "
		    "differs from the one that %s has for you",
		    name, name);
		return;
	case TROUBLE_UNCONFIRMED:
		add(t,
		    ". It calls, but never takes up our answer: the psk in peers/%s.local differs "
		    "from "
		    "the one that %s has for you, or nothing of ours arrives there",
		    name, name);
		return;
	case TROUBLE_OLD_INITIATION:
		add(t,
		    ". Its handshakes carry a time that is not later than earlier ones: the clock "
		    "of "
		    "%s's host went back; it has to be set right",
		    name);
		return;
	case TROUBLE_VERSION:
		add(t, ". No protocol version in common: update longwire on the older side");
		return;
	case TROUBLE_CIPHER:
		add(t, ". No cipher in common: 'cipher' in [agent] of agent.conf forces one on "
		       "either side; set "
		       "both to 'auto', or update longwire on the older side");
		return;
	case TROUBLE_ELSEWHERE:
		add(t,
		    ". It is not there but at %s, and 'roam = no' in peers/%s.local keeps us from "
		    "following it: ask %s for a new card, or take that line out",
		    addr_format(&info->elsewhere, addr), name, name);
		return;
	case TROUBLE_GOODBYE:
		if (info->tries > 1)
			add(t,
			    ". Likely causes, in this order: its agent was stopped; %s removed "
			    "your card; %s",
			    name, unreachable_text(peer, info));
		return;
	}
}

static void add_past(struct text *t, const struct peer_info *info, uint64_t now_ns)
{
	char age[AGE_TEXT_BYTES];

	if (info->trouble == TROUBLE_GOODBYE)
		add(t, "it said goodbye; ");
	else if (info->trouble == TROUBLE_SILENT && info->heard_ns)
		add(t, "it was up and has been silent for %s; ",
		    detail_age((now_ns - info->heard_ns) / NS_PER_S, age));
}

const char *detail_of_peer(const struct peer *peer, const struct peer_info *info, uint64_t now_ns,
			   char out[DETAIL_BYTES])
{
	struct text t = {.at = out, .left = DETAIL_BYTES};

	*out = '\0';
	if (info->state == PEER_UP)
		return out;
	add_past(&t, info, now_ns);
	if (peer->lookup_count == 0 && !peer->has_last) {
		add(&t,
		    "no address is known: its card has no 'at', so it has to call us; ask %s "
		    "whether "
		    "your card with an 'at' was added there",
		    peer->name);
		return out;
	}
	add_places(&t, peer);
	add_tries(&t, peer, info, now_ns);
	add_causes(&t, peer, info);
	return out;
}

const char *detail_down_reason(const struct peer_info *info)
{
	switch (info->trouble) {
	case TROUBLE_GOODBYE:
		return "it said goodbye: it was stopped, or removed your card";
	case TROUBLE_SILENT:
		return "it went silent";
	case TROUBLE_BAD_ANSWER:
		return "what it answers does not authenticate; the psk differs";
	case TROUBLE_UNCONFIRMED:
		return "it calls, but never takes up our answer";
	case TROUBLE_OLD_INITIATION:
		return "its clock went back";
	case TROUBLE_VERSION:
		return "no protocol version in common";
	case TROUBLE_CIPHER:
		return "no cipher in common";
	case TROUBLE_ELSEWHERE:
		return "it is not at an address of its card, and must not roam";
	case TROUBLE_NONE:
	case TROUBLE_NO_ANSWER:
		break;
	}
	return "its session ended";
}
