/*
 * udpgen.c - UDP load, and a search for the highest rate at which less than 1 % is lost
 *
 *   udpgen sink PORT                                   on the far side
 *   udpgen search HOST PORT PAYLOAD PROBE_S CONFIRM_S  prints one JSON object
 *   udpgen blast HOST PORT PAYLOAD RATE SECONDS        one run; RATE 0: as fast as it goes
 *
 * The sink counts packets per run and answers a query with the count, so that no second channel is
 * needed. Pacing: absolute sleeps of 100 us, then sendmmsg of what is due.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "now.h"

enum {
	MAGIC = 0x55474e31,
	BATCH = 64, /* packets of one system call */
	PACKET_MAX = 2048,
	SOCKET_BYTES = 4 << 20,
	ANSWER_TIMEOUT_US = 20000,
	ANSWER_WAIT_NS = 100000000,
	QUERY_EVERY_US = 15000,
	QUERIES_MAX = 60,
	SETTLE_US = 50000, /* what is under way when the last packet was sent */
};

enum kind {
	DATA = 1,
	QUERY = 2,
	REPLY = 3
};

struct header {
	uint32_t magic, kind, run, pad;
	uint64_t seq;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Of a batch: recvmmsg and sendmmsg want them so. */
static struct {
	uint8_t bytes[BATCH][PACKET_MAX];
	struct iovec iov[BATCH];
	struct sockaddr_in from[BATCH];
	struct mmsghdr messages[BATCH];
} batch;

static void lay_out(size_t len, bool with_source)
{
	for (unsigned i = 0; i < BATCH; i++) {
		batch.iov[i] = (struct iovec){batch.bytes[i], len};
		batch.messages[i].msg_hdr =
			(struct msghdr){.msg_iov = &batch.iov[i], .msg_iovlen = 1};
		if (!with_source)
			continue;
		batch.messages[i].msg_hdr.msg_name = &batch.from[i];
		batch.messages[i].msg_hdr.msg_namelen = sizeof(batch.from[i]);
	}
}

/* ---- the far side ---- */

static struct {
	bool any;
	uint32_t run;
	uint64_t count;
} heard;

static void answer(int fd, uint32_t run, const struct sockaddr_in *to)
{
	struct header reply = {.magic = MAGIC,
			       .kind = REPLY,
			       .run = run,
			       .seq = run == heard.run ? heard.count : 0};

	sendto(fd, &reply, sizeof(reply), 0, (const struct sockaddr *)to, sizeof(*to));
}

static void take(int fd, unsigned i)
{
	struct header h;

	if (batch.messages[i].msg_len < sizeof(h))
		return;
	memcpy(&h, batch.bytes[i], sizeof(h));
	if (h.magic != MAGIC)
		return;
	if (!heard.any || (int32_t)(h.run - heard.run) > 0) {
		heard.any = true;
		heard.run = h.run;
		heard.count = 0;
	}
	if (h.kind == DATA && h.run == heard.run)
		heard.count++;
	if (h.kind == QUERY)
		answer(fd, h.run, &batch.from[i]);
}

static void sink(uint16_t port)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = SOCKET_BYTES;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		die("bind");
	for (;;) {
		int count;

		lay_out(PACKET_MAX, true);
		count = recvmmsg(fd, batch.messages, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < count; i++)
			take(fd, (unsigned)i);
	}
}

/* ---- one run ---- */

struct result {
	double sent, received, seconds;
};

static int out;
static uint32_t run_id;
static size_t payload;

/* Return: how many went; 0 when the kernel has no room now */
static uint64_t send_batch(uint64_t seq, uint64_t due)
{
	unsigned count = due - seq > BATCH ? BATCH : (unsigned)(due - seq);
	int sent;

	for (unsigned i = 0; i < count; i++) {
		struct header h = {.magic = MAGIC, .kind = DATA, .run = run_id, .seq = seq + i};

		memcpy(batch.bytes[i], &h, sizeof(h));
	}
	sent = sendmmsg(out, batch.messages, count, 0);
	if (sent < 0 && errno != ENOBUFS && errno != ECONNREFUSED && errno != EAGAIN)
		die("sendmmsg");
	return sent < 0 ? 0 : (uint64_t)sent;
}

static uint64_t send_for(double rate, uint64_t start_ns, uint64_t end_ns)
{
	struct pace pace = pace_start(rate, BATCH, start_ns);
	uint64_t seq = 0;

	for (uint64_t at_ns = start_ns; at_ns < end_ns; at_ns = now_ns()) {
		uint64_t due = pace_due(&pace, seq, at_ns), sent = 1;

		while (seq < due && sent > 0) {
			sent = send_batch(seq, due);
			seq += sent;
		}
		pace_sleep(&pace);
	}
	return seq;
}

/* Return: true with @count set if the far side answered in time */
static bool ask(uint64_t *count)
{
	struct header query = {.magic = MAGIC, .kind = QUERY, .run = run_id}, reply;
	uint64_t since = now_ns();

	send(out, &query, sizeof(query), 0);
	while (now_ns() - since < ANSWER_WAIT_NS) {
		ssize_t n = recv(out, &reply, sizeof(reply), 0);

		if (n == sizeof(reply) && reply.kind == REPLY && reply.run == run_id) {
			*count = reply.seq;
			return true;
		}
	}
	return false;
}

/* Ask until the count stands still. */
static uint64_t count_arrived(void)
{
	uint64_t count = 0, last = 0;
	int same = 0;

	usleep(SETTLE_US);
	for (int i = 0; i < QUERIES_MAX && same < 2; i++) {
		if (ask(&count)) {
			same = count == last && last ? same + 1 : 0;
			last = count;
		}
		usleep(QUERY_EVERY_US);
	}
	return last;
}

static struct result probe(double rate, double seconds)
{
	uint64_t start_ns, sent, got;
	struct result r;

	run_id++;
	lay_out(payload, false);
	start_ns = now_ns();
	sent = send_for(rate, start_ns, start_ns + (uint64_t)(seconds * 1e9));
	r.seconds = (double)(now_ns() - start_ns) / 1e9;
	got = count_arrived();
	r.sent = (double)sent;
	r.received = (double)got;
	fprintf(stderr, "  run %u want %.0f pps sent %.0f rcvd %.0f loss %.2f%%\n", run_id, rate,
		r.sent / r.seconds, r.received / r.seconds,
		sent ? 100.0 * (r.sent - r.received) / r.sent : 0.0);
	return r;
}

/* ---- the search ---- */

enum {
	STEPS_DOWN = 8,
	STEPS_UP = 8,
	STEPS_BISECTION = 4,
	CONFIRMATIONS = 12,
	LEAST_RATE = 1000,
};

static bool passes(struct result r)
{
	return r.sent > 0 && r.received >= r.sent * 0.99;
}

/* A probe that failed is tried once more, so that a stall of the computer itself does not decide. */
static bool passes_at(double rate, double seconds)
{
	return passes(probe(rate, seconds)) || passes(probe(rate, seconds));
}

/** struct bracket - a rate that passed and one that did not; 0: none yet */
struct bracket {
	double low, high;
};

static void try_rate(struct bracket *b, double rate, double seconds)
{
	if (passes_at(rate, seconds))
		b->low = rate;
	else
		b->high = rate;
}

static struct bracket find_bracket(struct result flood, double seconds)
{
	double most = flood.sent / flood.seconds, rate = flood.received / flood.seconds;
	struct bracket b = {0, 0};

	rate = rate > LEAST_RATE ? rate : LEAST_RATE;
	if (passes(flood))
		b.low = rate;
	else
		try_rate(&b, rate, seconds);
	for (int i = 0; i < STEPS_DOWN && b.low <= 0; i++) {
		rate *= 0.6;
		try_rate(&b, rate, seconds);
	}
	for (int i = 0; i < STEPS_UP && b.high <= 0; i++) {
		rate *= 1.3;
		if (rate > most)
			b.high = most > b.low ? most : b.low;
		else
			try_rate(&b, rate, seconds);
	}
	return b;
}

/* Longer, at the rate found, and a little lower where that does not pass. */
static struct result confirm(double rate, double seconds)
{
	for (int i = 0; i < CONFIRMATIONS; i++) {
		struct result r = probe(rate, seconds);

		if (passes(r))
			return r;
		if (i & 1)
			rate *= 0.93;
	}
	return (struct result){.seconds = 1};
}

static void search(double probe_s, double confirm_s)
{
	struct result flood = probe(0, probe_s), best;
	struct bracket b = find_bracket(flood, probe_s);
	double pps;

	for (int i = 0; i < STEPS_BISECTION && b.low > 0 && b.high > b.low * 1.04; i++)
		try_rate(&b, (b.low + b.high) / 2, probe_s);
	best = confirm(b.low, confirm_s);
	pps = best.received / best.seconds;
	printf("{\"pps\":%.0f,\"mbps\":%.1f,\"payload\":%zu,\"flood_pps\":%.0f,\"offered_max_pps\":"
	       "%.0f}\n",
	       pps, pps * (double)payload * 8 / 1e6, payload, flood.received / flood.seconds,
	       flood.sent / flood.seconds);
}

static void blast(double rate, double seconds)
{
	struct result r = probe(rate, seconds);

	printf("{\"sent_pps\":%.0f,\"rcvd_pps\":%.0f,\"loss\":%.4f}\n", r.sent / r.seconds,
	       r.received / r.seconds, 1 - r.received / r.sent);
}

static void open_out(const char *host, const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	struct timeval timeout = {.tv_usec = ANSWER_TIMEOUT_US};
	int size = SOCKET_BYTES;

	inet_pton(AF_INET, host, &to.sin_addr);
	out = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(out, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	setsockopt(out, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (connect(out, (struct sockaddr *)&to, sizeof(to)))
		die("connect");
	run_id = (uint32_t)time(NULL) * 64U; /* later than of any earlier search */
}

int main(int argc, char **argv)
{
	prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
	if (argc == 3 && strcmp(argv[1], "sink") == 0)
		sink((uint16_t)atoi(argv[2]));
	payload = argc == 7 ? (size_t)atoi(argv[4]) : 0;
	if (payload < sizeof(struct header) || payload > PACKET_MAX) {
		fprintf(stderr, "usage: see the head of udpgen.c\n");
		return 2;
	}
	open_out(argv[2], argv[3]);
	if (strcmp(argv[1], "blast") == 0)
		blast(atof(argv[5]), atof(argv[6]));
	else
		search(atof(argv[5]), atof(argv[6]));
	return 0;
}
