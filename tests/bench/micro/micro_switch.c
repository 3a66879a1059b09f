/*
 * micro_switch.c - where a frame goes: the switch and its forwarding database
 */
#include <string.h>

#include "agent/switch.h"
#include "micro.h"

enum {
	FRAMES = 1000,
	PORTS = 4,
	PEERS = 64,
	MEMBERS = PORTS + PEERS,
	MACHINES = 16, /* behind each member */
	FRAME_BYTES = 64,
	FDB_FEW = 1,
	FDB_MANY = 4000, /* as many as the table holds, nearly */
};

#define NOW_NS UINT64_C(1000000000000)

static const struct hash_key key = {{1, 2, 3}};

/* ---- the forwarding database ---- */

static struct fdb *table;
static unsigned addresses;

static struct mac mac_of(unsigned n)
{
	return (struct mac){{2, 0, 0, 0, (uint8_t)(n >> 8), (uint8_t)n}};
}

static void fill_table(unsigned count)
{
	fdb_free(table);
	table = fdb_new(&key, MEMBERS);
	addresses = count;
	for (int m = 0; m < MEMBERS; m++)
		fdb_set_quota(table, m, FDB_ENTRIES_MAX);
	for (unsigned i = 0; i < count; i++) {
		struct mac mac = mac_of(i);

		fdb_learn(table, &mac, (int)(i % MEMBERS), false, NOW_NS);
	}
}

static void fill_few(void)
{
	fill_table(FDB_FEW);
}

static void fill_many(void)
{
	fill_table(FDB_MANY);
}

static void find_all(void)
{
	for (unsigned i = 0; i < FRAMES; i++) {
		struct mac mac = mac_of(i % addresses);

		micro_must(fdb_find(table, &mac, NOW_NS) == (int)(i % addresses % MEMBERS),
			   "an address was not found");
	}
}

/* Known ones, heard again: every frame does this. */
static void learn_all(void)
{
	for (unsigned i = 0; i < FRAMES; i++) {
		struct mac mac = mac_of(i % addresses);

		fdb_learn(table, &mac, (int)(i % addresses % MEMBERS), false, NOW_NS + i);
	}
}

/* ---- the switch ---- */

static struct vswitch *sw;
static int sender;
static uint8_t frames[FRAMES][FRAME_BYTES];

static void join_all(void)
{
	struct switch_config config = {.key = key, .members_max = MEMBERS, .max_frame = 9216};

	switch_free(sw);
	sw = switch_new(&config);
	for (int m = 0; m < MEMBERS; m++) {
		struct switch_member how = {.is_peer = m >= PORTS,
					    .quota = SWITCH_PEER_QUOTA,
					    .broadcast = SWITCH_UNLIMITED};

		switch_join(sw, m, &how, NOW_NS);
	}
}

static struct mac machine_of(int member, unsigned n)
{
	return mac_of((unsigned)member * MACHINES + n % MACHINES);
}

/* Machine after machine of @member speaks to one of @to, or to all (-1). */
static void write_frames(int member, int to)
{
	memset(frames, 0, sizeof(frames));
	for (unsigned i = 0; i < FRAMES; i++) {
		struct mac src = machine_of(member, i), dst = machine_of(to, i / 2);

		if (to < 0)
			memset(frames[i], 0xff, MAC_BYTES);
		else
			memcpy(frames[i], dst.b, MAC_BYTES);
		memcpy(frames[i] + MAC_BYTES, src.b, MAC_BYTES);
		frames[i][12] = 0x08;
	}
	sender = member;
}

static void hear_from_all(void)
{
	join_all();
	for (int m = 0; m < MEMBERS; m++) {
		write_frames(m, -1);
		for (unsigned i = 0; i < MACHINES; i++)
			switch_frame(sw, m, frames[i], FRAME_BYTES, NOW_NS);
	}
}

static void port_to_peer(void)
{
	hear_from_all();
	write_frames(0, PORTS + 7);
}

static void peer_to_port(void)
{
	hear_from_all();
	write_frames(PORTS + 7, 1);
}

static void port_to_all(void)
{
	hear_from_all();
	write_frames(0, -1);
}

static void peer_to_all(void)
{
	hear_from_all();
	write_frames(PORTS + 7, -1);
}

static void switch_known(void)
{
	for (unsigned i = 0; i < FRAMES; i++) {
		struct switch_verdict v = switch_frame(sw, sender, frames[i], FRAME_BYTES, NOW_NS);

		micro_must(v.drop == DROP_NONE && v.to >= 0,
			   "a frame for a known address was flooded");
	}
}

static void flood(void)
{
	for (unsigned i = 0; i < FRAMES; i++) {
		struct switch_verdict v = switch_frame(sw, sender, frames[i], FRAME_BYTES, NOW_NS);
		size_t cursor = 0;

		micro_must(v.to == SWITCH_FLOOD, "a broadcast was not flooded");
		while (switch_flood_next(sw, sender, &cursor) >= 0)
			;
	}
}

static const struct micro list[] = {
	{"fdb_find_1_address", fill_few, find_all, FRAMES},
	{"fdb_find_4000_addresses", fill_many, find_all, FRAMES},
	{"fdb_learn_1_address", fill_few, learn_all, FRAMES},
	{"fdb_learn_4000_addresses", fill_many, learn_all, FRAMES},
	{"switch_port_to_peer", port_to_peer, switch_known, FRAMES},
	{"switch_peer_to_port", peer_to_port, switch_known, FRAMES},
	{"switch_flood_to_3_ports_64_peers", port_to_all, flood, FRAMES},
	{"switch_flood_from_peer_to_4_ports", peer_to_all, flood, FRAMES},
};

int main(void)
{
	return micro_main(list, MICRO_COUNT(list));
}
