/*
 * session_crypt.c - see session_crypt.h
 */
#include "session_crypt.h"

#include <errno.h>

static struct cached_key key_of(struct session *s, enum direction direction)
{
	return (struct cached_key){.session = s->local_index,
				   .direction = direction,
				   .place = &s->key_places[direction]};
}

/* Return: NULL when it cannot be had */
static struct gcm *ready(struct engine *e, struct peer *p, enum session_slot slot,
			 enum direction direction)
{
	const struct session_keys *keys = &p->secrets->sessions[slot];
	struct cached_key key = key_of(&p->sessions[slot], direction);

	key.bytes = direction == DIRECTION_SEND ? keys->send : keys->receive;
	return key_cache_get(&e->keys, &key);
}

bool session_seal(struct engine *e, struct peer *p, enum session_slot slot, const struct sealed *s)
{
	struct gcm *gcm;

	if (p->sessions[slot].cipher != CIPHER_AES) {
		chacha_seal(p->secrets->sessions[slot].send, s);
		return true;
	}
	gcm = ready(e, p, slot, DIRECTION_SEND);
	if (gcm && gcm_seal(gcm, s) == 0)
		return true;
	peer_drop(p, DROP_CIPHER_FAILED);
	return false;
}

enum drop session_open(struct engine *e, struct peer *p, enum session_slot slot,
		       const struct sealed *s)
{
	struct gcm *gcm;
	int rc;

	if (p->sessions[slot].cipher != CIPHER_AES)
		return chacha_open(p->secrets->sessions[slot].receive, s) ? DROP_NONE
									  : DROP_BAD_TAG;
	gcm = ready(e, p, slot, DIRECTION_RECEIVE);
	rc = gcm ? gcm_open(gcm, s) : -EIO;
	if (rc == 0)
		return DROP_NONE;
	return rc == -EBADMSG ? DROP_BAD_TAG : DROP_CIPHER_FAILED;
}

void session_forget_keys(struct engine *e, struct session *s)
{
	for (enum direction direction = 0; direction < DIRECTION_COUNT; direction++) {
		struct cached_key key = key_of(s, direction);

		key_cache_forget(&e->keys, &key);
	}
}
