/*
 * fuzz_datagram.c - one datagram from anywhere into an engine that has a session
 *
 * The first byte says what of it is made right, so that more than mac1 and the index is reached.
 */
#include <string.h>

#include "pair.h"

enum {
	REPAIR_TYPE = 1,  /* a type that there is, and zeros */
	REPAIR_INDEX = 2, /* one of ours */
	REPAIR_MAC1 = 4,
	FROM_STRANGER = 8,
	DATAGRAM_MAX = 2048,
};

static void repair(struct engine *e, uint8_t how, uint8_t *bytes, size_t len)
{
	struct writer w = writer_over(bytes + TYPE_BYTES, INDEX_BYTES);
	const struct peer *p = &e->peers[0];

	if (how & REPAIR_TYPE) {
		bytes[0] = (uint8_t)(1 + bytes[0] % MESSAGE_DATA);
		memset(bytes + 1, 0, TYPE_BYTES - 1);
	}
	if (how & REPAIR_INDEX && bytes[0] == MESSAGE_DATA)
		writer_u32(&w, p->sessions[p->current].local_index);
	if (how & REPAIR_MAC1 && len >= 2 * MAC_TAG_BYTES)
		mac_write(&e->own_macs, bytes, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_pair *p = fuzz_pair_get();
	struct addr from = p->hosts[1].at;
	uint8_t bytes[DATAGRAM_MAX] = {0};
	size_t len = size - 1;

	if (size < 1 || len > sizeof(bytes))
		return 0;
	memcpy(bytes, data + 1, len);
	if (len >= TYPE_BYTES + INDEX_BYTES)
		repair(p->hosts[0].engine, data[0], bytes, len);
	if (data[0] & FROM_STRANGER)
		from = addr_from_ipv4(0xc6336401, 1);
	fuzz_input(p, 0, &from, bytes, len);
	fuzz_must(engine_peer_is_up(p->hosts[0].engine, p->peer[0]),
		  "an unauthentic datagram ended a session");
	fuzz_exchange(p, 0);
	return 0;
}
