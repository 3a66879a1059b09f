/*
 * host.c - see host.h
 */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/ether.h"

/* Test code: a failure here is a bug of the test, or of what it tests; either way it ends. */
static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "host: %s\n", what);
	abort();
}

static void fill(void *context, void *out, size_t len)
{
	rng_fill(context, out, len);
}

struct secret_key host_secret(uint64_t seed, unsigned number)
{
	struct rng rng = {.state = seed * 1000 + number + 1};
	struct secret_key secret;

	rng_fill(&rng, secret.b, sizeof(secret.b));
	return secret;
}

struct addr host_address(unsigned number)
{
	return addr_from_ipv4(0x0a000001 + number, 19543);
}

void host_start(struct host *h, const struct host_setup *setup)
{
	uint64_t wall =
		setup->wall_ns ? setup->wall_ns : TESTS_WALL_S * TESTS_NS_PER_S + setup->now_ns;
	struct engine_config config = {
		.secret = &h->secret,
		.random = fill,
		.random_context = &h->rng,
		.peers_max = setup->peers_max ? setup->peers_max : 8,
		.max_frame = setup->max_frame ? setup->max_frame : FRAME_MAX_DEFAULT_BYTES,
		.wall_ns = wall,
		.timestamp_floor_ns = setup->floor_ns,
		.now_ns = setup->now_ns,
		.ciphers = setup->ciphers,
	};

	h->secret = setup->secret ? *setup->secret : host_secret(setup->seed, setup->number);
	secret_key_public(&h->secret, &h->key);
	h->at = host_address(setup->number);
	h->rng.state = setup->seed * 7919 + setup->number + setup->now_ns;
	h->memory = calloc(1, engine_memory_bytes(&config));
	h->secrets = calloc(1, engine_secret_bytes(&config));
	must(h->memory && h->secrets, "out of memory");
	h->engine = engine_init(&config, h->memory, h->secrets);
	engine_timestamp_persisted(h->engine, engine_timestamp_ceiling_ns(h->engine),
				   setup->now_ns);
}

void host_stop(struct host *h)
{
	if (!h->engine)
		return;
	engine_fini(h->engine);
	free(h->memory);
	free(h->secrets);
	h->engine = NULL;
}

int host_add(struct host *h, const struct host *other, bool with_address, uint64_t now_ns)
{
	struct engine_peer_config config = {.key = other->key, .vlans = {1}, .vlan_count = 1};
	int peer = engine_peer_add(h->engine, &config, now_ns);

	must(peer >= 0, "a host cannot be added as a peer");
	if (with_address)
		engine_peer_candidates(h->engine, peer, &other->at, 1, now_ns);
	return peer;
}
