/*
 * talk.c - one machine on a hub that talks to a machine far away, and measures how well that goes
 *
 * Test program, run once on each of two hosts:
 *
 *	talk OWN_MAC OTHER_MAC
 *
 * Says "ready", then does what lines on standard input tell it, and answers each with a line:
 *
 *	say HEX			send one frame; answers "said"
 *	rate PHASE MS N B	N frames a second to the other machine and B broadcasts, evenly
 *	window PHASE MS W	frames go to the other machine and back, W of them at any time
 *	answer PHASE MS		only send back what comes
 *
 * The last three end when MS are over and what was under way has had time to come, with "sent N
 * heard N broadcasts N overflow N marked N N ...": frames to the other, frames of the other to us,
 * broadcasts of the other, what the kernel had no room for; and, since the start, the attacker's
 * frames heard, by their mark (hubs.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <unistd.h>

#include "hubs.h"

enum {
	FRAME_BYTES = 128,
	TICK_MS = 1,
	GRACE_MS = 100, /* for what is under way when a phase ends */
	LOST_MS = 100,  /* nothing came back for so long: nothing will */
	MARKS = 16,
	LINE_BYTES = 4096,
};

enum kind {
	KIND_RATE,
	KIND_BROADCAST,
	KIND_OUT,  /* of a window: to be sent back */
	KIND_BACK, /* sent back */
};

struct frame {
	uint8_t dst[HUB_MAC_BYTES], src[HUB_MAC_BYTES];
	uint16_t ethertype;
	char magic[4];
	uint32_t phase;
	uint32_t kind;
	uint32_t number;
	uint8_t fill[FRAME_BYTES - 30];
} __attribute__((packed));

_Static_assert(sizeof(struct frame) == FRAME_BYTES, "no holes");

/* Of one phase. */
struct counters {
	uint64_t sent, heard, broadcasts;
};

struct talk {
	int fd;
	struct sockaddr_in hub;
	uint8_t own[HUB_MAC_BYTES], other[HUB_MAC_BYTES];
	uint32_t phase, overflow;
	bool is_over;        /* the phase: what comes now still counts, nothing more is sent */
	uint32_t next, base; /* of a window: the next number, and the first that may come back */
	struct counters c;
	uint64_t marked[MARKS];
};

static const char MAGIC[4] = {'L', 'W', 'T', 'K'};

static void put(struct talk *t, const void *bytes, size_t len)
{
	if (sendto(t->fd, bytes, len, 0, (struct sockaddr *)&t->hub, sizeof(t->hub)) < 0 &&
	    errno != ENOBUFS && errno != EAGAIN)
		hub_die("sendto");
}

static void send_frame(struct talk *t, enum kind kind, uint32_t number)
{
	struct frame f = {.ethertype = htons(ETHERTYPE_TEST),
			  .phase = htonl(t->phase),
			  .kind = htonl(kind),
			  .number = htonl(number)};

	memcpy(f.magic, MAGIC, sizeof(MAGIC));
	memcpy(f.src, t->own, HUB_MAC_BYTES);
	if (kind == KIND_BROADCAST)
		memset(f.dst, 0xff, HUB_MAC_BYTES);
	else
		memcpy(f.dst, t->other, HUB_MAC_BYTES);
	put(t, &f, sizeof(f));
	t->c.sent += kind != KIND_BROADCAST;
}

/* ---- in ---- */

static void take_own_kind(struct talk *t, const struct frame *f)
{
	enum kind kind = (enum kind)ntohl(f->kind);
	uint32_t number = ntohl(f->number);

	if (ntohl(f->phase) != t->phase)
		return;
	if (kind == KIND_BROADCAST) {
		t->c.broadcasts++;
		return;
	}
	t->c.heard++;
	if (kind == KIND_OUT && !t->is_over)
		send_frame(t, KIND_BACK, number);
	if (kind == KIND_BACK && number - t->base < t->next - t->base)
		t->base = number + 1; /* order is kept: those before it are lost or back */
}

static void take(struct talk *t, const uint8_t *bytes, size_t len)
{
	const struct frame *f = (const struct frame *)bytes;
	const uint8_t *mark = bytes + len - sizeof(HUB_ATTACK_MARK) - 1;

	if (len < sizeof(HUB_ATTACK_MARK) + 1)
		return;
	if (memcmp(mark, HUB_ATTACK_MARK, sizeof(HUB_ATTACK_MARK)) == 0)
		t->marked[bytes[len - 1] % MARKS]++;
	else if (len == sizeof(*f) && memcmp(f->magic, MAGIC, sizeof(MAGIC)) == 0 &&
		 memcmp(f->src, t->other, HUB_MAC_BYTES) == 0)
		take_own_kind(t, f);
}

/* Takes one batch; false if there was none. */
static bool listen_once(struct talk *t)
{
	static struct hub_frames frames;

	if (!hub_receive(t->fd, &frames, &t->overflow))
		return false;
	for (int i = 0; i < frames.count; i++)
		take(t, frames.bytes[i], frames.len[i]);
	return true;
}

/* Waits for frames and reads all that are there: an attacker's many must not hide the few. */
static void listen_for(struct talk *t, int ms)
{
	struct pollfd p = {.fd = t->fd, .events = POLLIN};

	if (poll(&p, 1, ms) <= 0)
		return;
	while (listen_once(t))
		;
}

static void listen_until(struct talk *t, uint64_t end_ns)
{
	while (hub_now_ns() < end_ns)
		listen_for(t, TICK_MS);
}

/* ---- phases ---- */

static uint64_t due(uint64_t start_ns, uint64_t rate)
{
	return (hub_now_ns() - start_ns) * rate / HUB_NS_PER_S;
}

static void run_rate(struct talk *t, uint64_t ms, uint64_t rate, uint64_t broadcast_rate)
{
	uint64_t start_ns = hub_now_ns(), end_ns = start_ns + ms * HUB_NS_PER_MS;
	uint32_t frames = 0, broadcasts = 0;

	while (hub_now_ns() < end_ns) {
		while (frames < due(start_ns, rate))
			send_frame(t, KIND_RATE, frames++);
		while (broadcasts < due(start_ns, broadcast_rate))
			send_frame(t, KIND_BROADCAST, broadcasts++);
		listen_for(t, TICK_MS);
	}
}

static void run_window(struct talk *t, uint64_t ms, uint32_t window)
{
	uint64_t end_ns = hub_now_ns() + ms * HUB_NS_PER_MS, moved_ns = hub_now_ns(), now_ns;

	t->next = t->base = 0;
	while ((now_ns = hub_now_ns()) < end_ns) {
		uint32_t base = t->base;

		if (now_ns - moved_ns > LOST_MS * HUB_NS_PER_MS)
			t->base = t->next; /* all are lost */
		while (t->next - t->base < window)
			send_frame(t, KIND_OUT, t->next++);
		listen_for(t, TICK_MS);
		if (t->base != base)
			moved_ns = hub_now_ns();
	}
}

static void report(struct talk *t, uint32_t overflow_before)
{
	printf("sent %" PRIu64 " heard %" PRIu64 " broadcasts %" PRIu64 " overflow %" PRIu32
	       " marked",
	       t->c.sent, t->c.heard, t->c.broadcasts, t->overflow - overflow_before);
	for (int i = 0; i < MARKS; i++)
		printf(" %" PRIu64, t->marked[i]);
	puts("");
}

static void say(struct talk *t, const char *hex)
{
	uint8_t bytes[LINE_BYTES / 2];
	size_t len = 0;

	while (sscanf(hex + 2 * len, "%2hhx", &bytes[len]) == 1)
		len++;
	put(t, bytes, len);
	puts("said");
}

static void run_phase(struct talk *t, const char *line)
{
	uint64_t ms, rate, broadcast_rate;
	uint32_t window, overflow = t->overflow;

	/* What waits is of the phase before, or of this one if the other was told first. */
	sscanf(line, "%*s %u", &t->phase);
	t->c = (struct counters){0};
	t->is_over = false;
	while (listen_once(t))
		;
	if (sscanf(line, "rate %*u %lu %lu %lu", &ms, &rate, &broadcast_rate) == 3)
		run_rate(t, ms, rate, broadcast_rate);
	else if (sscanf(line, "window %*u %lu %u", &ms, &window) == 2)
		run_window(t, ms, window);
	else if (sscanf(line, "answer %*u %lu", &ms) == 1)
		listen_until(t, hub_now_ns() + ms * HUB_NS_PER_MS);
	else
		fprintf(stderr, "talk: what is '%s'?\n", line);
	t->is_over = true;
	listen_until(t, hub_now_ns() + GRACE_MS * HUB_NS_PER_MS);
	report(t, overflow);
}

int main(int argc, char **argv)
{
	struct talk t = {.hub = hub_address()};
	char line[LINE_BYTES];

	if (argc != 3 || !hub_read_mac(argv[1], t.own) || !hub_read_mac(argv[2], t.other)) {
		fprintf(stderr, "usage: talk OWN_MAC OTHER_MAC\n");
		return 2;
	}
	t.fd = hub_machine(&t.hub);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (fgets(line, sizeof(line), stdin)) {
		if (strncmp(line, "say ", 4) == 0)
			say(&t, line + 4);
		else
			run_phase(&t, line);
	}
	return 0;
}
