/*
 * segments_private.h - the parts of segments
 *
 * Layer: agent, private to segments*.c.
 *
 *	segments.c		ports, attachments, who blocks, time
 *	segments_beacons.c	ids, and the beacons that carry them
 *	segments_neighbours.c	who is heard, and whose ids those are
 *	segments_peers.c	peers come, go, and may have other machines behind them
 *	segments_reports.c	what we report, and what they answer
 *	segments_answers.c	what they report, and what we answer
 *	segments_data.c		what the data path asks
 *	segments_text.c		what status and log say
 *	election.c		who forwards, among the peers that report each other
 */
#ifndef AGENT_SEGMENTS_PRIVATE_H
#define AGENT_SEGMENTS_PRIVATE_H

#include "agent/segments.h"

enum {
	BITS_PER_WORD = 64,
};
_Static_assert(SEGMENTS_PEERS_MAX % BITS_PER_WORD == 0, "a set of peers is made of whole words");

enum {
	SEGMENTS_APART_MS =
		50, /* beacons of a port, reports and answers of a peer: not more often */
};

static const uint64_t SEGMENTS_NS_PER_MS = 1000000, SEGMENTS_NS_PER_S = 1000000000;

/* An id as reports carry it: the first bytes of a beacon's. */
_Static_assert((int)SEGMENT_ID_BYTES <= (int)BEACON_ID_BYTES, "reports shorten ids");

/**
 * struct known_id - an id as beacons carry it, and as reports to us do
 *
 * A report names an id in a way that only its receiver understands: the hash of that peer's key under the
 * id. So a peer that is not on the segment learns no id from reports, and cannot claim to be there.
 */
struct known_id {
	uint8_t full[BEACON_ID_BYTES];
	struct segment_id for_us;
};

/**
 * struct neighbour - another agent, or one port of it, heard on an attachment
 * @ids:	newest first; the second counts only while @id_count is 2
 * @peer:	whose it is; -1: nobody's that we have a session with
 * @is_mutual:	and that peer hears us here
 * @name:	a stranger's, as a common peer calls it, told by @told_by
 */
struct neighbour {
	struct mac sender;
	struct addr from;
	bool same_host, serves, is_blocked, is_listening;
	uint64_t rank;
	uint64_t heard_ns, period_ns;
	size_t id_count;
	struct known_id ids[2];
	int peer;
	bool is_mutual;
	int told_by;
	char name[NAME_BYTES];
};

/* Ids of an attachment: the next one is known to the peers before it is sent. */
enum own_id {
	ID_NOW,
	ID_BEFORE,
	ID_NEXT,
	IDS
};

/**
 * struct attachment - one interface of one port
 * @number:	its name in reports
 * @has_id:	which of @ids there are
 * @id_ns:	since when the present one is used
 * @is_due:	a beacon is to be sent now
 * @standby:	the peers towards whom another agent forwards
 */
struct attachment {
	int port;
	uint16_t vlan;
	struct segments_place place;
	uint8_t number;
	bool has_id[IDS];
	struct known_id ids[IDS];
	uint64_t id_ns;
	bool is_due;
	uint64_t rank;
	bool is_estranged; /* a stranger goes first here: blocked */
	size_t neighbour_count;
	struct neighbour neighbours[SEGMENT_HEARD_MAX];
	uint64_t standby[SEGMENTS_PEERS_MAX / BITS_PER_WORD];
};

/**
 * struct seg_port - a port that beacons; @is_open tells whether there is one
 * @twin:	another own port that is bridged to it outside, last seen at @twin_ns; valid while
 *		@twin_ns is not 0
 * @beacon_ns:	when it beaconed last; @suspect_ns: when because of a frame that may go round
 * @due_ns:	when it is to beacon at the latest; UINT64_MAX: with the owner's regular tick
 */
struct seg_port {
	bool is_open, is_listening, is_moved;
	uint16_t vlan;
	uint64_t opened_ns;
	int twin;
	uint64_t twin_ns;
	uint64_t beacon_ns, suspect_ns, due_ns;
};

/** struct seg_role - of one segment of a peer. @rival: the peer that forwards instead, or -1 */
struct seg_role {
	uint8_t number;
	int rival;
};

/**
 * struct seg_peer - a peer with a session
 * @is_moved:	its machines may be elsewhere now; @forgets more times, the next at @forget_ns
 * @generation:	of what we report to it
 * @sent_count:	segments in the last report to it
 * @sent_generation, @reported_ns, @tries: of that report; @report_ns: when it is due again
 * @answered:	generation that it answered last; 0: none
 * @report:	its own last one, or NULL while that is empty; @taken_ns: since when
 * @waiting:	a later one, to be taken at @take_ns; or NULL
 * @heard_generation: of its last report; 0 with new keys until one comes, @renewed_generation is of the one before
 * @roles:	what is decided for its segments; @said_ns: when that was told last; @answer_ns, @repeats: when
 *		it is told (again)
 * @former:	1 + each that forwarded for a segment of its lately, although it may have been up; 0: nobody;
 *		the next is put at @former_next
 */
struct seg_peer {
	bool is_up, is_moved;
	unsigned forgets;
	uint64_t forget_ns;
	struct public_key key;
	uint64_t up_ns;
	uint32_t generation;
	size_t sent_count;
	uint32_t sent_generation;
	uint64_t reported_ns, report_ns;
	unsigned tries;
	uint32_t answered;
	struct segment_report *report, *waiting;
	uint64_t taken_ns, take_ns;
	size_t role_count;
	struct seg_role roles[SEGMENTS_MAX];
	int former[SEGMENTS_MAX];
	size_t former_next;
	uint32_t heard_generation, renewed_generation;
	uint64_t said_ns, answer_ns;
	unsigned repeats;
};

struct segments {
	struct segments_config config;
	struct seg_port ports[CONFIG_PORTS_MAX];
	struct attachment *attachments[SEGMENTS_NUMBERS_MAX]; /* by number; NULL: none */
	size_t attachment_end;                                /* no further one from here */
	struct seg_peer *peers;
	size_t peer_capacity;
	uint64_t fingerprint; /* of what we report; changes with it */
	bool is_dirty;        /* something happened since the last settle */
	bool has_twins;       /* some port has: asked for every frame */
	size_t beacon_cursor;
};

/** segments_each() - The next attachment from *@cursor on, of @port or, with -1, of any; NULL: none */
struct attachment *segments_each(const struct segments *s, int port, size_t *cursor);

/** segments_attachment() - Of that port on that interface; or NULL */
struct attachment *segments_attachment(const struct segments *s, int port, uint32_t interface);

/** segments_peer() - That peer if it is up, or NULL */
struct seg_peer *segments_peer(const struct segments *s, int peer);

/** segment_id_for() - As a report to the peer with that key names an id: PROTOCOL.md 6.6 */
struct segment_id segment_id_for(const uint8_t full[BEACON_ID_BYTES], const struct public_key *key);

/** segment_id_known() - With how reports to us name it */
struct known_id segment_id_known(const struct segments *s, const uint8_t full[BEACON_ID_BYTES]);

bool segment_id_equal(const struct segment_id *a, const struct segment_id *b);

/** segment_id_in() - Is it one of those? */
bool segment_id_in(const struct segment_id *id, const struct segment_id *list, size_t count);

/** segments_is_older() - Datagrams overtake each other. Generations count up, past their end too; 0 is none */
static inline bool segments_is_older(uint32_t generation, uint32_t than)
{
	return than != 0 && (int32_t)(generation - than) < 0;
}

static inline bool segments_in_set(const uint64_t *set, int peer)
{
	return set[peer / BITS_PER_WORD] >> (peer % BITS_PER_WORD) & 1;
}

/** segments_put() - Make @peer a member of the set, or none. Return: whether that changed anything */
bool segments_put(uint64_t *set, int peer, bool member);

/* ---- segments_beacons.c ---- */

/** beacons_new_id() - Made by chance */
void beacons_new_id(struct segments *s, struct attachment *a, enum own_id which);

/** beacons_soon() - Something that others should know at once */
void beacons_soon(struct segments *s, int port, uint64_t now_ns);

/** beacons_send() - One on each attachment of the port is due now */
void beacons_send(struct segments *s, int port, uint64_t now_ns);

/* ---- segments_neighbours.c ---- */

/** neighbours_expire() - Forget those that are gone */
void neighbours_expire(struct segments *s, struct attachment *a, uint64_t now_ns);

/** neighbours_expiry_ns() - When the next one will be gone, or UINT64_MAX */
uint64_t neighbours_expiry_ns(const struct attachment *a);

/** neighbours_resolve() - Whose is each, and does it hear us? */
void neighbours_resolve(struct segments *s, struct attachment *a, uint64_t now_ns);

/** neighbours_moved() - What peers on a segment of @port told us of it, that port hears itself now */
void neighbours_moved(struct segments *s, int port, uint64_t now_ns);

/* ---- segments_peers.c ---- */

/**
 * peers_move() - Machines behind @peer may be elsewhere now: what was learned goes, and goes again a
 * little later, because frames that were on their way, or are sent until the peer knows, teach it anew
 */
void peers_move(struct segments *s, int peer, uint64_t now_ns);

/** peers_note_rival() - @rival forwards for a segment of @peer's; -1: nobody does */
void peers_note_rival(struct segments *s, int peer, int rival);

/** peers_forget_rivals() - @peer is gone, or back: those that forwarded for it, or it for them, are moved */
void peers_forget_rivals(struct segments *s, int peer, uint64_t now_ns);

/** peers_forget_again() - What was moved a little while ago */
void peers_forget_again(struct segments *s, uint64_t now_ns);

/** peers_deadline_ns() - When anything about a peer is due, or UINT64_MAX */
uint64_t peers_deadline_ns(const struct segments *s);

/* ---- segments_reports.c ---- */

/** reports_settle() - Reports that are due because something changed */
void reports_settle(struct segments *s, uint64_t now_ns);

/* ---- segments_answers.c ---- */

/** answers_take_waiting() - Reports whose time has come */
void answers_take_waiting(struct segments *s, uint64_t now_ns);

/** answers_drop_waiting() - It is taken, or of before a restart */
void answers_drop_waiting(struct seg_peer *p);

/** answers_change() - What was decided for that peer changed: it is told at once, and again until it confirms */
void answers_change(struct seg_peer *p, uint64_t now_ns);

/* ---- election.c ---- */

/** election_hold() - Decide standby and rival for the segments of every peer. Those that changed get an
 * answer, and peers whose machines may be behind another one now are marked as moved */
void election_hold(struct segments *s, uint64_t now_ns);

#endif
