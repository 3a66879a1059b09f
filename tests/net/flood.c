/*
 * flood.c - an attacker's machines: broadcasts from ever new addresses, and forgeries in between
 *
 * Test program:
 *
 *	flood RATE FORGERIES	frames a second, and how many of the forgeries a second
 *
 * Says "ready", then does what lines on standard input tell it, and answers each with a line:
 *
 *	forge HEX	one more forgery, a whole frame; they take turns; answers "forged"
 *	go MS BYTES	send so long, frames of that size; answers "sent N" when it is over
 *
 * Every frame but the forgeries is a broadcast, has a source address that no other frame ever has, and
 * ends with the mark of hubs.h and 0.
 */
#include <errno.h>
#include <inttypes.h>

#include "hubs.h"

enum {
	FRAME_BYTES_MAX = 1500,
	FORGERIES_MAX = 16,
	LINE_BYTES = 4096,
	GOLDEN = 0x9e3779b1, /* odd: a permutation of 32 bits that looks like chance */
};

struct forgery {
	uint8_t bytes[LINE_BYTES / 2];
	size_t len;
};

struct flood {
	int fd;
	struct sockaddr_in hub;
	uint64_t rate, forgery_rate;
	uint32_t number; /* of broadcasts so far: no address comes twice */
	struct forgery forgeries[FORGERIES_MAX];
	size_t forgery_count, forgery_next;
};

static void put(struct flood *f, const void *bytes, size_t len)
{
	if (sendto(f->fd, bytes, len, 0, (struct sockaddr *)&f->hub, sizeof(f->hub)) < 0 &&
	    errno != ENOBUFS && errno != EAGAIN)
		hub_die("sendto");
}

static void send_broadcast(struct flood *f, size_t bytes)
{
	uint8_t frame[FRAME_BYTES_MAX] = {0};
	uint32_t address = f->number++ * GOLDEN;

	memset(frame, 0xff, HUB_MAC_BYTES);
	frame[HUB_MAC_BYTES] = 0x06; /* locally administered; nobody else here begins so */
	memcpy(frame + HUB_MAC_BYTES + 2, &address, sizeof(address));
	frame[12] = ETHERTYPE_TEST >> 8;
	frame[13] = ETHERTYPE_TEST & 0xff;
	memcpy(frame + bytes - sizeof(HUB_ATTACK_MARK) - 1, HUB_ATTACK_MARK,
	       sizeof(HUB_ATTACK_MARK));
	put(f, frame, bytes);
}

static void send_forgery(struct flood *f)
{
	const struct forgery *next = &f->forgeries[f->forgery_next++ % f->forgery_count];

	put(f, next->bytes, next->len);
}

static void go(struct flood *f, uint64_t ms, size_t bytes)
{
	uint64_t start_ns = hub_now_ns(), end_ns = start_ns + ms * HUB_NS_PER_MS, now_ns;
	const struct timespec pause = {.tv_nsec = 1}; /* as short as there is: about 50 us */
	uint64_t sent = 0, forged = 0;

	while ((now_ns = hub_now_ns()) < end_ns) {
		while (sent < (now_ns - start_ns) * f->rate / HUB_NS_PER_S) {
			send_broadcast(f, bytes);
			sent++;
		}
		while (f->forgery_count > 0 &&
		       forged < (now_ns - start_ns) * f->forgery_rate / HUB_NS_PER_S) {
			send_forgery(f);
			forged++;
		}
		nanosleep(&pause, NULL); /* the attacker's agent is on this processor, too */
	}
	printf("sent %" PRIu64 "\n", sent);
}

static void forge(struct flood *f, const char *hex)
{
	struct forgery *new = &f->forgeries[f->forgery_count++ % FORGERIES_MAX];

	while (sscanf(hex + 2 * new->len, "%2hhx", &new->bytes[new->len]) == 1)
		new->len++;
	puts("forged");
}

int main(int argc, char **argv)
{
	struct flood f = {.hub = hub_address()};
	char line[LINE_BYTES];
	unsigned long ms, bytes;
	int size = 1;

	if (argc != 3) {
		fprintf(stderr, "usage: flood RATE FORGERIES\n");
		return 2;
	}
	f.rate = strtoul(argv[1], NULL, 10);
	f.forgery_rate = strtoul(argv[2], NULL, 10);
	f.fd = hub_machine(&f.hub);
	hub_set(f.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)); /* the smallest there is */
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "go %lu %lu", &ms, &bytes) == 2 && bytes <= FRAME_BYTES_MAX)
			go(&f, ms, bytes);
		else if (strncmp(line, "forge ", 6) == 0)
			forge(&f, line + 6);
	}
	return 0;
}
