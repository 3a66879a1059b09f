"""Frames of every kind cross unchanged between any two kinds of port, on two hosts and on one."""

import os
import socket
import struct
import tempfile
import time

import pytest

from agent import introduce
from handed import AnyPlug
from machine import BROADCAST, Machine, crosses, ethernet, mac_bytes
from netns import wait_for
from plugs import DgramPlug, StreamListener, StreamPlug, UdpPlug, config, ports_of, settled
from tapped import AtTap, available

SETTLED_S = 30
SEEN_S = 20
HEADER_BYTES = 14
PAIRS = {
    "fd, messages": socket.SOCK_DGRAM,
    "fd, packets": socket.SOCK_SEQPACKET,
    "fd, stream": socket.SOCK_STREAM,
}
TAP = [] if available() else ["tap"]
KINDS = [
    "hub", "udp", "dgram pair", "dgram", "stream", "stream inet", "stream abstract",
    "stream connect", "stream connect inet", *PAIRS, *TAP,
]
# Behind a length of its own, a frame that is too short ends the connection.
IN_MESSAGES = [kind for kind in KINDS if "stream" not in kind and kind != "tap"]

ENDED_BY_NOTHING = ["fd, packets"]


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


class End:
    """A host with an agent that has every kind of port, and a machine at each of them."""

    def __init__(self, agents, host, base, number):
        self.base, self.number = base, number
        self.agent = agents(host, config=self._config())
        self.pairs = {kind: socket.socketpair(socket.AF_UNIX, PAIRS[kind]) for kind in PAIRS}
        self.listeners = [StreamListener(host, at) for at in (f"{base}-server", self._inet(7004))]
        self.machines = {}
        host.sysctl("net.unix.max_dgram_qlen=512")

    @staticmethod
    def _inet(port):
        return ("127.0.0.1", port)

    def _config(self):
        base = self.base
        ports = [
            ("udp", "udp", "local = 127.0.0.1:7001", "remote = 127.0.0.1:7002"),
            ("pair", "dgram", f"local = {base}-pair", f"remote = {base}-vm"),
            ("many", "dgram", f"local = {base}-many"),
            ("listening", "stream", f"listen = {base}-stream"),
            ("inet", "stream", "listen = 127.0.0.1:7003"),
            ("abstract", "stream", "listen = @lan"),
            ("connecting", "stream", f"connect = {base}-server"),
            ("to-inet", "stream", "connect = 127.0.0.1:7004"),
            *((kind.replace(", ", "-"), "fd", f"fd = {kind.split()[1]}") for kind in PAIRS),
            *((kind, "tap", "name = lw0", "mtu = 9000") for kind in TAP),
        ]
        return config(*ports)

    def up(self):
        """Start the agent."""
        self.agent.given = {kind.split()[1]: pair[1].fileno() for kind, pair in self.pairs.items()}
        self.agent.up()
        for _, theirs in self.pairs.values():
            theirs.close()

    def plug_in(self):
        """Start the machines, and wait until the agent knows that they are there."""
        host, base = settled(self.agent).host, self.base
        macs = {kind: f"02:00:00:00:0{self.number}:{n:02x}" for n, kind in enumerate(KINDS)}

        def mac(kind):
            return macs[kind]

        made = [
            Machine(host, mac("hub")),
            UdpPlug(host, mac("udp"), self._inet(7002), self._inet(7001)),
            DgramPlug(host, mac("dgram pair"), f"{base}-vm", f"{base}-pair"),
            DgramPlug(host, mac("dgram"), f"{base}-learned", f"{base}-many"),
            StreamPlug(host, mac("stream"), f"{base}-stream"),
            StreamPlug(host, mac("stream inet"), self._inet(7003)),
            StreamPlug(host, mac("stream abstract"), "@lan"),
            self.listeners[0].accept(mac("stream connect")),
            self.listeners[1].accept(mac("stream connect inet")),
            *(self._at_pair(host, mac(kind), kind) for kind in PAIRS),
            *(AtTap(host, mac(kind)) for kind in TAP),
        ]
        self.machines = dict(zip(KINDS, made))
        for port in ("listening/1", "inet/1", "abstract/1"):
            wait_for(lambda port=port: port in ports_of(self.agent), SEEN_S, self.agent.story)

    def _at_pair(self, host, mac, kind):
        ours = self.pairs[kind][0]
        if kind == "fd, stream":
            return StreamPlug(host, mac, None, ours)
        return AnyPlug(host, mac, ours)


@pytest.fixture(scope="module")
def ends(shared_lab, shared_agents):
    """Two such hosts, connected, on which each machine is known, and hears."""
    with tempfile.TemporaryDirectory(prefix="lw") as folder:
        made = [
            End(shared_agents, shared_lab.host(name), f"{folder}/{name}", number)
            for number, name in enumerate(("anna", "bert"))
        ]
        introduce(*(end.agent for end in made))
        for end in made:
            end.up()
        for end in made:
            end.plug_in()
        here, there = made
        here.agent.wait_up("bert")
        there.agent.wait_up("anna")
        for one, other in ((here, there), (there, here)):
            for kind, machine in one.machines.items():
                assert crosses(machine, other.machines["hub"], SETTLED_S), kind
        yield made


def listeners_of(ends, sender):
    """All machines but one: a name and the machine."""
    for end in ends:
        for kind, machine in end.machines.items():
            if machine is not sender:
                yield f"{kind} of {end.agent.name}", machine


def take_all(ends):
    """What all machines have heard so far."""
    return [frame for _, machine in listeners_of(ends, None) for frame in machine.take()]


def all_hear(ends, sender, frame, what):
    """Send a frame; each other machine hears it, byte for byte."""
    take_all(ends)
    sender.send(frame)
    for name, listener in listeners_of(ends, sender):
        assert listener.hears(lambda f: f == frame, SEEN_S), f"{what} to {name}"


@pytest.mark.parametrize("kind", KINDS)
def test_frames_of_every_kind_cross_unchanged_to_every_kind_of_port(ends, kind):
    for end in ends:
        sender = end.machines[kind]
        for name, frame in frames_of(sender.mac).items():
            all_hear(ends, sender, frame, f"{name}: from {kind} of {end.agent.name}")


@pytest.mark.parametrize("kind", KINDS)
def test_frames_for_one_machine_cross_unchanged_from_every_kind_of_port(ends, kind):
    for end in ends:
        sender = end.machines[kind]
        take_all(ends)
        for name, listener in listeners_of(ends, sender):
            frame = ethernet(sender.mac, listener.mac, os.urandom(1500))
            sender.send(frame)
            assert listener.hears(lambda f, frame=frame: f == frame, SEEN_S), f"{kind} to {name}"


@pytest.mark.parametrize("kind", IN_MESSAGES)
def test_no_port_emits_a_frame_that_is_too_short(ends, kind):
    for end in ends:
        sender = end.machines[kind]
        take_all(ends)
        for size in range(1 if kind in ENDED_BY_NOTHING else 0, HEADER_BYTES):
            sender.send(os.urandom(size))
        after = ethernet(sender.mac, BROADCAST, os.urandom(60))
        sender.send(after)
        for name, listener in listeners_of(ends, sender):
            heard = heard_until(listener, after)
            assert all(len(frame) >= HEADER_BYTES for frame in heard), f"{kind} to {name}"


def heard_until(listener, last):
    """All that a machine hears until it hears that frame."""
    heard, deadline = [], time.monotonic() + SEEN_S
    while last not in heard:
        assert time.monotonic() < deadline
        heard += listener.listen(0.01)
    return heard
