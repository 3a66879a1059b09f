"""A guest gets its address from the DHCP server of a peer, if that peer is allowed to have one."""

import re

import pytest

from agent import introduce
from dhcp import DNSMASQ, NETWORK, dhcp_server
from netns import wait_for

MAC = "02:00:00:00:01:01"
CLIENT = "udhcpc -i eth0 -f -n -q -T 1 -s /bin/true"
SETTLED_S = 60

pytestmark = pytest.mark.skipif(not DNSMASQ, reason="no dnsmasq")


def lease(guest, tries=3):
    """The address that the guest is leased, or None."""
    guest.begin(f"{CLIENT} -t {tries}")
    found = re.search(rf"lease of ({re.escape(NETWORK)}\d+) obtained", guest.finish()[1])
    return found.group(1) if found else None


def test_a_guest_is_leased_an_address_by_an_allowed_peers_server_only(
    lab, agents, guests, tmp_path
):
    anna, bert = agents(lab.host("anna")), agents(lab.host("bert"))
    introduce(anna, bert)
    anna.up()
    bert.up()
    anna.wait_up("bert")
    bert.wait_up("anna")

    def stopped():
        return bert.peer("anna")["drops"].get("guard_dhcp", 0)

    with dhcp_server(anna.host, tmp_path):
        guest = guests(bert.host, None, MAC).boot()

        def is_stopped(count):
            return lease(guest, 1) is None and stopped() > count

        wait_for(lambda: is_stopped(0), SETTLED_S, bert.story)
        bert.cli("allow", "anna", "dhcp")
        assert wait_for(lambda: lease(guest), SETTLED_S, bert.story)
        bert.cli("allow", "anna", "-dhcp")
        before = stopped()
        wait_for(lambda: is_stopped(before), SETTLED_S, bert.story)
        assert lease(guest) is None
