/*
 * check.c - what must hold at all times: see sim.h
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_state.h"
#include "sim.h"

const char SIM_MARKER[] = "longwire plain text";

enum {
	FIRST_NONCES = 1 << 12
};

void sim_fail(struct sim *sim, const char *format, ...)
{
	int at;
	va_list args;

	if (sim->failed)
		return;
	sim->failed = true;
	at = snprintf(sim->message, sizeof(sim->message),
		      "at %.3f s: ", (double)sim->now_ns / (double)SIM_NS_PER_S);
	va_start(args, format);
	vsnprintf(sim->message + at, sizeof(sim->message) - (size_t)at, format, args);
	va_end(args);
}

void sim_say(const struct sim *sim, unsigned agent, const char *what)
{
	printf("%9.3f s  agent %u  %s\n", (double)sim->now_ns / (double)SIM_NS_PER_S, agent, what);
}

void sim_trace(struct sim *sim, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	/* FNV-1a */
	for (size_t i = 0; i < len; i++)
		sim->trace = (sim->trace ^ at[i]) * UINT64_C(0x100000001b3);
}

/* ---- no nonce twice for a key ---- */

/* Return: false if it was there already. */
static bool insert(struct sim_nonces *n, uint64_t value)
{
	size_t slot = value & (n->room - 1);

	while (n->slots[slot]) {
		if (n->slots[slot] == value)
			return false;
		slot = (slot + 1) & (n->room - 1);
	}
	n->slots[slot] = value;
	n->used++;
	return true;
}

static void grow(struct sim_nonces *n)
{
	struct sim_nonces bigger = {.room = n->room ? 2 * n->room : FIRST_NONCES};

	bigger.slots = calloc(bigger.room, sizeof(*bigger.slots));
	if (!bigger.slots)
		abort();
	for (size_t i = 0; i < n->room; i++)
		if (n->slots[i])
			insert(&bigger, n->slots[i]);
	free(n->slots);
	*n = bigger;
}

/* A key is known by who seals with it, for whom, and the receiver's index. */
static bool nonce_is_new(struct sim *sim, unsigned agent, const struct datagram *d)
{
	struct reader r = reader_over(d->bytes + TYPE_BYTES, INDEX_BYTES + 8);
	struct rng mix = {.state = reader_u32(&r)};

	mix.state = rng_u64(&mix) + reader_u64(&r);
	mix.state = rng_u64(&mix) + agent * SIM_AGENTS_MAX + (unsigned)d->peer;
	if (2 * sim->nonces.used >= sim->nonces.room)
		grow(&sim->nonces);
	return insert(&sim->nonces, rng_u64(&mix) | 1);
}

/* ---- datagrams ---- */

static bool holds_plain_text(const struct datagram *d)
{
	return memmem(d->bytes, d->len, SIM_MARKER, strlen(SIM_MARKER)) != NULL;
}

/* More than a probe, or the answer to one: those alone may go to who only might be there. */
static bool is_bulk(const struct datagram *d)
{
	return d->bytes[0] == MESSAGE_DATA && !d->is_probe &&
	       d->len > DATA_MIN_BYTES + RECORD_HEADER_BYTES + TOKEN_BYTES;
}

static const struct sim_agent *peer_of(const struct sim *sim, unsigned agent,
				       const struct datagram *d)
{
	return &sim->agents[sim_agent_other(&sim->agents[agent], d->peer)];
}

void sim_check_datagram(struct sim *sim, unsigned agent, const struct datagram *d)
{
	static const size_t lengths[] = {[MESSAGE_INITIATION] = INITIATION_BYTES,
					 [MESSAGE_RESPONSE] = RESPONSE_BYTES,
					 [MESSAGE_COOKIE] = COOKIE_REPLY_BYTES};
	uint8_t type = d->len >= TYPE_BYTES ? d->bytes[0] : 0;

	if (sim->verbose && type != MESSAGE_DATA)
		sim_say(sim, agent,
			type == MESSAGE_INITIATION ? "sends an initiation"
			: type == MESSAGE_RESPONSE ? "sends a response"
						   : "sends a cookie");
	sim_trace(sim, &sim->now_ns, sizeof(sim->now_ns));
	sim_trace(sim, &agent, sizeof(agent));
	sim_trace(sim, &d->to, sizeof(d->to));
	sim_trace(sim, d->bytes, d->len);
	if (type < MESSAGE_INITIATION || type > MESSAGE_DATA)
		sim_fail(sim, "agent %u sends a datagram of type %u", agent, type);
	else if (type == MESSAGE_DATA && (d->len < DATA_MIN_BYTES || d->len > DATAGRAM_MAX_BYTES))
		sim_fail(sim, "agent %u sends data of %zu bytes", agent, d->len);
	else if (type != MESSAGE_DATA && d->len != lengths[type])
		sim_fail(sim, "agent %u sends type %u of %zu bytes", agent, type, d->len);
	if (!addr_is_unicast(&d->to))
		sim_fail(sim, "agent %u sends to an address that is nobody's", agent);
	if (is_bulk(d) && !sim_place_owned(peer_of(sim, agent, d), &d->to))
		sim_fail(sim, "agent %u sends %zu bytes to an address that was never its peer's",
			 agent, d->len);
	if (holds_plain_text(d))
		sim_fail(sim, "agent %u sends plain text", agent);
	if (type == MESSAGE_DATA && !nonce_is_new(sim, agent, d))
		sim_fail(sim, "agent %u uses a nonce twice", agent);
}

/* ---- memory ---- */

void sim_check_memory(struct sim *sim, unsigned agent)
{
	const struct engine *e = sim->agents[agent].host.engine;
	uint32_t indices = 0, unfinished = reassembly_in_use(&e->reassembly);

	if (unfinished > REASSEMBLY_PEER_MAX * (sim->count - 1))
		sim_fail(sim, "agent %u reassembles %u frames", agent, unfinished);
	if (e->event_count > e->peers_max)
		sim_fail(sim, "agent %u has %u events", agent, e->event_count);
	if (sim->count > SIM_AGENTS_FEW && sim->datagrams % 64)
		return; /* with many it takes too long to count them every time */
	for (uint32_t i = 0; i <= e->indices.mask; i++)
		indices += e->indices.slots[i].index != 0;
	if (indices > e->peers_end * (SLOT_COUNT + OUTGOING_MAX))
		sim_fail(sim, "agent %u has given out %u indices", agent, indices);
}

void sim_check_connected(struct sim *sim)
{
	for (unsigned i = 0; i < sim->count; i++) {
		const struct sim_agent *a = &sim->agents[i];

		for (unsigned k = 0; k < sim->count; k++)
			if (k != i &&
			    (!a->running || !engine_peer_is_up(a->host.engine, a->peer[k])))
				sim_fail(sim, "agent %u has no session with agent %u", i, k);
	}
}
