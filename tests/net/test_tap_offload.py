"""Super-frames and unfinished checksums of real hosts: every byte crosses, and no wire sees them."""

import contextlib
import hashlib
import os
import socket
import subprocess
import threading

import pytest

from agent import Agent, introduce
from capture import Capture
from netns import Namespace, wait_for
from plugged import plugged
from tapped import HUB_AND_TAP, available

SETTLED_S = 30
FAST_BYTES = 8 << 20  # from interface to interface
SLOW_BYTES = 512 << 10  # through the harness's hub
PORT = 7000
ETHERNET_MAX = 1514
UDP_SEGMENT = 103  # linux/udp.h
DATAGRAMS, DATAGRAM_BYTES = 40, 1000
NUMBERS = {"anna": 1, "bert": 2, "guest-a": 3, "guest-b": 4}
FAMILIES = {4: "10.9.0.{}", 6: "fd09::{}"}
WRONG = ("incorrect", "bad udp cksum", "bad cksum", "icmp6 sum bad")

pytestmark = pytest.mark.skipif(available() is not None, reason=available() or "")


class Party:
    """A kernel on the LAN: a host at its TAP, or a machine on a hub."""

    def __init__(self, name, place, device):
        self.name = name
        self.place = place
        for pattern, length in (("10.9.0.{}", 24), ("fd09::{}", 64)):
            address = f"{pattern.format(NUMBERS[name])}/{length}"
            place.ip("addr", "add", address, "dev", device, *(["nodad"] if length == 64 else []))

    def address(self, family):
        """Its own in that family."""
        return FAMILIES[family].format(NUMBERS[self.name])

    def socket(self, family, kind, number=0):
        """One of its own, bound to its address, and to that port or any."""
        with self.place.inside():
            made = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, kind)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.settimeout(SETTLED_S)
        made.bind((self.address(family), number))
        return made

    def wrong_checksums(self):
        """How many segments and datagrams its kernel refused for that: RFC 4022, 4113."""
        count = 0
        lines = self.place.run("cat", "/proc/net/snmp").splitlines()
        for names, values in zip(lines[::2], lines[1::2]):
            table = dict(zip(names.split(), values.split()))
            count += int(table.get("InCsumErrors", 0))
        for line in self.place.run("cat", "/proc/net/snmp6").splitlines():
            name, value = line.split()
            count += int(value) if name.endswith("InCsumErrors") else 0
        return count


@contextlib.contextmanager
def guest(lab, host, name):
    """A machine with a kernel of its own, on the hub of @host."""
    place = Namespace(lab, name)
    device = "g" + name[-1]
    with plugged(host, device):
        host.ip("link", "set", device, "netns", place.netns)
        place.ip("link", "set", device, "up")
        yield Party(name, place, device)


def configured(lab, folder, name, word):
    """An agent with a hub, a TAP and the key."""
    agent = Agent(lab.host(name), folder / name, name=name)
    agent.init(HUB_AND_TAP.replace("[vlan", f"offload = {word}\n\n[vlan", 1))
    return agent


def port(agent):
    """The status of its TAP."""
    ports = [p for v in agent.status()["vlans"] for p in v["ports"]]
    return next(p for p in ports if p["name"] == "host")


@pytest.fixture(params=["on on", "on off", "off on"])
def parties(request, lab, tmp_path):
    """Anna and Bert at their TAPs, a machine on the hub of each, and the agents."""
    words = request.param.split()
    both = [configured(lab, tmp_path, n, w) for n, w in zip(("anna", "bert"), words)]
    introduce(*both)
    for agent in both:
        agent.up()
    with contextlib.ExitStack() as stack:
        for agent in both:
            stack.callback(agent.stop)
        anna, bert = both
        anna.wait_up("bert")
        for agent in both:
            wait_for(lambda a=agent: port(a)["state"] == "forwarding", SETTLED_S, agent.story)
        made = [Party(a.name, a.host, "lw0") for a in both]
        made.append(stack.enter_context(guest(lab, anna.host, "guest-a")))
        made.append(stack.enter_context(guest(lab, bert.host, "guest-b")))
        for party in made:
            for other in made:
                if other is not party:
                    where = other.address(4)
                    wait_for(lambda p=party, w=where: p.place.ping(w, 1), SETTLED_S, anna.story)
        yield {
            **{p.name: p for p in made},
            "agents": dict(zip(("anna", "bert"), both)),
            "words": dict(zip(("anna", "bert"), words)),
        }


def transfer(sender, receiver, family, size):
    """A file by TCP: its hash at both ends is the same."""
    data = os.urandom(size)
    heard = hashlib.sha256()
    with receiver.socket(family, socket.SOCK_STREAM, PORT) as listener:
        listener.listen()
        with sender.socket(family, socket.SOCK_STREAM) as one:
            one.connect((receiver.address(family), PORT))
            two, _ = listener.accept()
            two.settimeout(SETTLED_S)
            with two:
                thread = threading.Thread(target=lambda: (one.sendall(data), one.shutdown(1)))
                thread.start()
                while part := two.recv(1 << 16):
                    heard.update(part)
                thread.join()
    assert heard.digest() == hashlib.sha256(data).digest()


def datagrams(sender, receiver, family):
    """Handed to the kernel as one: each comes as it is."""
    parts = [os.urandom(DATAGRAM_BYTES) for _ in range(DATAGRAMS)] + [os.urandom(333)]
    with receiver.socket(family, socket.SOCK_DGRAM, PORT) as two:
        with sender.socket(family, socket.SOCK_DGRAM) as one:
            one.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, DATAGRAM_BYTES)
            one.sendto(b"".join(parts), (receiver.address(family), PORT))
        assert [two.recv(65535) for _ in parts] == parts


def assert_clean(capture):
    """Not one wrong checksum, as tcpdump sees it, and nothing longer than a frame."""
    command = ["tcpdump", "-nvvr", capture.path]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line for line in text.splitlines() if any(word in line for word in WRONG)]
    assert not lines, lines[:5]
    assert "(correct)" in text and "udp sum ok" in text
    assert max(map(len, capture.packets())) <= ETHERNET_MAX


def frames_of_kernel(agent, way):
    """How many the kernel says went through its TAP."""
    path = f"/sys/class/net/lw0/statistics/{way}_packets"
    return int(agent.host.run("ip", "netns", "exec", agent.host.netns, "cat", path))


def assert_drops_nothing(agent):
    """That has to do with any of this."""
    drops = str(port(agent)) + str(agent.status()["peers"])
    for word in ("no_checksum", "long_frame", "port_send", "over_mtu"):
        assert f"'{word}'" not in drops, drops


def test_every_byte_crosses_between_hosts_and_machines(parties, tmp_path):
    anna, bert = parties["anna"], parties["bert"]
    near, far = parties["guest-a"], parties["guest-b"]
    with Capture(parties["agents"]["anna"].host, tmp_path / "a", "ga-hub") as at_near, Capture(
        parties["agents"]["bert"].host, tmp_path / "b", "gb-hub"
    ) as at_far:
        for family in FAMILIES:
            transfer(anna, bert, family, FAST_BYTES)
            transfer(bert, anna, family, FAST_BYTES)
            transfer(anna, near, family, SLOW_BYTES)
            transfer(anna, far, family, SLOW_BYTES)
            transfer(far, anna, family, SLOW_BYTES)
            for sender, receiver in ((anna, bert), (bert, anna), (anna, near), (anna, far)):
                datagrams(sender, receiver, family)
            datagrams(far, anna, family)
    for capture in (at_near, at_far):
        assert_clean(capture)
    for party in (anna, bert, near, far):
        assert party.wrong_checksums() == 0, party.name
    for name, agent in parties["agents"].items():
        assert_drops_nothing(agent)
        if parties["words"][name] == "on":  # fewer calls than frames, both ways
            assert 2 * frames_of_kernel(agent, "tx") < port(agent)["rx_frames"]
        else:
            assert frames_of_kernel(agent, "tx") >= port(agent)["rx_frames"]
    if set(parties["words"].values()) == {"on"}:
        assert (
            2 * frames_of_kernel(parties["agents"]["bert"], "rx")
            < port(parties["agents"]["bert"])["tx_frames"]
        )
