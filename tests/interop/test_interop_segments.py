"""Segment reports, answers and beacons between the second implementation and the agent: it answers
what far peers report, and shares its own hub with one that is there too (PROTOCOL.md 6.6, 12)."""

import os
import socket

import pytest

import records
import segments
from noise import KeyPair
from real_agent import LOOPBACK, from_hub, from_node
from scene import LAN, barrier, came_from_agent, heard_on_hub, now
from segments import Segment, name_of_id

MAC = bytes.fromhex("02005e100001")


def report(peer, generation, *listed):
    """Send a report on @peer's session."""
    peer.send(now(), records.record(records.SEGMENTS, segments.report(generation, listed)))


def latest(peer, kind):
    """The latest that the agent sent of that kind, or None."""
    return next((said for said in reversed(peer.segments) if said[0] == kind), None)


def roles(peer):
    """The roles of the latest answer: number to "stand by"; None without one."""
    said = latest(peer, "answer")
    return dict(said[2]) if said else None


class Shared:
    """Somewhere far away: a LAN that two peers serve, both of which hear each other there."""

    def __init__(self, scene):
        self.key = scene.agent.public
        self.ids = [os.urandom(16), os.urandom(16)]

    def segment(self, which, number, mutual=True, serves=True):
        """As the peer @which, 0 or 1, reports it to the agent."""
        own, other = self.ids[which], self.ids[1 - which]
        heard = [name_of_id(other, self.key)] if mutual else []
        return Segment(number, LAN, serves, own=[name_of_id(own, self.key)], heard=heard)


@pytest.fixture
def two(scene):
    """Two peers of the agent, the one with the lower key first."""
    keys = sorted((KeyPair(), KeyPair()), key=lambda pair: pair.public)
    met = [scene.line(name, static=key) for name, key in zip(("ben", "clara"), keys)]
    scene.agent.up()
    for line, peer in met:
        scene.meet(line, peer)
    return met


def until_all(met, condition, why):
    """Serve several lines until it is true."""
    met[0][0].until(lambda: [line.step() for line, _ in met] and condition(), why)


# -- answers -------------------------------------------------------------------------------------


def test_a_report_is_answered_with_its_generation_and_all_its_numbers(scene):
    line, peer = scene.connect()
    for generation, numbers in ((5, [0, 255]), (2**31, [7]), (2**31 + 1, [])):
        report(peer, generation, *(Segment(n, LAN, True, own=[os.urandom(8)]) for n in numbers))
        expected = ("answer", generation, [(n, False) for n in numbers], [])
        line.until(lambda: latest(peer, "answer") == expected, scene.agent.story)
    assert not scene.agent.drops()


def test_of_two_that_serve_one_segment_the_higher_key_stands_by_and_is_told_who_else_is_there(
    scene, two
):
    (_, lower), (_, higher) = two
    lan = Shared(scene)
    report(higher, 1, lan.segment(1, 9))
    until_all(two, lambda: roles(higher) == {9: False}, scene.agent.story)  # nobody else is known
    report(lower, 1, lan.segment(0, 3))
    until_all(two, lambda: roles(higher) == {9: True}, scene.agent.story)
    until_all(two, lambda: roles(lower) == {3: False}, scene.agent.story)
    names = latest(higher, "answer")[3]
    assert names == [(name_of_id(lan.ids[0], scene.agent.public), "ben")]


@pytest.mark.parametrize("change", ["goodbye", "blocked", "not heard", "gone"])
def test_the_other_takes_over(scene, two, change):
    (_, lower), (_, higher) = two
    lan = Shared(scene)
    report(lower, 1, lan.segment(0, 3))
    report(higher, 1, lan.segment(1, 9))
    until_all(two, lambda: roles(higher) == {9: True}, scene.agent.story)
    segment = lan.segment(0, 3, mutual=change != "not heard")
    segment.blocked = change == "blocked"
    if change == "goodbye":
        lower.goodbye(now())
    else:
        report(lower, 2, *([] if change == "gone" else [segment]))
    until_all(two, lambda: roles(higher) == {9: False}, scene.agent.story)


def test_who_serves_goes_before_who_does_not_whatever_the_keys(scene, two):
    (_, lower), (_, higher) = two
    lan = Shared(scene)
    report(lower, 1, lan.segment(0, 3, serves=False))
    report(higher, 1, lan.segment(1, 9))
    until_all(two, lambda: roles(lower) == {3: True}, scene.agent.story)
    assert roles(higher) == {9: False}


def test_a_report_that_an_earlier_one_overtook_is_ignored(scene, two):
    (_, lower), (_, higher) = two
    lan = Shared(scene)
    report(lower, 2, lan.segment(0, 3))
    report(higher, 8, lan.segment(1, 9))
    until_all(two, lambda: roles(higher) == {9: True}, scene.agent.story)
    report(lower, 1)
    report(higher, 9, lan.segment(1, 10))
    until_all(two, lambda: roles(higher) == {10: True}, scene.agent.story)


def test_frames_of_a_peer_that_stands_by_are_its_own_affair(scene, two):
    lan = Shared(scene)
    for which, (_, peer) in enumerate(two):
        report(peer, 1, lan.segment(which, 1))
    until_all(two, lambda: roles(two[1][1]) == {1: True}, scene.agent.story)
    for which, (line, peer) in enumerate(two):
        frame = bytearray(from_node(60))
        frame[11] += which  # each has a machine of its own
        peer.send_frame(now(), LAN, bytes(frame))
        heard_on_hub(scene, line, bytes(frame))
    assert not scene.agent.drops()


# -- a hub that is shared --------------------------------------------------------------------------


class Neighbour:
    """The node is on the agent's hub, too: beacons, and what it hears there."""

    def __init__(self, scene, peer):
        self.scene, self.peer = scene, peer
        self.number = os.urandom(16)
        self.said_at = float("-inf")
        self.generation = self.answered = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(
            socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK)
        )
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)

    def beacon(self, **options):
        """Say that we are here, if that was long ago; True."""
        if now() - self.said_at > 0.5 or options:
            frame = segments.beacon(self.number, MAC, **options)
            self.socket.sendto(frame, self.scene.hub.address)
            self.said_at = now()
        return True

    def heard(self):
        """The latest id of the agent's own beacons on the hub, or None."""
        ids = [segments.id_of_beacon(frame) for frame in self.scene.hub.read()]
        return next((n for n in reversed(ids) if n not in (None, self.number)), None)

    def report(self):
        """Report our side of the hub, with the agent's id that we hear; True."""
        agent, self.generation = self.scene.agent.public, self.generation + 1
        heard = self.heard()
        report(self.peer, self.generation, Segment(
            1, LAN, True, own=[name_of_id(self.number, agent)],
            heard=[name_of_id(heard, agent)] if heard else [],
        ))  # fmt: skip
        return True

    def is_reported(self):
        """Does the agent's latest report, which is answered, say that it hears us?"""
        said = latest(self.peer, "report")
        if said and said[1] != self.answered:
            self.answered = said[1]
            self.peer.send(now(), records.record(records.SEGMENTS, segments.answer(said[1])))
        ours = name_of_id(self.number, self.peer.node.static.public)
        return said and any(ours in segment.heard for segment in said[2])


@pytest.fixture
def neighbour(scene):
    """A peer that is on the agent's hub as well, as (line, peer, Neighbour)."""
    line, peer = scene.connect()
    made = Neighbour(scene, peer)
    yield line, peer, made
    made.socket.close()


def test_the_agent_reports_its_hub_under_the_id_of_its_beacons(scene, neighbour):
    line, peer, hub = neighbour
    key = peer.node.static.public

    def own_is_reported():
        hub.beacon()
        said, heard = latest(peer, "report"), hub.heard()
        return said and heard and any(name_of_id(heard, key) in s.own for s in said[2])

    line.until(own_is_reported, scene.agent.story)
    line.until(lambda: hub.beacon() and hub.is_reported(), scene.agent.story)
    [segment] = latest(peer, "report")[2]
    assert segment.vlan == LAN and segment.serves and not segment.blocked
    assert segment.heard == [name_of_id(hub.number, key)]


def test_what_both_hear_on_a_hub_is_not_sent_to_the_other(scene, neighbour):
    line, peer, hub = neighbour
    line.until(lambda: hub.beacon() and hub.is_reported(), scene.agent.story)
    barrier(scene, line, peer)  # it has our answer
    frame = from_hub(60)
    scene.hub.send(frame)
    came_from_agent(scene, line, peer, frame)  # our word is missing: one side's alone is nothing

    def is_kept():
        """Reports go on until the agent is convinced; only then no frame comes any more."""
        hub.beacon()
        hub.report()
        hub.is_reported()
        frame = from_hub(60)
        scene.hub.send(frame)
        line.serve(0.5)
        return (LAN, frame) not in peer.frames

    line.until(is_kept, scene.agent.story)
    frame = from_hub(60)
    hub.beacon(kind=segments.LEAVES)
    line.until(lambda: not hub.is_reported(), scene.agent.story)
    barrier(scene, line, peer)
    scene.hub.send(frame)
    came_from_agent(scene, line, peer, frame)


def test_a_neighbour_without_beacons_is_forgotten(scene, neighbour):
    line, _, hub = neighbour
    line.until(lambda: hub.beacon() and hub.is_reported(), scene.agent.story)
    begin = now()
    line.until(lambda: not hub.is_reported(), scene.agent.story)
    assert now() - begin > 1.0  # not before three of its periods of 0.7 s, less the last 0.5 s
