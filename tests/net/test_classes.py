"""What routers see of a datagram's class: nothing of the packets in it, or their DSCP; never ECN bits."""

import ipaddress
import struct

import pytest

from agent import CONFIG, PORT, introduce
from capture import Capture
from frames import IPV4, IPV6
from machine import Machine, crosses, ethernet
from netns import wait_for

MACS = ["02:00:00:00:00:0a", "02:00:00:00:00:0b"]
SETTLED_S = 30
EXPEDITED, BULK, NONE = 46, 8, 0  # DSCPs; RFC 3246, 3662
ECT_1, CE = 1, 3  # RFC 3168
SHAPES = [(EXPEDITED, ECT_1), (EXPEDITED, CE), (BULK, CE), (NONE, ECT_1), (NONE, CE)]
ROUNDS = 10
VLAN_TAG = struct.pack("!HH", 7, IPV4)


def packet(number, dscp, ecn, body):
    """An IPv4 or IPv6 packet of that class, @number: which kind."""
    octet = dscp << 2 | ecn
    if number % 2 == 0:
        source, target = (ipaddress.ip_address(a).packed for a in ("10.0.0.1", "10.0.0.2"))
        header = struct.pack("!BBHHHBBH", 0x45, octet, 20 + len(body), 0, 0, 64, 253, 0)
        return IPV4, header + source + target + body
    source, target = (ipaddress.ip_address(a).packed for a in ("fd00::1", "fd00::2"))
    header = struct.pack("!IHBB", 6 << 28 | octet << 20, len(body), 253, 64)
    return IPV6, header + source + target + body


def frames(text):
    """Packets of all classes, tagged ones and long ones among them, and one that is no packet."""
    made = []
    for number in range(ROUNDS * len(SHAPES)):
        dscp, ecn = SHAPES[number % len(SHAPES)]
        kind, inner = packet(number // len(SHAPES), dscp, ecn, text * (50 if number % 3 else 1))
        if number % 4 == 0 and kind == IPV4:
            kind, inner = 0x8100, VLAN_TAG + inner
        made.append(ethernet(MACS[0], MACS[1], inner, kind))
    return made + [ethernet(MACS[0], MACS[1], text)]


def capture_of(agent, family, path):
    """What leaves an agent's host for others."""
    source = agent.host.address(family)
    return Capture(agent.host, path, match=f"udp and src host {source} and src port {PORT}")


def classes(capture):
    """The octets of class and ECN of all datagrams captured, and how often each was seen."""
    seen = {}
    for captured in capture.packets():
        if captured[12:14] == struct.pack("!H", IPV4):
            octet = captured[15]
        else:
            octet = struct.unpack_from("!H", captured, 14)[0] >> 4 & 0xFF
        seen[octet] = seen.get(octet, 0) + 1
    return seen


def carry(machines, text, capture):
    """All the frames to the far machine, and back none; what the wire saw of it."""
    near, far = machines
    far.take()
    left = [len(frames(text))]

    def arrived():
        left[0] -= sum(text in frame for frame in far.take())
        return left[0] <= 0

    with capture:
        for frame in frames(text):
            near.send(frame)
        wait_for(arrived, SETTLED_S, lambda: f"{left[0]} did not come")
        wait_for(lambda: sum(classes(capture).values()) > 1, SETTLED_S, "something was captured")
    return classes(capture)


@pytest.mark.parametrize("family", [4, 6])
def test_the_class_is_copied_where_that_is_said_and_ecn_bits_never(lab, agents, family, tmp_path):
    anna, bert = agents(lab.host("anna")), agents(lab.host("bert"))
    introduce(anna, bert, family=family)
    bert.up()
    anna.up().wait_up("bert")
    machines = Machine(anna.host, MACS[0]), Machine(bert.host, MACS[1])
    assert crosses(*machines, SETTLED_S) and crosses(*reversed(machines), SETTLED_S)

    seen = carry(machines, b"not copied", capture_of(anna, family, tmp_path / "none"))
    assert set(seen) == {0}, seen

    anna.configure(CONFIG.format(name=anna.name, port=PORT).replace("[vlan", "dscp = copy\n[vlan", 1))
    wait_for(lambda: "changed: taken over" in anna.log(), SETTLED_S, anna.story)
    seen = carry(machines, b"copied", capture_of(anna, family, tmp_path / "copy"))
    assert set(seen) == {EXPEDITED << 2, BULK << 2, 0}, seen
    assert min(seen.values()) >= 2, seen
