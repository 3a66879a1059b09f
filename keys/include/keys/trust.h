/*
 * trust.h - whom I trust: the folder peers/, and the difference between two readings of it
 *
 * Layer: keys. Reads and writes files; holds none open.
 *
 * NAME.card is a peer, NAME.local is what we say about it. Names that begin with a dot, among them
 * files that are just being written, and other endings are passed over.
 *
 * How it works. trust_read() reads the whole folder each time: it is the truth. A file that is
 * refused becomes a fault, and the peer stays as it was in the reading before, if it was there; so
 * an editor's half-written file or a typing mistake disturbs nobody. trust_compare() then tells what
 * to do. A peer is its key: a renamed card is the same peer.
 */
#ifndef KEYS_TRUST_H
#define KEYS_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/ether.h"
#include "common/text.h"
#include "keys/card.h"
#include "keytypes/key.h"

enum {
	TRUST_PEERS_MAX = 4096,
	TRUST_VLANS_MAX = 16, /* of one peer */
	TRUST_PATH_BYTES = 1024,
	TRUST_MACS_MAX = 65536,           /* largest mac_quota */
	TRUST_BROADCAST_OFF = UINT32_MAX, /* `broadcast = off` */
	TRUST_PINS_MAX = 16,              /* pinned MACs of one peer */
};

/** enum trust_allow - what one peer may send although guards keep it out by default: words of `allow` */
enum trust_allow {
	TRUST_ALLOW_DHCP,
	TRUST_ALLOW_RA,
	TRUST_ALLOW_BPDU,
	TRUST_ALLOW_ARP,
	TRUST_ALLOW_COUNT
};

/** trust_allow_name() - The word in the file */
const char *trust_allow_name(enum trust_allow what);

enum {
	TRUST_ALLOW_TEXT_BYTES = 32 /* all words, with commas, and NUL */
};

/** trust_allow_format() - A set (bits 1 << enum trust_allow) as the file has it. Return: @out */
const char *trust_allow_format(unsigned set, char out[TRUST_ALLOW_TEXT_BYTES]);

/**
 * struct trust_local - NAME.local: ours about a peer
 * @vlans:		names, as in agent.conf; @vlans_line is where, for messages
 * @mac_quota:		0: not set
 * @broadcast:		frames a second; 0: not set; TRUST_BROADCAST_OFF: no limit
 * @allow:		set of bits 1 << enum trust_allow
 * @pins:		MACs that are this peer's alone; @pin_line is where, for messages
 * @rate:		bits a second; 0: no limit
 * @is_fixed:		`roam = no`: it is where its card says and nowhere else; @roam_line is where, for
 *			messages
 * @refuses_relay:	`relay = no`: nothing is to be relayed for it; of no effect yet
 */
struct trust_local {
	char vlans[TRUST_VLANS_MAX][TEXT_NAME_BYTES];
	size_t vlan_count;
	int vlans_line;
	uint32_t mac_quota;
	uint32_t broadcast;
	unsigned allow;
	struct mac pins[TRUST_PINS_MAX];
	size_t pin_count;
	int pin_line;
	uint64_t rate;
	bool is_fixed;
	int roam_line;
	bool refuses_relay;
};

/** struct trust_peer - @psk: in guarded memory of the struct trust, zero where none is set */
struct trust_peer {
	char name[TEXT_NAME_BYTES]; /* the file's stem: her name here */
	struct card card;
	struct trust_local local;
	struct preshared_key *psk;
};

/**
 * struct trust_fault - something wrong in the folder
 * @name:	the peer, or what stands in its place
 * @warning:	nothing was refused for it
 * @kept:	the peer stays as it was before
 */
struct trust_fault {
	char name[TEXT_NAME_BYTES];
	bool warning;
	bool kept;
	struct error error;
};

/** struct trust - one reading; peers in the order of their names */
struct trust {
	struct trust_peer *peers;
	size_t count;
	struct trust_fault *faults;
	size_t fault_count;
	struct preshared_key *psks;
};

/**
 * trust_read() - Read a folder
 * @folder:	path of peers/
 * @own:	our key, refused in a card; or NULL
 * @before:	the reading before, for what is kept; or NULL
 * @out:	filled on success, else zeroed
 *
 * Return: 0, with or without faults; -ENOENT without the folder, another negative errno, -E2BIG with
 * more than TRUST_PEERS_MAX cards; with @err
 */
int trust_read(const char *folder, const struct public_key *own, const struct trust *before,
	       struct trust *out, struct error *err);

/** trust_free() - Wipe and free; @t may be zeroed */
void trust_free(struct trust *t);

/** trust_find(), trust_find_key() - Return: the peer, or NULL */
const struct trust_peer *trust_find(const struct trust *t, const char *name);
const struct trust_peer *trust_find_key(const struct trust *t, const struct public_key *key);

/** What differs between two readings of one peer */
enum trust_difference {
	TRUST_NAME = 1 << 0,
	TRUST_AT = 1 << 1, /* the card's addresses */
	TRUST_VLANS = 1 << 2,
	TRUST_PSK = 1 << 3,
	TRUST_LIMITS = 1 << 4, /* mac_quota, broadcast, allow, pin, rate */
	TRUST_PATHS = 1 << 5,  /* roam, relay */
};

/**
 * struct trust_change - one peer that is not as before
 * @before:	NULL: added
 * @after:	NULL: removed
 * @what:	differences, if it is in both
 */
struct trust_change {
	const struct trust_peer *before;
	const struct trust_peer *after;
	unsigned what;
};

/**
 * trust_compare() - Tell what changed from one reading to the next
 *
 * Calls @on_change for the removed peers first, so that their places are free, then for the changed,
 * then for the added ones.
 */
void trust_compare(const struct trust *before, const struct trust *after,
		   void (*on_change)(void *context, const struct trust_change *change),
		   void *context);

/* ---- writing ---- */

/** struct trust_addition - a card, and the name that it is to have here */
struct trust_addition {
	char name[TEXT_NAME_BYTES];
	struct card card;
};

/**
 * trust_check_addition() - May this card be added?
 * @t:		the folder as it is
 * @own:	our key
 * @replace:	another key or card under a name that is there is wanted
 *
 * Return: 0; -EALREADY when the same card is there under that name; -EEXIST (name with another key, or
 * key with another name) or -EINVAL (our own key) with @err
 */
int trust_check_addition(const struct trust *t, const struct public_key *own,
			 const struct trust_addition *addition, bool replace, struct error *err);

/**
 * trust_write() - Write checked cards, all or none
 * @folder:	path of peers/
 *
 * A running agent never sees half a file. Return: 0, or a negative errno with @err and the folder as
 * it was
 */
int trust_write(const char *folder, const struct trust_addition *additions, size_t count,
		struct error *err);

/**
 * trust_remove() - Remove NAME.card and, if there is one, NAME.local
 *
 * Return: 0; -ENOENT when there is no such card; -EINVAL for a name that is none; or another negative
 * errno, with @err
 */
int trust_remove(const char *folder, const char *name, struct error *err);

/**
 * struct trust_allowance - a change of `allow`
 * @words:	what people type: "dhcp, -ra"; a minus takes it back; may be empty
 * @allowed:	filled: what is allowed then
 */
struct trust_allowance {
	const char *words;
	unsigned allowed;
};

/**
 * trust_change_allowed() - Write `allow` in NAME.local; other keys and comments stay as they are
 *
 * Makes the file, 0600, where there is none; leaves it alone where nothing changes. Return: 0; -ENOENT
 * when there is no such peer; -EINVAL for a word or name that is none, or a file with a mistake; or
 * another negative errno, with @err
 */
int trust_change_allowed(const char *folder, const char *name, struct trust_allowance *change,
			 struct error *err);

#endif
