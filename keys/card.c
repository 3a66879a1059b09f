/*
 * card.c - see card.h; the one-line form is in card_uri.c, what people paste in paste.c
 */
#include "keys/card.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/ini.h"

enum {
	LABEL_MAX = 63,                     /* RFC 1035 2.3.4: characters between two dots */
	SHOWN_MAX = 80,                     /* of a wrong value, in a message */
	ENTRY_BYTES = CARD_HOST_BYTES + 16, /* with brackets and port */
};

bool card_equal(const struct card *a, const struct card *b)
{
	return public_key_equal(&a->key, &b->key) && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->at, b->at) == 0;
}

static int refuse_entry(const char *entry, struct error *err)
{
	return error_set(err, -EINVAL,
			 "'%.*s' is no address; expected host:port, 192.0.2.1:port or "
			 "[2001:db8::7]:port",
			 SHOWN_MAX, entry);
}

/* RFC 1123 2.1, and '_', which people have in names at home. All digits and dots is a bad address. */
static bool is_host_name(const char *host)
{
	size_t label = 0, len = strlen(host);

	if (len == 0 || len >= CARD_HOST_BYTES || strspn(host, "0123456789.") == len)
		return false;
	for (const char *c = host; *c; c++) {
		bool letter = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
			      (*c >= 'A' && *c <= 'Z') || *c == '_';

		if (*c == '.' ? label == 0 || c[-1] == '-' : !letter && (*c != '-' || label == 0))
			return false;
		label = *c == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return false;
	}
	return host[len - 1] != '-';
}

bool card_address_is_numeric(const struct card_address *address, struct addr *out)
{
	return addr_parse(address->host, address->port, out) == 0;
}

/* Cut @entry in place; @port becomes NULL where there is none. Return: false if brackets are wrong */
static bool cut_port(char *entry, char **host, const char **port)
{
	char *close = entry[0] == '[' ? strchr(entry, ']') : NULL;
	char *colon = strrchr(entry, ':');

	*host = entry;
	*port = NULL;
	if (entry[0] == '[') {
		if (!close || !memchr(entry, ':', (size_t)(close - entry)) ||
		    (close[1] != '\0' && close[1] != ':'))
			return false;
		*close = '\0';
		*host = entry + 1;
		colon = close[1] ? close + 1 : NULL;
	} else if (colon && colon != strchr(entry, ':')) {
		colon = NULL; /* a bare IPv6 address */
	}
	if (colon) {
		*colon = '\0';
		*port = colon + 1;
	}
	return true;
}

static int parse_entry(const char *text, uint16_t default_port, struct card_address *out,
		       struct error *err)
{
	char copy[ENTRY_BYTES], *host;
	const char *port_text;
	uint32_t port = default_port;
	struct addr numeric;

	snprintf(copy, sizeof(copy), "%s", text);
	/* A scope ("%eth0") means nothing on another host. */
	if (!cut_port(copy, &host, &port_text) || strlen(host) >= CARD_HOST_BYTES ||
	    strchr(host, '%'))
		return refuse_entry(text, err);
	if (port_text && text_parse_number(port_text, 1, UINT16_MAX, &port, err))
		return error_set(err, -EINVAL, "'%.*s': the port %s", SHOWN_MAX, text,
				 err ? err->text : "");
	out->port = (uint16_t)port;
	strcpy(out->host, host);
	if (!card_address_is_numeric(out, &numeric))
		return is_host_name(host) && text[0] != '[' ? 0 : refuse_entry(text, err);
	if (!addr_is_unicast(&numeric))
		return error_set(err, -EINVAL,
				 "'%.*s' is not the address of one host; expected one that others "
				 "can send to",
				 SHOWN_MAX, text);
	return 0;
}

int card_parse_addresses(const char *text, uint16_t default_port, struct card_address *out,
			 struct error *err)
{
	char entry[ENTRY_BYTES];
	int count = 0, more;

	while ((more = text_next_item(&text, entry, sizeof(entry))) != 0) {
		int rc;

		if (more < 0)
			return error_set(err, -EINVAL, "an address is longer than %d characters",
					 CARD_HOST_BYTES - 1);
		if (count == CARD_ADDRESSES_MAX)
			return error_set(err, -EINVAL, "more than %d addresses; take some out",
					 CARD_ADDRESSES_MAX);
		rc = parse_entry(entry, default_port, &out[count], err);
		if (rc)
			return rc;
		count++;
	}
	return count;
}

int card_format_addresses(const struct card_address *addresses, size_t count,
			  char out[CARD_AT_BYTES], struct error *err)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		bool ipv6 = strchr(addresses[i].host, ':');
		int n = snprintf(out + used, CARD_AT_BYTES - used, "%s%s%s%s:%u", i ? ", " : "",
				 ipv6 ? "[" : "", addresses[i].host, ipv6 ? "]" : "",
				 addresses[i].port);

		used += (size_t)n;
		if (used >= CARD_AT_BYTES)
			return error_set(err, -EINVAL,
					 "the addresses are longer than %d characters in all; take "
					 "some out",
					 CARD_AT_BYTES - 1);
	}
	return 0;
}

size_t card_addresses(const struct card *card, struct card_address *out)
{
	int count = card_parse_addresses(card->at, CARD_PORT_DEFAULT, out, NULL);

	return count < 0 ? 0 : (size_t)count;
}

int card_set_name(struct card *card, const char *value, struct error *err)
{
	int rc = text_check_name(value, err);

	if (rc == 0)
		strcpy(card->name, value);
	return rc;
}

int card_set_key(struct card *card, const char *value, struct error *err)
{
	return public_key_parse(value, &card->key, err);
}

int card_set_at(struct card *card, const char *value, struct error *err)
{
	struct card_address addresses[CARD_ADDRESSES_MAX];
	int count = card_parse_addresses(value, CARD_PORT_DEFAULT, addresses, err);

	if (count < 0)
		return count;
	return card_format_addresses(addresses, (size_t)count, card->at, err);
}

/* struct draft - a card while its file is read */
struct draft {
	struct card card;
	int section_line, key_line; /* 0: not seen */
};

static int open_peer(void *context, const char *name, int line, void **object, struct error *err)
{
	struct draft *d = context;

	(void)name;
	(void)err;
	d->section_line = line;
	*object = d;
	return 0;
}

static int set_name(void *object, const char *value, int line, struct error *err)
{
	(void)line;
	return card_set_name(&((struct draft *)object)->card, value, err);
}

static int set_key(void *object, const char *value, int line, struct error *err)
{
	struct draft *d = object;

	d->key_line = line;
	return card_set_key(&d->card, value, err);
}

static int set_at(void *object, const char *value, int line, struct error *err)
{
	(void)line;
	return card_set_at(&((struct draft *)object)->card, value, err);
}

int card_parse(const char *file, const char *text, size_t len, struct card *out, struct error *err)
{
	static const struct ini_key keys[] = {{"name", set_name}, {"key", set_key}, {"at", set_at}};
	static const struct ini_section peer = {"peer", false, keys, 3, open_peer};
	struct draft draft = {0};
	const struct ini_schema schema = {&peer, 1, &draft};
	int rc = ini_read(file, text, len, &schema, err);

	if (rc)
		return rc;
	if (!draft.section_line)
		return error_set(err, -EINVAL,
				 "%s:1: there is no card in this file; expected '[peer]' and "
				 "'key = lw1...' below it",
				 file);
	if (!draft.key_line)
		return error_set(err, -EINVAL,
				 "%s:%d: the card has no key; expected 'key = lw1...'", file,
				 draft.section_line);
	*out = draft.card;
	return 0;
}

const char *card_format(const struct card *card, char out[CARD_TEXT_BYTES])
{
	char key[KEY_TEXT_BYTES];

	public_key_format(&card->key, key);
	snprintf(out, CARD_TEXT_BYTES,
		 "; longwire card - safe to post, holds no secret\n[peer]\n%s%s%skey  = %s\n%s%s%s",
		 card->name[0] ? "name = " : "", card->name, card->name[0] ? "\n" : "", key,
		 card->at[0] ? "at   = " : "", card->at, card->at[0] ? "\n" : "");
	return out;
}
