/*
 * test_lan_mss.c - agent/lan.h: TCP that crosses gets an MSS that fits its path
 */
#include "unit.h"

#include "agent/config.h"
#include "agent/mss.h"
#include "common/checksum.h"
#include "craft_tcp.h"
#include "lan_fakes.h"

enum {
	OVERHEAD = FRAME_OVERHEAD_BYTES + ETHER_HEADER_BYTES + 40,
};

enum {
	SEGMENT_AT = 14 + 20, /* of craft_tcp()'s frames without tags */
};

static uint8_t frame[CRAFT_TCP_BYTES];
static size_t frame_len;

static uint16_t mss_of(const uint8_t *bytes)
{
	struct mss m = {.value = 0};

	mss_find(bytes, frame_len, &m);
	return m.value;
}

/* From machine 2 to machine 1 */
static void craft(void)
{
	frame_len = craft_tcp(&(struct crafted){.flags = CRAFT_SYN}, frame);
}

static void anna_and_ben_have_paths(struct fixture *f)
{
	f->engine.is_up[ANNA] = f->engine.is_up[BEN] = true;
	f->engine.mtu[ANNA] = 1400;
	f->engine.mtu[BEN] = 1300;
}

static void a_syn_to_a_peer_gets_what_its_path_carries(void **state)
{
	struct fixture *f = *state;

	anna_and_ben_have_paths(f);
	hear(f, ANNA, RED, BROADCAST, 1); /* machine 1 is there */
	craft();
	say_frame("hub", frame, frame_len);
	assert_int_equal(f->engine.sent[BEN], 0);
	assert_int_equal(mss_of(f->engine.last[ANNA]), 1400 - OVERHEAD);
}

static void a_flooded_syn_gets_what_every_path_carries(void **state)
{
	struct fixture *f = *state;

	anna_and_ben_have_paths(f);
	craft();
	say_frame("hub", frame, frame_len);
	assert_int_equal(mss_of(f->engine.last[ANNA]), 1300 - OVERHEAD);
	assert_int_equal(mss_of(f->engine.last[BEN]), 1300 - OVERHEAD);
	f->engine.is_up[BEN] = false;
	say_frame("hub", frame, frame_len);
	assert_int_equal(mss_of(f->engine.last[ANNA]), 1400 - OVERHEAD);
}

static void local_machines_hear_a_syn_as_it_was(void **state)
{
	struct fixture *f = *state;

	anna_and_ben_have_paths(f);
	craft();
	say_frame("hub", frame, frame_len);
	assert_int_equal(mss_of(port_named("tap")->last), 1460);
	assert_int_equal(mss_of(frame), 1460); /* borrowed */
}

static void a_syn_from_a_peer_gets_what_its_path_carries(void **state)
{
	struct fixture *f = *state;
	struct frame_in in = {.peer = BEN, .vlan = RED, .frame = frame};

	anna_and_ben_have_paths(f);
	craft();
	in.len = frame_len;
	hear_frame(f, &in);
	assert_int_equal(mss_of(port_named("hub")->last), 1300 - OVERHEAD);
	assert_int_equal(mss_of(port_named("tap")->last), 1300 - OVERHEAD);
}

static void an_unfinished_checksum_is_finished_for_the_lowered_mss(void **state)
{
	struct fixture *f = *state;
	struct frame_in in = {.peer = BEN, .vlan = RED, .frame = frame};
	const uint8_t *segment = port_named("hub")->last + SEGMENT_AT;
	uint32_t pseudo;

	anna_and_ben_have_paths(f);
	craft();
	memset(frame + SEGMENT_AT + 16, 0xee, 2); /* whatever stands there */
	in.len = frame_len;
	in.checksum_unfinished = true;
	hear_frame(f, &in);
	assert_int_equal(mss_of(port_named("hub")->last), 1300 - OVERHEAD);
	pseudo = checksum_sum(frame + SEGMENT_AT - 8, 8) + 6 + (uint32_t)(frame_len - SEGMENT_AT);
	assert_int_equal(checksum_finish(pseudo + checksum_sum(segment, frame_len - SEGMENT_AT)),
			 0);
}

static void an_mss_that_fits_stays(void **state)
{
	struct fixture *f = *state;

	anna_and_ben_have_paths(f);
	f->engine.mtu[ANNA] = f->engine.mtu[BEN] = 1460 + OVERHEAD;
	craft();
	say_frame("hub", frame, frame_len);
	assert_int_equal(mss_of(f->engine.last[ANNA]), 1460);
}

static void the_configuration_limits_it_further_or_lets_it_be(void **state)
{
	struct fixture *f = *state;

	anna_and_ben_have_paths(f);
	craft();
	f->config.mss_clamp = 1000;
	assert_int_equal(lan_reload(f->lan, &f->config, NULL), 0);
	say_frame("hub", frame, frame_len);
	assert_int_equal(mss_of(f->engine.last[ANNA]), 1000);
	f->config.mss_clamp = MSS_CLAMP_OFF;
	assert_int_equal(lan_reload(f->lan, &f->config, NULL), 0);
	say_frame("hub", frame, frame_len);
	assert_int_equal(mss_of(f->engine.last[ANNA]), 1460);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_lan(a_syn_to_a_peer_gets_what_its_path_carries),
		with_lan(a_flooded_syn_gets_what_every_path_carries),
		with_lan(local_machines_hear_a_syn_as_it_was),
		with_lan(a_syn_from_a_peer_gets_what_its_path_carries),
		with_lan(an_unfinished_checksum_is_finished_for_the_lowered_mss),
		with_lan(an_mss_that_fits_stays),
		with_lan(the_configuration_limits_it_further_or_lets_it_be),
	};

	return cmocka_run_group_tests_name("lan_mss", tests, NULL, NULL);
}
