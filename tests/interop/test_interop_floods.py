"""Cookies, load and budgets between the second implementation and the real agent."""

import os
import socket

import pytest

import wire
from noise import Initiator, KeyPair
from real_agent import until
from scene import counted, cross_both_ways, drops_become, now, raw_initiation, settled


class Flood:
    """Initiations under throw-away keys with a valid mac1, from another address of this host."""

    def __init__(self, agent, number=120):
        self.target = agent.address
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.2", 0))
        self.datagrams = [
            raw_initiation(agent, Initiator(KeyPair(), agent.public), wire.payload(1, 1), index)
            for index in range(1, number + 1)
        ]

    def burst(self):
        """More than 50 within 100 ms."""
        for datagram in self.datagrams:
            self.socket.sendto(datagram, self.target)

    def close(self):
        """No more."""
        self.socket.close()


@pytest.fixture
def flood(scene):
    """A Flood on the scene's agent."""
    made = Flood(scene.agent)
    yield made
    made.close()


def test_under_load_the_agent_wants_its_cookie_answered(scene, flood):
    line, peer = scene.line()
    scene.agent.up()
    line.until(lambda: flood.burst() or scene.agent.drops().get("bad_mac2"), scene.agent.story)
    line.node.active = True
    line.until(lambda: flood.burst() or peer.up, scene.agent.story)
    assert peer.cookies and scene.agent.address in peer.cookies
    assert wire.COOKIE_REPLY in line.kinds()
    macs = [data[-16:] for _, data in line.went if data[0] == wire.INITIATION]
    assert macs[0] == wire.NO_MAC and macs[-1] != wire.NO_MAC
    cross_both_ways(scene, line, peer)


def test_cookie_replies_are_rationed_and_smaller_than_what_provoked_them(scene, flood):
    scene.agent.up()
    begin = now()
    until(lambda: flood.burst() or scene.agent.drops().get("bad_mac2", 0) > 500, scene.agent.story)
    lasted_s = now() - begin
    flood.socket.setblocking(False)
    replies = []
    try:
        while True:
            replies.append(flood.socket.recv(2048))
    except BlockingIOError:
        pass
    replies = [reply for reply in replies if reply[0] == wire.COOKIE_REPLY]
    assert replies and {len(reply) for reply in replies} == {64}
    assert len(replies) <= 5 + 20 * lasted_s + 1


def test_the_agent_answers_a_cookie(scene):
    line, peer = scene.line(reachable=True)
    line.node.guard.load.until = float("inf")
    scene.agent.up()
    line.until(lambda: settled(peer), scene.agent.story)
    assert line.node.drops["bad_mac2"] >= 1
    initiations = [data for _, data in line.came if data[0] == wire.INITIATION]
    assert initiations[0][-16:] == wire.NO_MAC and initiations[1][-16:] != wire.NO_MAC


def test_a_cookie_of_an_initiation_is_taken_once(scene):
    line, peer = scene.line(reachable=True)
    line.deaf = lambda source, datagram: True
    scene.agent.up()
    line.until(lambda: line.came)
    source, initiation = line.came[-1]
    index, cookies = wire.u32_at(initiation, 4), [os.urandom(16), os.urandom(16)]
    for cookie in cookies:
        public = line.node.static.public
        reply = wire.seal_cookie(index, os.urandom(24), cookie, initiation, public)
        line.node.send(source, reply)
    drops_become(scene, line, {"bad_cookie": 1})
    line.until(lambda: line.came[-1][1][-16:] != wire.NO_MAC)  # not yet, if it was on its way
    assert wire.mac2_is_right(line.came[-1][1], cookies[0])


def test_under_load_an_address_has_its_budget_of_initiations(scene, flood):
    line, peer = scene.line()
    scene.agent.up()
    line.until(lambda: flood.burst() or scene.agent.drops().get("bad_mac2"), scene.agent.story)

    def cookie():
        if not peer.cookies:
            flood.burst()
            peer.initiate(now())
        return peer.cookies

    line.until(cookie, scene.agent.story)

    def insist():
        flood.burst()
        for _ in range(10):
            peer.initiate(now())
        return scene.agent.drops().get("rate_limited")

    line.until(insist, scene.agent.story)


def test_a_forged_cookie_reply_is_dropped(scene):
    line, peer = scene.line(reachable=True)
    line.deaf = lambda source, datagram: True
    scene.agent.up()
    line.until(lambda: line.came)
    source, initiation = line.came[-1]
    forged = wire.header(wire.COOKIE_REPLY, wire.u32_at(initiation, 4)) + os.urandom(56)
    line.node.send(source, forged)
    counted(scene, line, "bad_cookie")
    line.deaf = lambda source, datagram: False
    line.until(lambda: settled(peer), scene.agent.story)


def test_mac2_is_not_looked_at_without_load(scene):
    line, peer = scene.line()
    scene.agent.up()
    peer.cookies[scene.agent.address] = (os.urandom(16), now())
    scene.meet(line, peer)


def test_more_than_50_initiations_a_second_of_one_peer_are_too_many(scene):
    line, peer = scene.line()
    line.deaf = lambda source, datagram: True
    scene.agent.up()

    def insist():
        for _ in range(60):
            peer.initiate(now())
            pause = now() + 0.012  # too slow to be load
            while now() < pause:
                line.step(0.003)
        return scene.agent.drops().get("too_many_initiations")

    line.until(insist, scene.agent.story)
    assert line.kinds().count(wire.RESPONSE) >= 50
