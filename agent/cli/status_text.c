/*
 * status_text.c - see status_text.h
 */
#include "status_text.h"

#include <stdbool.h>
#include <string.h>

#include "agent/command.h"
#include "agent/detail.h"

enum {
	NAME_COLUMN = 10,
	MACS_MAX = 24 /* a screenful; --json has all */
};

/* Nothing from outside moves the cursor or colours a terminal */
static void put(FILE *out, const char *text)
{
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, out);
}

/* Return: the text under @key, "" when there is none */
static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static unsigned long long number_of(const json_t *object, const char *key)
{
	return (unsigned long long)json_integer_value(json_object_get(object, key));
}

static void put_age(FILE *out, const json_t *object, const char *key)
{
	char age[AGE_TEXT_BYTES];

	fputs(detail_age(number_of(object, key), age), out);
}

static void put_traffic(FILE *out, const json_t *object)
{
	unsigned long long dropped = 0;
	const json_t *drops = json_object_get(object, "drops");

	for (void *at = json_object_iter((json_t *)drops); at;
	     at = json_object_iter_next((json_t *)drops, at))
		dropped += (unsigned long long)json_integer_value(json_object_iter_value(at));
	fprintf(out, ", %llu frames in, %llu out", number_of(object, "rx_frames"),
		number_of(object, "tx_frames"));
	if (dropped)
		fprintf(out, ", %llu dropped", dropped);
}

/* " at 203.0.113.5:19543, 12.3 ms, ChaCha20-Poly1305, handshake 12 s ago, ..." */
static void put_path(FILE *out, const json_t *peer)
{
	const json_t *path = json_object_get(peer, "path");
	const json_t *rtt = json_object_get(path, "rtt_ms");

	fputs(" at ", out);
	put(out, text_of(path, "endpoint"));
	if (json_is_number(rtt))
		fprintf(out, ", %.1f ms", json_number_value(rtt));
	fputs(", ", out);
	put(out, text_of(peer, "cipher"));
	fputs(", handshake ", out);
	put_age(out, peer, "handshake_age_s");
	fputs(" ago", out);
	put_traffic(out, peer);
}

/* Return: in words, what is a word in the JSON; that word if it is of a later version */
static const char *why_text(const char *why)
{
	static const struct {
		const char *word, *text;
	} texts[] = {
		{"only", "no other answers"},
		{"fastest", "the fastest"},
		{"steady", "no other is faster by enough"},
		{"others_failed", "the one before it fell silent"},
		{"peer_moved", "the peer sends from there now"},
		{"slower", "not faster than the one in use"},
		{"untried", "asked just now"},
		{"silent", "nothing came back"},
		{"unreachable", "this host cannot send there"},
		{"refused", "it leads into the tunnel itself"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i].word, why) == 0)
			return texts[i].text;
	return why;
}

/* "    standby 203.0.113.5:19543, 12.3 ms, 1432 bytes: not faster than the one in use" */
static void put_one_path(FILE *out, const json_t *path)
{
	const json_t *rtt = json_object_get(path, "rtt_ms");

	fprintf(out, "  %*s   ", NAME_COLUMN, "");
	put(out, text_of(path, "state"));
	fputc(' ', out);
	put(out, text_of(path, "endpoint"));
	if (json_is_number(rtt))
		fprintf(out, ", %.1f ms", json_number_value(rtt));
	fprintf(out, ", %llu bytes: ", number_of(path, "mtu_bytes"));
	put(out, why_text(text_of(path, "why")));
	fputc('\n', out);
}

/* One alone is in the peer's line already. */
static void put_paths(FILE *out, const json_t *peer)
{
	const json_t *paths = json_object_get(peer, "paths");

	for (size_t i = 0; json_array_size(paths) > 1 && i < json_array_size(paths); i++)
		put_one_path(out, json_array_get(paths, i));
}

static void put_peer(FILE *out, const json_t *peer)
{
	const char *state = text_of(peer, "state"), *detail = text_of(peer, "detail");

	fprintf(out, "  %-*s ", NAME_COLUMN, text_of(peer, "name"));
	put(out, state);
	if (json_is_object(json_object_get(peer, "path")))
		put_path(out, peer);
	if (*detail) {
		fputs(": ", out);
		put(out, detail);
	}
	fputc('\n', out);
	put_paths(out, peer);
}

static void put_peers(FILE *out, const json_t *status)
{
	const json_t *peers = json_object_get(status, "peers");
	const char *folder = text_of(json_object_get(status, "agent"), "folder");
	char command[COMMAND_BYTES];

	fputs("Peers\n", out);
	for (size_t i = 0; i < json_array_size(peers); i++)
		put_peer(out, json_array_get(peers, i));
	if (json_array_size(peers) > 0)
		return;
	fputs("  none yet. Give a friend what this prints: ", out);
	put(out, command_text(folder, "card", command));
	fputs("\n            and add what the friend gives you: ", out);
	put(out, command_text(folder, "add", command));
	fputc('\n', out);
}

static void put_port(FILE *out, const json_t *port)
{
	const char *detail = text_of(port, "detail");

	fprintf(out, "  %-*s ", NAME_COLUMN, text_of(port, "name"));
	put(out, text_of(port, "type"));
	fputs(json_is_true(json_object_get(port, "plugged")) ? " port, plugged, " : " port, ", out);
	put(out, text_of(port, "state"));
	put_traffic(out, port);
	if (*detail) {
		fputs(": ", out);
		put(out, detail);
	}
	fputc('\n', out);
}

static void put_mac(FILE *out, const json_t *mac)
{
	const char *peer = text_of(mac, "peer");

	fputs("  ", out);
	put(out, text_of(mac, "mac"));
	fputs(*peer ? " at " : " here, port ", out);
	put(out, *peer ? peer : text_of(mac, "port"));
	fputs(", ", out);
	put_age(out, mac, "age_s");
	fputs(" ago\n", out);
}

static void put_vlan(FILE *out, const json_t *vlan)
{
	const json_t *ports = json_object_get(vlan, "ports"), *macs = json_object_get(vlan, "macs");
	size_t count = json_array_size(macs);

	fputs("\nLAN ", out);
	put(out, text_of(vlan, "name"));
	fprintf(out, " (id %llu)\n", number_of(vlan, "id"));
	for (size_t i = 0; i < json_array_size(ports); i++)
		put_port(out, json_array_get(ports, i));
	for (size_t i = 0; i < count && i < MACS_MAX; i++)
		put_mac(out, json_array_get(macs, i));
	if (count > MACS_MAX)
		fprintf(out, "  and %zu more machines\n", count - MACS_MAX);
}

static void put_warning(FILE *out, const json_t *warning)
{
	const char *fix = text_of(warning, "fix");

	fputs("  ", out);
	put(out, text_of(warning, "text"));
	if (*fix) {
		fputs("\n      to do: ", out);
		put(out, fix);
	}
	fputc('\n', out);
}

static void put_warnings(FILE *out, const json_t *status)
{
	const json_t *warnings = json_object_get(status, "warnings");

	if (json_array_size(warnings) > 0)
		fputs("\nWarnings\n", out);
	for (size_t i = 0; i < json_array_size(warnings); i++)
		put_warning(out, json_array_get(warnings, i));
}

static void put_knock(FILE *out, const json_t *knock)
{
	fputs("  ", out);
	put(out, text_of(knock, "key"));
	fputs("\n      from ", out);
	put(out, text_of(knock, "from"));
	fputs(", ", out);
	put_age(out, knock, "age_s");
	fputs(" ago; check phrase ", out);
	put(out, text_of(knock, "phrase"));
	fputc('\n', out);
}

static void put_knocks(FILE *out, const json_t *status)
{
	const json_t *knocks = json_object_get(status, "knocks");
	char command[COMMAND_BYTES];

	if (json_array_size(knocks) == 0)
		return;
	fputs("\nKnocks: they have your card, you do not have theirs\n", out);
	for (size_t i = 0; i < json_array_size(knocks); i++)
		put_knock(out, json_array_get(knocks, i));
	fputs("      if you know them, ask for their card, then: ", out);
	put(out, command_text(text_of(json_object_get(status, "agent"), "folder"), "add", command));
	fputc('\n', out);
}

/* Nobody is watched without being able to see it */
static void put_dumps(FILE *out, const json_t *status)
{
	const json_t *dumps = json_object_get(status, "dumps");

	for (size_t i = 0; i < json_array_size(dumps); i++) {
		const json_t *dump = json_array_get(dumps, i);

		fprintf(out,
			"%s  uid %llu watches frames (longwire dump): %llu so far, %llu lost\n",
			i ? "" : "\nWatched\n", number_of(dump, "uid"), number_of(dump, "frames"),
			number_of(dump, "lost"));
	}
}

static void put_agent(FILE *out, const json_t *status)
{
	const json_t *agent = json_object_get(status, "agent");
	const json_t *listen = json_object_get(agent, "listen");

	fputc('\n', out);
	put(out, text_of(agent, "name"));
	fputs(": up for ", out);
	put_age(out, agent, "uptime_s");
	for (size_t i = 0; i < json_array_size(listen); i++) {
		fputs(i ? " and " : ", listening on ", out);
		put(out, json_string_value(json_array_get(listen, i)));
	}
	fputs(", folder ", out);
	put(out, text_of(agent, "folder"));
	fputc('\n', out);
}

void status_text(const json_t *status, FILE *out)
{
	const json_t *vlans = json_object_get(status, "vlans");

	put_peers(out, status);
	for (size_t i = 0; i < json_array_size(vlans); i++)
		put_vlan(out, json_array_get(vlans, i));
	put_warnings(out, status);
	put_knocks(out, status);
	put_dumps(out, status);
	put_agent(out, status);
}
