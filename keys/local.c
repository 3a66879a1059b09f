/*
 * local.c - see local.h
 */
#include "local.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "common/ini.h"

enum {
	FILE_BYTES = 8192, /* room for a file with a psk, which is wiped after use */
	RATE_LEAST = 1000, /* bits a second */
};

static const uint64_t RATE_MOST = 10000000000;

/* struct draft - while the file is read */
struct draft {
	struct trust_local local;
	struct preshared_key psk;
};

static int open_local(void *context, const char *name, int line, void **object, struct error *err)
{
	(void)name;
	(void)line;
	(void)err;
	*object = context;
	return 0;
}

static int set_vlans(void *object, const char *value, int line, struct error *err)
{
	struct trust_local *local = &((struct draft *)object)->local;
	char name[TEXT_NAME_BYTES];
	int more;

	local->vlans_line = line;
	while ((more = text_next_item(&value, name, sizeof(name))) != 0) {
		if (more < 0 || text_check_name(name, err))
			return error_set(
				err, -EINVAL,
				"'vlans' is no list of names; expected names of [vlan NAME] "
				"sections with commas between");
		for (size_t i = 0; i < local->vlan_count; i++)
			if (strcmp(local->vlans[i], name) == 0)
				return error_set(err, -EINVAL,
						 "the vlan '%s' is there twice; keep one", name);
		if (local->vlan_count == TRUST_VLANS_MAX)
			return error_set(err, -EINVAL, "more than %d vlans", TRUST_VLANS_MAX);
		strcpy(local->vlans[local->vlan_count++], name);
	}
	return 0;
}

static int set_psk(void *object, const char *value, int line, struct error *err)
{
	(void)line;
	return preshared_key_parse(value, &((struct draft *)object)->psk, err);
}

static int set_mac_quota(void *object, const char *value, int line, struct error *err)
{
	(void)line;
	return text_parse_number(value, 1, TRUST_MACS_MAX,
				 &((struct draft *)object)->local.mac_quota, err);
}

static int set_broadcast(void *object, const char *value, int line, struct error *err)
{
	uint32_t *broadcast = &((struct draft *)object)->local.broadcast;

	(void)line;
	if (strcmp(value, "off") == 0) {
		*broadcast = TRUST_BROADCAST_OFF;
		return 0;
	}
	if (text_parse_number(value, 1, TRUST_BROADCAST_OFF - 1, broadcast, err))
		return error_set(
			err, -EINVAL,
			"'broadcast' is no number of frames a second; expected one from 1, or "
			"'off' for no limit");
	return 0;
}

const char *trust_allow_name(enum trust_allow what)
{
	static const char *const names[] = {
		[TRUST_ALLOW_DHCP] = "dhcp",
		[TRUST_ALLOW_RA] = "ra",
		[TRUST_ALLOW_BPDU] = "bpdu",
		[TRUST_ALLOW_ARP] = "arp",
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == TRUST_ALLOW_COUNT, "one word each");
	return names[what];
}

const char *trust_allow_format(unsigned set, char out[TRUST_ALLOW_TEXT_BYTES])
{
	size_t used = 0;

	out[0] = '\0';
	for (enum trust_allow i = 0; i < TRUST_ALLOW_COUNT; i++)
		if (set & 1U << i)
			used += (size_t)snprintf(out + used, TRUST_ALLOW_TEXT_BYTES - used, "%s%s",
						 used ? ", " : "", trust_allow_name(i));
	return out;
}

int local_allow_words(const char *words, bool takes_back, unsigned *set, struct error *err)
{
	char word[TEXT_NAME_BYTES];
	int more;

	while ((more = text_next_item(&words, word, sizeof(word))) != 0) {
		bool back = takes_back && word[0] == '-';
		const char *name = word + back;
		enum trust_allow i = 0;

		while (more > 0 && i < TRUST_ALLOW_COUNT && strcmp(trust_allow_name(i), name) != 0)
			i++;
		if (more < 0 || i == TRUST_ALLOW_COUNT)
			return error_set(err, -EINVAL,
					 "'%s' is nothing that can be allowed; expected dhcp, ra, "
					 "bpdu or arp, with commas between",
					 more < 0 ? "such a long word" : name);
		*set = back ? *set & ~(1U << i) : *set | 1U << i;
	}
	return 0;
}

static int set_allow(void *object, const char *value, int line, struct error *err)
{
	(void)line;
	return local_allow_words(value, false, &((struct draft *)object)->local.allow, err);
}

static int set_pin(void *object, const char *value, int line, struct error *err)
{
	struct trust_local *local = &((struct draft *)object)->local;
	char text[TEXT_NAME_BYTES];
	struct mac mac;
	int more;

	local->pin_line = line;
	while ((more = text_next_item(&value, text, sizeof(text))) != 0) {
		if (more < 0 || mac_parse(text, &mac) || mac_is_group(&mac) || mac_is_zero(&mac))
			return error_set(err, -EINVAL,
					 "'pin' is no list of a machine's MACs; expected such as "
					 "52:54:00:12:34:56, with commas between");
		if (local->pin_count == TRUST_PINS_MAX)
			return error_set(err, -EINVAL, "more than %d pinned MACs", TRUST_PINS_MAX);
		local->pins[local->pin_count++] = mac;
	}
	return 0;
}

/* Return: the factor that a number's last letter stands for, 1 without one */
static uint64_t take_suffix(char *text)
{
	static const struct {
		char letter;
		uint64_t factor;
	} suffixes[] = {{'k', 1000}, {'M', 1000000}, {'G', 1000000000}};
	size_t len = strlen(text);

	for (size_t i = 0; len > 0 && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (text[len - 1] != suffixes[i].letter)
			continue;
		text[len - 1] = '\0';
		return suffixes[i].factor;
	}
	return 1;
}

static int set_rate(void *object, const char *value, int line, struct error *err)
{
	char text[TEXT_NAME_BYTES] = "";
	uint32_t number = 0;
	uint64_t factor, rate;

	(void)line;
	snprintf(text, sizeof(text), "%.*s", (int)sizeof(text) - 1, value);
	factor = take_suffix(text);
	if (text_parse_number(text, 1, UINT32_MAX, &number, err))
		number = 0;
	rate = number * factor;
	if (rate < RATE_LEAST || rate > RATE_MOST)
		return error_set(
			err, -EINVAL,
			"'rate' is no number of bits a second; expected one from 1k to 10G, "
			"such as 500k or 20M");
	((struct draft *)object)->local.rate = rate;
	return 0;
}

static int parse_yes(const char *key, const char *value, bool *out, struct error *err)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return error_set(err, -EINVAL, "'%s' is neither yes nor no; expected one of them",
				 key);
	*out = strcmp(value, "yes") == 0;
	return 0;
}

static int set_roam(void *object, const char *value, int line, struct error *err)
{
	struct trust_local *local = &((struct draft *)object)->local;
	bool yes = true;
	int rc = parse_yes("roam", value, &yes, err);

	local->is_fixed = !yes;
	local->roam_line = line;
	return rc;
}

static int set_relay(void *object, const char *value, int line, struct error *err)
{
	bool yes = true;
	int rc = parse_yes("relay", value, &yes, err);

	(void)line;
	((struct draft *)object)->local.refuses_relay = !yes;
	return rc;
}

static int parse(const char *path, const struct file_text *text, struct draft *draft,
		 struct error *err)
{
	static const struct ini_key keys[] = {
		{"vlans", set_vlans},         {"psk", set_psk},     {"mac_quota", set_mac_quota},
		{"broadcast", set_broadcast}, {"allow", set_allow}, {"pin", set_pin},
		{"rate", set_rate},           {"roam", set_roam},   {"relay", set_relay}};
	static const struct ini_section local = {"local", false, keys,
						 sizeof(keys) / sizeof(keys[0]), open_local};
	const struct ini_schema schema = {&local, 1, draft};

	*draft = (struct draft){0};
	return ini_read(path, text->at, text->len, &schema, err);
}

int local_read(const char *path, struct trust_local *out, struct preshared_key *psk,
	       struct error *err)
{
	char room[FILE_BYTES];
	struct file_text text = {.at = room, .room = sizeof(room)};
	struct draft draft = {0};
	int rc = file_read(path, FILE_PUBLIC, &text, err);

	if (rc == 0)
		rc = parse(path, &text, &draft, err);
	/* What is taken in the end is what was read under the stricter rules. */
	if (rc == 0 && preshared_key_is_set(&draft.psk)) {
		rc = file_read(path, FILE_SECRET, &text, err);
		if (rc == 0)
			rc = parse(path, &text, &draft, err);
	}
	if (rc == 0) {
		*out = draft.local;
		*psk = draft.psk;
	}
	key_wipe(room, sizeof(room));
	key_wipe(&draft, sizeof(draft));
	return rc;
}
