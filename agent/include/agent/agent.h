/*
 * agent.h - the running agent: its parts, and what `longwire up` runs
 *
 * Layer: agent. agent.c puts the parts together and takes them apart, loop.c drives them, events.c
 * carries out what the engine reports, reload.c what the folder says, commands.c what the control
 * socket asks, status.c describes it all.
 *
 * How it works. One thread, one libuv loop. Whatever wakes it (a datagram, a frame, a timer, a file)
 * hands its bytes to lan or engine; before the loop sleeps again, loop.c carries out the engine's
 * events, flushes what is to be sent, and sets one timer to the engine's deadline.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "agent/clock.h"
#include "agent/config.h"
#include "agent/names.h"
#include "agent/notes.h"
#include "agent/plugs.h"
#include "agent/sandbox.h"
#include "agent/state.h"
#include "agent/state_writer.h"
#include "common/error.h"
#include "keys/trust.h"
#include "keytypes/key.h"

enum {
	AGENT_SIGNALS = 3
};

/** struct agent_memory - what the engine lives in */
struct agent_memory {
	void *plain; /* anonymous pages, untouched until needed */
	size_t plain_bytes;
	void *secrets; /* from sodium_malloc: guarded, locked where the limit allows */
	uint32_t peers_max;
};

/**
 * struct agent - all parts; a NULL part is not there (yet, or any more)
 * @saving:	runs while an address waits to be written to `state`
 * @folder_fd:	the folder, locked: one agent a folder
 */
struct agent {
	uv_loop_t loop;
	uv_prepare_t before_sleep;
	uv_check_t after_sleep;
	uv_timer_t deadline;
	uv_timer_t saving;
	uv_signal_t signals[AGENT_SIGNALS];

	struct config config; /* as in the file; the ports are plugs_merge() of it */
	struct plugs plugs;
	struct public_key key;
	struct sandbox sandbox;
	struct notes notes;
	struct state state;
	struct state_writer writer;
	struct trust trust;
	struct agent_memory memory;
	struct clock_watch clocks;

	struct engine *engine;
	struct lan *lan;
	struct tunnel *tunnel;
	struct peers *peers;
	struct control *control;
	struct pings *pings;
	struct dump *dump;
	struct attached *attached; /* machines that were handed over; see command_attach.c */
	struct watch *watch;
	struct netwatch *netwatch;
	struct clock_alarm *clock_alarm;
	struct names names;

	int folder_fd;
	bool sleeps; /* the loop is about to wait, not only to look */
	bool stopping;
	uint64_t deadline_ns; /* what the timer is set to; HEAP_NEVER: not set */
	uint64_t started_ns;
	uint64_t wakeups;
	uint64_t
		addresses_saved_ns; /* when peers' addresses were last written to `state`; 0: never */
	uint64_t knock_logged_ns;   /* when the last one was logged */
};

/**
 * agent_run() - Start the agent of a folder, run it until SIGINT or SIGTERM, stop it cleanly
 * @folder:	absolute path
 *
 * Return: 0 after a clean stop; a negative errno with @err when it could not start
 */
int agent_run(const char *folder, struct error *err);

#endif
