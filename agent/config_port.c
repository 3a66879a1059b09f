/*
 * config_port.c - ports of agent.conf: what the keys mean for each type; see config_draft.h
 *
 * How it works. A table says which keys a type takes and which it cannot do without; then the type's
 * own function reads their values. A message about a value gets its line put in front here, or its
 * word where the keys came as the argument of `longwire plug` (config_plug.c): refuse() does both, so
 * a new type of port is known in both places.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "config_draft.h"

enum {
	SHOWN_MAX = 80,        /* of a wrong value, in a message */
	MULTICAST_FIRST = 224, /* RFC 5771: 224.0.0.0/4 */
	MULTICAST_LAST = 239,
	IPV4_AT = 12, /* of the IPv4 bytes in a mapped address */
	MODE_MAX = 0777,
	MODE_OWNER = 0600, /* of a socket: to send to it is to write */
	MODE_GROUP = 0660,
	OCTAL = 8,
	WHERE_BYTES = 32,
};

static const char *const KEY_NAMES[] = {
	[PORT_KEY_GROUP] = "group",   [PORT_KEY_INTERFACE] = "interface",
	[PORT_KEY_LOCAL] = "local",   [PORT_KEY_REMOTE] = "remote",
	[PORT_KEY_LISTEN] = "listen", [PORT_KEY_CONNECT] = "connect",
	[PORT_KEY_MODE] = "mode",     [PORT_KEY_INSECURE] = "insecure",
	[PORT_KEY_NAME] = "name",     [PORT_KEY_MTU] = "mtu",
};
_Static_assert(sizeof(KEY_NAMES) / sizeof(KEY_NAMES[0]) == PORT_KEY_COUNT, "each key has a name");

/* ---- messages with their place ---- */

/* Where a key was given as an argument: the word it came in; its number is its line. */
static const struct port_word *word_at(const struct draft *d, int line, enum port_key *key)
{
	const struct port_draft *p = &d->ports[d->config.port_count];

	for (*key = 0; line > 0 && *key < PORT_KEY_COUNT; (*key)++)
		if (p->words[*key].line == line)
			return &p->words[*key];
	return NULL;
}

static int place(const struct draft *d, int line, struct error *err)
{
	const struct port_word *word;
	enum port_key key;

	if (!err)
		return -EINVAL;
	if (d->config.file[0])
		return error_set(err, -EINVAL, "%s:%d: %s", d->config.file, line, err->text);
	word = word_at(d, line, &key);
	if (!word)
		return -EINVAL;
	return error_set(err, -EINVAL, "%s=%.*s: %s", KEY_NAMES[key], SHOWN_MAX, word->text,
			 err->text);
}

__attribute__((format(printf, 4, 5))) static int refuse(const struct draft *d, int line,
							struct error *err, const char *format, ...)
{
	char text[ERROR_TEXT_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	error_set(err, -EINVAL, "%s", text);
	return place(d, line, err);
}

/* ---- values ---- */

static int read_mcast_group(const char *value, struct addr *out, struct error *err)
{
	struct addr group;

	if (addr_parse(value, 0, &group) || !addr_is_ipv4(&group))
		return error_set(
			err, -EINVAL,
			"'%.*s' is no IPv4 address and port; expected what QEMU's mcast= has, "
			"such as 230.0.0.1:33000",
			SHOWN_MAX, value);
	if (group.ip[IPV4_AT] < MULTICAST_FIRST || group.ip[IPV4_AT] > MULTICAST_LAST)
		return error_set(err, -EINVAL,
				 "'%.*s' is no multicast group; expected one from 224.0.0.0 to "
				 "239.255.255.255, such as 230.0.0.1:33000",
				 SHOWN_MAX, value);
	*out = group;
	return 0;
}

/* Could the kernel have an interface of that name? */
static bool is_interface(const char *value)
{
	return strlen(value) < INTERFACE_NAME_BYTES && !strpbrk(value, "/ \t:,") &&
	       strcmp(value, ".") != 0 && strcmp(value, "..") != 0;
}

static int read_interface(const char *value, struct port_config *out, struct error *err)
{
	if (strcmp(value, "auto") == 0) {
		out->mcast.scope = MCAST_AUTO;
		return 0;
	}
	if (!is_interface(value))
		return error_set(
			err, -EINVAL,
			"'%.*s' is no network interface; expected auto, lo or a name as 'ip "
			"link' shows it",
			SHOWN_MAX, value);
	out->mcast.scope = strcmp(value, "lo") == 0 ? MCAST_LO : MCAST_NAMED;
	strcpy(out->mcast.interface, value);
	return 0;
}

static int read_tap_name(const char *value, char out[INTERFACE_NAME_BYTES], struct error *err)
{
	/* The kernel would put a number for "%d" and choose a name of its own. */
	if (!value[0] || !is_interface(value) || strchr(value, '%'))
		return error_set(err, -EINVAL,
				 "'%.*s' cannot be the name of an interface; expected at most %d "
				 "letters and digits, such as lw0",
				 SHOWN_MAX, value, INTERFACE_NAME_BYTES - 1);
	strcpy(out, value);
	return 0;
}

static int read_mtu(const char *value, uint32_t max_frame, uint32_t *out, struct error *err)
{
	uint32_t mtu = 0;

	if (text_parse_number(value, TAP_MTU_MIN, TAP_MTU_MAX, &mtu, err))
		return error_set(err, -EINVAL,
				 "'mtu = %.*s' cannot be; expected bytes from %d to %d, such as "
				 "1500",
				 SHOWN_MAX, value, TAP_MTU_MIN, TAP_MTU_MAX);
	/* Its machines' frames would all be too long for the switch. */
	if (mtu + ETHER_HEADER_BYTES > max_frame)
		return error_set(err, -EINVAL,
				 "'mtu = %u' makes frames longer than max_frame, which is %u; "
				 "expected at most %u, or a larger max_frame in [agent]",
				 mtu, max_frame, max_frame - ETHER_HEADER_BYTES);
	*out = mtu;
	return 0;
}

static int read_mode(const char *value, uint32_t *out, struct error *err)
{
	char *end;
	unsigned long mode = strtoul(value, &end, OCTAL);

	if (value[0] < '0' || value[0] > '7' || *end || mode == 0 || mode > MODE_MAX)
		return error_set(err, -EINVAL,
				 "'mode = %.*s' cannot be; expected octal digits such as 0660",
				 SHOWN_MAX, value);
	*out = (uint32_t)mode;
	return 0;
}

static int read_insecure(const char *value, bool *out, struct error *err)
{
	*out = strcmp(value, "yes") == 0;
	if (*out || strcmp(value, "no") == 0)
		return 0;
	return error_set(err, -EINVAL, "'insecure = %.*s' cannot be; expected yes or no", SHOWN_MAX,
			 value);
}

/* ---- keys that several types have; 0 where they are not there ---- */

static int take_endpoint(const struct draft *d, const struct port_word *word, struct endpoint *out,
			 struct error *err)
{
	if (word->line && endpoint_parse(word->text, d->config.folder, out, err))
		return place(d, word->line, err);
	return 0;
}

/* On an address where others can reach it, a port is an open door to the LAN, and in clear. */
static int check_exposed(const struct draft *d, const struct port_draft *p,
			 const struct port_word *word, const struct endpoint *e, struct error *err)
{
	const struct port_word *insecure = &p->words[PORT_KEY_INSECURE];
	bool is_allowed = false;

	if (insecure->line && read_insecure(insecure->text, &is_allowed, err))
		return place(d, insecure->line, err);
	if (!word->line || is_allowed || endpoint_is_on_host(e))
		return 0;
	return refuse(d, word->line, err,
		      "'%.*s' is not on this host alone: frames would cross the network in "
		      "clear, and whoever reaches it is on the LAN. Use an address such as "
		      "127.0.0.1, or say 'insecure = yes' if that network is yours",
		      SHOWN_MAX, word->text);
}

/* `group` and `mode`: who may use a socket that has a path. */
static int take_access(const struct draft *d, struct port_draft *p, struct error *err)
{
	const struct port_word *group = &p->words[PORT_KEY_GROUP], *mode = &p->words[PORT_KEY_MODE];
	const struct port_word *first = group->line ? group : mode;
	struct plug_config *plug = &p->port.plug;

	if (first->line && plug->local.kind != ENDPOINT_PATH)
		return refuse(d, first->line, err,
			      "'%s' is for the file of a socket, and this port makes none",
			      group->line ? "group" : "mode");
	plug->mode = group->line ? MODE_GROUP : MODE_OWNER;
	if (group->line && text_check_name(group->text, err))
		return place(d, group->line, err);
	if (group->line)
		strcpy(plug->group, group->text);
	if (mode->line && read_mode(mode->text, &plug->mode, err))
		return place(d, mode->line, err);
	return 0;
}

/* ---- types ---- */

static int settle_mcast(const struct draft *d, struct port_draft *p, struct error *err)
{
	const struct port_word *group = &p->words[PORT_KEY_GROUP];
	const struct port_word *interface = &p->words[PORT_KEY_INTERFACE];

	if (read_mcast_group(group->text, &p->port.mcast.group, err))
		return place(d, group->line, err);
	if (interface->line && read_interface(interface->text, &p->port, err))
		return place(d, interface->line, err);
	return 0;
}

static int take_udp_address(const struct draft *d, const struct port_draft *p,
			    const struct port_word *word, struct endpoint *out, struct error *err)
{
	int rc = take_endpoint(d, word, out, err);

	if (rc == 0 && out->kind != ENDPOINT_ADDR)
		return refuse(d, word->line, err,
			      "'%.*s' is no address with a port; expected one such as "
			      "127.0.0.1:7001%s",
			      SHOWN_MAX, word->text,
			      endpoint_is_unix(out) ? " (a unix socket is of type dgram)" : "");
	return rc ? rc : check_exposed(d, p, word, out, err);
}

static int settle_udp(const struct draft *d, struct port_draft *p, struct error *err)
{
	const struct port_word *local = &p->words[PORT_KEY_LOCAL];
	const struct port_word *remote = &p->words[PORT_KEY_REMOTE];
	struct plug_config *plug = &p->port.plug;
	int rc = take_udp_address(d, p, local, &plug->local, err);

	if (rc == 0)
		rc = take_udp_address(d, p, remote, &plug->remote, err);
	if (rc)
		return rc;
	if (endpoint_equal(&plug->local, &plug->remote))
		return refuse(d, remote->line, err,
			      "'remote' is the same address as 'local'; expected the one "
			      "where the machine listens");
	if (addr_is_ipv4(&plug->local.addr) != addr_is_ipv4(&plug->remote.addr) ||
	    !addr_is_unicast(&plug->remote.addr))
		return refuse(d, remote->line, err,
			      "'%.*s' cannot be reached from 'local'; expected one machine's "
			      "address, of the same IP version",
			      SHOWN_MAX, remote->text);
	return 0;
}

static int check_unix(const struct draft *d, const struct port_word *word, const struct endpoint *e,
		      struct error *err)
{
	if (!word->line || endpoint_is_unix(e))
		return 0;
	return refuse(d, word->line, err,
		      "'%.*s' is no path; expected one such as machines.sock (an address "
		      "is of type udp)",
		      SHOWN_MAX, word->text);
}

static int settle_dgram(const struct draft *d, struct port_draft *p, struct error *err)
{
	const struct port_word *local = &p->words[PORT_KEY_LOCAL];
	const struct port_word *remote = &p->words[PORT_KEY_REMOTE];
	struct plug_config *plug = &p->port.plug;
	int rc = take_endpoint(d, local, &plug->local, err);

	if (rc == 0)
		rc = take_endpoint(d, remote, &plug->remote, err);
	if (rc == 0)
		rc = check_unix(d, local, &plug->local, err);
	if (rc == 0)
		rc = check_unix(d, remote, &plug->remote, err);
	if (rc == 0 && endpoint_equal(&plug->local, &plug->remote))
		return refuse(d, remote->line, err,
			      "'remote' is the same socket as 'local'; expected the one "
			      "that the machine binds");
	return rc ? rc : take_access(d, p, err);
}

static int settle_stream(const struct draft *d, struct port_draft *p, struct error *err)
{
	const struct port_word *listen = &p->words[PORT_KEY_LISTEN];
	const struct port_word *connect = &p->words[PORT_KEY_CONNECT];
	struct plug_config *plug = &p->port.plug;
	int rc;

	if (!listen->line == !connect->line)
		return refuse(d, p->port.line, err,
			      "[port %s] has to have either 'listen' or 'connect', such as "
			      "'listen = machines.sock'",
			      p->port.name);
	rc = take_endpoint(d, listen, &plug->local, err);
	if (rc == 0)
		rc = take_endpoint(d, connect, &plug->remote, err);
	if (rc == 0 && plug->local.kind == ENDPOINT_NAME)
		return refuse(d, listen->line, err,
			      "'%.*s' is a name; expected the address to listen at, such "
			      "as 127.0.0.1:7001",
			      SHOWN_MAX, listen->text);
	if (rc == 0)
		rc = check_exposed(d, p, listen, &plug->local, err);
	if (rc == 0)
		rc = check_exposed(d, p, connect, &plug->remote, err);
	return rc ? rc : take_access(d, p, err);
}

static int settle_tap(const struct draft *d, struct port_draft *p, struct error *err)
{
	const struct port_word *name = &p->words[PORT_KEY_NAME], *mtu = &p->words[PORT_KEY_MTU];

	if (read_tap_name(name->text, p->port.tap.name, err))
		return place(d, name->line, err);
	if (mtu->line && read_mtu(mtu->text, d->config.max_frame, &p->port.tap.mtu, err))
		return place(d, mtu->line, err);
	return 0;
}

#define BIT(key) (1U << (key))

/*
 * struct type - a type of port
 * @keys:	set of BIT(), those that it takes
 * @needs:	those that must be there
 * @settle:	reads them
 */
static const struct type {
	const char *name;
	unsigned keys, needs;
	int (*settle)(const struct draft *d, struct port_draft *p, struct error *err);
} TYPES[] = {
	[PORT_MCAST] = {"mcast", BIT(PORT_KEY_GROUP) | BIT(PORT_KEY_INTERFACE), BIT(PORT_KEY_GROUP),
			settle_mcast},
	[PORT_UDP] = {"udp", BIT(PORT_KEY_LOCAL) | BIT(PORT_KEY_REMOTE) | BIT(PORT_KEY_INSECURE),
		      BIT(PORT_KEY_LOCAL) | BIT(PORT_KEY_REMOTE), settle_udp},
	[PORT_DGRAM] = {"dgram",
			BIT(PORT_KEY_LOCAL) | BIT(PORT_KEY_REMOTE) | BIT(PORT_KEY_GROUP) |
				BIT(PORT_KEY_MODE),
			BIT(PORT_KEY_LOCAL), settle_dgram},
	[PORT_STREAM] = {"stream",
			 BIT(PORT_KEY_LISTEN) | BIT(PORT_KEY_CONNECT) | BIT(PORT_KEY_GROUP) |
				 BIT(PORT_KEY_MODE) | BIT(PORT_KEY_INSECURE),
			 0, settle_stream},
	[PORT_TAP] = {"tap", BIT(PORT_KEY_NAME) | BIT(PORT_KEY_MTU), BIT(PORT_KEY_NAME),
		      settle_tap},
};
_Static_assert(sizeof(TYPES) / sizeof(TYPES[0]) == PORT_TYPES, "each type is here");

const char *port_type_name(enum port_type type)
{
	return TYPES[type].name;
}

int config_parse_port_type(const char *value, enum port_type *out, struct error *err)
{
	char names[SHOWN_MAX] = "";
	size_t len = 0;

	for (enum port_type i = 0; i < PORT_TYPES; i++) {
		if (strcmp(value, TYPES[i].name) == 0) {
			*out = i;
			return 0;
		}
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i ? ", " : "",
					TYPES[i].name);
	}
	return error_set(err, -EINVAL, "there is no port type '%.*s'; expected one of %s",
			 SHOWN_MAX, value, names);
}

/* ---- one port ---- */

/* What a line with that key may look like. */
static const char *example(enum port_type type, enum port_key key)
{
	if (key == PORT_KEY_GROUP)
		return "group = 230.0.0.1:33000";
	if (key == PORT_KEY_REMOTE)
		return "remote = 127.0.0.1:7002";
	if (key == PORT_KEY_NAME)
		return "name = lw0";
	return type == PORT_UDP ? "local = 127.0.0.1:7001" : "local = machines.sock";
}

static int check_keys(const struct draft *d, const struct port_draft *p, struct error *err)
{
	const struct type *type = &TYPES[p->port.type];
	const char *missing = p->type_line ? NULL : "type = mcast";

	for (enum port_key key = 0; !missing && key < PORT_KEY_COUNT; key++)
		if (type->needs & BIT(key) && !p->words[key].line)
			missing = example(p->port.type, key);
	if (missing)
		return refuse(d, p->port.line, err, "[port %s] lacks a %s such as '%s'",
			      p->port.name, d->config.file[0] ? "line" : "key", missing);
	for (enum port_key key = 0; key < PORT_KEY_COUNT; key++)
		if (p->words[key].line && !(type->keys & BIT(key)))
			return refuse(d, p->words[key].line, err,
				      "a port of type %s has no key '%s'; take it out", type->name,
				      KEY_NAMES[key]);
	return 0;
}

static int settle_vlan(const struct draft *d, struct port_draft *p, struct error *err)
{
	const struct config *c = &d->config;
	const struct vlan_config *vlan = &c->vlans[0];

	if (!p->vlan_line && c->vlan_count > 1)
		return refuse(d, p->port.line, err,
			      "[port %s] has no vlan, and there are %zu; expected 'vlan = %s' "
			      "or another of them",
			      p->port.name, c->vlan_count, vlan->name);
	if (p->vlan_line)
		vlan = config_vlan_by_name(c, p->vlan);
	if (!vlan)
		return refuse(d, p->vlan_line, err,
			      "there is no vlan '%s'; expected the name of a [vlan NAME] "
			      "section, such as %s",
			      p->vlan, c->vlans[0].name);
	p->port.vlan = vlan->id;
	return 0;
}

static bool is_same_hub(const struct port_config *a, const struct port_config *b)
{
	/* `auto` is on loopback too: `lo` beside it would hear and send everything twice. */
	bool named = a->mcast.scope == MCAST_NAMED || b->mcast.scope == MCAST_NAMED;

	return addr_equal(&a->mcast.group, &b->mcast.group) &&
	       (!named || strcmp(a->mcast.interface, b->mcast.interface) == 0);
}

/* Would both be at the same place of this host? */
static bool is_same_place(const struct port_config *a, const struct port_config *b)
{
	if (a->type == PORT_MCAST && b->type == PORT_MCAST)
		return is_same_hub(a, b);
	if (a->type == PORT_TAP && b->type == PORT_TAP)
		return strcmp(a->tap.name, b->tap.name) == 0;
	if (a->plug.local.kind == ENDPOINT_NONE)
		return false;
	/* TCP and UDP have a port number each. */
	return endpoint_equal(&a->plug.local, &b->plug.local) &&
	       (a->type == b->type || a->plug.local.kind == ENDPOINT_PATH);
}

/* "is the same PLACE as", and which keys say where it is */
static const struct {
	const char *place, *keys;
} PLACES[] = {
	[PORT_MCAST] = {"hub", "group or interface"}, [PORT_UDP] = {"socket", "'local'"},
	[PORT_DGRAM] = {"socket", "'local'"},         [PORT_STREAM] = {"socket", "'listen'"},
	[PORT_TAP] = {"interface", "'name'"},
};
_Static_assert(sizeof(PLACES) / sizeof(PLACES[0]) == PORT_TYPES, "each type is here");

/* "in line 5", for a message */
static const char *where(const struct port_config *p, char out[WHERE_BYTES])
{
	if (p->line)
		snprintf(out, WHERE_BYTES, "in line %d", p->line);
	else
		snprintf(out, WHERE_BYTES, "that is plugged");
	return out;
}

static int check_place(const struct config *c, size_t count, const struct port_config *p,
		       struct error *err)
{
	char line[WHERE_BYTES];

	for (size_t i = 0; i < count; i++) {
		const struct port_config *other = &c->ports[i];

		if (!is_same_place(other, p))
			continue;
		return error_set(
			err, -EINVAL,
			"[port %s] is the same %s as [port %s] %s; take one out, or give it "
			"another %s",
			p->name, PLACES[p->type].place, other->name, where(other, line),
			PLACES[p->type].keys);
	}
	return 0;
}

int config_settle_port(struct draft *d, size_t index, struct error *err)
{
	struct config *c = &d->config;
	struct port_draft *p = &d->ports[index];
	int rc = check_keys(d, p, err);

	if (rc == 0)
		rc = settle_vlan(d, p, err);
	if (rc == 0)
		rc = TYPES[p->port.type].settle(d, p, err);
	if (rc)
		return rc;
	if (check_place(c, index, &p->port, err))
		return place(d, p->port.line, err);
	if (p->port.broadcast == 0)
		p->port.broadcast = c->broadcast;
	c->ports[index] = p->port;
	return 0;
}

/* ---- settled ports ---- */

int config_port_check(const struct config *c, const struct port_config *port, struct error *err)
{
	return check_place(c, c->port_count, port, err);
}

static bool is_same_plug(const struct plug_config *a, const struct plug_config *b)
{
	return endpoint_equal(&a->local, &b->local) && endpoint_equal(&a->remote, &b->remote) &&
	       strcmp(a->group, b->group) == 0 && a->mode == b->mode;
}

bool port_config_same(const struct port_config *a, const struct port_config *b)
{
	return strcmp(a->name, b->name) == 0 && a->type == b->type && a->vlan == b->vlan &&
	       addr_equal(&a->mcast.group, &b->mcast.group) && a->mcast.scope == b->mcast.scope &&
	       strcmp(a->mcast.interface, b->mcast.interface) == 0 &&
	       is_same_plug(&a->plug, &b->plug) && strcmp(a->tap.name, b->tap.name) == 0 &&
	       a->tap.mtu == b->tap.mtu;
}

static const char *mcast_text(const struct port_config *p, char out[PORT_TEXT_BYTES])
{
	static const char *const scopes[] = {[MCAST_AUTO] = "auto", [MCAST_LO] = "lo"};
	char group[ADDR_TEXT_BYTES];

	snprintf(out, PORT_TEXT_BYTES, "mcast, group %s, interface %s",
		 addr_format(&p->mcast.group, group),
		 p->mcast.scope == MCAST_NAMED ? p->mcast.interface : scopes[p->mcast.scope]);
	return out;
}

static const char *tap_text(const struct port_config *p, char out[PORT_TEXT_BYTES])
{
	if (p->tap.mtu)
		snprintf(out, PORT_TEXT_BYTES, "tap, interface %s, mtu %u", p->tap.name,
			 p->tap.mtu);
	else
		snprintf(out, PORT_TEXT_BYTES, "tap, interface %s", p->tap.name);
	return out;
}

const char *port_config_describe(const struct port_config *p, char out[PORT_TEXT_BYTES])
{
	bool is_stream = p->type == PORT_STREAM;
	char end[ENDPOINT_TEXT_BYTES];
	int at;

	if (p->type == PORT_MCAST)
		return mcast_text(p, out);
	if (p->type == PORT_TAP)
		return tap_text(p, out);
	at = snprintf(out, PORT_TEXT_BYTES, "%s", port_type_name(p->type));
	if (p->plug.local.kind != ENDPOINT_NONE)
		at += snprintf(out + at, PORT_TEXT_BYTES - (size_t)at, ", %s %s",
			       is_stream ? "listen" : "local",
			       endpoint_format(&p->plug.local, end));
	if (p->plug.remote.kind != ENDPOINT_NONE)
		at += snprintf(out + at, PORT_TEXT_BYTES - (size_t)at, ", %s %s",
			       is_stream ? "connect" : "remote",
			       endpoint_format(&p->plug.remote, end));
	if (p->plug.group[0])
		snprintf(out + at, PORT_TEXT_BYTES - (size_t)at, ", group %s", p->plug.group);
	return out;
}
