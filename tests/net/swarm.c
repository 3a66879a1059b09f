/*
 * swarm.c - eight machines on one hub that all send at once, and count what they hear
 *
 * Test program, run once on each of two hosts; SIDE is 0 on one and 1 on the other. Each machine
 * is a socket such as QEMU opens (see machine.py). Of the frames of a machine, every second is a
 * broadcast, every fourth goes to a machine on the other side, every fourth to a neighbour on its
 * own side. A hub gives every frame to every member, the sender included; so each of our listeners
 * must hear all frames of its own side once, and once those of the other side that are broadcast
 * or for somebody here; the rest must stay where it is.
 *
 *	swarm SIDE FRAMES_PER_MACHINE FRAMES_PER_SECOND	(rate: of this side's machines together)
 *
 * Says "ready", waits for a line on standard input, sends, listens until nothing has come for a
 * while, and prints one line: "sent N heard N lost N duplicate N leaked N overflow N".
 */
#include <errno.h>
#include <poll.h>

#include "hubs.h"

enum {
	SIDES = 2,
	MACHINES = 8,
	FRAME_BYTES = 64,
	TICK_MS = 1,
	QUIET_MS = 3000, /* nothing for so long: nothing more will come */
	MOST_DUPLICATES = 250,
};

struct frame {
	uint8_t dst[6], src[6];
	uint16_t ethertype;
	char magic[4];
	uint32_t sender; /* side * MACHINES + machine; network order, like the number */
	uint32_t number;
	uint8_t fill[FRAME_BYTES - 26];
} __attribute__((packed));

_Static_assert(sizeof(struct frame) == FRAME_BYTES, "the smallest frame with its checksum is 64");

struct listener {
	int fd;
	uint32_t overflow; /* SO_RXQ_OVFL: frames the kernel had no room for */
	uint8_t *heard;    /* how often, by sender and number */
};

struct swarm {
	uint32_t side, frames;
	uint64_t counted; /* frames of ours heard so far; others, such as beacons, come for ever */
	struct listener listeners[MACHINES];
	struct sockaddr_in hub;
};

static const char magic[4] = {'L', 'W', 'S', 'W'};

static void mac_of(uint32_t side, uint32_t machine, uint8_t mac[6])
{
	const uint8_t text[6] = {2, 0, 0, 1, (uint8_t)side, (uint8_t)(machine + 1)};

	memcpy(mac, text, sizeof(text));
}

static bool is_broadcast(uint32_t number)
{
	return number % 2 == 0;
}

/* Of the unicast frames, every second crosses. */
static bool is_for_other_side(uint32_t number)
{
	return number % 4 == 1;
}

static void frame_send(struct swarm *s, uint32_t machine, uint32_t number)
{
	struct frame f = {
		.ethertype = htons(ETHERTYPE_TEST),
		.sender = htonl(s->side * MACHINES + machine),
		.number = htonl(number),
	};
	uint32_t target = (machine + 1 + number / 4 % (MACHINES - 1)) % MACHINES;

	memcpy(f.magic, magic, sizeof(magic));
	mac_of(s->side, machine, f.src);
	if (is_broadcast(number))
		memset(f.dst, 0xff, sizeof(f.dst));
	else
		mac_of(is_for_other_side(number) ? 1 - s->side : s->side, target, f.dst);
	if (sendto(s->listeners[machine].fd, &f, sizeof(f), 0, (struct sockaddr *)&s->hub,
		   sizeof(s->hub)) < 0)
		hub_die("sendto");
}

static void frame_count(struct swarm *s, struct listener *l, const struct frame *f, size_t size)
{
	uint32_t sender, number;
	uint8_t *heard;

	if (size != sizeof(*f) || memcmp(f->magic, magic, sizeof(magic)) != 0)
		return;
	sender = ntohl(f->sender);
	number = ntohl(f->number);
	if (sender >= SIDES * MACHINES || number >= s->frames)
		return;
	s->counted++;
	heard = &l->heard[(size_t)sender * s->frames + number];
	if (*heard < MOST_DUPLICATES)
		(*heard)++;
}

/* Takes one batch; false if there was none. */
static bool listener_read(struct swarm *s, struct listener *l)
{
	static struct hub_frames frames;

	if (!hub_receive(l->fd, &frames, &l->overflow))
		return false;
	for (int i = 0; i < frames.count; i++)
		frame_count(s, l, (const struct frame *)frames.bytes[i], frames.len[i]);
	return true;
}

/* Reads everything that waits; true if a frame of ours was there. */
static bool listen_all(struct swarm *s)
{
	uint64_t before = s->counted;

	for (uint32_t i = 0; i < MACHINES; i++)
		while (listener_read(s, &s->listeners[i]))
			;
	return s->counted > before;
}

/* Sends evenly, machine after machine, and listens in between. */
static void send_all(struct swarm *s, uint64_t rate)
{
	uint64_t total = (uint64_t)s->frames * MACHINES, sent = 0, start = hub_now_ns();

	while (sent < total) {
		uint64_t due = (hub_now_ns() - start) * rate / HUB_NS_PER_S + 1;

		for (; sent < due && sent < total; sent++)
			frame_send(s, (uint32_t)(sent % MACHINES), (uint32_t)(sent / MACHINES));
		listen_all(s);
		poll(NULL, 0, TICK_MS);
	}
}

static void listen_until_quiet(struct swarm *s)
{
	uint64_t last = hub_now_ns();

	while (hub_now_ns() - last < QUIET_MS * HUB_NS_PER_MS) {
		if (listen_all(s))
			last = hub_now_ns();
		poll(NULL, 0, TICK_MS);
	}
}

static void report(const struct swarm *s)
{
	uint64_t heard = 0, lost = 0, duplicate = 0, leaked = 0, overflow = 0;

	for (uint32_t l = 0; l < MACHINES; l++) {
		overflow += s->listeners[l].overflow;
		for (uint32_t i = 0; i < SIDES * MACHINES * s->frames; i++) {
			uint32_t side = i / s->frames / MACHINES, number = i % s->frames;
			bool ours = side == s->side || is_broadcast(number) ||
				    is_for_other_side(number);
			uint8_t times = s->listeners[l].heard[i];

			heard += ours && times > 0;
			lost += ours && times == 0;
			duplicate += ours && times > 1 ? times - 1u : 0;
			leaked += ours ? 0 : times;
		}
	}
	printf("sent %lu heard %lu lost %lu duplicate %lu leaked %lu overflow %lu\n",
	       (unsigned long)s->frames * MACHINES, (unsigned long)heard, (unsigned long)lost,
	       (unsigned long)duplicate, (unsigned long)leaked, (unsigned long)overflow);
}

static void swarm_open(struct swarm *s)
{
	s->hub = hub_address();
	for (uint32_t i = 0; i < MACHINES; i++) {
		s->listeners[i].fd = hub_machine(&s->hub);
		s->listeners[i].heard = calloc((size_t)SIDES * MACHINES, s->frames);
		if (!s->listeners[i].heard)
			hub_die("calloc");
	}
}

int main(int argc, char **argv)
{
	struct swarm s = {0};
	char line[8];

	if (argc != 4) {
		fprintf(stderr, "usage: swarm SIDE FRAMES_PER_MACHINE FRAMES_PER_SECOND\n");
		return 2;
	}
	s.side = (uint32_t)atoi(argv[1]);
	s.frames = (uint32_t)atoi(argv[2]);
	swarm_open(&s);
	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	send_all(&s, (uint64_t)atoi(argv[3]));
	listen_until_quiet(&s);
	report(&s);
	for (uint32_t i = 0; i < MACHINES; i++)
		free(s.listeners[i].heard);
	return 0;
}
