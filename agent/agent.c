/*
 * agent.c - puts the agent's parts together, and takes them apart
 *
 * Layer: agent. See agent.h. The order of start-up is that of hardening: give up what is inherited,
 * read secrets, open everything, give up the rest.
 */
#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/clock_alarm.h"
#include "agent/command.h"
#include "agent/dump.h"
#include "agent/lan.h"
#include "agent/netwatch.h"
#include "agent/peers.h"
#include "agent/pings.h"
#include "agent/tunnel.h"
#include "agent/watch.h"
#include "agent_parts.h"
#include "common/log.h"
#include "control_link.h"
#include "keys/identity.h"
#include "keys/trust.h"
#include "proto/engine.h"

enum {
	PEERS_AT_LEAST = 256, /* room that costs nothing: pages stay untouched */
	PEERS_AT_MOST = 4096, /* the engine's limit */
	PEERS_GROWTH = 2,     /* cards may be added while it runs */
	RUN_DOWN_MS = 500,    /* for libuv to let go; a hanging name look-up may take minutes */
	RUN_DOWN_STEP_MS = 2,
};

/* ---- files ---- */

/* The folder itself is what is locked: nothing is left behind, and a killed agent locks nothing.
 * Where the file system knows no locks, the control socket still keeps two agents apart. */
static int lock_folder(struct agent *a, const char *folder, struct error *err)
{
	char command[COMMAND_BYTES];

	a->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->folder_fd < 0)
		return error_set(err, -errno, "%s: cannot be opened (%s); make it with: %s", folder,
				 strerror(errno), command_text(folder, "init", command));
	if (flock(a->folder_fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return error_set(err, -EBUSY, "an agent runs in %s already; this shows it: %s",
				 folder, command_text(folder, "status", command));
	return 0;
}

static void load_state(struct agent *a)
{
	struct error err = {0};
	struct warning warning;

	notes_begin(&a->notes, NOTE_STATE);
	if (state_load(&a->state, a->config.folder, &err) != 0) {
		warning = warning_make("state-damaged", err.text, "");
		notes_add(&a->notes, NOTE_STATE, &warning);
	}
	notes_end(&a->notes, NOTE_STATE);
}

static int load_files(struct agent *a, const char *folder, struct error *err)
{
	int rc = config_load(folder, &a->config, err);
	char command[COMMAND_BYTES];

	if (rc == -ENOENT)
		return error_set(err, rc, "%s has no agent.conf; make one with: %s", folder,
				 command_text(folder, "init", command));
	if (rc)
		return rc;
	load_state(a);
	return 0;
}

/* ---- the engine ---- */

static void fill_random(void *context, void *out, size_t len)
{
	(void)context;
	randombytes_buf(out, len);
}

/* sodium_malloc succeeds without locking where RLIMIT_MEMLOCK is too small, so ask again */
static void check_locked(struct agent *a, size_t bytes)
{
	struct warning warning;

	if (sodium_mlock(a->memory.secrets, bytes) == 0) {
		sandbox_add(&a->sandbox, "locked-keys");
		return;
	}
	warning = warning_make(
		"keys-not-locked",
		"session keys cannot be locked in memory, so they could be swapped out",
		"raise the limit: 'ulimit -l 1024', or LimitMEMLOCK=1M in the unit");
	notes_add(&a->notes, NOTE_START, &warning);
}

static int take_memory(struct agent *a, const struct engine_config *config, struct error *err)
{
	size_t secret_bytes = engine_secret_bytes(config);
	struct agent_memory *m = &a->memory;

	m->peers_max = config->peers_max;
	m->plain_bytes = engine_memory_bytes(config);
	m->plain = mmap(NULL, m->plain_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);
	if (m->plain == MAP_FAILED)
		m->plain = NULL;
	m->secrets = sodium_malloc(secret_bytes);
	if (!m->plain || !m->secrets)
		return error_set(err, -ENOMEM, "no memory for %u peers", config->peers_max);
	sodium_memzero(m->secrets, secret_bytes);
	check_locked(a, secret_bytes);
	return 0;
}

static size_t count_cards(const char *folder)
{
	char peers[CONFIG_PATH_BYTES + sizeof("/peers")];
	struct trust trust = {0};
	size_t count;

	snprintf(peers, sizeof(peers), "%s/peers", folder);
	trust_read(peers, NULL, NULL, &trust, NULL);
	count = trust.count + trust.fault_count;
	trust_free(&trust);
	return count;
}

/* Cards may be added while it runs, so there is room for some more than there are */
static uint32_t room_for_peers(const struct agent *a)
{
	size_t room = count_cards(a->config.folder) * PEERS_GROWTH;

	if (room < PEERS_AT_LEAST)
		return PEERS_AT_LEAST;
	return room < PEERS_AT_MOST ? (uint32_t)room : PEERS_AT_MOST;
}

static int start_engine(struct agent *a, const struct identity *me, struct error *err)
{
	struct clock_reading now = clock_read();
	struct engine_config config = {
		.secret = me->secret,
		.random = fill_random,
		.peers_max = room_for_peers(a),
		.max_frame = a->config.max_frame,
		.wall_ns = now.wall_ns,
		.timestamp_floor_ns = a->state.timestamp_ceiling_ns,
		.now_ns = now.boot_ns,
		.ciphers = a->config.ciphers,
	};
	int rc = take_memory(a, &config, err);

	if (rc)
		return rc;
	a->key = me->public;
	a->started_ns = now.boot_ns;
	clock_watch_init(&a->clocks, &now);
	a->engine = engine_init(&config, a->memory.plain, a->memory.secrets);
	if (engine_ciphers(a->engine) == 0)
		return error_set(err, -ENOMEM,
				 "%s: no memory for AES-256-GCM, and 'cipher' allows no other",
				 a->config.file);
	return 0;
}

/* The secret key leaves its file only for this: the engine has its own copy */
static int start_identity(struct agent *a, struct error *err)
{
	char path[CONFIG_PATH_BYTES + sizeof("/identity.key")];
	char command[COMMAND_BYTES];
	struct identity me = {0};
	int rc;

	snprintf(path, sizeof(path), "%s/identity.key", a->config.folder);
	rc = identity_load(path, &me, err);
	if (rc == -ENOENT)
		error_set(err, rc, "%s has no identity.key; make one with: %s", a->config.folder,
			  command_text(a->config.folder, "init", command));
	if (rc == 0)
		rc = start_engine(a, &me, err);
	identity_free(&me);
	return rc;
}

/* ---- what listens ---- */

static void on_datagram(void *context, const struct route *route, uint8_t *bytes, size_t len)
{
	struct agent *a = context;

	lan_input(a->lan, route, bytes, len);
}

static void on_truncated(void *context)
{
	struct agent *a = context;

	engine_count_drop(a->engine, -1, DROP_TUNNEL_TRUNCATED);
}

static void on_batch_end(void *context)
{
	struct agent *a = context;

	lan_flush(a->lan);
	lan_hear(a->lan);
}

static void on_refused(void *context, const struct datagram *d, int error)
{
	events_send_refused(context, d, error);
}

static void on_icmp(void *context, int peer, int error)
{
	events_icmp(context, peer, error);
}

/* Where the port comes from, for a message that is about it */
static int place(const struct config *c, int code, struct error *err)
{
	if (c->listen_line)
		return error_set(err, code, "%s:%d: %s", c->file, c->listen_line, err->text);
	return error_set(err, code, "%s: %s", c->file, err->text);
}

int agent_open_tunnel(struct agent *a, const struct config *config, struct error *err)
{
	const struct tunnel_events events = {
		.on_datagram = on_datagram,
		.on_truncated = on_truncated,
		.on_batch_end = on_batch_end,
		.on_refused = on_refused,
		.on_icmp = on_icmp,
		.context = a,
	};
	struct tunnel *opened = NULL;
	int rc = tunnel_open(&opened, &a->loop, config->listen, &events, err);

	if (rc)
		return place(config, rc, err);
	tunnel_use_offload(opened, config->offload);
	lan_use_tunnel(a->lan, opened);
	if (a->tunnel)
		tunnel_close(a->tunnel);
	a->tunnel = opened;
	return 0;
}

static void on_request(void *context, struct control_request *request)
{
	commands_handle(context, request);
}

static void on_garbage(void *context)
{
	struct agent *a = context;

	engine_count_drop(a->engine, -1, DROP_CONTROL_BAD);
}

static int open_control(struct agent *a, struct error *err)
{
	const struct control_events events = {
		.on_request = on_request, .on_garbage = on_garbage, .context = a};
	int rc;

	control_link_remove(&a->config);
	rc = control_open(&a->control, &a->loop, a->config.control, a->config.group, &events, err);
	if (rc == 0)
		control_link_make(&a->config);
	return rc;
}

/* ---- what is watched ---- */

static void on_folder_changed(void *context)
{
	reload_all(context);
}

static void on_network_changed(void *context)
{
	reload_network(context);
}

/* Neither is worth not starting for */
static void open_watches(struct agent *a)
{
	struct error err = {0};
	struct warning warning;

	if (watch_open(&a->watch, &a->loop, a->config.folder, on_folder_changed, a, &err) != 0) {
		warning = warning_make("folder-not-watched", err.text,
				       "raise fs.inotify.max_user_instances with sysctl");
		notes_add(&a->notes, NOTE_START, &warning);
	}
	if (netwatch_open(&a->netwatch, &a->loop, on_network_changed, a, &err) != 0) {
		warning = warning_make("network-not-watched", err.text, "");
		notes_add(&a->notes, NOTE_START, &warning);
	}
	a->clock_alarm = clock_alarm_open(&a->loop);
}

/* ---- all together ---- */

static const char *name_of_peer(void *context, int peer)
{
	return peers_name(context, peer);
}

static int open_peers(struct agent *a, struct error *err)
{
	const struct peers_links links = {
		.loop = &a->loop,
		.engine = a->engine,
		.lan = a->lan,
		.state = &a->state,
		.notes = &a->notes,
		.peers_max = a->memory.peers_max,
	};

	if (peers_new(&a->peers, &links) != 0 || pings_new(&a->pings, &a->loop, a->engine) != 0)
		return error_set(err, -ENOMEM, "no memory for %u peers", links.peers_max);
	lan_use_names(a->lan, name_of_peer, a->peers);
	names_open(&a->names, &a->loop, a->peers, a->engine);
	return 0;
}

static int open_parts(struct agent *a, struct error *err)
{
	int rc = lan_open(&a->lan, &a->loop, a->engine, &a->config, err);

	if (rc == 0)
		rc = open_peers(a, err);
	if (rc == 0 && command_dump_open(a) != 0)
		rc = error_set(err, -ENOMEM, "no memory for dumps");
	if (rc == 0)
		rc = agent_open_tunnel(a, &a->config, err);
	if (rc == 0)
		rc = open_control(a, err);
	if (rc == 0)
		open_watches(a);
	return rc;
}

static int start(struct agent *a, const char *folder, struct error *err)
{
	int rc = lock_folder(a, folder, err);

	if (rc == 0)
		rc = load_files(a, folder, err);
	if (rc == 0)
		rc = start_identity(a, err);
	if (rc == 0)
		rc = open_parts(a, err);
	if (rc == 0)
		rc = events_open_state(a, err);
	if (rc)
		return rc;
	events_save_state_now(a); /* before the first initiation */
	reload_self(a);
	reload_trust(a);
	sandbox_finish(&a->sandbox);
	loop_start(a);
	return 0;
}

static void announce(const struct agent *a)
{
	char key[KEY_TEXT_BYTES], port[PORT_TEXT_BYTES];

	log_info("longwire %s, agent %s, folder %s", LONGWIRE_VERSION, a->config.name,
		 a->config.folder);
	log_info("key %s", public_key_format(&a->key, key));
	log_info("listening on UDP port %u; %zu card%s", a->config.listen, a->trust.count,
		 a->trust.count == 1 ? "" : "s");
	for (size_t i = 0; i < a->config.port_count; i++)
		log_info("port %s: %s", a->config.ports[i].name,
			 port_config_describe(&a->config.ports[i], port));
}

static void say_goodbye(struct agent *a)
{
	while (engine_goodbye(a->engine, clock_now_ns()))
		lan_flush(a->lan);
	lan_flush(a->lan);
	events_save_state_now(a);
}

static void close_parts(struct agent *a)
{
	pings_close(a->pings); /* first: what waits is answered while its client is there */
	if (a->control)
		control_link_remove(&a->config);
	control_close(a->control);
	dump_close(a->dump);
	command_attach_close(a);
	watch_close(a->watch);
	netwatch_close(a->netwatch);
	clock_alarm_close(a->clock_alarm);
	names_close(&a->names);
	peers_free(a->peers);
	if (a->lan)
		lan_close(a->lan);
	if (a->tunnel)
		tunnel_close(a->tunnel);
	loop_stop(a);
}

/* Return: true when libuv holds nothing any more */
static bool run_down(struct agent *a)
{
	for (int ms = 0; ms < RUN_DOWN_MS; ms += RUN_DOWN_STEP_MS) {
		if (uv_run(&a->loop, UV_RUN_NOWAIT) == 0)
			return uv_loop_close(&a->loop) == 0;
		uv_sleep(RUN_DOWN_STEP_MS);
	}
	return false;
}

static void release(struct agent *a)
{
	if (a->engine)
		engine_fini(a->engine);
	if (a->memory.plain)
		munmap(a->memory.plain, a->memory.plain_bytes);
	sodium_free(a->memory.secrets);
	trust_free(&a->trust);
	state_writer_fini(&a->writer);
	state_fini(&a->state);
	if (a->folder_fd >= 0)
		close(a->folder_fd);
	free(a);
}

/* Takes everything apart, however far start-up came */
static void stop(struct agent *a, int rc)
{
	close_parts(a);
	if (!run_down(a)) {
		/* A worker thread still waits for a name server, and exit() would wait for it */
		if (a->engine)
			engine_fini(a->engine);
		fflush(NULL);
		if (rc == 0)
			_exit(EXIT_SUCCESS);
		return;
	}
	release(a);
}

static struct agent *new_agent(void)
{
	struct agent *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->folder_fd = -1;
	if (uv_loop_init(&a->loop) == 0)
		return a;
	free(a);
	return NULL;
}

int agent_run(const char *folder, struct error *err)
{
	struct sandbox begun = {0};
	struct agent *a;
	int rc;

	sandbox_begin(&begun);
	signal(SIGPIPE, SIG_IGN); /* a client of the control socket hangs up when it likes */
	a = new_agent();
	if (!a)
		return error_set(err, -ENOMEM,
				 "the event loop cannot start: no memory or descriptors");
	a->sandbox = begun;
	loop_open(a);
	rc = start(a, folder, err);
	if (rc == 0) {
		announce(a);
		uv_run(&a->loop, UV_RUN_DEFAULT);
		say_goodbye(a);
		log_info("stopped");
	}
	stop(a, rc);
	return rc;
}
