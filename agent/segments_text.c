/*
 * segments_text.c - what status and log say of the segments
 */
#include <stdio.h>
#include <string.h>

#include "segments_private.h"

enum {
	WHO_BYTES = ADDR_TEXT_BYTES + 2 * NAME_BYTES + 16
};

/* The address alone, without the port of its socket, which tells nobody anything. */
static const char *place_of(const struct neighbour *n, char out[ADDR_TEXT_BYTES])
{
	char *colon;

	if (!addr_is_set(&n->from))
		return mac_format(&n->sender, out);
	addr_format(&n->from, out);
	colon = strrchr(out, ':');
	if (colon)
		*colon = '\0';
	return out;
}
_Static_assert((int)ADDR_TEXT_BYTES >= (int)MAC_TEXT_BYTES, "either fits");

static const char *peer_name(const struct segments *s, int peer)
{
	const char *name = s->config.name_of(s->config.context, peer);

	return name ? name : "a peer";
}

/* "bob (192.168.1.7)", or "an agent at 192.168.1.7", with what a common peer calls it. */
static const char *who(const struct segments *s, const struct neighbour *n, char out[WHO_BYTES])
{
	char place[ADDR_TEXT_BYTES];

	if (n->peer >= 0)
		snprintf(out, WHO_BYTES, "%s (%s)", peer_name(s, n->peer), place_of(n, place));
	else if (n->name[0] && segments_peer(s, n->told_by))
		snprintf(out, WHO_BYTES, "the agent at %s, which %s calls %s,", place_of(n, place),
			 peer_name(s, n->told_by), n->name);
	else
		snprintf(out, WHO_BYTES, "the agent at %s", place_of(n, place));
	return out;
}

/* The first neighbour of @port that is what @is says, or NULL */
static const struct neighbour *first(const struct segments *s, int port,
				     bool (*is)(const struct neighbour *))
{
	const struct attachment *a;
	size_t cursor = 0;

	while ((a = segments_each(s, port, &cursor)))
		for (size_t i = 0; i < a->neighbour_count; i++)
			if (is(&a->neighbours[i]))
				return &a->neighbours[i];
	return NULL;
}

static bool is_serving_stranger(const struct neighbour *n)
{
	return n->peer < 0 && n->serves && !n->same_host;
}

static bool is_stranger(const struct neighbour *n)
{
	return n->peer < 0;
}

static bool is_mutual(const struct neighbour *n)
{
	return n->is_mutual;
}

static bool is_mutual_serving(const struct neighbour *n)
{
	return n->is_mutual && n->serves;
}

static bool is_one_way(const struct neighbour *n)
{
	return n->peer >= 0 && !n->is_mutual;
}

static void say_blocked(const struct segments *s, int port, char *out)
{
	const struct neighbour *n = first(s, port, is_serving_stranger);
	char name[WHO_BYTES];

	if (s->ports[port].twin_ns != 0)
		snprintf(
			out, SEGMENTS_SENTENCE_BYTES,
			"this port and another one of this agent are joined outside of it, so that "
			"frames would go round for ever: unplug one of the two");
	else
		snprintf(out, SEGMENTS_SENTENCE_BYTES,
			 "%s serves this LAN, too, and is none of our peers that are up: exchange "
			 "cards with its owner; until then this port is blocked",
			 n ? who(s, n, name) : "another agent");
}

static void say_neighbours(const struct segments *s, int port, char *out)
{
	const struct neighbour *n = first(s, port, is_stranger);
	char name[WHO_BYTES];

	if (n) {
		snprintf(out, SEGMENTS_SENTENCE_BYTES,
			 "%s is on this LAN, too, and is none of our peers that are up: exchange "
			 "cards "
			 "with its owner%s",
			 who(s, n, name),
			 is_serving_stranger(n) ? "; until then it forwards nothing" : "");
		return;
	}
	n = first(s, port, is_one_way);
	if (n) {
		snprintf(out, SEGMENTS_SENTENCE_BYTES,
			 "%s is heard on this LAN, but does not hear us: look at its firewall",
			 who(s, n, name));
		return;
	}
	n = first(s, port, is_mutual);
	if (n)
		snprintf(out, SEGMENTS_SENTENCE_BYTES, "%s is on the same LAN", who(s, n, name));
}

/* Towards how many peers others forward; @one: one of them */
static size_t count_standby(const struct segments *s, int port, int *one, size_t *up)
{
	size_t count = 0;

	*up = 0;
	for (size_t i = 0; i < s->peer_capacity; i++) {
		const struct attachment *a;
		size_t cursor = 0;
		bool stands_by = false;

		if (!s->peers[i].is_up ||
		    !s->config.shares_vlan(s->config.context, (int)i, s->ports[port].vlan))
			continue;
		while ((a = segments_each(s, port, &cursor)))
			stands_by |= segments_in_set(a->standby, (int)i);
		if (!segments_shares(s, port, (int)i) || stands_by)
			++*up;
		if (!stands_by)
			continue;
		*one = (int)i;
		count++;
	}
	return count;
}

static enum segments_state say_standby(const struct segments *s, int port, size_t count, size_t up,
				       int one, char *out)
{
	const struct neighbour *n = first(s, port, is_mutual_serving);
	char name[WHO_BYTES];

	if (!n)
		n = first(s, port, is_stranger);
	if (count == 1)
		snprintf(out, SEGMENTS_SENTENCE_BYTES, "%s forwards for this LAN to %s",
			 n ? who(s, n, name) : "another agent", peer_name(s, one));
	else
		snprintf(out, SEGMENTS_SENTENCE_BYTES,
			 "%s forwards for this LAN to %s and %zu other peer%s",
			 n ? who(s, n, name) : "another agent", peer_name(s, one), count - 1,
			 count == 2 ? "" : "s");
	return count == up ? SEGMENTS_ALL_STANDBY : SEGMENTS_FORWARDING;
}

enum segments_state segments_describe(const struct segments *s, int port,
				      char sentence[SEGMENTS_SENTENCE_BYTES])
{
	enum drop admit = segments_admit(s, port);
	size_t standby, up;
	int one = -1;

	sentence[0] = '\0';
	if (!segments_beacons(s, port))
		return SEGMENTS_FORWARDING;
	if (admit == DROP_PORT_BLOCKED) {
		say_blocked(s, port, sentence);
		return SEGMENTS_BLOCKED;
	}
	if (admit == DROP_PORT_LISTENING) {
		snprintf(sentence, SEGMENTS_SENTENCE_BYTES,
			 "listens for other agents for a second before it forwards");
		return SEGMENTS_LISTENING;
	}
	standby = count_standby(s, port, &one, &up);
	if (standby > 0)
		return say_standby(s, port, standby, up, one, sentence);
	say_neighbours(s, port, sentence);
	return SEGMENTS_FORWARDING;
}
