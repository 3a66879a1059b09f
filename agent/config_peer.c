/*
 * config_peer.c - what agent.conf says about our card and about peers; see config.h
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/config.h"
#include "common/text.h"

static const char FALLBACK_NAME[] = "agent";

void config_default_name(char out[NAME_BYTES])
{
	char host[256] = "";
	size_t used = 0;

	gethostname(host, sizeof(host) - 1);
	for (const char *c = host; *c && *c != '.' && used + 1 < NAME_BYTES; c++) {
		out[used++] = *c;
		out[used] = '\0';
		if (text_check_name(out, NULL))
			used--;
	}
	out[used] = '\0';
	if (used == 0)
		strcpy(out, FALLBACK_NAME);
}

int config_card(const struct config *c, const struct public_key *key, const char *at,
		struct card *out, struct error *err)
{
	struct card_address addresses[CARD_ADDRESSES_MAX];
	int count;

	*out = (struct card){.key = *key};
	strcpy(out->name, c->name);
	count = card_parse_addresses(at ? at : c->at, c->listen, addresses, err);
	if (count < 0)
		return count;
	return card_format_addresses(addresses, (size_t)count, out->at, err);
}

int config_peer_vlans(const struct config *c, const struct trust_peer *peer,
		      uint16_t out[PEER_VLANS_MAX], struct error *err)
{
	size_t count = peer->local.vlan_count;

	if (count == 0 && c->vlan_count > 1)
		return error_set(
			err, -EINVAL,
			"%s/peers/%s.local: there are %zu vlans in agent.conf, so it has to "
			"say which %s joins; expected '[local]' and 'vlans = %s' or others of "
			"them",
			c->folder, peer->name, c->vlan_count, peer->name, c->vlans[0].name);
	if (count == 0) {
		out[0] = c->vlans[0].id;
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		const struct vlan_config *vlan = config_vlan_by_name(c, peer->local.vlans[i]);

		if (!vlan)
			return error_set(
				err, -EINVAL,
				"%s/peers/%s.local:%d: there is no vlan '%s' in agent.conf; "
				"expected one such as %s",
				c->folder, peer->name, peer->local.vlans_line, peer->local.vlans[i],
				c->vlans[0].name);
		out[i] = vlan->id;
	}
	return (int)count;
}
