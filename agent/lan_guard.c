/*
 * lan_guard.c - what the guards stopped and found out, for status and log
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "agent/command.h"
#include "common/log.h"
#include "lan_private.h"

enum {
	STOP_SHOWN_S = 300, /* since the last frame was stopped */
	STOP_LOGGED_S = 60, /* between two lines on one peer and kind */
	ARGUMENTS_BYTES = NAME_BYTES + 16,
	IDENTITY_BYTES = 3 * INSPECT_CLIENT_ID_BYTES + 32,
};
_Static_assert((int)GUARD_DHCP == (int)TRUST_ALLOW_DHCP && (int)GUARD_RA == (int)TRUST_ALLOW_RA &&
		       (int)GUARD_BPDU == (int)TRUST_ALLOW_BPDU &&
		       (int)GUARD_ARP == (int)TRUST_ALLOW_ARP &&
		       (int)GUARD_KINDS == (int)TRUST_ALLOW_COUNT,
	       "what is allowed is what is guarded");

static const char *const KINDS[] = {
	[GUARD_DHCP] = "answers of a DHCP server",
	[GUARD_RA] = "IPv6 router advertisements or redirects",
	[GUARD_BPDU] = "spanning-tree frames of a bridge",
	[GUARD_ARP] = "ARP or neighbour discovery that lies or takes an address in use",
};

void lan_guard_stopped(struct lan *l, int peer, enum drop reason)
{
	enum guard_kind kind = guard_kind_of(reason);
	struct lan_stop *stop;

	if (kind == GUARD_KINDS)
		return;
	stop = &l->peers[peer].stops[kind];
	stop->unlogged++;
	stop->last_ns = lan_now_ns(l);
}

/* Return: the peer's name, or NULL without one */
static const char *name_of(const struct lan_namer *n, int peer)
{
	return n->name_of ? n->name_of(n->context, peer) : NULL;
}

static void warn_stop(const struct lan *l, const char *name, enum guard_kind kind,
		      struct warning *w)
{
	char arguments[ARGUMENTS_BYTES], command[COMMAND_BYTES];

	snprintf(arguments, sizeof(arguments), "allow %s %s", name,
		 trust_allow_name((enum trust_allow)kind));
	command_text(l->folder, arguments, command);
	snprintf(w->code, sizeof(w->code), "%s", drop_name(guard_drop(kind)));
	for (char *c = w->code; *c; c++)
		if (*c == '_')
			*c = '-';
	snprintf(w->text, sizeof(w->text), "%s sent %s, and that is kept out", name, KINDS[kind]);
	if (snprintf(w->fix, sizeof(w->fix), "if you want that from %s: %s", name, command) >=
	    (int)sizeof(w->fix))
		snprintf(w->fix, sizeof(w->fix), "if you want that from %s: longwire %s", name,
			 arguments);
}

size_t lan_guard_warnings(const struct lan *l, const struct lan_namer *n, struct warning *out,
			  size_t max)
{
	uint64_t now_ns = clock_now_ns();
	size_t count = 0;

	for (size_t i = 0; i < l->peers_capacity; i++) {
		const struct lan_peer *p = &l->peers[i];
		const char *name = p->is_set ? name_of(n, (int)i) : NULL;

		for (enum guard_kind kind = 0; name && kind < GUARD_KINDS && count < max; kind++)
			if (lan_is_within(p->stops[kind].last_ns, STOP_SHOWN_S, now_ns) &&
			    !(p->limits.allow & guard_bit(kind)))
				warn_stop(l, name, kind, &out[count++]);
	}
	return count;
}

static void log_stop(const struct lan *l, const char *name, enum guard_kind kind,
		     struct lan_stop *stop)
{
	struct warning w;

	warn_stop(l, name, kind, &w);
	log_warn("%s (%llu frame%s since the last such line); %s", w.text,
		 (unsigned long long)stop->unlogged, stop->unlogged == 1 ? "" : "s", w.fix);
	stop->unlogged = 0;
	stop->logged_ns = stop->last_ns;
}

void lan_guard_log(struct lan *l)
{
	const struct lan_namer n = {.name_of = l->name_of, .context = l->name_context};

	for (size_t i = 0; i < l->peers_capacity; i++) {
		struct lan_peer *p = &l->peers[i];
		const char *name = p->is_set ? name_of(&n, (int)i) : NULL;

		for (enum guard_kind kind = 0; name && kind < GUARD_KINDS; kind++)
			if (p->stops[kind].unlogged > 0 &&
			    !lan_is_within(p->stops[kind].logged_ns, STOP_LOGGED_S, lan_now_ns(l)))
				log_stop(l, name, kind, &p->stops[kind]);
	}
}

/* ---- twins ---- */

static const char *format_identity(const struct twin *t, char out[IDENTITY_BYTES])
{
	static const char LABEL[] = "DHCP client identifier";
	char ip[INET6_ADDRSTRLEN];
	size_t used;

	if (t->kind == TWIN_IP) {
		snprintf(out, IDENTITY_BYTES, "IP address %s",
			 ip_key_format(&t->ip, ip, sizeof(ip)));
		return out;
	}
	used = (size_t)snprintf(out, IDENTITY_BYTES, "%s", LABEL);
	for (size_t i = 0; i < t->client_id.len; i++)
		used += (size_t)snprintf(out + used, IDENTITY_BYTES - used, "%c%02x", i ? ':' : ' ',
					 t->client_id.bytes[i]);
	return out;
}

static void warn_twin(const struct lan *l, const struct twin *t, const struct lan_namer *n,
		      struct warning *w)
{
	char identity[IDENTITY_BYTES], place[2][LAN_PLACE_BYTES], mac[2][MAC_TEXT_BYTES];
	bool is_ip = t->kind == TWIN_IP;

	for (size_t i = 0; i < 2; i++) {
		lan_name_place(l, t->places[i].member, n, place[i]);
		mac_format(&t->places[i].mac, mac[i]);
	}
	snprintf(w->code, sizeof(w->code), is_ip ? "ip-in-two-places" : "dhcp-client-twice");
	snprintf(w->text, sizeof(w->text),
		 "%s is used by two machines: %s behind %s and %s behind %s",
		 format_identity(t, identity), mac[0], place[0], mac[1], place[1]);
	snprintf(
		w->fix, sizeof(w->fix),
		"%sif one machine is a copy of the other, give it an identity of its own: in the "
		"copy, rm -f /etc/machine-id /var/lib/dbus/machine-id && systemd-machine-id-setup, "
		"then restart it",
		is_ip ? "give one of them another address; " : "");
}

size_t lan_guard_twins(const struct lan *l, const struct lan_namer *n, struct warning *out,
		       size_t max)
{
	struct twin twins[TWINS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < CONFIG_VLANS_MAX; i++) {
		size_t found = 0;

		if (l->vlans[i])
			found = guard_twins(l->vlans[i]->guard, clock_now_ns(), twins, TWINS_MAX);
		for (size_t t = 0; t < found && count < max; t++)
			warn_twin(l, &twins[t], n, &out[count++]);
	}
	return count;
}
