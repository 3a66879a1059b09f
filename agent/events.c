/*
 * events.c - carries out what the engine reports
 *
 * Layer: agent. See agent.h. One line in the log for each thing that a person would want to know.
 */
#include <errno.h>
#include <string.h>

#include "agent/command.h"
#include "agent/detail.h"
#include "agent/lan.h"
#include "agent/peers.h"
#include "agent/pings.h"
#include "agent_parts.h"
#include "common/log.h"
#include "proto/engine.h"

enum {
	SAVE_EVERY_MS = 1000,   /* many peers that come up together do not keep the disk busy */
	KNOCK_LOG_EVERY_S = 10, /* whoever knows our key can make new ones without end */
};

static const uint64_t NS_PER_S = 1000000000, NS_PER_MS = 1000000;

/* Saved or not, the engine goes on: a full disk must not keep a LAN apart, and status says it */
static void on_state_written(void *context, uint64_t ceiling_ns, const struct error *err)
{
	struct agent *a = context;
	struct warning warning;

	notes_begin(&a->notes, NOTE_STATE);
	if (err) {
		warning = warning_make("state-not-saved", err->text, "");
		notes_add(&a->notes, NOTE_STATE, &warning);
	}
	notes_end(&a->notes, NOTE_STATE);
	engine_timestamp_persisted(a->engine, ceiling_ns, clock_now_ns());
}

int events_open_state(struct agent *a, struct error *err)
{
	const struct state_writer_events events = {.on_written = on_state_written, .context = a};

	if (state_writer_init(&a->writer, &a->loop, &a->state, &events) != 0)
		return error_set(err, -ENOMEM, "%s: no memory to write it", a->state.path);
	return 0;
}

void events_save_state(struct agent *a)
{
	uv_timer_stop(&a->saving);
	state_writer_request(&a->writer);
}

void events_save_state_now(struct agent *a)
{
	uv_timer_stop(&a->saving);
	a->state.timestamp_ceiling_ns = engine_timestamp_ceiling_ns(a->engine);
	state_writer_now(&a->writer);
}

static void on_save(uv_timer_t *timer)
{
	struct agent *a = timer->data;

	a->addresses_saved_ns = clock_now_ns();
	events_save_state(a);
}

/* The first address is written at once: who is killed a moment later still finds that peer again */
static void save_addresses(struct agent *a)
{
	uint64_t since_ms = (clock_now_ns() - a->addresses_saved_ns) / NS_PER_MS;
	uint64_t wait_ms = since_ms < SAVE_EVERY_MS ? SAVE_EVERY_MS - since_ms : 0;

	if (!uv_is_active((uv_handle_t *)&a->saving))
		uv_timer_start(&a->saving, on_save, wait_ms, 0);
}

/* The engine is told when it is on disk: on_state_written() */
static void reserve(struct agent *a)
{
	a->state.timestamp_ceiling_ns = engine_timestamp_ceiling_ns(a->engine);
	events_save_state(a);
}

static void on_up(struct agent *a, int number)
{
	struct peer *peer = peers_get(a->peers, number);
	char addr[ADDR_TEXT_BYTES];
	struct peer_info info;

	if (!peer || !engine_peer_info(a->engine, number, &info))
		return;
	peer->refusals = 0;
	names_touch(&a->names);
	lan_peer_up(a->lan, number, &info.key);
	log_info("%s is up at %s (%s)", peer->name, addr_format(&info.endpoint, addr),
		 info.cipher ? info.cipher : "no cipher");
	if (peers_moved(a->peers, number))
		save_addresses(a);
}

static void on_down(struct agent *a, int number)
{
	struct peer_info info;

	lan_peer_down(a->lan, number);
	names_touch(&a->names);
	if (engine_peer_info(a->engine, number, &info))
		log_info("%s is down: %s", peers_name(a->peers, number), detail_down_reason(&info));
}

static void on_knock(struct agent *a, uint64_t now_ns)
{
	char key[KEY_TEXT_BYTES], addr[ADDR_TEXT_BYTES], command[COMMAND_BYTES];
	struct knock knocks[KNOCKS_MAX];

	if (a->knock_logged_ns && now_ns - a->knock_logged_ns < KNOCK_LOG_EVERY_S * NS_PER_S)
		return;
	if (engine_knocks(a->engine, knocks, now_ns) == 0)
		return;
	a->knock_logged_ns = now_ns;
	log_info("somebody at %s knocks whose card is not here, key %s; if you know them: %s",
		 addr_format(&knocks[0].from, addr), public_key_format(&knocks[0].key, key),
		 command_text(a->config.folder, "status", command));
}

static void handle(struct agent *a, const struct engine_event *event, uint64_t now_ns)
{
	switch (event->type) {
	case ENGINE_EVENT_UP:
		on_up(a, event->peer);
		break;
	case ENGINE_EVENT_DOWN:
		on_down(a, event->peer);
		break;
	case ENGINE_EVENT_RENEWED:
		lan_peer_renewed(a->lan, event->peer);
		break;
	case ENGINE_EVENT_MOVED:
		if (peers_moved(a->peers, event->peer))
			save_addresses(a);
		break;
	case ENGINE_EVENT_UNREACHED:
		peers_unreached(a->peers, event->peer, now_ns);
		break;
	case ENGINE_EVENT_PONG:
		pings_answered(a->pings, event->token, event->rtt_ns);
		break;
	case ENGINE_EVENT_KNOCK:
		on_knock(a, now_ns);
		break;
	case ENGINE_EVENT_RESERVE:
		reserve(a);
		break;
	case ENGINE_EVENT_PATH:
	case ENGINE_EVENT_HELLO:
		break; /* read from peer info when status asks */
	}
}

void events_drain(struct agent *a, uint64_t now_ns)
{
	struct engine_event event;

	while (engine_next_event(a->engine, &event))
		handle(a, &event, now_ns);
}

/* Does it say something about the peer? Not a buffer that is full, nor a datagram that is too long */
static bool is_about_peer(int error)
{
	return error != EAGAIN && error != ENOBUFS && error != EMSGSIZE;
}

/* For the sentence in status. */
static void note_refusal(struct agent *a, int peer, int error)
{
	struct peer *p = peers_get(a->peers, peer);
	struct peer_info info;

	if (!p || !is_about_peer(error) || !engine_peer_info(a->engine, peer, &info))
		return;
	if (!detail_is_refused(p, &info))
		p->refusals = 0;
	p->refusals++;
	p->refused_ns = clock_now_ns();
	p->refused_error = error;
}

void events_send_refused(struct agent *a, const struct datagram *d, int error)
{
	/* Without a socket of that family, no address of it is reachable. */
	int why = error == EAFNOSUPPORT ? ENETUNREACH : error;

	if (!d->is_probe || error != EMSGSIZE)
		engine_count_drop(a->engine, d->peer, DROP_TUNNEL_SEND);
	engine_send_failed(a->engine, d, why, clock_now_ns());
	note_refusal(a, d->peer, error);
}

void events_icmp(struct agent *a, int peer, int error)
{
	note_refusal(a, peer, error);
}
