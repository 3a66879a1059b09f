/*
 * reload.c - agent.conf and the trust folder, read again while the agent runs
 *
 * Layer: agent. See agent.h. A mistake in one file is a note and leaves everything else alone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/lan.h"
#include "agent/netwatch.h"
#include "agent/peers.h"
#include "agent/tunnel.h"
#include "agent_parts.h"
#include "common/log.h"
#include "keys/trust.h"
#include "proto/engine.h"

/* The addresses of a TAP are on the LAN: whoever tried us there would send the tunnel through itself. */
static bool is_own_tap(const void *context, const char *interface)
{
	const struct config *c = context;

	for (size_t i = 0; i < c->port_count; i++)
		if (c->ports[i].type == PORT_TAP && strcmp(c->ports[i].tap.name, interface) == 0)
			return true;
	return false;
}

void reload_self(struct agent *a)
{
	const struct netwatch_wanted wanted = {
		.port = a->config.listen, .is_ours = is_own_tap, .context = &a->config};
	struct engine_self self = {0};

	lan_use_addresses(a->lan, a->config.listen);
	snprintf(self.name, sizeof(self.name), "%s", a->config.name);
	self.local_count = netwatch_addresses(&wanted, self.local, PEER_CANDIDATES_MAX);
	engine_set_self(a->engine, &self, clock_now_ns());
	names_set_online(&a->names, self.local_count > 0);
}

void reload_network(struct agent *a)
{
	uint64_t now_ns = clock_now_ns();

	log_debug("the network changed");
	lan_network_changed(a->lan);
	reload_self(a);
	engine_network_changed(a->engine, now_ns);
	peers_network_changed(a->peers, now_ns);
}

/* What an agent that runs cannot change. Return: the key's name, or NULL */
static const char *needs_restart(const struct config *was, const struct config *is)
{
	if (strcmp(was->control, is->control) != 0)
		return "control";
	if (strcmp(was->group, is->group) != 0)
		return "group";
	if (was->max_frame != is->max_frame)
		return "max_frame";
	if (was->ciphers != is->ciphers)
		return "cipher";
	return NULL;
}

static void note(struct agent *a, const char *code, const char *text, const char *fix)
{
	struct warning warning = warning_make(code, text, fix);

	notes_add(&a->notes, NOTE_CONFIG, &warning);
}

static void note_restart(struct agent *a, const struct config *is)
{
	struct warning w = warning_make("restart-needed", "", "stop the agent and start it again");
	const char *key = needs_restart(&a->config, is);

	if (!key)
		return;
	warning_set_text(&w, "%s: the new '%s' takes effect with the next start", is->file, key);
	notes_add(&a->notes, NOTE_CONFIG, &w);
}

/* What was plugged stays, as far as it goes with the new file; what was unplugged of the old one does not
 * count any more */
static void keep_plugs(struct agent *a, const struct config *is)
{
	struct error why;

	plugs_file_changed(&a->plugs);
	while (plugs_drop_conflict(&a->plugs, is, &why))
		log_warn("%s", why.text);
	command_plug_note(a);
}

/* @is: becomes what is in force, but for what only a restart can change */
static void apply_config(struct agent *a, struct config *is)
{
	struct error err = {0};

	note_restart(a, is);
	memcpy(is->control, a->config.control, sizeof(is->control));
	memcpy(is->group, a->config.group, sizeof(is->group));
	is->max_frame = a->config.max_frame;
	is->ciphers = a->config.ciphers;
	keep_plugs(a, is);
	if (command_plug_apply(a, is, &err) != 0) {
		note(a, "config-not-applied", err.text,
		     "until then the agent keeps its last good ports");
		return;
	}
	if (is->listen != a->config.listen && agent_open_tunnel(a, is, &err) != 0) {
		note(a, "config-not-applied", err.text,
		     "until then the agent listens on its old port");
		is->listen = a->config.listen;
	}
	if (is->offload != a->config.offload)
		tunnel_use_offload(a->tunnel, is->offload);
	a->config = *is;
	reload_self(a);
	log_info("agent.conf changed: taken over");
}

static void reload_config(struct agent *a)
{
	struct config *is = calloc(1, sizeof(*is));
	struct error err = {0};

	notes_begin(&a->notes, NOTE_CONFIG);
	if (!is || config_load(a->config.folder, is, &err) != 0)
		note(a, "config-not-applied", err.text,
		     "correct it: until then the agent keeps the last good one");
	else if (memcmp(is, &a->config, sizeof(*is)) != 0)
		apply_config(a, is);
	notes_end(&a->notes, NOTE_CONFIG);
	free(is);
}

static void note_faults(struct agent *a, const struct trust *trust)
{
	notes_begin(&a->notes, NOTE_TRUST);
	for (size_t i = 0; i < trust->fault_count; i++) {
		const struct trust_fault *fault = &trust->faults[i];
		struct warning warning = warning_make(
			fault->warning ? "card-odd" : "card-refused", fault->error.text,
			fault->warning ? ""
			: fault->kept  ? "correct it: until then the peer stays as it was"
				       : "correct it, or remove the file: until then nothing in it "
					 "counts");

		notes_add(&a->notes, NOTE_TRUST, &warning);
	}
	notes_end(&a->notes, NOTE_TRUST);
}

/* A folder that is not there trusts nobody: deleting it is the shortest way to revoke everybody. One
 * that cannot be read says nothing, so everything stays. Return: false in that case */
static bool read_trust(struct agent *a, struct trust *out)
{
	char folder[CONFIG_PATH_BYTES + sizeof("/peers")];
	struct error err = {0};
	struct warning warning;
	int rc;

	snprintf(folder, sizeof(folder), "%s/peers", a->config.folder);
	rc = trust_read(folder, &a->key, &a->trust, out, &err);
	if (rc == 0 || rc == -ENOENT)
		return true;
	warning =
		warning_make("peers-not-read", err.text, "until then, all peers stay as they were");
	notes_begin(&a->notes, NOTE_TRUST);
	notes_add(&a->notes, NOTE_TRUST, &warning);
	notes_end(&a->notes, NOTE_TRUST);
	return false;
}

void reload_trust(struct agent *a)
{
	struct trust now = {0};
	const struct peers_reading reading = {
		.before = &a->trust, .after = &now, .config = &a->config};

	if (!read_trust(a, &now))
		return;
	note_faults(a, &now);
	if (peers_apply(a->peers, &reading, clock_now_ns()))
		events_save_state(a);
	names_touch(&a->names);
	trust_free(&a->trust);
	a->trust = now;
}

void reload_all(struct agent *a)
{
	reload_config(a);
	reload_trust(a);
}
