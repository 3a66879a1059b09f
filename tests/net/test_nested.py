"""A route to a peer that leads into the LAN itself: nothing grows, and status says what to do."""

import pytest

from agent import introduce
from netns import wait_for
from tapped import TAP_ONLY, available, link

SETTLED_S = 30
FEW_FRAMES = 200  # a loop would carry thousands in a second

pytestmark = pytest.mark.skipif(available() is not None, reason=available() or "")


def nested(agent):
    """How many datagrams of the tunnel the TAP kept out."""
    port = next(p for p in agent.status()["vlans"][0]["ports"] if p["name"] == "host")
    return port["drops"].get("tunnel_in_tunnel", 0)


@pytest.mark.parametrize("family", [4, 6])
def test_datagrams_whose_route_leads_into_the_tunnel_are_stopped(lab, agents, family):
    anna, bert = (agents(lab.host(name), config=TAP_ONLY) for name in ("anna", "bert"))
    introduce(anna, bert, family=family)
    for number, agent in enumerate((anna, bert), start=1):
        agent.up()
        agent.host.ip("addr", "add", f"10.9.0.{number}/24", "dev", "lw0")
        agent.host.ip("addr", "add", f"fd09::{number}/64", "dev", "lw0", "nodad")
    anna.wait_up("bert")
    wait_for(lambda: anna.host.ping("10.9.0.2", 1), SETTLED_S, anna.story)

    far = bert.host.address(family)
    near = "10.9.0.2" if family == 4 else "fd09::2"
    route = [far, "via", near, "dev", "lw0"]
    mac = link(bert.host).split("link/ether ")[1].split()[0]
    anna.host.ip("neigh", "replace", near, "lladdr", mac, "dev", "lw0")
    before = anna.peer("bert")["tx_frames"]
    anna.host.ip("route", "add", *route)
    # what the host itself has to say keeps the tunnel busy
    anna.host.run("busybox", "ping", "-c", 12, "-i", "0.05", "-W", 1, "10.9.0.2", check=False)
    wait_for(lambda: nested(anna) >= 10, SETTLED_S, anna.story)
    wait_for(
        lambda: [w for w in anna.status()["warnings"] if w["code"] == "tunnel-in-tunnel"],
        SETTLED_S, anna.story,
    )
    warning = next(w for w in anna.status()["warnings"] if w["code"] == "tunnel-in-tunnel")
    assert "bert" in warning["text"] and far in warning["text"] and "route" in warning["fix"]
    assert anna.peer("bert")["tx_frames"] - before < FEW_FRAMES

    anna.host.ip("route", "del", *route)
    wait_for(lambda: anna.host.ping("10.9.0.2", 1), SETTLED_S, anna.story)
