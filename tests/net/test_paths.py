"""Paths that are narrow, shrink, move or die, under TCP and UDP between far hosts."""

import contextlib
import signal
import socket
import struct
import threading
import time

import pytest

from agent import introduce
from capture import Capture
from hosts import LONG
from narrow import TUNNEL, has_fragments, narrow, widen
from netns import wait_for
from tapped import TAP_ONLY, available

SETTLED_S = 30
BUSY_S = 2     # what a computer with other work may add to a pause
PAUSE_S = 3    # that a path that changed may cost
ROAM_S = 1.5   # that an address that changed may cost
PORT = 7001
CHUNK_BYTES = 16384
UDP_BYTES = 1472
RATE_CHUNKS = 100  # of TCP, a second: busy, and something is left for others
HEADERS_BYTES = {False: 28, True: 48}  # IPv4, IPv6, with UDP
SEARCH_STEP_BYTES = 16  # so near the search comes
FROZEN_S = 7            # longer than a timer is ever late

pytestmark = pytest.mark.skipif(available() is not None, reason=available() or "")
MTUS = [1280, 1400, 1492, 1500, 9000] if LONG else [1280, 9000]


class Flow:
    """TCP from one host to another, full-size UDP beside it, and the longest pause of each."""

    def __init__(self, source, target, address):
        with target.inside():
            listener = socket.create_server((address, PORT))
            self.udp_in = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp_in.bind((address, PORT))
        with source.inside():
            self.out = socket.socket()
            self.udp_out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.out.settimeout(SETTLED_S)
        self.out.connect((address, PORT))
        self.into, _ = listener.accept()
        listener.close()
        self.target = (address, PORT)
        self.ending = threading.Event()
        self.last = {"tcp": time.monotonic(), "udp": time.monotonic()}
        self.worst = {"tcp": 0.0, "udp": 0.0}
        self.got = {"tcp": 0, "udp": 0}
        self.threads = [
            threading.Thread(target=work, daemon=True)
            for work in (self._send, self._take_tcp, self._take_udp)
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for one in (self.out, self.into, self.udp_out, self.udp_in):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self.threads:
            thread.join()

    def _send(self):
        number = 0
        while not self.ending.wait(1 / RATE_CHUNKS):
            number += 1
            with contextlib.suppress(OSError):
                self.udp_out.sendto(struct.pack("!I", number).ljust(UDP_BYTES, b"u"), self.target)
                self.out.sendall(bytes(CHUNK_BYTES))

    def _heard(self, what, count):
        now = time.monotonic()
        self.worst[what] = max(self.worst[what], now - self.last[what])
        self.last[what] = now
        self.got[what] += count

    def _take_tcp(self):
        with contextlib.suppress(OSError):
            while data := self.into.recv(1 << 20):
                self._heard("tcp", len(data))

    def _take_udp(self):
        with contextlib.suppress(OSError):
            while data := self.udp_in.recv(65535):
                self._heard("udp", len(data))

    def forget(self):
        """From now on count pauses anew."""
        self.worst = {"tcp": 0.0, "udp": 0.0}

    def flows(self, seconds):
        """Watch it for a while. Return: the longest pause of each, one that still lasts included"""
        self.forget()
        time.sleep(seconds)
        now = time.monotonic()
        pause = {what: max(self.worst[what], now - self.last[what]) for what in self.worst}
        print("longest pause:", ", ".join(f"{what} {pause[what]:.2f} s" for what in pause))
        return pause


def connected(lab, agents, family=4, config=TAP_ONLY):
    """Anna and Bert on the LAN by TAPs, connected."""
    both = [agents(lab.host(name), config=config) for name in ("anna", "bert")]
    introduce(*both, family=family)
    for number, agent in enumerate(both, start=1):
        agent.up()
        agent.host.ip("addr", "add", f"10.9.0.{number}/24", "dev", "lw0")
    for agent in both:
        agent.wait_forwarding()
    both[0].wait_up("bert")
    both[1].wait_up("anna")
    wait_for(lambda: both[0].host.ping("10.9.0.2", 1), SETTLED_S, both[0].story)
    return both


def packet_bytes(agent, name):
    """The longest IP packet in use towards a peer; 0 while it is not up."""
    path = agent.peer(name)["path"]
    return path["mtu_bytes"] + HEADERS_BYTES["[" in path["endpoint"]] if path else 0


def endpoint(agent, name):
    """Where a peer is sent to; empty while it is not up."""
    path = agent.peer(name)["path"]
    return path["endpoint"] if path else ""


@pytest.mark.parametrize("mtu", MTUS)
def test_tcp_and_full_size_udp_flow_over_a_path_of_any_mtu(lab, agents, tmp_path, mtu):
    anna, bert = connected(lab, agents)
    widen(lab, anna.host, bert.host)
    narrow(lab, bert.host, mtu)
    with Capture(bert.host, tmp_path / "wire", match=TUNNEL) as wire, Flow(
        anna.host, bert.host, "10.9.0.2"
    ) as flow:
        wait_for(lambda: flow.got["tcp"] > 100000, SETTLED_S, anna.story)
        wait_for(lambda: flow.got["udp"] > 10000, SETTLED_S, anna.story)
        pause = flow.flows(3)
        assert max(pause.values()) < PAUSE_S + BUSY_S, anna.story()
        wait_for(
            lambda: mtu - SEARCH_STEP_BYTES < packet_bytes(anna, "bert") <= mtu,
            SETTLED_S, anna.story,
        )
    assert not has_fragments(wire.packets())


def test_a_path_that_shrinks_in_silence_costs_a_pause_of_seconds(lab, agents, tmp_path):
    anna, bert = connected(lab, agents)
    with Capture(bert.host, tmp_path / "wire", match=TUNNEL) as wire, Flow(
        anna.host, bert.host, "10.9.0.2"
    ) as flow:
        wait_for(lambda: packet_bytes(anna, "bert") == 1500, SETTLED_S, anna.story)
        flow.flows(1)
        flow.forget()
        narrow(lab, bert.host, 1300)
        pause = flow.flows(PAUSE_S + BUSY_S + 1)
        assert max(pause.values()) < PAUSE_S + BUSY_S, f"{pause} {anna.story()}"
        assert packet_bytes(anna, "bert") <= 1300, anna.story()
    assert not has_fragments(wire.packets())


def test_a_peer_whose_address_changes_all_the_time_stays_connected(lab, agents):
    anna, bert = connected(lab, agents)
    lan = anna.host.address().rsplit(".", 1)[0]
    with Flow(anna.host, bert.host, "10.9.0.2") as flow:
        wait_for(lambda: flow.got["tcp"] > 100000, SETTLED_S, anna.story)
        for number in range(12 if LONG else 3):
            was = anna.host.address()
            anna.host.ip("addr", "del", f"{was}/24", "dev", "eth0")
            anna.host.ip("addr", "add", f"{lan}.{100 + number}/24", "dev", "eth0")
            anna.host.ip("route", "replace", "default", "via", f"{lan}.1", "dev", "eth0")
            pause = flow.flows(5)
            assert pause["tcp"] < ROAM_S + BUSY_S, f"{number}: {pause} {anna.story()}"


def test_from_ipv4_to_ipv6(lab, agents):
    anna, bert = connected(lab, agents)
    at = f"{bert.endpoint(4)}, {bert.endpoint(6)}"
    anna.cli("add", "--replace", text=bert.card(at))
    with Flow(anna.host, bert.host, "10.9.0.2") as flow:
        wait_for(lambda: flow.got["tcp"] > 100000, SETTLED_S, anna.story)
        anna.host.ip("addr", "flush", "dev", "eth0", "scope", "global")
        anna.host.ip("addr", "add", "2001:db8:1::99/64", "dev", "eth0", "nodad")
        anna.host.ip("-6", "route", "replace", "default", "via", "2001:db8:1::1", "dev", "eth0")
        pause = flow.flows(6)
        assert pause["tcp"] < PAUSE_S + BUSY_S, f"{pause} {anna.story()}"
    assert endpoint(anna, "bert").startswith("["), anna.story()


def test_of_two_interfaces_one_may_go(lab, agents):
    """Wi-Fi off, cable on."""
    anna = agents(lab.host("anna"), config=TAP_ONLY)
    bert = agents(lab.host("bert"), config=TAP_ONLY)
    wifi = lab.lan()
    wifi.plug(anna.host, "eth1")  # whose default routes replace those of eth0
    lan = anna.host.address().rsplit(".", 1)[0]
    anna.host.ip("route", "add", "default", "via", f"{lan}.1", "dev", "eth0", "metric", "200")
    introduce(anna, bert)
    for number, agent in enumerate((anna, bert), start=1):
        agent.up()
        agent.host.ip("addr", "add", f"10.9.0.{number}/24", "dev", "lw0")
    wait_for(lambda: anna.host.ping("10.9.0.2", 1), SETTLED_S, anna.story)
    with Flow(anna.host, bert.host, "10.9.0.2") as flow:
        wait_for(lambda: flow.got["tcp"] > 100000, SETTLED_S, anna.story)
        flow.forget()
        anna.host.ip("link", "set", "eth1", "down")
        pause = flow.flows(6)
        assert pause["tcp"] < PAUSE_S + BUSY_S, f"{pause} {anna.story()}"
    left = (f"{anna.host.address(4)}:", f"[{anna.host.address(6)}]:")
    assert endpoint(bert, "anna").startswith(left), bert.story()


def test_a_host_that_was_frozen_while_its_address_changed_is_back_at_once(lab, agents):
    """SIGSTOP stands in for sleep."""
    anna, bert = connected(lab, agents)
    lan = anna.host.address().rsplit(".", 1)[0]
    anna.process.send_signal(signal.SIGSTOP)
    anna.host.ip("addr", "del", f"{lan}.2/24", "dev", "eth0")
    anna.host.ip("addr", "add", f"{lan}.77/24", "dev", "eth0")
    anna.host.ip("route", "replace", "default", "via", f"{lan}.1", "dev", "eth0")
    time.sleep(FROZEN_S)
    anna.process.send_signal(signal.SIGCONT)
    woke = time.monotonic()
    wait_for(lambda: anna.host.ping("10.9.0.2", 1), SETTLED_S, anna.story)
    assert time.monotonic() - woke < 1 + BUSY_S, anna.story()
    now = (f"{lan}.77:", f"[{anna.host.address(6)}]:")
    wait_for(lambda: endpoint(bert, "anna").startswith(now), SETTLED_S, bert.story)


def test_replayed_and_forged_datagrams_from_elsewhere_move_nothing(lab, agents, tmp_path):
    # so that each datagram is captured by itself
    alone = TAP_ONLY.replace("[vlan", "offload = off\n[vlan", 1)
    anna, bert = connected(lab, agents, config=alone)
    mallory = lab.host("mallory")
    place = endpoint(bert, "anna")
    tunnel = f"udp src port {anna.port} and dst host {bert.host.address()}"
    with Flow(anna.host, bert.host, "10.9.0.2") as flow:
        with Capture(bert.host, tmp_path / "wire", match=tunnel) as wire:
            wait_for(lambda: flow.got["tcp"] > 100000, SETTLED_S, anna.story)
        heard = [packet[42:] for packet in wire.packets()][-200:]
        with mallory.inside(), Capture(mallory, tmp_path / "answers", match="udp") as answers:
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sender.bind(("", 19543))
            for payload in heard:
                ahead = struct.pack("<Q", struct.unpack_from("<Q", payload, 8)[0] + (1 << 20))
                for data in (payload, payload[:8] + ahead + payload[16:], payload[:-1] + b"x"):
                    sender.sendto(data, (bert.host.address(), bert.port))
            pause = flow.flows(2)
        sender.close()
        assert max(pause.values()) < ROAM_S + BUSY_S, bert.story()
    drops = bert.peer("anna")["drops"]
    assert drops.get("replay", 0) > 0 and drops.get("bad_tag", 0) > 0, bert.story()
    assert endpoint(bert, "anna") == place
    to_mallory = [p for p in answers.packets() if p[30:34] == socket.inet_aton(mallory.address())]
    assert to_mallory == [], "something of the session went there"
