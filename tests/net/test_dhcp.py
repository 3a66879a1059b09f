"""A real DHCP client gets a lease of a peer's server while, and only while, the peer is allowed."""

import re

import pytest

from agent import introduce
from dhcp import DNSMASQ, NETWORK, dhcp_server
from netns import wait_for
from plugged import plugged

SETTLED_S = 30
TRIES = 3
CLIENT = "busybox udhcpc -i guest -f -n -q -T 1 -s /bin/true"

pytestmark = pytest.mark.skipif(not DNSMASQ, reason="no dnsmasq")


def lease(host, tries):
    """Ask for an address, once a second; which it is, or None."""
    said = host.run("sh", "-c", f"{CLIENT} -t {tries} 2>&1", check=False)
    found = re.search(rf"lease of ({re.escape(NETWORK)}\d+) obtained", said)
    return found.group(1) if found else None


def test_a_lease_arrives_while_the_peer_is_allowed_and_no_longer(lab, agents, tmp_path):
    anna, bert = agents(lab.host("anna")), agents(lab.host("bert"))
    introduce(anna, bert)
    anna.up()
    bert.up()
    anna.wait_up("bert")
    bert.wait_up("anna")

    def story():
        return anna.story() + bert.story()

    def stopped():
        return bert.peer("anna")["drops"].get("guard_dhcp", 0)

    with dhcp_server(anna.host, tmp_path), plugged(bert.host, "guest"):
        wait_for(lambda: lease(bert.host, 1) or stopped(), SETTLED_S, story)
        assert lease(bert.host, TRIES) is None
        bert.cli("allow", "anna", "dhcp")
        assert wait_for(lambda: lease(bert.host, TRIES), SETTLED_S, story)
        bert.cli("allow", "anna", "-dhcp")
        before = stopped()
        wait_for(lambda: lease(bert.host, 1) or stopped() > before, SETTLED_S, story)
        assert lease(bert.host, TRIES) is None, story()
