/*
 * lan_flood.c - who sends more than its share, for status and log
 *
 * Layer: agent. Off the data path: once a tick it looks at what the counters of peers and ports have
 * gained, so that a flood costs nothing more here.
 */
#include <stdio.h>

#include "agent/command.h"
#include "agent/notes.h"
#include "common/log.h"
#include "lan_private.h"

enum {
	FLOOD_SHOWN_S = 300, /* since the counter last moved: as long as what the guards stopped */
	FLOOD_LOGGED_S = 60, /* between two lines on one member and limit */
	SUBJECT_BYTES = LAN_PORT_NAME_BYTES + 32,
	ARGUMENTS_BYTES = NAME_BYTES + 16,
};

/* Whom a sentence is about. */
struct flooder {
	const struct lan *lan;
	const char *name;
	const char *subject;
	const struct lan_limits *limits; /* NULL: a port */
	uint32_t broadcast;
	struct lan_flood *floods;
};

/* ---- sentences ---- */

static void fix_peer(const struct flooder *f, const char *key, struct warning *w)
{
	char arguments[ARGUMENTS_BYTES], command[COMMAND_BYTES];
	static const char FIX[] = "if %s may: '%s' in peers/%s.local; if it does not stop: %s%s";

	snprintf(arguments, sizeof(arguments), "remove %s", f->name);
	command_text(f->lan->folder, arguments, command);
	if (snprintf(w->fix, sizeof(w->fix), FIX, f->name, key, f->name, "", command) >=
	    (int)sizeof(w->fix))
		snprintf(w->fix, sizeof(w->fix), FIX, f->name, key, f->name, "longwire ",
			 arguments);
}

static void fix_with(const struct flooder *f, const char *key, struct warning *w)
{
	if (f->limits)
		fix_peer(f, key, w);
	else
		warning_set_fix(w,
				"find the machine that does; if it may: '%s' in [port %s] of "
				"agent.conf",
				key, f->name);
}

static void warn_broadcast(const struct flooder *f, uint64_t limit, struct warning *w)
{
	warning_set_text(w,
			 "%s more broadcasts, or frames to machines that nobody knows, than the "
			 "%llu a second that are allowed; the rest is dropped",
			 f->subject, (unsigned long long)limit);
	fix_with(f, "broadcast = FRAMES-A-SECOND", w);
}

static void warn_macs(const struct flooder *f, uint64_t limit, struct warning *w)
{
	warning_set_text(
		w,
		"%s from more MAC addresses than the %llu that are allowed; the oldest are "
		"forgotten, and frames for them go to everybody",
		f->subject, (unsigned long long)limit);
	if (f->limits)
		fix_with(f, "mac_quota = ADDRESSES", w);
	else
		warning_set_fix(w, "find the machine that invents addresses, and stop it");
}

static void warn_rate(const struct flooder *f, uint64_t limit, struct warning *w)
{
	warning_set_text(w,
			 "%s more than the %llu bits a second that you allow; the rest is dropped",
			 f->subject, (unsigned long long)limit);
	fix_with(f, "rate = BITS-A-SECOND", w);
}

static const struct {
	enum drop reason;
	const char *code;
	void (*write)(const struct flooder *f, uint64_t limit, struct warning *w);
} LIMITS[] = {
	[LAN_FLOOD_BROADCAST] = {DROP_BROADCAST_LIMIT, "broadcast-limit", warn_broadcast},
	[LAN_FLOOD_MACS] = {DROP_MAC_QUOTA, "mac-quota", warn_macs},
	[LAN_FLOOD_RATE] = {DROP_PEER_RATE, "peer-rate", warn_rate},
};
_Static_assert(sizeof(LIMITS) / sizeof(LIMITS[0]) == LAN_FLOODS, "each limit has its sentence");

static uint64_t limit_of(const struct flooder *f, enum lan_flood_kind kind)
{
	if (kind == LAN_FLOOD_BROADCAST)
		return f->broadcast;
	if (kind == LAN_FLOOD_RATE)
		return f->limits ? f->limits->rate : 0;
	if (!f->limits)
		return SWITCH_PORT_QUOTA;
	return f->limits->mac_quota ? f->limits->mac_quota : SWITCH_PEER_QUOTA;
}

static void write_warning(const struct flooder *f, enum lan_flood_kind kind, struct warning *w)
{
	*w = warning_make(LIMITS[kind].code, "", "");
	LIMITS[kind].write(f, f->floods[kind].limit, w);
}

/* ---- members ---- */

/* typedef visitor - Something done for each member that has a name */
typedef void (*visitor)(const struct flooder *f, const uint64_t *drops, void *context);

static void visit_peer(const struct lan *l, size_t peer, const char *name, visitor visit,
		       void *context)
{
	struct lan_peer *p = &l->peers[peer];
	char subject[SUBJECT_BYTES];
	struct flooder f = {.lan = l,
			    .name = name,
			    .subject = subject,
			    .limits = &p->limits,
			    .broadcast = p->limits.broadcast,
			    .floods = p->floods};
	struct peer_info info;

	snprintf(subject, sizeof(subject), "%s sends", name);
	if (engine_peer_info(l->engine, (int)peer, &info))
		visit(&f, info.drops, context);
}

static void visit_port(const struct lan *l, struct lan_port *p, visitor visit, void *context)
{
	char subject[SUBJECT_BYTES];
	struct flooder f = {.lan = l,
			    .name = p->config.name,
			    .subject = subject,
			    .broadcast = p->config.broadcast,
			    .floods = p->floods};

	snprintf(subject, sizeof(subject), "machines on port %s send", p->name);
	visit(&f, p->port->drops, context);
}

static void visit_members(const struct lan *l, const struct lan_namer *n, visitor visit,
			  void *context)
{
	for (size_t i = 0; i < l->peers_capacity; i++) {
		const char *name =
			l->peers[i].is_set && n->name_of ? n->name_of(n->context, (int)i) : NULL;

		if (name)
			visit_peer(l, i, name, visit, context);
	}
	for (size_t i = 0; i < LAN_PORTS_MAX; i++)
		if (l->ports[i])
			visit_port(l, l->ports[i], visit, context);
}

/* ---- the tick ---- */

static void log_flood(const struct flooder *f, enum lan_flood_kind kind, uint64_t now_ns)
{
	struct lan_flood *flood = &f->floods[kind];
	struct warning w;

	write_warning(f, kind, &w);
	log_warn("%s (%llu frame%s since the last such line); %s", w.text,
		 (unsigned long long)flood->unlogged, flood->unlogged == 1 ? "" : "s", w.fix);
	flood->unlogged = 0;
	flood->logged_ns = now_ns;
}

static void look(const struct flooder *f, const uint64_t *drops, void *context)
{
	uint64_t now_ns = *(uint64_t *)context;

	for (enum lan_flood_kind kind = 0; kind < LAN_FLOODS; kind++) {
		struct lan_flood *flood = &f->floods[kind];
		uint64_t count = drops[LIMITS[kind].reason];

		if (count > flood->counted) {
			flood->unlogged += count - flood->counted;
			flood->last_ns = now_ns;
			flood->limit = limit_of(f, kind);
		}
		flood->counted = count;
		if (flood->unlogged > 0 && !lan_is_within(flood->logged_ns, FLOOD_LOGGED_S, now_ns))
			log_flood(f, kind, now_ns);
	}
}

void lan_flood_tick(struct lan *l)
{
	const struct lan_namer n = {.name_of = l->name_of, .context = l->name_context};
	uint64_t now_ns = lan_now_ns(l);

	visit_members(l, &n, look, &now_ns);
}

/* ---- status ---- */

/* Lately, and with the limit that is set now: who changed it has read the warning. */
static bool is_shown(const struct flooder *f, enum lan_flood_kind kind, uint64_t now_ns)
{
	const struct lan_flood *flood = &f->floods[kind];

	return flood->limit == limit_of(f, kind) &&
	       lan_is_within(flood->last_ns, FLOOD_SHOWN_S, now_ns);
}

struct collection {
	struct warning *out;
	size_t max, count;
	uint64_t now_ns;
};

static void collect(const struct flooder *f, const uint64_t *drops, void *context)
{
	struct collection *c = context;

	(void)drops;
	for (enum lan_flood_kind kind = 0; kind < LAN_FLOODS && c->count < c->max; kind++)
		if (is_shown(f, kind, c->now_ns))
			write_warning(f, kind, &c->out[c->count++]);
}

size_t lan_flood_warnings(const struct lan *l, const struct lan_namer *n, struct warning *out,
			  size_t max)
{
	struct collection c = {.out = out, .max = max, .now_ns = clock_now_ns()};

	visit_members(l, n, collect, &c);
	return c.count;
}
