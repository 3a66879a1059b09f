"""Two hosts, joined by a router: frames cross, and go on crossing whatever happens."""

import pytest

from agent import RELEASE, introduce
from capture import Capture
from machine import BROADCAST, Machine, counted, crosses, ethernet, numbered, read_number
from netns import wait_for

ANNA_MAC, BERT_MAC = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
QUICK_S = 2  # from `longwire up` to the first frame across
SETTLED_S = 30  # where only whether, not when, is asked


class Pair:
    """Anna and Bert with an agent and a machine each, and cards exchanged."""

    def __init__(self, lab, agents, family=4, called=None, **options):
        self.anna = agents(lab.host("anna"), **options)
        self.bert = agents(lab.host("bert"), **options)
        who = {"anna": [self.anna], "bert": [self.bert], None: None}[called]
        introduce(self.anna, self.bert, family=family, called=who)
        self.machine_a = Machine(self.anna.host, ANNA_MAC)
        self.machine_b = Machine(self.bert.host, BERT_MAC)

    def start(self):
        """Both agents, until both sessions are up and frames cross both ways."""
        self.anna.up()
        self.bert.up()
        self.anna.wait_up("bert")
        self.bert.wait_up("anna")
        assert self.cross() is not None, self.story()
        return self

    def cross(self, timeout_s=SETTLED_S, size=60):
        """The seconds until frames cross both ways, or None."""
        there = crosses(self.machine_a, self.machine_b, timeout_s, size=size)
        back = crosses(self.machine_b, self.machine_a, timeout_s, size=size)
        return None if there is None or back is None else there + back

    def story(self):
        """For messages."""
        return self.anna.story() + self.bert.story()


@pytest.mark.parametrize("family", [4, 6])
def test_frames_cross_both_ways(lab, agents, family):
    pair = Pair(lab, agents, family=family).start()
    endpoint = pair.anna.peer("bert")["path"]["endpoint"]
    assert pair.bert.host.address(family) in endpoint


@pytest.mark.parametrize("called", [None, "anna", "bert"])
def test_first_frame_crosses_within_two_seconds(lab, agents, called):
    pair = Pair(lab, agents, called=called, binary=RELEASE)
    pair.anna.start()
    pair.bert.start()
    assert pair.cross(timeout_s=QUICK_S) is not None, pair.story()


@pytest.mark.parametrize("size", [60, 1232, 1420, 1514])
def test_frames_of_every_size_cross(lab, agents, size):
    pair = Pair(lab, agents).start()
    assert pair.cross(size=size) is not None, pair.story()


def test_a_broadcast_is_heard_exactly_once_and_not_echoed(lab, agents):
    pair = Pair(lab, agents).start()
    pair.machine_a.take()
    pair.machine_b.take()
    for number in range(1000, 1100):
        pair.machine_a.say(number)
        pair.machine_b.say(number)
    for machine in (pair.machine_a, pair.machine_b):
        heard = counted(machine.listen(3))
        for sender in (0x0A, 0x0B):
            assert [n for s, n in heard if s == sender] == list(range(1000, 1100))


@pytest.mark.parametrize("who", ["anna", "bert"])
@pytest.mark.parametrize("called", ["anna", "bert"])
def test_after_kill_and_restart_frames_cross_within_two_seconds(lab, agents, who, called):
    pair = Pair(lab, agents, called=called, binary=RELEASE).start()
    agent = getattr(pair, who)
    agent.kill()
    agent.start()
    assert pair.cross(timeout_s=QUICK_S) is not None, pair.story()


def test_a_host_that_changes_its_address_stays_connected(lab, agents):
    pair = Pair(lab, agents, called="bert").start()
    age = pair.bert.peer("anna")["handshake_age_s"]
    anna = pair.anna.host
    old, prefix = anna.address(), anna.address().rsplit(".", 1)[0]
    anna.ip("addr", "del", f"{old}/24", "dev", "eth0")
    anna.ip("addr", "add", f"{prefix}.77/24", "dev", "eth0")
    anna.ip("route", "replace", "default", "via", f"{prefix}.1", "dev", "eth0")
    assert pair.cross() is not None, pair.story()
    # It may be the endpoint, or stand by where another way to that host is faster.
    wait_for(
        lambda: any(
            f"{prefix}.77" in path["endpoint"] and path["state"] in ("active", "standby")
            for path in pair.bert.peer("anna")["paths"]
        ),
        SETTLED_S,
        pair.story,
    )
    assert pair.bert.peer("anna")["handshake_age_s"] >= age


def test_a_removed_peer_is_cut_off_within_a_second(lab, agents):
    pair = Pair(lab, agents, binary=RELEASE).start()
    pair.anna.cli("remove", "bert")
    wait_for(lambda: pair.anna.peer("bert") is None, 1, pair.story)
    pair.machine_a.take()
    pair.machine_b.take()
    assert crosses(pair.machine_a, pair.machine_b, 2) is None
    assert crosses(pair.machine_b, pair.machine_a, 2) is None


def test_a_card_added_while_the_agents_run_connects_at_once(lab, agents):
    anna, bert = agents(lab.host("anna"), binary=RELEASE), agents(lab.host("bert"), binary=RELEASE)
    anna.up()
    bert.up()
    introduce(anna, bert)
    anna.wait_up("bert", timeout_s=5)
    bert.wait_up("anna", timeout_s=5)


def test_no_byte_of_a_frame_crosses_the_wire_in_clear(lab, agents, tmp_path):
    pair = Pair(lab, agents)
    with Capture(pair.anna.host, tmp_path / "wire.pcap") as wire:
        pair.start()
        secret = b"Attack at dawn, from the left bank"
        frame = ethernet(ANNA_MAC, BROADCAST, secret * 8)
        heard = None
        while heard is None:
            pair.machine_a.send(frame)
            heard = pair.machine_b.hears(lambda f: secret in f, 1)
    packets = wire.packets()
    assert len(packets) > 4
    mac = bytes.fromhex(ANNA_MAC.replace(":", ""))
    assert not [p for p in packets if secret[:8] in p]
    assert not [p for p in packets if mac in p]


def test_unicast_to_a_neighbour_stays_on_its_host(lab, agents):
    pair = Pair(lab, agents).start()
    neighbour = Machine(pair.anna.host, "02:00:00:00:00:0c")
    assert crosses(neighbour, pair.machine_b, SETTLED_S)
    pair.machine_b.take()
    pair.machine_a.send(numbered(ANNA_MAC, neighbour.mac, 0x0A, 5000))
    assert neighbour.hears(lambda f: read_number(f) == (0x0A, 5000), 5)
    pair.machine_a.say(5001)
    assert counted(pair.machine_b.listen(2)) == [(0x0A, 5001)]


def test_the_agent_never_emits_an_empty_or_short_frame(lab, agents):
    pair = Pair(lab, agents).start()
    pair.machine_b.take()
    for size in range(0, 14):
        pair.machine_a.send(b"\xff" * size)
    assert pair.cross() is not None
    assert not [f for f in pair.machine_b.listen(1) if len(f) < 14]
