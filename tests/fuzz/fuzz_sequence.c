/*
 * fuzz_sequence.c - a whole conversation of two engines after their handshake
 *
 * The input is a list of steps: records that an authentic peer would not send, frames, raw datagrams,
 * losses, time. Nothing of it may do more than end the session.
 */
#include <string.h>

#include "pair.h"

enum step {
	STEP_TEXT,     /* any plain text, sealed */
	STEP_RECORD,   /* a record of a known type with any body, sealed */
	STEP_FRAGMENT, /* a fragment whose numbers are small enough to meet others, sealed */
	STEP_RAW,      /* any datagram */
	STEP_FRAME,
	STEP_EXCHANGE,
	STEP_PASS,
	STEP_CALL, /* something that the agent may do */
	STEP_COUNT,
};

enum {
	STEPS_MAX = 200,
	BODY_MAX = 255,
};

/* Up to @max bytes of what is left, as many as the next byte says. */
static struct reader some(struct reader *r)
{
	size_t len = reader_u8(r);

	if (len > reader_left(r))
		len = reader_left(r);
	return reader_over(reader_bytes(r, len), len);
}

static void send_record(struct fuzz_pair *p, unsigned to, struct reader *r)
{
	uint8_t records[RECORD_HEADER_BYTES + BODY_MAX];
	struct writer w = writer_over(records, sizeof(records));
	uint8_t type = reader_u8(r) % (RECORD_SEGMENTS + 2);
	struct reader body = some(r);

	writer_u8(&w, type);
	writer_u16(&w, (uint16_t)reader_left(&body));
	writer_bytes(&w, body.at, reader_left(&body));
	fuzz_sealed(p, to, records, writer_used(&w));
}

static void send_fragment(struct fuzz_pair *p, unsigned to, struct reader *r)
{
	uint8_t records[RECORD_HEADER_BYTES + FRAGMENT_HEADER_BYTES + BODY_MAX] = {0};
	struct writer w = writer_over(records, sizeof(records));
	uint8_t id = reader_u8(r) % 32;
	/* Up to a little beyond the longest; in steps, so that pieces meet. */
	uint16_t total = (uint16_t)(reader_u8(r) * 16), offset = (uint16_t)(reader_u8(r) * 16);
	uint8_t len = reader_u8(r);

	writer_u8(&w, RECORD_FRAGMENT);
	writer_u16(&w, (uint16_t)(FRAGMENT_HEADER_BYTES + len));
	writer_u32(&w, id);
	writer_u16(&w, total);
	writer_u16(&w, offset);
	writer_zeros(&w, len);
	fuzz_sealed(p, to, records, writer_used(&w));
}

static void send_frame(struct fuzz_pair *p, unsigned from, struct reader *r)
{
	static const uint8_t frame[FUZZ_MAX_FRAME + 2];
	struct frame_out out = {
		.vlan = 1, .frame = frame, .len = reader_u16(r) % (sizeof(frame) + 1)};

	if (engine_send_frame(p->hosts[from].engine, p->peer[from], &out, p->now_ns) ==
	    DROP_OUTBOX_FULL)
		fuzz_exchange(p, 0);
}

/* Calls of the agent, at any time. */
static void call(struct fuzz_pair *p, unsigned host, uint8_t what)
{
	struct engine *e = p->hosts[host].engine;
	struct engine_peer_config config = {
		.key = p->hosts[!host].key, .vlans = {1, 2}, .vlan_count = 1 + (what >> 7)};
	struct engine_self self = {.name = "x"};
	struct peer_info info;

	switch (what % 8) {
	case 0:
		engine_network_changed(e, p->now_ns);
		break;
	case 1:
		engine_ping(e, p->peer[host], what, p->now_ns);
		break;
	case 2:
		config.psk.b[0] = what >> 6;
		config.is_fixed = what & 8;
		engine_peer_change(e, p->peer[host], &config, p->now_ns);
		break;
	case 3:
		engine_peer_remove(e, p->peer[host], p->now_ns);
		p->peer[host] = host_add(&p->hosts[host], &p->hosts[!host], true, p->now_ns);
		break;
	case 4:
		self.name[0] = (char)('a' + what / 16);
		engine_set_self(e, &self, p->now_ns);
		break;
	case 5:
		engine_set_wall(e, (uint64_t)what << 55, p->now_ns);
		break;
	case 6:
		engine_goodbye(e, p->now_ns);
		break;
	default:
		engine_peer_info(e, p->peer[host], &info);
		break;
	}
}

static void step(struct fuzz_pair *p, struct reader *r)
{
	uint8_t what = reader_u8(r);
	unsigned host = what >> 7;
	struct reader bytes;

	switch ((enum step)(what % STEP_COUNT)) {
	case STEP_TEXT:
		bytes = some(r);
		fuzz_sealed(p, host, bytes.at, reader_left(&bytes));
		break;
	case STEP_RECORD:
		send_record(p, host, r);
		break;
	case STEP_FRAGMENT:
		send_fragment(p, host, r);
		break;
	case STEP_RAW:
		bytes = some(r);
		fuzz_input(p, host, &p->hosts[!host].at, bytes.at, reader_left(&bytes));
		break;
	case STEP_FRAME:
		send_frame(p, host, r);
		break;
	case STEP_EXCHANGE:
		fuzz_exchange(p, reader_u8(r) & 0x55);
		break;
	case STEP_PASS:
		fuzz_pass(p, reader_u8(r) * (200 * NS_PER_MS));
		break;
	case STEP_CALL:
		call(p, host, reader_u8(r));
		break;
	case STEP_COUNT:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_pair *p = fuzz_pair_get();
	struct reader r = reader_over(data, size);
	int peers[FUZZ_HOSTS] = {p->peer[0], p->peer[1]};

	for (unsigned i = 0; i < STEPS_MAX && reader_left(&r) > 0; i++)
		step(p, &r);
	p->peer[0] = peers[0];
	p->peer[1] = peers[1];
	return 0;
}
