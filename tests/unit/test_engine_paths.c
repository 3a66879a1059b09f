/*
 * test_engine_paths.c - several paths to a peer: which is used, and when another is: PROTOCOL.md 7.2, 7.5, 7.6
 */
#include "forge.h"

#include <errno.h>
#include <sodium.h>

#include "path_table.h"

/* Host 1 has a second address, which its hello names; by some path from host 0 everything takes longer. */
struct two {
	struct addr slow;
	uint64_t delay_ns;
	struct addr dead; /* what goes there is lost, and what comes from there */
};

#define SECOND addr_from_ipv4(0xc6336407, 19543)

static bool two_paths(struct wire *w, struct packet *p)
{
	const struct two *t = w->context;

	if (addr_is_set(&t->dead) &&
	    (addr_equal(&p->to, &t->dead) || addr_equal(&p->from, &t->dead)))
		return false;
	if (addr_is_set(&t->slow) &&
	    (addr_equal(&p->to, &t->slow) || addr_equal(&p->from, &t->slow)))
		p->at_ns = w->now_ns + t->delay_ns;
	return true;
}

/* A pair; host 1 is @leads: the one with the lower key, or not. */
static struct wire *pair_of_two(struct two *t, bool leads)
{
	struct engine_self self = {.name = "x", .local_count = 2};
	struct wire *w = wire_pair();
	unsigned other = wire_peer(w, 0, 1)->key_is_lower == leads ? 1 : 0;

	/* Seen from host !other, the peer is @other. */
	self.local[0] = w->hosts[other].host.at;
	self.local[1] = w->hosts[other].second = SECOND;
	w->context = t;
	w->pass = two_paths;
	engine_set_self(wire_engine(w, other), &self, w->now_ns);
	wire_run(w, 5 * S_NS);
	return w;
}

/* The one with two addresses. */
static unsigned two_of(const struct wire *w)
{
	return addr_is_set(&w->hosts[0].second) ? 0 : 1;
}

static struct addr endpoint(struct wire *w)
{
	return wire_info(w, !two_of(w), two_of(w)).endpoint;
}

static bool is_at(struct wire *w, struct addr at)
{
	struct addr now = endpoint(w);

	return addr_equal(&now, &at);
}

static size_t paths_of(struct wire *w, struct path_info out[PEER_PATHS_MAX])
{
	unsigned one = !two_of(w);

	return engine_peer_paths(wire_engine(w, one), w->hosts[one].peer[!one], out);
}

/* Frames from the one to the other, ten a second. */
static void talk(struct wire *w, uint64_t duration_ns)
{
	for (uint64_t end = w->now_ns + duration_ns; w->now_ns < end;) {
		wire_send(w, !two_of(w), two_of(w), 60, 1);
		wire_run(w, 100 * NS_PER_MS);
	}
}

static void address_of_a_hello_is_probed_and_stands_by(void **state)
{
	struct two t = {0};
	struct wire *w = pair_of_two(&t, false);
	struct path_info paths[PEER_PATHS_MAX];
	struct addr second = SECOND;

	(void)state;
	assert_int_equal(paths_of(w, paths), 2);
	assert_int_equal(paths[0].state, PATH_ACTIVE);
	assert_true(addr_equal(&paths[0].remote, &w->hosts[two_of(w)].host.at));
	assert_int_equal(paths[1].state, PATH_STANDBY);
	assert_int_equal(paths[1].source, PATH_FROM_HELLO);
	assert_true(addr_equal(&paths[1].remote, &second));
	wire_free(w);
}

static void address_that_answers_nothing_has_failed(void **state)
{
	struct two t = {.dead = SECOND};
	struct wire *w = pair_of_two(&t, false);
	struct path_info paths[PEER_PATHS_MAX];

	(void)state;
	assert_int_equal(paths_of(w, paths), 2);
	assert_int_equal(paths[0].why, PATH_WHY_ONLY);
	assert_int_equal(paths[1].state, PATH_FAILED);
	assert_int_equal(paths[1].why, PATH_WHY_SILENT);
	wire_free(w);
}

static void path_that_is_clearly_faster_is_taken(void **state)
{
	struct two t = {.delay_ns = 20 * NS_PER_MS};
	struct wire *w;

	(void)state;
	t.slow = host_address(1);
	w = wire_pair();
	wire_free(w);
	for (int leads = 0; leads < 2; leads++) {
		struct path_info paths[PEER_PATHS_MAX];

		w = pair_of_two(&t, leads);
		t.slow = w->hosts[two_of(w)].host.at;
		talk(w, 95 * S_NS);
		assert_true(is_at(w, SECOND));
		paths_of(w, paths);
		assert_int_equal(paths[0].why, PATH_WHY_FASTEST);
		assert_in_range(paths[1].rtt_ns, 30 * NS_PER_MS, 40 * NS_PER_MS);
		assert_true(wire_is_up(w, 0, 1));
		t.slow = (struct addr){0};
		wire_free(w);
	}
}

static void path_that_is_hardly_faster_is_not_taken(void **state)
{
	struct two t = {.delay_ns = NS_PER_MS};
	struct wire *w = pair_of_two(&t, false);
	struct path_info paths[PEER_PATHS_MAX];

	(void)state;
	t.slow = w->hosts[two_of(w)].host.at;
	talk(w, 95 * S_NS);
	assert_true(is_at(w, w->hosts[two_of(w)].host.at));
	paths_of(w, paths);
	assert_int_equal(paths[0].why, PATH_WHY_STEADY);
	wire_free(w);
}

/* By one who sends, within 3 s; and nothing is sent to the other address before it answered. */
static void dead_path_is_left_within_3_s(void **state)
{
	(void)state;
	for (int leads = 0; leads < 2; leads++) {
		struct two t = {0};
		struct wire *w = pair_of_two(&t, leads);
		struct path_info paths[PEER_PATHS_MAX];
		uint64_t died_ns;

		talk(w, 2 * S_NS);
		t.dead = w->hosts[two_of(w)].host.at;
		died_ns = w->now_ns;
		while (!is_at(w, SECOND)) {
			talk(w, 100 * NS_PER_MS);
			assert_true(w->now_ns - died_ns < 3 * S_NS);
		}
		paths_of(w, paths);
		assert_int_equal(paths[0].why, PATH_WHY_OTHERS_FAILED);
		assert_int_equal(paths[1].state, PATH_FAILED);
		talk(w, S_NS); /* by now the other one has followed */
		wire_assert_carries(w, 0, 1);
		assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_DOWN), 0);
		wire_free(w);
	}
}

static void path_without_another_is_kept_and_names_are_looked_up(void **state)
{
	struct wire *w = wire_pair();
	struct two t = {.dead = w->hosts[1].host.at};
	uint32_t events = wire_events(w, 0, 1, ENGINE_EVENT_UNREACHED);

	(void)state;
	w->context = &t;
	w->pass = two_paths;
	for (unsigned i = 0; i < 30; i++) {
		wire_send(w, 0, 1, 60, 1);
		wire_run(w, 100 * NS_PER_MS);
	}
	assert_true(wire_events(w, 0, 1, ENGINE_EVENT_UNREACHED) > events);
	assert_true(wire_is_up(w, 0, 1));
	t.dead = (struct addr){0};
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static struct datagram failed_to(struct wire *w, const struct addr *to)
{
	return (struct datagram){
		.to = *to, .peer = w->hosts[!two_of(w)].peer[two_of(w)], .len = 100};
}

/* Away from where it is now, as the kernel says; to the other address. */
static void drive_away(struct wire *w)
{
	unsigned one = !two_of(w);
	struct addr at = endpoint(w);
	struct datagram d = failed_to(w, &at);

	engine_network_changed(wire_engine(w, one), w->now_ns);
	wire_run(w, 3 * S_NS);
	engine_send_failed(wire_engine(w, one), &d, ENETUNREACH, w->now_ns);
	wire_run(w, 0);
	assert_false(is_at(w, at));
}

/* What it carried when it was used last is not known to be true any more. */
static void path_that_is_taken_again_begins_with_short_datagrams(void **state)
{
	struct two t = {0};
	struct wire *w = pair_of_two(&t, false);
	unsigned one = !two_of(w);
	const struct path *path;

	(void)state;
	w->mtu = 1472;
	drive_away(w);
	talk(w, 5 * S_NS);
	path = peer_path(wire_peer(w, one, !one));
	assert_int_equal(path->mtu_bytes, 1472);
	drive_away(w);
	talk(w, 5 * S_NS);
	assert_int_equal(path->mtu_bytes, 1472); /* as status has it */
	w->mtu = 1232;
	drive_away(w);
	assert_true(peer_path(wire_peer(w, one, !one)) == path);
	assert_int_equal(path->mtu_bytes, DATAGRAM_BASE_BYTES);
	wire_free(w);
}

static void idle_session_probes_no_path(void **state)
{
	struct two t = {0};
	struct wire *w = pair_of_two(&t, false);
	uint32_t sent, ticks;

	(void)state;
	wire_run(w, 30 * S_NS);
	sent = w->sent[MESSAGE_DATA];
	ticks = w->ticks;
	wire_run(w, 60 * S_NS);
	assert_in_range(w->sent[MESSAGE_DATA] - sent, 1,
			14); /* a ping and its answer each in 20 s */
	assert_in_range(w->ticks - ticks, 1, 24);
	wire_free(w);
}

static unsigned frames_to(struct wire *w, struct addr to)
{
	unsigned count = 0;

	for (size_t i = w->first; i < w->used; i++)
		count += w->queue[i].len >= DATA_MIN_BYTES + 60 && addr_equal(&w->queue[i].to, &to);
	return count;
}

/* It goes back to where it was: known to work, but nothing goes there before it answers again. */
static void peer_that_moves_to_and_fro_is_followed(void **state)
{
	(void)state;
	for (int leads = 0; leads < 2; leads++) {
		struct two t = {0};
		struct wire *w = pair_of_two(&t, leads);
		unsigned two = two_of(w);
		struct addr home = w->hosts[two].host.at, second = SECOND;

		for (unsigned i = 0; i < 4; i++) {
			struct addr now = i % 2 ? home : second, old = i % 2 ? second : home;
			uint64_t since = w->now_ns;

			t.dead = old;
			w->hosts[two].host.at = now;
			w->hosts[two].second = old;
			engine_network_changed(wire_engine(w, two), w->now_ns);
			while (!is_at(w, now)) {
				wire_send(w, !two, two, 60, 1);
				wire_collect(w);
				assert_int_equal(frames_to(w, now), 0);
				wire_send(w, two, !two, 60, 1);
				wire_run(w, 20 * NS_PER_MS);
				assert_true(w->now_ns - since < S_NS);
			}
			wire_assert_carries(w, 0, 1);
			talk(w, 5 * S_NS);
		}
		wire_free(w);
	}
}

/* A copy of what a peer sent, by who saw it, from an address that the peer has as well. */
static void copies_from_a_known_address_move_nothing(void **state)
{
	struct two t = {0};
	struct wire *w = pair_of_two(&t, false);
	unsigned two = two_of(w);
	struct packet p;

	(void)state;
	t.dead = SECOND; /* it is the thief's now */
	for (unsigned i = 0; i < 20; i++) {
		wire_send(w, two, !two, 60, 1);
		wire_collect(w);
		assert_true(wire_take(w, MESSAGE_DATA, &p));
		p.from = SECOND;
		wire_deliver(w, &p);
		wire_run(w, 100 * NS_PER_MS);
		assert_true(is_at(w, w->hosts[two].host.at));
	}
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void answer_leaves_from_the_address_that_was_spoken_to(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});
	struct addr second = SECOND;
	struct packet p;

	(void)state;
	w->hosts[1].second = SECOND;
	wire_know(w, 1, 0, false);
	wire_know(w, 0, 1, false);
	engine_peer_candidates(wire_engine(w, 0), w->hosts[0].peer[1], &second, 1, w->now_ns);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_INITIATION, &p));
	wire_deliver(w, &p);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_RESPONSE, &p));
	assert_true(addr_equal(&p.from, &second));
	wire_deliver(w, &p);
	wire_settle(w);
	wire_send(w, 1, 0, 60, 1);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	assert_true(addr_equal(&p.from, &second));
	wire_free(w);
}

static void path_that_the_kernel_refuses_is_left_at_once(void **state)
{
	struct two t = {0};
	struct wire *w = pair_of_two(&t, false);
	struct addr home = w->hosts[two_of(w)].host.at;
	struct datagram d = failed_to(w, &home);

	(void)state;
	t.dead = home;
	engine_send_failed(wire_engine(w, !two_of(w)), &d, ENETUNREACH, w->now_ns);
	wire_run(w, 10 * NS_PER_MS);
	assert_true(is_at(w, SECOND));
	talk(w, S_NS);
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void refused_path_is_not_sent_to_any_more(void **state)
{
	struct two t = {0};
	struct wire *w = pair_of_two(&t, false);
	unsigned one = !two_of(w);
	struct addr home = w->hosts[!one].host.at;

	(void)state;
	engine_path_refuse(wire_engine(w, one), w->hosts[one].peer[!one], &home, w->now_ns);
	wire_run(w, 2 * S_NS);
	assert_true(is_at(w, SECOND));
	for (unsigned i = 0; i < 50; i++) {
		wire_send(w, one, !one, 60, 1);
		wire_collect(w);
		for (size_t k = w->first; k < w->used; k++)
			assert_false(addr_equal(&w->queue[k].to, &home));
		wire_run(w, 100 * NS_PER_MS);
	}
	wire_free(w);
}

static void failed_paths_make_no_peer_unheard(void **state)
{
	struct two t = {.dead = SECOND};
	struct wire *w = pair_of_two(&t, false);
	unsigned one = !two_of(w);

	(void)state;
	wire_run(w, 21 * S_NS); /* the probes are the last that was sent, but for a ping */
	engine_network_changed(wire_engine(w, one), w->now_ns);
	wire_run(w, NS_PER_MS);
	assert_int_equal(wire_peer(w, one, !one)->unanswered_ns, 0);
	wire_run(w, 2 * S_NS);
	assert_int_equal(wire_peer(w, one, !one)->unanswered_ns, 0);
	wire_free(w);
}

static void more_addresses_than_places_leave_the_active_one_alone(void **state)
{
	struct wire *w = wire_pair();
	struct engine_self self = {.name = "x", .local_count = PEER_CANDIDATES_MAX};
	struct addr list[PEER_CANDIDATES_MAX];
	struct path_info paths[PEER_PATHS_MAX];

	(void)state;
	for (uint32_t i = 0; i < PEER_CANDIDATES_MAX; i++) {
		self.local[i] = addr_from_ipv4(0xc6336440 + i, 1);
		list[i] = addr_from_ipv4(0xc6336480 + i, 1);
	}
	engine_set_self(wire_engine(w, 1), &self, w->now_ns);
	engine_peer_candidates(wire_engine(w, 0), w->hosts[0].peer[1], list, PEER_CANDIDATES_MAX,
			       w->now_ns);
	wire_run(w, 5 * S_NS);
	assert_int_equal(engine_peer_paths(wire_engine(w, 0), w->hosts[0].peer[1], paths),
			 PEER_PATHS_MAX);
	assert_true(addr_equal(&paths[0].remote, &w->hosts[1].host.at));
	wire_assert_carries(w, 0, 1);
	w->hosts[1].host.at = addr_from_ipv4(0xc6336401, 4444);
	wire_send(w, 1, 0, 60, 1);
	wire_settle(w);
	engine_peer_paths(wire_engine(w, 0), w->hosts[0].peer[1], paths);
	assert_true(addr_equal(&paths[0].remote, &w->hosts[1].host.at));
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_of_a_hello_is_probed_and_stands_by),
		cmocka_unit_test(address_that_answers_nothing_has_failed),
		cmocka_unit_test(path_that_is_clearly_faster_is_taken),
		cmocka_unit_test(path_that_is_hardly_faster_is_not_taken),
		cmocka_unit_test(dead_path_is_left_within_3_s),
		cmocka_unit_test(path_without_another_is_kept_and_names_are_looked_up),
		cmocka_unit_test(path_that_is_taken_again_begins_with_short_datagrams),
		cmocka_unit_test(idle_session_probes_no_path),
		cmocka_unit_test(peer_that_moves_to_and_fro_is_followed),
		cmocka_unit_test(copies_from_a_known_address_move_nothing),
		cmocka_unit_test(answer_leaves_from_the_address_that_was_spoken_to),
		cmocka_unit_test(path_that_the_kernel_refuses_is_left_at_once),
		cmocka_unit_test(refused_path_is_not_sent_to_any_more),
		cmocka_unit_test(failed_paths_make_no_peer_unheard),
		cmocka_unit_test(more_addresses_than_places_leave_the_active_one_alone),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
