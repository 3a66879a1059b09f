/*
 * qemu_line.c - see qemu_line.h
 *
 * Options of QEMU begin with one dash or two, and most take the next word as their value. Values are
 * "first,key=value,key=value" with commas doubled where they belong to a value, or JSON (since QEMU 6).
 */
#include "qemu_line.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	VALUE_BYTES = PATH_MAX,
	SHOWN_MAX = 80,
	WORDS_ADDED_MAX = 4 /* -netdev and -device, each with its value */
};

/* Options without a value (qemu-options.hx, 2.5 to 10.1); all others are taken to have one. */
static const char *const ALONE[] = {
	"h",
	"help",
	"version",
	"preconfig",
	"mem-prealloc",
	"audio-help",
	"snapshot",
	"usb",
	"nographic",
	"portrait",
	"full-screen",
	"win2k-hack",
	"no-fd-bootchk",
	"no-acpi",
	"no-hpet",
	"no-quit",
	"no-frame",
	"alt-grab",
	"ctrl-grab",
	"sdl",
	"curses",
	"S",
	"s",
	"enable-kvm",
	"no-kvm",
	"no-kvm-irqchip",
	"no-kvm-pit",
	"no-kvm-pit-reinjection",
	"xen-create",
	"xen-attach",
	"xen-domid-restrict",
	"no-reboot",
	"no-shutdown",
	"daemonize",
	"semihosting",
	"old-param",
	"nodefaults",
	"no-user-config",
	"nodefconfig",
	"singlestep",
	"one-insn-per-tb",
	"only-migratable",
	"enable-fips",
	"enable-sync-profile",
	"show-cursor",
	"tdf",
	"rtc-td-hack",
	"perfmap",
	"jitdump",
	"async-teardown",
};

/* Options whose value is a disk of the machine's own, as it stands. CDs and firmware are not: many
 * machines share one. */
static const char *const DISKS[] = {"hda", "hdb", "hdc", "hdd", "sd", "mtdblock"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_one_of(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, list[i]) == 0)
			return true;
	return false;
}

/* ---- values ---- */

/* Copy an item of a value, with its doubled commas undone. Return: where the next one begins, or NULL. */
static const char *next_item(const char *at, char item[VALUE_BYTES])
{
	size_t len = 0;

	if (!*at)
		return NULL;
	for (; *at; at++) {
		if (*at == ',' && *++at != ',')
			break;
		if (len + 1 < VALUE_BYTES)
			item[len++] = *at;
	}
	item[len] = '\0';
	return at;
}

/* Look up a key. @first: what an item without "=" at the beginning means. Return: false when it is not there */
static bool find_text(const char *value, const char *key, const char *first, char out[VALUE_BYTES])
{
	size_t len = strlen(key);
	char item[VALUE_BYTES];
	bool found = false, is_first = true;

	while ((value = next_item(value, item))) {
		const char *is = NULL;

		if (strncmp(item, key, len) == 0 && item[len] == '=')
			is = item + len + 1;
		else if (is_first && first && strcmp(first, key) == 0 && !strchr(item, '='))
			is = item;
		if (is) {
			memmove(out, is, strlen(is) + 1);
			found = true;
		}
		is_first = false;
	}
	return found;
}

static bool find_json(const char *value, const char *key, char out[VALUE_BYTES])
{
	json_t *object = json_loads(value, 0, NULL);
	const json_t *is = json_object_get(object, key);
	bool found = is != NULL;

	if (json_is_boolean(is))
		snprintf(out, VALUE_BYTES, "%s", json_is_true(is) ? "on" : "off");
	else
		snprintf(out, VALUE_BYTES, "%s",
			 is && json_is_string(is) ? json_string_value(is) : "");
	json_decref(object);
	return found;
}

static bool find(const char *value, const char *key, const char *first, char out[VALUE_BYTES])
{
	if (value[0] == '{')
		return find_json(value, key, out);
	return find_text(value, key, first, out);
}

static bool has(const char *value, const char *key, const char *wanted)
{
	char is[VALUE_BYTES];

	return find(value, key, NULL, is) && strcmp(is, wanted) == 0;
}

/* ---- which machine ---- */

/* What is no letter, digit or one of "._-" becomes "-"; a name begins with one of the former. */
static void make_name(const char *text, char out[TEXT_NAME_BYTES])
{
	size_t len = 0;

	for (; *text && len + 1 < TEXT_NAME_BYTES; text++) {
		bool is_plain = isascii(*text) && isalnum((unsigned char)*text);

		if (is_plain || len > 0)
			out[len++] = is_plain || strchr("._-", *text) ? *text : '-';
	}
	out[len] = '\0';
}

static void take_name(struct qemu_line *l, const char *value)
{
	char name[VALUE_BYTES];

	if (!find(value, "guest", "guest", name) || !name[0])
		return;
	make_name(name, l->name);
	snprintf(l->who, sizeof(l->who), "name %s", name);
}

/* The first one counts, and only where no name does. */
static void take_disk(struct qemu_line *l, const char *file)
{
	const char *base = strrchr(file, '/');
	char path[PATH_MAX], *dot;

	if (l->who[0] || !file[0])
		return;
	snprintf(l->who, sizeof(l->who), "disk %s", realpath(file, path) ? path : file);
	snprintf(path, sizeof(path), "%s", base ? base + 1 : file);
	dot = strrchr(path, '.');
	if (dot && dot != path)
		*dot = '\0';
	make_name(path, l->name);
}

static bool is_own_disk(const char *value)
{
	return !has(value, "if", "pflash") && !has(value, "media", "cdrom") &&
	       !has(value, "readonly", "on") && !has(value, "read-only", "on") &&
	       !has(value, "if", "floppy");
}

static void take_drive(struct qemu_line *l, const char *value)
{
	char file[VALUE_BYTES];

	if (is_own_disk(value) &&
	    (find(value, "file", NULL, file) || find(value, "filename", NULL, file) ||
	     find(value, "file.filename", NULL, file)))
		take_disk(l, file);
}

/* ---- one option ---- */

static int take_device(struct qemu_line *l, int at, const char *key, struct error *err)
{
	char mac[VALUE_BYTES];

	if (!has(l->words[at], "netdev", QEMU_NETDEV))
		return 0;
	if (l->device)
		return error_set(err, -EINVAL,
				 "two devices have netdev=" QEMU_NETDEV
				 ", which is one cable: take one out, or give it a netdev of its "
				 "own");
	l->device = at;
	l->has_mac = find(l->words[at], key, NULL, mac);
	return 0;
}

static int take_netdev(const char *value, struct error *err)
{
	if (!has(value, "id", QEMU_NETDEV))
		return 0;
	return error_set(err, -EINVAL,
			 "the netdev '" QEMU_NETDEV "' is what run adds: take it out of the "
			 "arguments, or give yours another id");
}

/* @at: of the value */
static int take_option(struct qemu_line *l, const char *option, int at, struct error *err)
{
	const char *value = l->words[at];

	if (strcmp(option, "netdev") == 0)
		return take_netdev(value, err);
	if (strcmp(option, "device") == 0)
		return take_device(l, at, "mac", err);
	if (strcmp(option, "net") == 0 && strncmp(value, "nic,", strlen("nic,")) == 0)
		return take_device(l, at, "macaddr", err);
	if (strcmp(option, "drive") == 0 || strcmp(option, "blockdev") == 0)
		take_drive(l, value);
	else if (is_one_of(option, DISKS, COUNT(DISKS)))
		take_disk(l, value);
	return 0;
}

/* ---- the whole line ---- */

static bool is_qemu(const char *word)
{
	static const char *const names[] = {"qemu", "qemu-kvm", "kvm"};
	const char *base = strrchr(word, '/');

	base = base ? base + 1 : word;
	return strncmp(base, "qemu-system-", strlen("qemu-system-")) == 0 ||
	       is_one_of(base, names, COUNT(names));
}

static int find_program(char *const *words, int count)
{
	for (int i = 0; i < count; i++)
		if (is_qemu(words[i]))
			return i;
	return 0;
}

/* Read the option, or disk, at @at. Return: how many words it has; -EINVAL with @err. */
static int take_word(struct qemu_line *l, int at, struct error *err)
{
	const char *option = l->words[at];

	if (option[0] != '-') {
		take_disk(l, option);
		return 1;
	}
	option += option[1] == '-' ? 2 : 1;
	if (strcmp(option, "daemonize") == 0)
		return error_set(
			err, -EINVAL,
			"-daemonize takes the machine away from us, and run has to stay with "
			"it: take that out, and end the line with '&'");
	if (is_one_of(option, ALONE, COUNT(ALONE)) || at + 1 == l->count)
		return 1;
	return take_option(l, option, at + 1, err) < 0 ? -EINVAL : 2;
}

/* A name counts wherever it stands, and the last one does. */
static void take_names(struct qemu_line *l)
{
	for (int i = l->program + 1; i + 1 < l->count; i++)
		if (strcmp(l->words[i], "-name") == 0 || strcmp(l->words[i], "--name") == 0)
			take_name(l, l->words[i + 1]);
}

int qemu_line_read(char *const *words, int count, struct qemu_line *out, struct error *err)
{
	*out = (struct qemu_line){
		.words = words, .count = count, .program = find_program(words, count)};
	take_names(out);
	for (int i = out->program + 1; i < count;) {
		int used = take_word(out, i, err);

		if (used < 0)
			return used;
		i += used;
	}
	if (!out->name[0])
		strcpy(out->name, "machine");
	return 0;
}

/* ---- what is added ---- */

static bool has_line(const char *text, const char *wanted)
{
	size_t len = strlen(wanted);

	for (const char *at = strstr(text, wanted); at; at = strstr(at + 1, wanted))
		if ((at == text || at[-1] == '\n') && (!at[len] || strchr("\r\n", at[len])))
			return true;
	return false;
}

int qemu_line_plug(const char *help, enum qemu_plug *out, struct error *err)
{
	size_t len = strcspn(help, "\r\n");

	*out = has_line(help, "dgram") ? QEMU_PLUG_DGRAM : QEMU_PLUG_SOCKET;
	/* In the heading of the list; before 2.12 there is none, and these words are in the refusal. */
	if (strstr(help, "netdev backend type"))
		return 0;
	return error_set(err, -ENOTSUP,
			 "does not answer as QEMU: expected a list of netdev backend types from "
			 "-netdev help, and got '%.*s'",
			 (int)(len < SHOWN_MAX ? len : SHOWN_MAX), help);
}

/* Any guest that is not very old has a driver for e1000; boards other than PCs often have no such slot. */
static const char *suitable_model(const struct qemu_line *l)
{
	const char *word = l->words[l->program], *arch = strstr(word, "qemu-system-");

	arch = arch ? arch + strlen("qemu-system-") : "x86_64";
	return strcmp(arch, "x86_64") == 0 || strcmp(arch, "i386") == 0 ? "e1000"
									: "virtio-net-pci";
}

/* The user's device with a MAC. Return: heap text or NULL. */
static char *add_mac(const struct qemu_line *l, const char *mac)
{
	const char *device = l->words[l->device];
	bool is_net = strncmp(device, "nic,", strlen("nic,")) == 0;
	char *out = NULL;
	json_t *object;

	if (device[0] != '{')
		return asprintf(&out, "%s,%s=%s", device, is_net ? "macaddr" : "mac", mac) < 0
			       ? NULL
			       : out;
	object = json_loads(device, 0, NULL);
	json_object_set_new(object, "mac", json_string(mac));
	out = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return out;
}

static char *make_netdev(const struct qemu_added *a)
{
	const char *format = a->plug == QEMU_PLUG_DGRAM ? "dgram,id=" QEMU_NETDEV
							  ",local.type=fd,local.str=%d"
							: "socket,id=" QEMU_NETDEV ",fd=%d";
	char *out;

	return asprintf(&out, format, a->fd) < 0 ? NULL : out;
}

static char *make_device(const struct qemu_line *l, const struct qemu_added *a, const char *mac)
{
	char *out;

	return asprintf(&out, "%s,netdev=" QEMU_NETDEV ",mac=%s",
			a->model ? a->model : suitable_model(l), mac) < 0
		       ? NULL
		       : out;
}

/* All but what was given; each on the heap or NULL. Return: how many there should be. */
static int fill(const struct qemu_line *l, const struct qemu_added *a, char **out)
{
	char mac[MAC_TEXT_BYTES];
	int count = 0;

	mac_format(&a->mac, mac);
	for (; count < l->count; count++)
		out[count] = l->device == count && l->device && !l->has_mac
				     ? add_mac(l, mac)
				     : strdup(l->words[count]);
	out[count++] = strdup("-netdev");
	out[count++] = make_netdev(a);
	if (l->device)
		return count;
	out[count++] = strdup("-device");
	out[count++] = make_device(l, a, mac);
	return count;
}

char **qemu_line_build(const struct qemu_line *line, const struct qemu_added *added)
{
	char **out = calloc((size_t)line->count + WORDS_ADDED_MAX + 1, sizeof(*out));
	int count = out ? fill(line, added, out) : 0;

	for (int i = 0; i < count; i++) {
		if (out[i])
			continue;
		for (int k = 0; k < count; k++)
			free(out[k]);
		free(out);
		return NULL;
	}
	return out;
}

void qemu_line_free(char **words)
{
	for (char **at = words; at && *at; at++)
		free(*at);
	free(words);
}
