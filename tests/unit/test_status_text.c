/*
 * test_status_text.c - agent/cli/status_text.h
 */
#include "unit.h"

#include <stdlib.h>

#include "status_text.h"

/* Return: the text of @json, on the heap */
static char *render(const char *json)
{
	json_t *status = json_loads(json, 0, NULL);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(status);
	status_text(status, out);
	fclose(out);
	json_decref(status);
	return text;
}

static void expect(const char *json, const char *part)
{
	char *text = render(json);

	assert_contains(text, part);
	free(text);
}

static void without_peers_it_says_how_to_get_one(void **state)
{
	(void)state;
	expect("{\"agent\":{\"folder\":\"/f\"},\"peers\":[]}", "longwire -C /f card\n");
	expect("{\"agent\":{\"folder\":\"/f\"},\"peers\":[]}", "longwire -C /f add\n");
}

static void a_peer_that_is_up_is_one_line_with_its_path(void **state)
{
	(void)state;
	expect("{\"peers\":[{\"name\":\"anna\",\"state\":\"up\",\"detail\":\"\",\"cipher\":\"X\","
	       "\"path\":{\"endpoint\":\"192.0.2.1:9\",\"rtt_ms\":1.25},\"handshake_age_s\":120,"
	       "\"rx_frames\":3,\"tx_frames\":4,\"drops\":{\"replay\":2,\"bad_tag\":1}}]}",
	       "  anna       up at 192.0.2.1:9, 1.2 ms, X, handshake 2 min ago, 3 frames in, 4 "
	       "out, 3 dropped\n");
}

static void a_peer_with_several_paths_has_a_line_for_each(void **state)
{
	static const char one[] =
		"{\"state\":\"active\",\"endpoint\":\"192.0.2.1:9\",\"rtt_ms\":1.25,"
		"\"mtu_bytes\":1472,\"why\":\"fastest\"}";
	char json[1024], *text;

	(void)state;
	snprintf(json, sizeof(json),
		 "{\"peers\":[{\"name\":\"anna\",\"paths\":[%s,"
		 "{\"state\":\"failed\",\"endpoint\":\"192.0.2.2:9\",\"rtt_ms\":null,"
		 "\"mtu_bytes\":1232,\"why\":\"something_new\"}]}]}",
		 one);
	expect(json, "\n               active 192.0.2.1:9, 1.2 ms, 1472 bytes: the fastest\n");
	expect(json, "\n               failed 192.0.2.2:9, 1232 bytes: something_new\n");
	snprintf(json, sizeof(json), "{\"peers\":[{\"name\":\"anna\",\"paths\":[%s]}]}", one);
	text = render(json);
	assert_null(strstr(text, "active"));
	free(text);
}

static void a_peer_that_is_not_up_is_one_line_with_its_detail(void **state)
{
	(void)state;
	expect("{\"peers\":[{\"name\":\"anna\",\"state\":\"down\",\"path\":null,"
	       "\"detail\":\"nothing came back\"}]}",
	       "  anna       down: nothing came back\n");
}

static void a_port_says_what_is_wrong_with_it(void **state)
{
	(void)state;
	expect("{\"vlans\":[{\"name\":\"lan\",\"id\":1,\"ports\":[{\"name\":\"hub\","
	       "\"type\":\"mcast\",\"state\":\"down\",\"detail\":\"no interface\"}]}]}",
	       "LAN lan (id 1)\n  hub        mcast port, down, 0 frames in, 0 out: no interface\n");
	expect("{\"vlans\":[{\"ports\":[{\"name\":\"hub2\",\"type\":\"mcast\","
	       "\"plugged\":true,\"state\":\"forwarding\"}]}]}",
	       "  hub2       mcast port, plugged, forwarding, 0 frames in, 0 out\n");
}

static void a_machine_is_here_or_at_a_peer(void **state)
{
	static const char JSON[] = "{\"vlans\":[{\"macs\":[{\"mac\":\"02:00:00:00:00:01\","
				   "\"port\":\"hub\",\"peer\":null,\"age_s\":1},{\"mac\":"
				   "\"02:00:00:00:00:02\",\"port\":null,\"peer\":\"anna\"}]}]}";

	(void)state;
	expect(JSON, "02:00:00:00:00:01 here, port hub, 1 s ago\n");
	expect(JSON, "02:00:00:00:00:02 at anna, 0 s ago\n");
}

static void a_warning_comes_with_what_to_do(void **state)
{
	(void)state;
	expect("{\"warnings\":[{\"code\":\"c\",\"text\":\"It leaks\",\"fix\":\"mend it\"}]}",
	       "Warnings\n  It leaks\n      to do: mend it\n");
}

static void a_knock_comes_with_phrase_and_command(void **state)
{
	static const char JSON[] = "{\"agent\":{\"folder\":\"/f\"},\"knocks\":[{\"key\":\"lw1x\","
				   "\"phrase\":\"1 2\",\"from\":\"192.0.2.1:9\",\"age_s\":5}]}";

	(void)state;
	expect(JSON, "lw1x\n      from 192.0.2.1:9, 5 s ago; check phrase 1 2\n");
	expect(JSON, "longwire -C /f add");
}

static void who_watches_is_said(void **state)
{
	(void)state;
	expect("{\"dumps\":[{\"uid\":1000,\"frames\":7,\"lost\":1},{\"uid\":0}]}",
	       "Watched\n  uid 1000 watches frames (longwire dump): 7 so far, 1 lost\n"
	       "  uid 0 watches frames (longwire dump): 0 so far, 0 lost\n");
}

static void peers_come_first_and_the_agent_last(void **state)
{
	char *text = render("{\"agent\":{\"name\":\"me\",\"uptime_s\":3,\"listen\":[\"a\",\"b\"],"
			    "\"folder\":\"/f\"},\"vlans\":[{\"name\":\"lan\"}]}");

	(void)state;
	assert_ptr_equal(strstr(text, "Peers"), text);
	assert_contains(text, "me: up for 3 s, listening on a and b, folder /f\n");
	assert_true(strstr(text, "LAN lan") < strstr(text, "me: up"));
	free(text);
}

static void nothing_from_outside_reaches_the_terminal_raw(void **state)
{
	char *text = render("{\"warnings\":[{\"text\":\"\\u001b[2J\\u0007x\",\"fix\":\"\"}]}");

	(void)state;
	assert_null(strchr(text, '\033'));
	assert_contains(text, "?[2J?x");
	free(text);
}

static void an_object_that_is_no_status_is_survived(void **state)
{
	(void)state;
	expect("{}", "Peers");
	expect("{\"peers\":[1,{}],\"vlans\":7,\"warnings\":[[]],\"knocks\":[null]}", "Peers");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_peers_it_says_how_to_get_one),
		cmocka_unit_test(a_peer_that_is_up_is_one_line_with_its_path),
		cmocka_unit_test(a_peer_with_several_paths_has_a_line_for_each),
		cmocka_unit_test(a_peer_that_is_not_up_is_one_line_with_its_detail),
		cmocka_unit_test(a_port_says_what_is_wrong_with_it),
		cmocka_unit_test(a_machine_is_here_or_at_a_peer),
		cmocka_unit_test(a_warning_comes_with_what_to_do),
		cmocka_unit_test(a_knock_comes_with_phrase_and_command),
		cmocka_unit_test(who_watches_is_said),
		cmocka_unit_test(peers_come_first_and_the_agent_last),
		cmocka_unit_test(nothing_from_outside_reaches_the_terminal_raw),
		cmocka_unit_test(an_object_that_is_no_status_is_survived),
	};

	return cmocka_run_group_tests_name("status_text", tests, NULL, NULL);
}
