/*
 * wire.h - several engines and a wire between them, for tests of the engine
 *
 * The clock is the test's: it moves only in wire_run(). The wire delivers at once and in order unless
 * the test's @pass says otherwise; what is sent to an address where nobody is gets lost.
 */
#ifndef TESTS_WIRE_H
#define TESTS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine_state.h"
#include "host.h"
#include "limits.h"
#include "unit.h"

enum {
	WIRE_HOSTS_MAX = 6,
	WIRE_EVENTS = ENGINE_EVENT_RESERVE + 1,
	WIRE_TYPES = MESSAGE_DATA + 1,
	WIRE_FRAME_MAX = 9216,
	FORGE_MAX_BYTES = 65535, /* of a datagram that an engine is given */
};

#define S_NS NS_PER_S

/** struct packet - a datagram on its way */
struct packet {
	struct addr from, to;
	uint64_t at_ns; /* when it arrives; the past: at once */
	size_t len;
	uint8_t bytes[DATAGRAM_MAX_BYTES];
};

struct wire_host {
	struct host host;
	struct addr
		second; /* another address of it; not set: none, and it is not told its own either */
	int peer[WIRE_HOSTS_MAX]; /* number of another host as a peer, or -1 */
	uint32_t events[WIRE_HOSTS_MAX + 1][WIRE_EVENTS]; /* per other host; the last: nobody's */
	struct engine_event last_pong;
	uint32_t frames;
	struct frame_in last; /* points to @last_frame */
	uint8_t last_frame[WIRE_FRAME_MAX];
	uint32_t reports, answers; /* of segments */
	struct segment_report last_report;
	struct segment_answer last_answer;
};

struct wire;

/** typedef wire_pass - May change a packet. Return: false loses it */
typedef bool (*wire_pass)(struct wire *w, struct packet *p);

struct wire {
	uint64_t now_ns;
	unsigned count;
	struct wire_host hosts[WIRE_HOSTS_MAX];
	struct packet *queue;
	size_t first, used, room;
	wire_pass pass;
	size_t mtu;                /* longest UDP payload that it carries; 0: DATAGRAM_BASE_BYTES,
		     * and nobody searches for more once wire_connect() is done */
	void *context;             /* the test's own */
	uint32_t sent[WIRE_TYPES]; /* datagrams that left an engine, by type */
	uint64_t sent_bytes;
	uint32_t ticks;
};

/** struct wire_setup - zero is a good value for all but @count */
struct wire_setup {
	unsigned count;
	uint8_t ciphers;
	uint32_t max_frame;
	bool strangers; /* nobody is anybody's peer yet */
};

struct wire *wire_new(const struct wire_setup *setup);
void wire_free(struct wire *w);

/** wire_know() - Make host @other a peer of host @host */
void wire_know(struct wire *w, unsigned host, unsigned other, bool with_address);

/** wire_pair() - Two hosts that know each other and have a session */
struct wire *wire_pair(void);

/** wire_restart() - End a host without a word, and start it again with its old peers and no state */
void wire_restart(struct wire *w, unsigned host, uint64_t floor_ns);

/** wire_collect() - What the engines want to send is on the wire now; events are counted */
void wire_collect(struct wire *w);

/** wire_take() - Take the first packet of a type off the wire. Return: false if there is none */
bool wire_take(struct wire *w, uint8_t type, struct packet *out);

/** wire_deliver() - Hand a packet to the host of its address. Return: what the engine said */
enum drop wire_deliver(struct wire *w, const struct packet *p);

/** wire_input() - Hand any bytes to a host; from a buffer of exactly that size */
enum drop wire_input(struct wire *w, unsigned to, const struct addr *from, const void *bytes,
		     size_t len);

/** wire_settle() - Until nothing is on the wire */
void wire_settle(struct wire *w);

/** wire_run() - Let time pass, everything on time */
void wire_run(struct wire *w, uint64_t duration_ns);

/** wire_connect() - Run until everybody who knows each other has a session; fails after 5 s */
void wire_connect(struct wire *w);

struct engine *wire_engine(struct wire *w, unsigned host);
struct peer *wire_peer(struct wire *w, unsigned host, unsigned other);
struct session *wire_session(struct wire *w, unsigned host, unsigned other);
bool wire_is_up(struct wire *w, unsigned host, unsigned other);
struct peer_info wire_info(struct wire *w, unsigned host, unsigned other);
uint32_t wire_events(struct wire *w, unsigned host, unsigned other, enum engine_event_type type);

/** wire_send() - A frame of @len bytes, filled from @fill on, from a host to another, not yet flushed */
enum drop wire_send(struct wire *w, unsigned from, unsigned to, size_t len, uint8_t fill);

/** wire_assert_carries() - A frame each way arrives unchanged */
void wire_assert_carries(struct wire *w, unsigned a, unsigned b);

/* ---- counters ---- */

/** struct drops - the counters of a host at some time: its own, and those of all its peers together */
struct drops {
	uint64_t agent[DROP_COUNT];
	uint64_t peers[DROP_COUNT];
};

enum drop_owner {
	OF_AGENT,
	OF_PEER
};

struct drops wire_drops(struct wire *w, unsigned host);

/** wire_assert_one_drop() - Since @before exactly that one counter rose, by one */
void wire_assert_one_drop(struct wire *w, unsigned host, const struct drops *before,
			  enum drop_owner owner, enum drop reason);
void wire_assert_no_drop(struct wire *w, unsigned host, const struct drops *before);

#endif
