/*
 * fuzz_config.c - any bytes as agent.conf: refused with a place, or taken with values that can be
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config.h"
#include "fuzz.h"

/* A refusal says where: "FILE:LINE: ...", or "FILE is ..." of the whole file. */
static void check_refusal(const char *file, const struct error *err)
{
	fuzz_must(strncmp(err->text, file, strlen(file)) == 0, "a refusal without its file");
	fuzz_must(strlen(err->text) > strlen(file) + 1, "a refusal without a reason");
}

static void check_ports(const struct config *c)
{
	fuzz_must(c->port_count <= CONFIG_PORTS_MAX, "too many ports");
	for (size_t i = 0; i < c->port_count; i++) {
		const struct port_config *port = &c->ports[i];

		fuzz_must(config_vlan_by_id(c, port->vlan) != NULL, "a port without a vlan");
		fuzz_must(text_check_name(port->name, NULL) == 0, "a port without a name");
		fuzz_must(port->broadcast > 0, "a port without a broadcast limit");
		if (port->type != PORT_MCAST)
			continue;
		fuzz_must(addr_is_ipv4(&port->mcast.group), "a hub without a group");
		fuzz_must((port->mcast.scope == MCAST_AUTO) == !port->mcast.interface[0],
			  "an interface by scope and another by name");
	}
}

static void check_vlans(const struct config *c)
{
	fuzz_must(c->vlan_count > 0 && c->vlan_count <= CONFIG_VLANS_MAX, "no vlan, or too many");
	for (size_t i = 0; i < c->vlan_count; i++) {
		const struct vlan_config *vlan = &c->vlans[i];

		fuzz_must(vlan->id >= VLAN_ID_MIN && vlan->id <= VLAN_ID_MAX,
			  "no vlan has that id");
		fuzz_must(config_vlan_by_id(c, vlan->id) == vlan, "two vlans with one id");
		fuzz_must(config_vlan_by_name(c, vlan->name) == vlan, "two vlans with one name");
	}
}

/* What it says of our card makes a card that others can read. */
static void check_card(const struct config *c)
{
	struct public_key key = {{9}};
	struct card card, again;
	char text[CARD_TEXT_BYTES];

	fuzz_must(config_card(c, &key, NULL, &card, NULL) == 0, "no card comes out of it");
	card_format(&card, text);
	fuzz_must(card_parse("card", text, strlen(text), &again, NULL) == 0 &&
			  card_equal(&card, &again),
		  "our own card is not understood");
}

/* The same bytes as the argument of `longwire plug`: its first line */
static void check_plug(const struct config *c, const uint8_t *data, size_t size)
{
	char *words = strndup((const char *)data, size);
	struct port_config port;
	struct error err = {0};

	fuzz_must(words != NULL, "out of memory");
	words[strcspn(words, "\n")] = '\0';
	if (config_port_parse(c, "plugged", words, &port, &err) == 0) {
		fuzz_must(config_vlan_by_id(c, port.vlan) != NULL, "a plug without a vlan");
		fuzz_must(config_port_check(c, &port, NULL) == 0, "one hub twice");
	} else {
		fuzz_must(err.text[0] != '\0', "a refusal without a word");
	}
	free(words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config c, plain = {.vlans = {{.name = "lan", .id = 1}}, .vlan_count = 1};
	char file[CONFIG_PATH_BYTES];
	struct error err = {0};
	int rc;

	check_plug(&plain, data, size);
	fuzz_write("agent.conf", data, size);
	rc = config_load(fuzz_folder(), &c, &err);
	fuzz_must(rc <= 0, "more than well");
	if (rc) {
		fuzz_must(config_path(fuzz_folder(), "agent.conf", file, NULL) == 0, "no path");
		check_refusal(file, &err);
		return 0;
	}
	fuzz_must(c.listen > 0 && c.max_frame >= ETHER_MTU_FRAME_BYTES &&
			  c.max_frame <= FRAME_MAX_BYTES && c.broadcast > 0 &&
			  (c.mss_clamp == MSS_CLAMP_OFF ||
			   (c.mss_clamp >= MSS_CLAMP_MIN && c.mss_clamp <= MSS_CLAMP_PATH)),
		  "a number out of its range");
	fuzz_must(c.control[0] == '/', "a control socket anywhere");
	check_vlans(&c);
	check_ports(&c);
	check_card(&c);
	return 0;
}
