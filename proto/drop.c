/*
 * drop.c - see drop.h
 */
#include "proto/drop.h"

#include <assert.h>
#include <stddef.h>

static const char *const NAMES[] = {
	[DROP_NONE] = "none",
	[DROP_TOO_SHORT] = "too_short",
	[DROP_BAD_LENGTH] = "bad_length",
	[DROP_BAD_TYPE] = "bad_type",
	[DROP_BAD_MAC1] = "bad_mac1",
	[DROP_BAD_MAC2] = "bad_mac2",
	[DROP_RATE_LIMITED] = "rate_limited",
	[DROP_UNKNOWN_INDEX] = "unknown_index",
	[DROP_BAD_HANDSHAKE] = "bad_handshake",
	[DROP_UNKNOWN_KEY] = "unknown_key",
	[DROP_OWN_KEY] = "own_key",
	[DROP_BAD_COOKIE] = "bad_cookie",
	[DROP_OLD_INITIATION] = "old_initiation",
	[DROP_TOO_MANY_INITIATIONS] = "too_many_initiations",
	[DROP_BAD_VERSION] = "bad_version",
	[DROP_NO_COMMON_CIPHER] = "no_common_cipher",
	[DROP_EXPIRED_KEY] = "expired_key",
	[DROP_BAD_TAG] = "bad_tag",
	[DROP_CIPHER_FAILED] = "cipher_failed",
	[DROP_REPLAY] = "replay",
	[DROP_BAD_RECORD] = "bad_record",
	[DROP_BAD_PADDING] = "bad_padding",
	[DROP_UNKNOWN_RECORD] = "unknown_record",
	[DROP_UNKNOWN_CAPABILITY] = "unknown_capability",
	[DROP_SHORT_FRAME] = "short_frame",
	[DROP_LONG_FRAME] = "long_frame",
	[DROP_BAD_FRAGMENT] = "bad_fragment",
	[DROP_REASSEMBLY_FULL] = "reassembly_full",
	[DROP_REASSEMBLY_TIMEOUT] = "reassembly_timeout",
	[DROP_NOT_FOLLOWED] = "not_followed",
	[DROP_NO_SESSION] = "no_session",
	[DROP_OUTBOX_FULL] = "outbox_full",
	[DROP_VLAN_UNKNOWN] = "vlan_unknown",
	[DROP_VLAN_NOT_ALLOWED] = "vlan_not_allowed",
	[DROP_LINK_LOCAL_GROUP] = "link_local_group",
	[DROP_BEACON] = "beacon",
	[DROP_BAD_SOURCE_MAC] = "bad_source_mac",
	[DROP_SAME_PORT] = "same_port",
	[DROP_SPLIT_HORIZON] = "split_horizon",
	[DROP_BROADCAST_LIMIT] = "broadcast_limit",
	[DROP_MAC_QUOTA] = "mac_quota",
	[DROP_MAC_ELSEWHERE] = "mac_elsewhere",
	[DROP_GUARD_DHCP] = "guard_dhcp",
	[DROP_GUARD_RA] = "guard_ra",
	[DROP_GUARD_BPDU] = "guard_bpdu",
	[DROP_GUARD_ARP] = "guard_arp",
	[DROP_PEER_RATE] = "peer_rate",
	[DROP_NO_CHECKSUM] = "no_checksum",
	[DROP_PORT_DOWN] = "port_down",
	[DROP_PORT_SEND] = "port_send",
	[DROP_PORT_FULL] = "port_full",
	[DROP_STRANGER] = "stranger",
	[DROP_PORT_CROWDED] = "port_crowded",
	[DROP_BAD_FRAMING] = "bad_framing",
	[DROP_FOREIGN_HOST] = "foreign_host",
	[DROP_AGENT_INJECTED] = "agent_injected",
	[DROP_OWN_ECHO] = "own_echo",
	[DROP_OTHER_INTERFACE] = "other_interface",
	[DROP_HUB_OVERFLOW] = "hub_overflow",
	[DROP_PORT_LISTENING] = "port_listening",
	[DROP_PORT_BLOCKED] = "port_blocked",
	[DROP_ON_SEGMENT] = "on_segment",
	[DROP_STANDBY] = "standby",
	[DROP_HUB_IN_TAP] = "hub_in_tap",
	[DROP_TUNNEL_IN_TUNNEL] = "tunnel_in_tunnel",
	[DROP_OVER_MTU] = "over_mtu",
	[DROP_TUNNEL_SEND] = "tunnel_send",
	[DROP_TUNNEL_OVERFLOW] = "tunnel_overflow",
	[DROP_TUNNEL_TRUNCATED] = "tunnel_truncated",
	[DROP_CONTROL_BAD] = "control_bad",
};

_Static_assert(sizeof(NAMES) / sizeof(NAMES[0]) == DROP_COUNT, "every reason has a name");

const char *drop_name(enum drop reason)
{
	assert(reason < DROP_COUNT);
	return NAMES[reason];
}
