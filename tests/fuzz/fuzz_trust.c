/*
 * fuzz_trust.c - any bytes as a peer's card and .local file, and words for `longwire allow`
 *
 * The input is three texts with SEPARATOR between: card, .local, words.
 */
#include <sodium.h>
#include <string.h>

#include "fuzz.h"
#include "keys/trust.h"

static const char SEPARATOR[] = "%%\n";

enum {
	WORDS_BYTES = 256,
};

/* Cut the text before the separator off. Return: its length */
static size_t take_part(const uint8_t **at, size_t *left)
{
	const uint8_t *end = memmem(*at, *left, SEPARATOR, sizeof(SEPARATOR) - 1);
	size_t len = end ? (size_t)(end - *at) : *left;
	size_t whole = end ? len + sizeof(SEPARATOR) - 1 : len;

	*at += whole;
	*left -= whole;
	return len;
}

static void check_peer(const struct trust_peer *peer)
{
	const struct trust_local *local = &peer->local;
	char text[CARD_TEXT_BYTES];
	struct card again;

	card_format(&peer->card, text);
	fuzz_must(card_parse("card", text, strlen(text), &again, NULL) == 0 &&
			  card_equal(&peer->card, &again),
		  "a card is another one when it is written and read");
	fuzz_must(local->vlan_count <= TRUST_VLANS_MAX && local->pin_count <= TRUST_PINS_MAX,
		  "too many vlans or pins");
	fuzz_must(local->allow < 1U << TRUST_ALLOW_COUNT, "nobody knows what that allows");
	fuzz_must(local->mac_quota <= TRUST_MACS_MAX, "a quota out of its range");
}

static void read_folder(struct trust *t)
{
	struct error err = {0};

	fuzz_must(trust_read(fuzz_folder(), NULL, NULL, t, &err) == 0, err.text);
	fuzz_must(t->count + t->fault_count >= 1, "a card that is neither taken nor refused");
	for (size_t i = 0; i < t->fault_count; i++)
		fuzz_must(strncmp(t->faults[i].error.text, fuzz_folder(), strlen(fuzz_folder())) ==
				  0,
			  "a refusal without its file");
	for (size_t i = 0; i < t->count; i++)
		check_peer(&t->peers[i]);
}

/* Return: is what it says the same, but for `allow`? Lines of comment may have moved. */
static bool same_but_allow(const struct trust_peer *a, const struct trust_peer *b)
{
	struct trust_local x = a->local, y = b->local;

	x.allow = y.allow = 0;
	x.vlans_line = y.vlans_line = 0;
	return memcmp(&x, &y, sizeof(x)) == 0 && memcmp(a->psk, b->psk, sizeof(*a->psk)) == 0;
}

/* What was asked for is then in the file, and everything else as before. */
static void change_allowed(const struct trust *before, const char *words)
{
	struct trust_allowance change = {.words = words};
	struct error err = {0};
	struct trust after;
	int rc = trust_change_allowed(fuzz_folder(), "anna", &change, &err);

	read_folder(&after);
	if (before->count == 0) {
		trust_free(&after);
		return;
	}
	fuzz_must(after.count == 1, "a change of what is allowed broke the file");
	fuzz_must(same_but_allow(&before->peers[0], &after.peers[0]),
		  "a change of what is allowed changed something else");
	fuzz_must(after.peers[0].local.allow ==
			  (rc ? before->peers[0].local.allow : change.allowed),
		  "what was asked for is not what is allowed");
	fuzz_must(rc == 0 || err.text[0], "a refusal without a reason");
	trust_free(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char words[WORDS_BYTES] = "";
	const uint8_t *card = data, *local;
	struct trust trust;
	size_t len = take_part(&data, &size);

	fuzz_must(sodium_init() >= 0, "sodium_init");
	fuzz_write("anna.card", card, len);
	local = data;
	len = take_part(&data, &size);
	fuzz_write("anna.local", local, len);
	memcpy(words, data, size < sizeof(words) - 1 ? size : sizeof(words) - 1);
	read_folder(&trust);
	change_allowed(&trust, words);
	trust_free(&trust);
	return 0;
}
