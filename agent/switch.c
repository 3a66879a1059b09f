/*
 * switch.c - see switch.h
 */
#include "agent/switch.h"

#include <assert.h>
#include <stdlib.h>

#include "agent/beacon.h"
#include "agent/pins.h"
#include "common/bucket.h"
#include "common/cursor.h"

enum {
	ETHERTYPE_RARP = 0x8035, /* RFC 903; QEMU sends it after a migration */
	PORTIONS_PER_S = 100,    /* of what a limit gives in a second, one is drawn at a time */
};

struct member {
	bool is_joined;
	bool is_peer;
	bool is_limited;
	struct bucket bucket;
	uint32_t portion; /* how much is drawn from the bucket at a time */
	uint32_t drawn;   /* and how much of that is left */
};

struct vswitch {
	uint32_t members_max;
	uint32_t max_frame;
	struct fdb *fdb;
	struct clones clones;
	struct pins pins;
	size_t joined_count;
	uint16_t *joined; /* numbers of the members, for flooding */
	struct member *members;
};

struct vswitch *switch_new(const struct switch_config *config)
{
	struct vswitch *sw = calloc(1, sizeof(*sw));

	if (!sw)
		return NULL;
	sw->members_max = config->members_max;
	sw->max_frame = config->max_frame;
	sw->fdb = fdb_new(&config->key, config->members_max);
	sw->joined = calloc(config->members_max, sizeof(*sw->joined));
	sw->members = calloc(config->members_max, sizeof(*sw->members));
	if (!sw->fdb || !sw->joined || !sw->members) {
		switch_free(sw);
		return NULL;
	}
	return sw;
}

void switch_free(struct vswitch *sw)
{
	if (!sw)
		return;
	fdb_free(sw->fdb);
	free(sw->joined);
	free(sw->members);
	free(sw);
}

void switch_pin(struct vswitch *sw, int member, const struct mac *macs, size_t count)
{
	pins_clear(&sw->pins, member);
	for (size_t i = 0; i < count; i++)
		if (pins_add(&sw->pins, &macs[i], member))
			fdb_take_back(sw->fdb, &macs[i], member);
}

bool switch_has(const struct vswitch *sw, int member)
{
	return member >= 0 && (uint32_t)member < sw->members_max && sw->members[member].is_joined;
}

static void set_limit(struct member *m, uint32_t rate, uint64_t now_ns)
{
	bucket_init(&m->bucket, rate, rate, now_ns);
	m->portion = rate > PORTIONS_PER_S ? rate / PORTIONS_PER_S : 1;
	m->drawn = 0;
}

void switch_join(struct vswitch *sw, int member, const struct switch_member *how, uint64_t now_ns)
{
	struct member *m = &sw->members[member];

	assert(member >= 0 && (uint32_t)member < sw->members_max);
	if (!m->is_joined)
		sw->joined[sw->joined_count++] = (uint16_t)member;
	if (!m->is_joined || m->bucket.rate != how->broadcast)
		set_limit(m, how->broadcast, now_ns);
	m->is_joined = true;
	m->is_peer = how->is_peer;
	m->is_limited = how->broadcast != SWITCH_UNLIMITED;
	fdb_set_quota(sw->fdb, member, how->quota);
}

void switch_forget(struct vswitch *sw, int member)
{
	if (!switch_has(sw, member))
		return;
	fdb_forget(sw->fdb, member);
	clones_forget(&sw->clones, member);
}

void switch_leave(struct vswitch *sw, int member)
{
	size_t i = 0;

	if (!switch_has(sw, member))
		return;
	switch_forget(sw, member);
	pins_clear(&sw->pins, member);
	while (sw->joined[i] != member)
		i++;
	sw->joined[i] = sw->joined[--sw->joined_count];
	sw->members[member].is_joined = false;
}

/* What may be known of a frame without knowing the vlan's members. */
static enum drop check_header(const struct vswitch *sw, const uint8_t *frame, size_t len)
{
	struct mac dst, src;

	if (len < ETHER_HEADER_BYTES)
		return DROP_SHORT_FRAME;
	if (len > sw->max_frame)
		return DROP_LONG_FRAME;
	dst = ether_dst(frame);
	src = ether_src(frame);
	if (mac_is_link_local(&dst))
		return DROP_LINK_LOCAL_GROUP;
	if (beacon_is(frame, len))
		return DROP_BEACON;
	if (mac_is_group(&src) || mac_is_zero(&src))
		return DROP_BAD_SOURCE_MAC;
	return DROP_NONE;
}

static bool is_peer(const struct vswitch *sw, int member)
{
	return member >= 0 && sw->members[member].is_peer;
}

/*
 * What becomes of a frame whose source address belongs to another member. A peer's is dropped: nobody
 * takes a machine's address over from afar. A local machine whose address a peer introduced is not
 * learned but goes on, or else whoever speaks first in one house silences a machine in another, and
 * the peers, who decide for themselves, would never learn of the clone.
 */
static enum drop refuse(const struct vswitch *sw, int from, const struct mac *src, uint64_t now_ns)
{
	bool is_local_clone = !is_peer(sw, from) && is_peer(sw, fdb_find(sw->fdb, src, now_ns));

	return is_local_clone ? DROP_NONE : DROP_MAC_ELSEWHERE;
}

/* Return: DROP_NONE, or DROP_MAC_ELSEWHERE. */
static enum drop learn(struct vswitch *sw, int from, const uint8_t *frame, struct switch_verdict *v,
		       uint64_t now_ns)
{
	struct reader type = reader_over(frame + 2 * MAC_BYTES, sizeof(uint16_t));
	struct mac src = ether_src(frame);
	bool announced = reader_u16(&type) == ETHERTYPE_RARP;
	int pinned = pins_owner(&sw->pins, &src);
	struct fdb_result result;

	v->contested = pinned >= 0 && pinned != from;
	if (v->contested) {
		clones_note(&sw->clones, &src, from, pinned, now_ns);
		return DROP_MAC_ELSEWHERE;
	}
	result = fdb_learn(sw->fdb, &src, from, announced, now_ns);
	v->crowded = result.crowded;
	v->contested = result.refused;
	if (result.clone_of >= 0)
		clones_note(&sw->clones, &src, from, result.clone_of, now_ns);
	return result.refused ? refuse(sw, from, &src, now_ns) : DROP_NONE;
}

static struct switch_verdict drop_it(struct switch_verdict *v, enum drop reason)
{
	v->drop = reason;
	v->to = SWITCH_NOBODY;
	return *v;
}

/*
 * Has the ingress a frame to more than one place left? Its share is given out in portions, so that of a
 * flood some frames in a row go on, and then none for a while: one now and one then would wake every
 * machine for each.
 */
static bool has_share(struct vswitch *sw, int from, uint64_t now_ns)
{
	struct member *m;

	if (from < 0 || !sw->members[from].is_limited)
		return true;
	m = &sw->members[from];
	if (m->drawn == 0 && bucket_take(&m->bucket, m->portion, now_ns))
		m->drawn = m->portion;
	return m->drawn > 0;
}

static bool take_share(struct vswitch *sw, int from, uint64_t now_ns)
{
	if (!has_share(sw, from, now_ns))
		return false;
	if (from >= 0 && sw->members[from].is_limited)
		sw->members[from].drawn--;
	return true;
}

bool switch_is_for_many(const struct vswitch *sw, const uint8_t *frame, uint64_t now_ns)
{
	struct mac dst = ether_dst(frame);

	return mac_is_group(&dst) || fdb_find(sw->fdb, &dst, now_ns) < 0;
}

bool switch_is_flooding(struct vswitch *sw, int from, const uint8_t *frame, size_t len,
			uint64_t now_ns)
{
	return len >= ETHER_HEADER_BYTES && !has_share(sw, from, now_ns) &&
	       switch_is_for_many(sw, frame, now_ns);
}

struct switch_verdict switch_frame(struct vswitch *sw, int from, const uint8_t *frame, size_t len,
				   uint64_t now_ns)
{
	enum drop drop = check_header(sw, frame, len);
	struct switch_verdict v = {.drop = DROP_NONE};
	struct mac dst;
	int to = -1;

	if (drop == DROP_NONE && from >= 0)
		drop = learn(sw, from, frame, &v, now_ns);
	if (drop != DROP_NONE)
		return drop_it(&v, drop);
	dst = ether_dst(frame);
	if (!mac_is_group(&dst))
		to = fdb_find(sw->fdb, &dst, now_ns);
	if (to < 0) {
		if (!take_share(sw, from, now_ns))
			return drop_it(&v, DROP_BROADCAST_LIMIT);
		to = SWITCH_FLOOD;
	}
	if (to == from)
		return drop_it(&v, DROP_SAME_PORT);
	if (is_peer(sw, from) && is_peer(sw, to))
		return drop_it(&v, DROP_SPLIT_HORIZON);
	v.to = to;
	return v;
}

int switch_flood_next(const struct vswitch *sw, int from, size_t *cursor)
{
	while (*cursor < sw->joined_count) {
		int member = sw->joined[(*cursor)++];

		if (member != from && !(is_peer(sw, from) && is_peer(sw, member)))
			return member;
	}
	return -1;
}

int switch_owner(const struct vswitch *sw, const struct mac *mac, uint64_t now_ns)
{
	return fdb_find(sw->fdb, mac, now_ns);
}

void switch_visit_macs(const struct vswitch *sw, uint64_t now_ns, fdb_visitor visit, void *context)
{
	fdb_visit(sw->fdb, now_ns, visit, context);
}

size_t switch_clones(const struct vswitch *sw, uint64_t now_ns, struct clone *out, size_t max)
{
	return clones_list(&sw->clones, now_ns, out, max);
}
