/*
 * lan_notes.c - see lan_notes.h
 */
#include "unit.h"

#include <sys/socket.h>
#include <unistd.h>

#include "../../agent/lan_private.h"
#include "agent/dump.h"
#include "lan_notes.h"

struct note notes[NOTES_MAX];
size_t note_count;
int wholes;
uint8_t data[DATA_BYTES];

const struct super TCP4 = {.flags = SUPER_ACK, .ttl = 64, .data = data, .data_len = DATA_BYTES};
const struct super UDP6 = {
	.is_ipv6 = true, .is_udp = true, .ttl = 64, .data = data, .data_len = DATA_BYTES};

/* ---- notes ---- */

static struct note *note(void)
{
	assert_true(note_count < NOTES_MAX);
	notes[note_count] = (struct note){.peer = -1, .whole = NOT_WHOLE};
	return &notes[note_count++];
}

static void keep(struct note *n, const struct piece *p)
{
	n->len = p->headers_len + p->data_len;
	assert_true(n->len <= NOTE_BYTES);
	memcpy(n->bytes, p->headers, p->headers_len);
	memcpy(n->bytes + p->headers_len, p->data, p->data_len);
}

static void port_hears(struct fake_port *port, const struct port_frame *f)
{
	struct cutter c;
	struct piece p;

	if (!f->offload) {
		struct note *n = note();

		n->port = port;
		n->len = f->len < NOTE_BYTES ? f->len : NOTE_BYTES;
		memcpy(n->bytes, f->bytes, n->len);
		return;
	}
	c = cutter_over(f->bytes, f->offload);
	while (cutter_next(&c, &p)) {
		struct note *n = note();

		n->port = port;
		n->whole = wholes;
		piece_finish(&p, f->offload);
		keep(n, &p);
	}
	wholes++;
}

/* As the peer does it, from the frame alone. */
static void finish_note(struct note *n)
{
	struct offload o;
	struct cutter c;
	struct piece p;

	assert_true(offload_derive(n->bytes, n->len, &o));
	c = cutter_over(n->bytes, &o);
	cutter_next(&c, &p);
	piece_finish(&p, &o);
	memcpy(n->bytes, p.headers, p.headers_len);
}

static void peer_hears(int peer, const struct frame_out *out)
{
	struct note *n = note();

	n->peer = peer;
	n->len = out->len + out->data_len;
	assert_true(n->len <= NOTE_BYTES);
	memcpy(n->bytes, out->frame, out->len);
	if (out->data_len)
		memcpy(n->bytes + out->len, out->data, out->data_len);
	n->unfinished = out->checksum_unfinished;
	if (n->unfinished)
		finish_note(n);
}

int set_up_offload(void **state)
{
	struct rng rng = {.state = 1};

	set_up(state);
	rng_fill(&rng, data, sizeof(data));
	port_named("tap")->port.has_offload = true;
	note_count = 0;
	wholes = 0;
	on_port_hears = port_hears;
	on_peer_hears = peer_hears;
	return 0;
}

void forget_notes(void)
{
	note_count = 0;
	wholes = 0;
}

void is_behind(struct fixture *f, const char *port, int peer, int n)
{
	if (port)
		say(port, BROADCAST, n);
	else
		hear(f, peer, RED, BROADCAST, n);
	forget_notes();
}

void assert_bytes(const struct note *n, const struct super *wanted)
{
	static uint8_t bytes[SUPER_BYTES];
	size_t len = super_write(wanted, bytes);

	assert_int_equal(n->len, len);
	assert_memory_equal(n->bytes, bytes, len);
}

void assert_pieces_to_port(size_t at, const char *port, int whole, const struct super *s)
{
	for (size_t i = 0; i < PIECES; i++) {
		struct super piece = super_piece(s, PIECE_BYTES, i);
		const struct note *n = &notes[at + i];

		assert_true(at + i < note_count);
		assert_ptr_equal(n->port, port_named(port));
		assert_int_equal(n->whole, whole);
		assert_bytes(n, &piece);
	}
}

void assert_pieces_to_peer(size_t at, int peer, bool unfinished, const struct super *s)
{
	for (size_t i = 0; i < PIECES; i++) {
		struct super piece = super_piece(s, PIECE_BYTES, i);
		const struct note *n = &notes[at + i];

		assert_true(at + i < note_count);
		assert_int_equal(n->peer, peer);
		assert_int_equal(n->unfinished, unfinished);
		assert_bytes(n, &piece);
	}
}

/* ---- for those who watch ---- */

static struct dump *dump;

static void on_wanted(void *context, bool wanted)
{
	lan_use_dump(((struct fixture *)context)->lan, wanted ? dump : NULL);
}

int watch(struct fixture *f)
{
	struct dump_events events = {.on_wanted = on_wanted, .context = f};
	int ends[2];

	assert_int_equal(dump_new(&dump, &f->loop, &events), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(dump_add(dump, ends[0], "", &(struct dump_filter){0}), 0);
	return ends[1];
}

static uint8_t shown[16384];

void forget_shown(int fd)
{
	assert_true(read(fd, shown, sizeof(shown)) > 0);
}

void assert_shown(struct fixture *f, int fd, const struct super *s)
{
	size_t at = 0;
	ssize_t len;

	uv_run(&f->loop, UV_RUN_NOWAIT);
	len = read(fd, shown, sizeof(shown));
	for (size_t i = 0; i < PIECES; i++) {
		struct super piece = super_piece(s, PIECE_BYTES, i);
		struct dump_item item;
		struct note n = {.port = NULL};
		int taken = dump_record_read(shown + at, (size_t)len - at, &item);

		assert_true(taken > 0);
		n.len = item.frame.len;
		memcpy(n.bytes, item.frame.bytes, n.len);
		assert_bytes(&n, &piece);
		at += (size_t)taken;
	}
	assert_int_equal(at, len);
}

int tear_down_dump(void **state)
{
	dump_close(dump);
	return tear_down(state);
}
