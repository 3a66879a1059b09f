/*
 * qemunic.c - a load generator and a sink that talk as QEMU's socket netdevs do
 *
 *   qemunic gen|sink TRANSPORT [options]
 *
 * TRANSPORT  mcast:GROUP:PORT[:LOCALADDR]   -netdev socket,mcast=
 *            udp:LIP:LPORT:RIP:RPORT        -netdev socket,udp= and dgram with inet addresses
 *            dgram:LOCALPATH:REMOTEPATH     -netdev dgram with unix paths
 * options    -s bytes of a frame (42 to 65000; 64)   -r frames a second (0: as fast as it goes)
 *            -t seconds   -i stream (the sink counts only it)   -M last byte of the source MAC
 *            -D last byte of the destination MAC (default: broadcast)
 *            -n so many destinations, one after another: MACs from -D on; a sink says hello from as many, from
 *            -M on, with transport udp to ports from RPORT on
 *
 * A sink with -M first sends a frame from that MAC, so that switches know where it is.
 *
 * One system call a frame, as QEMU: a full socket is waited for, and never a reason to drop. A sink ends
 * at -t seconds, or 300 ms after the generator's end marks. The result is one line of JSON.
 *
 * A frame: Ethernet header of type 0x88b5, then struct body. Both ends are on one computer, so their
 * clocks are one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "histogram.h"
#include "now.h"

enum {
	MAGIC = 0x514e4943,
	ETHER_BYTES = 14,
	FRAME_LEAST = 42,
	FRAME_MOST = 65000,
	STEP = 32, /* of an unpaced generator, between looks at the clock */
	BLOCKED_WAIT_MS = 10,
	IDLE_WAIT_MS = 20,
	END_MARKS = 5,
	END_PAUSE_US = 100000,
	END_EVERY_US = 20000,
	FIELDS_MAX = 6,
	SEEN_BYTES = 1 << 24, /* a bit for each number */
};
#define END_WAIT_NS (300 * UINT64_C(1000000))

enum kind {
	DATA = 1,
	END = 2,
	HELLO = 3
};

struct body {
	uint32_t magic;
	uint16_t id, kind;
	uint64_t seq, at_ns;
};

static struct options {
	size_t size;
	double rate, seconds;
	uint16_t id;
	int mac, destination;
	uint64_t destinations;
} options = {.size = 64, .seconds = 2, .id = 1, .mac = -1, .destination = -1, .destinations = 1};

static int fd = -1;
static struct sockaddr_storage to;
static socklen_t to_len;
static volatile sig_atomic_t is_stopped;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double cpu_s(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

/* ---- transports ---- */

static struct sockaddr_in ipv4(const char *ip, const char *port)
{
	struct sockaddr_in s = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};

	if (inet_pton(AF_INET, ip, &s.sin_addr) != 1)
		exit(2);
	return s;
}

static void bind_to(int family, const void *at, socklen_t len)
{
	int one = 1;

	fd = socket(family, SOCK_DGRAM, 0);
	if (family == AF_INET && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)))
		die("SO_REUSEADDR");
	if (bind(fd, at, len))
		die("bind");
}

static void send_to(const void *address, socklen_t len)
{
	memcpy(&to, address, len);
	to_len = len;
}

/* As net/socket.c does: bound to the group, one's own frames come back. */
static void open_mcast(char *const *field, int count)
{
	struct sockaddr_in group = ipv4(field[1], field[2]);
	struct ip_mreq join = {.imr_multiaddr = group.sin_addr};
	int one = 1;

	if (count > 3 && inet_pton(AF_INET, field[3], &join.imr_interface) != 1)
		exit(2);
	bind_to(AF_INET, &group, sizeof(group));
	if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof(join)))
		die("IP_ADD_MEMBERSHIP");
	if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &one, sizeof(one)))
		die("IP_MULTICAST_LOOP");
	if (count > 3 && setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &join.imr_interface,
				    sizeof(join.imr_interface)))
		die("IP_MULTICAST_IF");
	send_to(&group, sizeof(group));
}

static void open_udp(char *const *field)
{
	struct sockaddr_in local = ipv4(field[1], field[2]), remote = ipv4(field[3], field[4]);

	bind_to(AF_INET, &local, sizeof(local));
	send_to(&remote, sizeof(remote));
}

static struct sockaddr_un unix_path(const char *path)
{
	struct sockaddr_un u = {.sun_family = AF_UNIX};

	snprintf(u.sun_path, sizeof(u.sun_path), "%s", path);
	return u;
}

static void open_dgram(char *const *field)
{
	struct sockaddr_un local = unix_path(field[1]), remote = unix_path(field[2]);

	unlink(local.sun_path);
	bind_to(AF_UNIX, &local, sizeof(local));
	send_to(&remote, sizeof(remote));
}

static void open_transport(char *words)
{
	char *field[FIELDS_MAX] = {0};
	int count = 0;

	for (char *p = strtok(words, ":"); p && count < FIELDS_MAX; p = strtok(NULL, ":"))
		field[count++] = p;
	if (count >= 3 && strcmp(field[0], "mcast") == 0)
		open_mcast(field, count);
	else if (count == 5 && strcmp(field[0], "udp") == 0)
		open_udp(field);
	else if (count == 3 && strcmp(field[0], "dgram") == 0)
		open_dgram(field);
	else
		exit(2);
}

/* ---- the generator ---- */

static uint64_t blocked, unheard;
static uint8_t frame[FRAME_MOST];

static void write_header(void)
{
	uint8_t source[6] = {0x52, 0x54, 0, 0, 0, (uint8_t)(options.mac < 0 ? 1 : options.mac)};
	uint8_t destination[6] = {0x52, 0x54, 0, 0, 0, (uint8_t)options.destination};

	if (options.destination < 0)
		memset(destination, 0xff, sizeof(destination));
	memcpy(frame, destination, sizeof(destination));
	memcpy(frame + 6, source, sizeof(source));
	frame[12] = 0x88;
	frame[13] = 0xb5;
	memset(frame + ETHER_BYTES, 0x5a, options.size - ETHER_BYTES);
}

/* The next destination. */
static void turn_to(uint64_t seq)
{
	if (options.destination >= 0)
		frame[5] = (uint8_t)(options.destination + (int)(seq % options.destinations));
}

/* Return: false when the socket is broken */
static bool send_frame(enum kind kind, uint64_t seq)
{
	struct body b = {MAGIC, options.id, (uint16_t)kind, seq, now_ns()};

	memcpy(frame + ETHER_BYTES, &b, sizeof(b));
	for (;;) {
		struct pollfd room = {fd, POLLOUT, 0};

		if (sendto(fd, frame, options.size, MSG_DONTWAIT, (struct sockaddr *)&to, to_len) >=
		    0)
			return true;
		if (errno == ECONNREFUSED || errno == ENOENT) {
			unheard++; /* nobody is there: QEMU drops as well */
			return true;
		}
		if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
			return false;
		blocked += errno != EINTR;
		poll(&room, 1, BLOCKED_WAIT_MS);
	}
}

static uint64_t send_frames(uint64_t start_ns)
{
	struct pace pace = pace_start(options.rate, STEP, start_ns);
	uint64_t end_ns = start_ns + (uint64_t)(options.seconds * 1e9), seq = 0;

	for (uint64_t at_ns = now_ns(); at_ns <= end_ns && !is_stopped; at_ns = now_ns()) {
		uint64_t due = pace_due(&pace, seq, at_ns);

		while (seq < due) {
			turn_to(seq);
			if (!send_frame(DATA, seq++))
				return seq;
		}
		pace_sleep(&pace);
	}
	return seq;
}

static void send_end_marks(uint64_t seq)
{
	usleep(END_PAUSE_US);
	for (int i = 0; i < END_MARKS; i++) {
		send_frame(END, seq);
		usleep(END_EVERY_US);
	}
}

static void generate(void)
{
	uint64_t start_ns = now_ns(), sent;
	double cpu = cpu_s(), seconds;

	write_header();
	sent = send_frames(start_ns);
	seconds = (double)(now_ns() - start_ns) / 1e9;
	cpu = cpu_s() - cpu;
	send_end_marks(sent);
	printf("{\"role\":\"gen\",\"sent\":%" PRIu64
	       ",\"pps\":%.0f,\"mbps\":%.1f,\"blocked\":%" PRIu64 ",\"nobody\":%" PRIu64
	       ",\"cpu_us_per_frame\":%.3f}\n",
	       sent, (double)sent / seconds, (double)sent * 8e-6 * (double)options.size / seconds,
	       blocked, unheard, sent ? cpu / (double)sent * 1e6 : 0);
}

/* ---- the sink ---- */

static struct {
	uint64_t frames, bytes, duplicates, reordered, foreign, latest, total;
	uint64_t first_ns, last_ns, end_ns;
	struct histogram latency;
	uint8_t seen[SEEN_BYTES];
} got;

/* Return: whether it is the first with that number */
static bool is_fresh(uint64_t seq)
{
	uint8_t *byte = &got.seen[seq >> 3 & (SEEN_BYTES - 1)], bit = (uint8_t)(1 << (seq & 7));

	if (*byte & bit)
		return false;
	*byte |= bit;
	return true;
}

static void take_data(const struct body *b, size_t len)
{
	uint64_t at_ns = now_ns();

	got.first_ns = got.first_ns ? got.first_ns : at_ns;
	if (!is_fresh(b->seq)) {
		got.duplicates++;
		return;
	}
	got.last_ns = at_ns;
	got.frames++;
	got.bytes += len;
	got.reordered += b->seq < got.latest;
	got.latest = b->seq > got.latest ? b->seq : got.latest;
	histogram_add(&got.latency, at_ns - b->at_ns);
}

static void take(const uint8_t *bytes, size_t len)
{
	struct body b;

	if (len < FRAME_LEAST)
		return;
	memcpy(&b, bytes + ETHER_BYTES, sizeof(b));
	if (b.magic != MAGIC || b.id != options.id) {
		got.foreign++;
		return;
	}
	if (b.kind == DATA)
		take_data(&b, len);
	if (b.kind == END) {
		got.total = b.seq;
		got.end_ns = got.end_ns ? got.end_ns : now_ns();
	}
}

static bool is_over(uint64_t start_ns)
{
	return is_stopped || (double)(now_ns() - start_ns) > options.seconds * 1e9 ||
	       (got.end_ns && now_ns() - got.end_ns > END_WAIT_NS);
}

static void tell_sink(double cpu)
{
	uint64_t total = got.total ? got.total : got.latest + (got.frames > 0);
	double seconds =
		got.last_ns > got.first_ns ? (double)(got.last_ns - got.first_ns) / 1e9 : 1;
	const struct histogram *h = &got.latency;

	printf("{\"role\":\"sink\",\"frames\":%" PRIu64
	       ",\"pps\":%.0f,\"mbps\":%.1f,\"lost\":%" PRIu64 ",\"loss\":%.5f,\"dup\":%" PRIu64
	       ",\"reordered\":%" PRIu64 ",\"foreign\":%" PRIu64,
	       got.frames, (double)got.frames / seconds, (double)got.bytes * 8e-6 / seconds,
	       total - got.frames, total ? (double)(total - got.frames) / (double)total : 0,
	       got.duplicates, got.reordered, got.foreign);
	printf(",\"lat_us\":{\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}",
	       histogram_us(h, .5), histogram_us(h, .9), histogram_us(h, .99),
	       histogram_us(h, .999), (double)h->max / 1e3);
	printf(",\"cpu_us_per_frame\":%.3f}\n", got.frames ? cpu / (double)got.frames * 1e6 : 0);
}

static void say_hello(void)
{
	struct sockaddr_in *ip = (struct sockaddr_in *)&to;

	if (options.mac < 0)
		return;
	write_header();
	for (uint64_t i = 0; i < options.destinations; i++) {
		frame[11] = (uint8_t)(options.mac + (int)i);
		send_frame(HELLO, 0);
		if (options.destinations > 1)
			ip->sin_port = htons((uint16_t)(ntohs(ip->sin_port) + 1));
	}
}

static void sink(void)
{
	static uint8_t room[1 << 16];
	uint64_t start_ns = now_ns();
	double cpu = cpu_s();

	say_hello();
	while (!is_over(start_ns)) {
		ssize_t n = recv(fd, room, sizeof(room), MSG_DONTWAIT);
		struct pollfd ready = {fd, POLLIN, 0};

		if (n >= 0)
			take(room, (size_t)n);
		else
			poll(&ready, 1, IDLE_WAIT_MS);
	}
	tell_sink(cpu_s() - cpu);
}

/* ---- */

static void on_signal(int number)
{
	(void)number;
	is_stopped = 1;
}

static bool parse(int argc, char **argv)
{
	int o;

	optind = 3;
	while ((o = getopt(argc, argv, "s:r:t:i:M:D:n:")) > 0) {
		switch (o) {
		case 's':
			options.size = (size_t)atoi(optarg);
			break;
		case 'r':
			options.rate = atof(optarg);
			break;
		case 't':
			options.seconds = atof(optarg);
			break;
		case 'i':
			options.id = (uint16_t)atoi(optarg);
			break;
		case 'M':
			options.mac = atoi(optarg);
			break;
		case 'D':
			options.destination = atoi(optarg);
			break;
		case 'n':
			options.destinations = (uint64_t)atoi(optarg);
			break;
		default:
			return false;
		}
	}
	return options.size >= FRAME_LEAST && options.size <= FRAME_MOST && options.destinations;
}

int main(int argc, char **argv)
{
	bool is_gen = argc > 2 && strcmp(argv[1], "gen") == 0;

	if (argc < 3 || (!is_gen && strcmp(argv[1], "sink") != 0) || !parse(argc, argv)) {
		fprintf(stderr, "usage: see the head of qemunic.c\n");
		return 2;
	}
	prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
	open_transport(argv[2]);
	signal(SIGTERM, on_signal);
	if (is_gen)
		generate();
	else
		sink();
	return 0;
}
