/*
 * fuzz_frames.c - frames of ports and peers through the eyes of the guards, and beacons
 *
 * The input is a list of steps: a well-known frame that is spoiled here and there, any frame, time, a
 * member that goes. What the guards must never do whatever comes is checked after each.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/beacon.h"
#include "agent/guard.h"
#include "agent/ipdb.h"
#include "common/cursor.h"
#include "craft.h"
#include "fuzz.h"

enum {
	STEPS_MAX = 300,
	MEMBERS = 4, /* the first one a port, the others peers */
	MACHINES = 8,
	KINDS_ALL = (1 << GUARD_KINDS) - 1,
	NS_PER_TICK = 100000000,
};

enum step {
	STEP_CRAFTED,
	STEP_BEACON,
	STEP_RAW,
	STEP_PASS,
	STEP_FORGET,
	STEP_COUNT,
};

struct scene {
	struct guard *guard;
	uint64_t now_ns;
	unsigned allowed; /* of all peers */
};

static void craft_wrapping(struct craft *c, uint8_t how)
{
	for (unsigned i = 0; i < (how & 3U); i++)
		craft_tag(c, i ? 0x8100 : 0x88a8, (uint16_t)(how * 5));
	if (how & 4)
		craft_snap(c, how, how & 8 ? 0x00000c : 0);
}

static void craft_ipv6_packet(struct craft *c, uint8_t ip, uint8_t what, uint8_t how)
{
	static const uint8_t extensions[] = {0, 60, 44, 51};
	uint8_t next = extensions[how % sizeof(extensions)];

	craft_ipv6(c, ip, how & 0x10 ? next : 58);
	if (how & 0x10 && next == 44)
		craft_fragment(c, 58, how & 0x20 ? 1 : 0);
	else if (how & 0x10)
		craft_extension(c, 58, (uint8_t)(1 + (how >> 6)));
	craft_nd(c, (uint8_t)(CRAFT_RS + what % 5), ip);
	craft_option(c, how & 0x08 ? CRAFT_SOURCE_OPTION : CRAFT_TARGET_OPTION, ip % MACHINES);
}

static void craft_payload(struct craft *c, uint8_t what, uint8_t ip, uint8_t how)
{
	static const uint8_t bpdu[] = {0, 38, 0x42, 0x42, 3, 0, 0, 0, 0};
	char id[] = {'i', 'd', (char)('0' + ip % MACHINES), '\0'};

	switch (what % 6) {
	case 0:
		craft_arp(c, CRAFT_ARP_REPLY, ip % MACHINES, ip);
		break;
	case 1:
		craft_offer(c);
		break;
	case 2:
		craft_discover(c, id);
		break;
	case 3:
		writer_bytes(&c->w, bpdu, sizeof(bpdu));
		break;
	case 4:
		craft_ipv4(c, ip, how & 1 ? 0x2000 : 0, (uint8_t)(5 + how % 4));
		craft_udp(c, 67, how & 2 ? 68 : 1000);
		break;
	default:
		craft_ipv6_packet(c, ip, what / 6, how);
		break;
	}
}

/* Compared as written: the structure has gaps. */
static bool same_beacon(const struct beacon *a, const struct beacon *b)
{
	uint8_t x[BEACON_FRAME_BYTES], y[BEACON_FRAME_BYTES];
	const struct mac source = craft_mac(1);
	size_t len = beacon_write(a, &source, x);

	return beacon_write(b, &source, y) == len && memcmp(x, y, len) == 0;
}

/* Is written, and read as it was. Return: length of the frame */
static size_t make_beacon(struct craft *c, struct reader *r)
{
	struct beacon b = {.kind = reader_u8(r) % 4,
			   .flags = reader_u8(r),
			   .period_ms = (uint16_t)(1 + reader_u8(r)),
			   .rank = reader_u8(r),
			   .interface_count = reader_u8(r) % (BEACON_INTERFACES_MAX + 1)};
	const struct mac source = craft_mac(1);
	struct beacon again;
	size_t len;

	_Static_assert((int)CRAFT_BYTES >= (int)BEACON_FRAME_BYTES, "a beacon fits");
	for (size_t i = 0; i < b.interface_count; i++)
		b.interfaces[i] = reader_u8(r);
	len = beacon_write(&b, &source, c->bytes);
	fuzz_must(beacon_read(c->bytes, len, &again) && same_beacon(&again, &b),
		  "a beacon is not read as it was written");
	return len;
}

/* Up to three bytes of a frame changed, and perhaps its end cut off. Return: its new length */
static size_t spoil(struct craft *c, size_t len, struct reader *r)
{
	uint8_t edits = reader_u8(r), cut;

	for (unsigned i = 0; i < (edits & 3U); i++) {
		uint16_t at = reader_u16(r);

		c->bytes[at % len] = reader_u8(r);
	}
	cut = edits & 4 ? reader_u8(r) : 0;
	return cut < len ? len - cut : len;
}

/* A frame that means something. Return: its length */
static size_t make_crafted(struct craft *c, struct reader *r)
{
	uint8_t what = reader_u8(r), from = reader_u8(r), how = reader_u8(r);

	memset(c, 0, sizeof(*c));
	craft_start(c, from % MACHINES);
	craft_wrapping(c, how);
	craft_payload(c, what, from / MACHINES, reader_u8(r));
	return writer_used(&c->w);
}

static void check_meaning(const struct inspect *what, const uint8_t *frame, size_t len)
{
	static const uint8_t none[INSPECT_IP_BYTES];
	struct inspect again;

	memset(&again, 0xaa, sizeof(again));
	inspect_frame(frame, len, &again);
	fuzz_must(memcmp(&again, what, sizeof(again)) == 0, "one frame has two meanings");
	fuzz_must(len >= ETHER_HEADER_BYTES || (!what->dhcp_reply && !what->ra && !what->bpdu &&
						what->role == IP_NONE && !what->client_id.len),
		  "less than a frame means something");
	fuzz_must(what->client_id.len <= INSPECT_CLIENT_ID_BYTES, "a client id that is too long");
	fuzz_must((what->role == IP_NONE) == (memcmp(what->ip.ip, none, sizeof(none)) == 0),
		  "an address without a role, or a role without an address");
}

static void check_beacon(const uint8_t *frame, size_t len)
{
	uint8_t written[BEACON_FRAME_BYTES];
	struct beacon b, again;
	struct mac source;
	size_t written_len;

	if (!beacon_read(frame, len, &b))
		return;
	fuzz_must(beacon_is(frame, len), "a beacon that is none");
	source = ether_src(frame);
	written_len = beacon_write(&b, &source, written);
	fuzz_must(beacon_read(written, written_len, &again) && same_beacon(&again, &b),
		  "a beacon changes when it is written and read");
}

/* Who has just claimed an address has it: another's claim from elsewhere is refused. */
static void check_claim(struct scene *s, int member, const struct inspect *what)
{
	struct inspect other = {.role = IP_CLAIMED, .ip = what->ip, .source = what->source};

	if (what->role != IP_CLAIMED || what->contradicts)
		return;
	other.source.b[MAC_BYTES - 1] ^= 0x80;
	fuzz_must(guard_judge(s->guard, (member + 1) % MEMBERS, &other, 0, s->now_ns) ==
			  DROP_GUARD_ARP,
		  "an address in use could be taken");
}

static void pass_frame(struct scene *s, int member, const uint8_t *frame, size_t len)
{
	struct inspect what;
	enum drop drop;

	memset(&what, 0x55, sizeof(what));
	inspect_frame(frame, len, &what);
	check_meaning(&what, frame, len);
	check_beacon(frame, len);
	drop = guard_judge(s->guard, member, &what, s->allowed, s->now_ns);
	fuzz_must(drop == DROP_NONE || (guard_kind_of(drop) < GUARD_KINDS &&
					!(s->allowed & guard_bit(guard_kind_of(drop)))),
		  "what is allowed was refused");
	fuzz_must(drop != DROP_NONE || (s->allowed & guard_bit(GUARD_RA)) || !what.ra,
		  "a router advertisement passed");
	if (drop != DROP_NONE && member != 0)
		return;
	guard_learn(s->guard, member, &what, s->now_ns);
	check_claim(s, member, &what);
}

/* From memory of exactly its length. */
static void pass_exact(struct scene *s, int member, const uint8_t *frame, size_t len)
{
	uint8_t *exact = fuzz_exact(frame, len);

	pass_frame(s, member, exact, len);
	free(exact);
}

static void step(struct scene *s, struct reader *r)
{
	static struct craft crafted;
	uint8_t what = reader_u8(r);
	int member = what >> 6;
	size_t len;

	switch ((enum step)(what % STEP_COUNT)) {
	case STEP_CRAFTED:
		len = make_crafted(&crafted, r);
		pass_exact(s, member, crafted.bytes, spoil(&crafted, len, r));
		break;
	case STEP_BEACON:
		len = make_beacon(&crafted, r);
		pass_exact(s, member, crafted.bytes, spoil(&crafted, len, r));
		break;
	case STEP_RAW:
		len = reader_u8(r);
		len = len < reader_left(r) ? len : reader_left(r);
		pass_exact(s, member, reader_bytes(r, len), len);
		break;
	case STEP_PASS:
		s->now_ns += reader_u8(r) * (uint64_t)NS_PER_TICK;
		s->allowed = what >> 4 & KINDS_ALL;
		break;
	case STEP_FORGET:
		guard_forget(s->guard, member);
		guard_join(s->guard, member, member != 0);
		break;
	case STEP_COUNT:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hash_key key = {{1}};
	struct scene s = {.guard = guard_new(&key, MEMBERS), .now_ns = 1};
	struct reader r = reader_over(data, size);
	struct twin twins[TWINS_MAX];

	fuzz_must(s.guard != NULL, "out of memory");
	for (int i = 0; i < MEMBERS; i++)
		guard_join(s.guard, i, i != 0);
	for (unsigned i = 0; i < STEPS_MAX && reader_left(&r) > 0; i++)
		step(&s, &r);
	fuzz_must(guard_twins(s.guard, s.now_ns, twins, TWINS_MAX) <= TWINS_MAX, "too many twins");
	guard_free(s.guard);
	return 0;
}
