"""Frames of every kind cross unchanged between any two kinds of port on two hosts."""

import os
import struct
import tempfile

import pytest

from agent import introduce
from machine import BROADCAST, Machine, crosses, ethernet, mac_bytes
from netns import wait_for
from plugs import DgramPlug, StreamListener, StreamPlug, UdpPlug, config, ports_of, settled

SETTLED_S = 30
SEEN_S = 20
KINDS = ["hub", "udp", "dgram pair", "dgram", "stream", "stream connect"]


def frames_of(source):
    """One frame of each kind: name and bytes, to everybody."""
    dot1q = mac_bytes(BROADCAST) + mac_bytes(source) + struct.pack("!HHH", 0x8100, 0x2007, 0x88B6)
    return {
        "802.1Q": dot1q + os.urandom(100),
        "64 bytes": ethernet(source, BROADCAST, os.urandom(50)),
        "1514 bytes": ethernet(source, BROADCAST, os.urandom(1500)),
        "9000 bytes": ethernet(source, BROADCAST, os.urandom(8986)),
        "IPX": ethernet(source, BROADCAST, b"\xff\xff" + os.urandom(60), 0x8137),
        "raw 802.3": ethernet(source, BROADCAST, b"\xff\xff" + os.urandom(60), 62),
        "unknown ethertype": ethernet(source, BROADCAST, os.urandom(60), 0x9ABC),
        "14 bytes": mac_bytes(BROADCAST) + mac_bytes(source) + b"\x9a\xbc",
    }


@pytest.fixture
def ends(lab, agents):
    """Two agents with a machine on each kind of port: (agent, machine by kind) of both."""
    made = []
    with tempfile.TemporaryDirectory(prefix="lw") as folder:
        for number, name in enumerate(("anna", "bert")):
            base = f"{folder}/{name}"
            agent = agents(
                lab.host(name),
                config=config(
                    ("udp", "udp", "local = 127.0.0.1:7001", "remote = 127.0.0.1:7002"),
                    ("pair", "dgram", f"local = {base}-pair", f"remote = {base}-vm"),
                    ("many", "dgram", f"local = {base}-many"),
                    ("listening", "stream", f"listen = {base}-stream"),
                    ("connecting", "stream", f"connect = {base}-server"),
                ),
            )
            agent.host.sysctl("net.unix.max_dgram_qlen=512")
            made.append((agent, base, StreamListener(agent.host, f"{base}-server"), number))
        introduce(*(end[0] for end in made))
        for agent, *_ in made:
            agent.up()
        yield [(agent, machines(settled(agent), *rest)) for agent, *rest in made]


def machines(agent, base, listener, number):
    """A machine on each kind of port."""
    host, macs = agent.host, [f"02:00:00:00:0{number}:{n:02x}" for n in range(len(KINDS))]
    plugs = [
        Machine(host, macs[0]),
        UdpPlug(host, macs[1], ("127.0.0.1", 7002), ("127.0.0.1", 7001)),
        DgramPlug(host, macs[2], f"{base}-vm", f"{base}-pair"),
        DgramPlug(host, macs[3], f"{base}-learned", f"{base}-many"),
        StreamPlug(host, macs[4], f"{base}-stream"),
        listener.accept(macs[5]),
    ]
    wait_for(lambda: "listening/1" in ports_of(agent), SEEN_S, agent.story)
    return dict(zip(KINDS, plugs))


def test_frames_of_every_kind_cross_unchanged_between_any_two_kinds_of_port(ends):
    (anna, here), (bert, there) = ends
    anna.wait_up("bert")
    bert.wait_up("anna")
    for kind in KINDS:  # each is known, and each hears
        assert crosses(here[kind], there["hub"], SETTLED_S), kind
        assert crosses(there[kind], here["hub"], SETTLED_S), kind
    for senders, listeners in ((here, there), (there, here)):
        for kind, sender in senders.items():
            for name, frame in frames_of(sender.mac).items():
                for listener in (*listeners.values(), *senders.values()):
                    listener.take()
                sender.send(frame)
                for other, listener in listeners.items():
                    got = listener.hears(lambda f, frame=frame: f == frame, SEEN_S)
                    assert got, f"{name}: from {kind} to {other}"
                for other, listener in senders.items():
                    if listener is not sender:
                        got = listener.hears(lambda f, frame=frame: f == frame, SEEN_S)
                        assert got, f"{name}: from {kind} to {other} on the same host"
