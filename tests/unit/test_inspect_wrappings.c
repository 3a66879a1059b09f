/*
 * test_inspect_wrappings.c - agent/inspect.h: what guards stop, behind everything that could hide it
 */
#include "unit.h"

#include <stdlib.h>

#include "agent/inspect.h"
#include "craft.h"
#include "rng.h"

enum {
	ME = 1,
	OTHER = 2,
	SEED = 20,
	MUTATIONS = 200000,
};

static struct craft c;

static struct inspect look(void)
{
	struct inspect out;

	assert_false(c.w.failed);
	inspect_frame(c.bytes, writer_used(&c.w), &out);
	return out;
}

/* Something is stopped, whatever it is called */
static bool stopped(const struct inspect *i)
{
	return i->dhcp_reply || i->ra || i->bpdu || i->contradicts;
}

/* ---- wrappings: each around each kind ---- */

static void no_wrapping(void)
{
}

static void one_tag(void)
{
	craft_tag(&c, 0x8100, 5);
}

static void priority_tag(void)
{
	craft_tag(&c, 0x8100, 0xe000);
}

static void two_tags(void)
{
	craft_tag(&c, 0x88a8, 5);
	craft_tag(&c, 0x8100, 6);
}

static void old_tags(void)
{
	craft_tag(&c, 0x9100, 5);
	craft_tag(&c, 0x9100, 6);
}

static void snap(void)
{
	craft_snap(&c, 400, 0);
}

static void snap_with_a_wrong_length(void)
{
	craft_snap(&c, 3, 0);
}

static void snap_with_a_length_between(void)
{
	craft_snap(&c, 0x05ff, 0);
}

static void snap_from_a_bridge(void)
{
	craft_snap(&c, 400, 0x0000f8);
}

static void tag_then_snap(void)
{
	craft_tag(&c, 0x8100, 0);
	craft_snap(&c, 400, 0);
}

static void snap_then_tag(void)
{
	craft_snap(&c, 400, 0);
	craft_tag(&c, 0x8100, 0);
}

static void (*const WRAPPINGS[])(void) = {
	no_wrapping,
	one_tag,
	priority_tag,
	two_tags,
	old_tags,
	snap,
	snap_with_a_wrong_length,
	snap_with_a_length_between,
	snap_from_a_bridge,
	tag_then_snap,
	snap_then_tag,
};

static void offer(void)
{
	craft_offer(&c);
}

static void offer_with_ip_options(void)
{
	craft_ipv4(&c, 1, 0, 15);
	craft_udp(&c, 67, 68);
}

static void first_fragment_of_an_offer(void)
{
	craft_ipv4(&c, 1, 0x2000, 5);
	craft_udp(&c, 67, 68);
}

static void offer_from_another_port(void)
{
	craft_ipv4(&c, 1, 0, 5);
	craft_udp(&c, 4000, 68);
}

static void dhcpv6_reply(void)
{
	craft_ipv6(&c, ME, 17);
	craft_udp(&c, 547, 546);
}

static void dhcpv6_reply_behind_headers(void)
{
	craft_ipv6(&c, ME, 60);
	craft_extension(&c, 44, 2);
	craft_fragment(&c, 17, 1);
	craft_udp(&c, 547, 546);
}

static void router_advertisement(void)
{
	craft_ipv6(&c, ME, 58);
	craft_nd(&c, CRAFT_RA, 0);
	craft_option(&c, CRAFT_SOURCE_OPTION, ME);
}

static void advertisement_behind_every_header(void)
{
	craft_ipv6(&c, ME, 0);
	craft_extension(&c, 60, 1);
	craft_extension(&c, 43, 1);
	craft_extension(&c, 51, 3);
	writer_u8(&c.w, 135); /* authentication, of 24 bytes */
	writer_u8(&c.w, 4);
	writer_zeros(&c.w, 22);
	craft_extension(&c, 139, 1);
	craft_extension(&c, 140, 1);
	craft_extension(&c, 58, 1);
	craft_nd(&c, CRAFT_RA, 0);
}

static void advertisement_in_an_atomic_fragment(void)
{
	craft_ipv6(&c, ME, 44);
	craft_fragment(&c, 58, 0);
	craft_nd(&c, CRAFT_RA, 0);
}

static void first_fragment_that_hides_its_headers(void)
{
	craft_ipv6(&c, ME, 44);
	craft_fragment(&c, 60, 1);
	writer_u8(&c.w, 58); /* 24 bytes, of which only 8 are in this fragment */
	writer_u8(&c.w, 2);
	writer_zeros(&c.w, 6);
}

static void redirect(void)
{
	craft_ipv6(&c, ME, 58);
	craft_nd(&c, CRAFT_REDIRECT, 9);
	craft_option(&c, CRAFT_TARGET_OPTION, OTHER);
}

static void forged_arp_request(void)
{
	craft_arp(&c, CRAFT_ARP_REQUEST, OTHER, 5);
}

static void forged_arp_reply(void)
{
	craft_arp(&c, CRAFT_ARP_REPLY, OTHER, 5);
}

static void forged_solicitation(void)
{
	craft_ipv6(&c, ME, 58);
	craft_nd(&c, CRAFT_NS, 9);
	craft_option(&c, CRAFT_SOURCE_OPTION, OTHER);
}

static void forged_advertisement(void)
{
	craft_ipv6(&c, ME, 58);
	craft_nd(&c, CRAFT_NA, 9);
	craft_option(&c, 14, ME); /* a nonce */
	craft_option(&c, CRAFT_TARGET_OPTION, OTHER);
}

static void advertisement_with_two_options(void)
{
	craft_ipv6(&c, ME, 58);
	craft_nd(&c, CRAFT_NA, 9);
	craft_option(&c, CRAFT_TARGET_OPTION, ME);
	craft_option(&c, CRAFT_TARGET_OPTION, OTHER);
}

static void forged_router_solicitation(void)
{
	craft_ipv6(&c, ME, 58);
	craft_nd(&c, CRAFT_RS, 0);
	craft_option(&c, CRAFT_SOURCE_OPTION, OTHER);
}

static void neighbour_discovery_in_fragments(void)
{
	craft_ipv6(&c, ME, 44);
	craft_fragment(&c, 58, 1);
	craft_nd(&c, CRAFT_NA, 9);
}

static const struct {
	void (*make)(void);
	bool dhcp_reply, ra, contradicts;
} GUARDED[] = {
	{offer, .dhcp_reply = true},
	{offer_with_ip_options, .dhcp_reply = true},
	{first_fragment_of_an_offer, .dhcp_reply = true},
	{offer_from_another_port, .dhcp_reply = true},
	{dhcpv6_reply, .dhcp_reply = true},
	{dhcpv6_reply_behind_headers, .dhcp_reply = true},
	{router_advertisement, .ra = true},
	{advertisement_behind_every_header, .ra = true},
	{advertisement_in_an_atomic_fragment, .ra = true},
	{first_fragment_that_hides_its_headers, .ra = true},
	{redirect, .ra = true},
	{forged_arp_request, .contradicts = true},
	{forged_arp_reply, .contradicts = true},
	{forged_solicitation, .contradicts = true},
	{forged_advertisement, .contradicts = true},
	{advertisement_with_two_options, .contradicts = true},
	{forged_router_solicitation, .contradicts = true},
	{neighbour_discovery_in_fragments, .contradicts = true},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void every_guarded_kind_is_known_in_every_wrapping(void **state)
{
	(void)state;
	for (size_t w = 0; w < COUNT(WRAPPINGS); w++) {
		for (size_t k = 0; k < COUNT(GUARDED); k++) {
			struct inspect i;

			craft_start(&c, ME);
			WRAPPINGS[w]();
			GUARDED[k].make();
			i = look();
			if (i.dhcp_reply != GUARDED[k].dhcp_reply || i.ra != GUARDED[k].ra ||
			    i.contradicts != GUARDED[k].contradicts || i.bpdu)
				fail_msg("wrapping %zu, kind %zu", w, k);
		}
	}
}

static void a_truncated_frame_means_nothing_it_does_not_hold(void **state)
{
	(void)state;
	for (size_t k = 0; k < COUNT(GUARDED); k++) {
		size_t len;

		craft_start(&c, ME);
		two_tags();
		GUARDED[k].make();
		len = writer_used(&c.w);
		for (size_t cut = 0; cut <= len; cut++) {
			uint8_t *exact = malloc(cut ? cut : 1); /* so that a sanitizer sees it */
			struct inspect i;

			memcpy(exact, c.bytes, cut);
			inspect_frame(exact, cut, &i);
			if (cut < ETHER_HEADER_BYTES + 8 + 18) /* ARP is the shortest */
				assert_false(stopped(&i));
			free(exact);
		}
	}
}

static void mutated_frames_are_never_fatal(void **state)
{
	struct rng r = {.state = SEED};

	(void)state;
	print_message("# seed %d\n", SEED);
	for (int n = 0; n < MUTATIONS; n++) {
		struct inspect i;
		size_t len;

		craft_start(&c, ME);
		WRAPPINGS[rng_below(&r, COUNT(WRAPPINGS))]();
		if (rng_chance(&r, 80))
			GUARDED[rng_below(&r, COUNT(GUARDED))].make();
		else
			craft_discover(&c, "id");
		len = writer_used(&c.w);
		for (uint64_t flips = 1 + rng_below(&r, 8); flips > 0; flips--)
			c.bytes[12 + rng_below(&r, len - 12)] = (uint8_t)rng_u64(&r);
		inspect_frame(c.bytes, rng_below(&r, 2) ? len : rng_below(&r, len + 1), &i);
		assert_true(i.client_id.len <= INSPECT_CLIENT_ID_BYTES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_guarded_kind_is_known_in_every_wrapping),
		cmocka_unit_test(a_truncated_frame_means_nothing_it_does_not_hold),
		cmocka_unit_test(mutated_frames_are_never_fatal),
	};

	return cmocka_run_group_tests_name("inspect_wrappings", tests, NULL, NULL);
}
