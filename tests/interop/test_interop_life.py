"""Rekeying, hello, ping, goodbye and roaming between the second implementation and the agent."""

import os
import random

import pytest

import records
import wire
from node import Node
from real_agent import Line, from_hub, from_node, until
from scene import (
    LAN,
    barrier,
    counted,
    cross_both_ways,
    drops_become,
    endpoint_is,
    frame_record,
    heard_on_hub,
    late_frame,
    now,
    plain_texts,
    quiet,
    settled,
)


def test_rekeying_mid_traffic_loses_nothing(scene):
    line, peer = scene.connect()
    sent, back = [], []

    def traffic():
        sent.append(from_node(random.choice([60, 1514])))
        back.append(from_hub(random.choice([60, 1514])))
        peer.send_frame(now(), LAN, sent[-1])
        scene.hub.send(back[-1])
        line.step(0.005)
        scene.hub.read()

    for _ in range(5):
        session = peer.current
        for _ in range(10):
            traffic()
        peer.initiate(now())
        until(lambda s=session: peer.current is not s, scene.agent.story, meanwhile=traffic)
        for _ in range(10):
            traffic()
    line.until(lambda: set(sent) <= set(scene.hub.read()), scene.agent.story)
    line.until(lambda: set(back) <= {frame for _, frame in peer.frames}, scene.agent.story)
    assert len(peer.frames) == len(back)
    assert all(scene.hub.heard.count(frame) == 1 for frame in sent)
    assert not line.node.drops and not scene.agent.drops()


def test_the_replaced_session_is_received_on_for_5_s(scene):
    line, peer = scene.connect()
    old = peer.current
    scene.meet(line, peer)
    replaced_at = now()
    assert peer.current is not old
    sent = []  # (age, frame)

    def dead():
        sent.append((now() - replaced_at, from_node(60)))
        line.node.send(scene.agent.address, late_frame(old, sent[-1][1]))
        line.step(0.2)
        return {"unknown_index", "expired_key"} & scene.agent.drops().keys()

    line.until(dead, scene.agent.story)
    heard = scene.hub.read()
    assert all((frame in heard) == (age < 4.5) for age, frame in sent if not 4.5 <= age < 6)
    assert sent[0][0] < 4 and sent[-1][1] not in heard


def test_the_agent_sends_on_the_new_session_once_it_is_confirmed(scene):
    line, peer = scene.connect()
    old = peer.current
    scene.meet(line, peer)
    before = len(line.came)
    cross_both_ways(scene, line, peer)
    indices = {wire.u32_at(data, 4) for _, data in line.came[before:] if data[0] == wire.DATA}
    assert indices == {peer.current.local_index} != {old.local_index}


@pytest.mark.long
def test_the_agent_rekeys_after_120_s_as_initiator_and_150_s_as_responder(scene):
    (first, theirs), (second, ours) = scene.line("ben", reachable=True), scene.line("clara")
    scene.agent.up()
    scene.begin(first, theirs, initiate=False)
    scene.meet(second, ours)
    born, sessions = now(), (theirs.current, ours.current)
    first.until(lambda: second.step(0) or theirs.current is not sessions[0], timeout_s=140)
    assert 117 <= now() - born <= 130  # the first session is a little older than both are
    first.until(lambda: second.step(0) or ours.current is not sessions[1], timeout_s=60)
    assert 149 <= now() - born <= 160
    cross_both_ways(scene, first, theirs)



# -- hello, ping, goodbye -----------------------------------------------------------------------


def test_the_agent_repeats_its_hello_until_it_is_acknowledged(scene):
    line, peer = scene.connect()
    scene.meet(line, peer)
    hellos = []

    def acks(target, datagram):
        session = peer.current
        if datagram[0] != wire.DATA or wire.u32_at(datagram, 4) != session.remote_index:
            return False
        plain = wire.open_data(session.cipher, session.send_key, datagram)
        kinds = [kind for kind, _ in records.parse(plain, None)]
        if records.HELLO_ACK in kinds:
            hellos.append(now())
        return records.HELLO_ACK in kinds

    line.lossy = acks
    peer.initiate(now())
    line.until(lambda: len(hellos) >= 3, scene.agent.story)
    gaps = [b - a for a, b in zip(hellos, hellos[1:])]
    assert 0.8 <= gaps[0] <= 4 and 1.8 <= gaps[1] <= 8
    line.lossy = lambda target, datagram: False
    line.until(lambda: settled(peer), scene.agent.story)


def test_a_hello_is_acknowledged_with_its_generation_even_if_it_is_old(scene):
    line, peer = scene.connect()
    acks = []
    peer.HANDLERS = {
        **peer.HANDLERS,
        records.HELLO_ACK: lambda self, *args: acks.append(int.from_bytes(args[-1], "big")),
    }
    for generation in (77, 5):
        hello = records.Hello(generation, "ben", [LAN])
        peer.send(now(), records.record(records.HELLO, hello.body()))
    line.until(lambda: acks == [77, 5], scene.agent.story)


def test_the_agent_answers_a_ping_with_its_token(scene):
    line, peer = scene.connect()
    barrier(scene, line, peer)


def test_the_agent_pings_when_nothing_was_sent_for_20_s_and_takes_the_pong(scene):
    line, peer = scene.connect(reachable=True)  # it called us, so it has to keep the path: 7.8
    line.node.poll = lambda when: None  # says nothing of its own accord
    pings = []
    answer = peer.HANDLERS[records.PING]
    peer.HANDLERS = {**peer.HANDLERS, records.PING: lambda self, *args: pings.append(args)}
    barrier(scene, line, peer)
    start = now()
    line.until(lambda: pings, scene.agent.story, timeout_s=60)
    assert 19 <= now() - start <= 35
    line.serve(0.5)
    answer(peer, *pings[0])  # so late that the smoothed round-trip time says that it was taken
    line.until(lambda: scene.agent.peer("ben")["path"]["rtt_ms"] > 50, scene.agent.story)


@pytest.mark.long
def test_the_agent_pings_who_called_it_only_when_it_was_quiet_for_45_s(scene):
    line, peer = scene.connect()
    line.node.poll = lambda when: None
    pings = []
    heard = {records.PING: lambda self, *args: pings.append(now())}
    peer.HANDLERS = {**peer.HANDLERS, **heard}
    barrier(scene, line, peer)
    start = now()
    line.until(lambda: pings, scene.agent.story, timeout_s=80)
    assert 43 <= pings[0] - start <= 60


def test_data_is_answered_with_a_keep_alive_within_10_s(scene):
    line, peer = scene.connect()
    quiet(line)
    peer.send_frame(now(), LAN, from_node(60))
    start, before = now(), len(line.came)
    line.until(lambda: len(line.came) > before, scene.agent.story)
    assert 9 <= now() - start <= 17
    plain = plain_texts(line, peer.current)[-1]
    assert plain in (b"", records.record(records.KEEP_ALIVE))


def test_a_goodbye_ends_the_session_at_the_agent(scene):
    line, peer = scene.connect()
    line.until(lambda: scene.agent.peer("ben")["state"] == "up", scene.agent.story)
    old = peer.current
    line.deaf = lambda source, datagram: True  # else there is a new session at once
    peer.goodbye(now())
    line.until(lambda: scene.agent.peer("ben")["state"] != "up", scene.agent.story)
    line.deaf = lambda source, datagram: False
    line.node.send(scene.agent.address, late_frame(old, from_node(60)))
    counted(scene, line, "unknown_index")
    scene.meet(line, peer)
    cross_both_ways(scene, line, peer)


def test_what_follows_a_goodbye_in_its_datagram_is_not_read(scene):
    line, peer = scene.connect()
    line.deaf = lambda source, datagram: True
    frame = from_node(60)
    peer.send(now(), records.record(records.GOODBYE) + records.record(99) + frame_record(frame))
    line.until(lambda: scene.agent.peer("ben")["state"] != "up", scene.agent.story)
    line.deaf = lambda source, datagram: False
    scene.meet(line, peer)
    cross_both_ways(scene, line, peer)
    assert frame not in scene.hub.read() and not scene.agent.drops()


def test_the_agent_notices_that_a_peer_has_fallen_silent(scene):
    line, peer = scene.connect()
    barrier(scene, line, peer)
    line.lossy = lambda target, datagram: True
    begin, before = now(), len(line.came)
    scene.hub.send(from_hub(60))  # asks
    line.until(lambda: wire.INITIATION in line.kinds()[before:], scene.agent.story)
    assert 14 <= now() - begin <= 22
    assert scene.agent.peer("ben")["state"] == "up"
    line.until(lambda: scene.agent.peer("ben")["state"] != "up", scene.agent.story)
    assert 24 <= now() - begin <= 33
    line.lossy = lambda target, datagram: False
    scene.meet(line, peer, initiate=False)
    cross_both_ways(scene, line, peer)


@pytest.mark.long
def test_a_keep_alive_is_not_answered(scene):
    line, peer = scene.connect()
    line.node.poll = lambda when: None
    barrier(scene, line, peer)
    line.serve(5)
    before = len(line.came)
    peer.send(now(), records.record(records.KEEP_ALIVE))
    line.serve(12)
    assert len(line.came) == before


@pytest.mark.long
def test_an_unconfirmed_session_lives_for_15_s(scene):
    line, peer = scene.line()
    line.lossy = lambda target, datagram: datagram[0] == wire.DATA
    scene.agent.up()
    peer.initiate(now())
    line.until(lambda: peer.up)
    line.serve(16)
    line.lossy = lambda target, datagram: False
    peer.send_frame(now(), LAN, from_node(60))
    drops_become(scene, line, {"unknown_index": 1})


@pytest.mark.long
def test_a_session_dies_after_180_s(scene):
    line, peer = scene.connect()
    session, born = peer.current, now()
    line.deaf = lambda source, datagram: datagram[0] != wire.DATA
    frames = []

    def dead():
        line.node.send(scene.agent.address, late_frame(session, from_node(60)))
        line.step(0.5)
        return {"unknown_index", "expired_key"} & scene.agent.drops().keys()

    line.until(dead, scene.agent.story, timeout_s=200)
    assert 179 <= now() - born <= 184 and not frames


def test_the_agent_says_goodbye_when_it_ends(scene):
    line, peer = scene.connect()
    scene.agent.stop()
    line.until(lambda: peer.goodbyes and not peer.up)



# -- roaming ------------------------------------------------------------------------------------


def test_the_agent_follows_a_peer_that_moved_after_a_challenge(scene):
    line, peer = scene.connect()
    line.move()
    frame, back = from_node(60), from_hub(60)
    challenges, answer = challenge_of(peer)
    peer.send_frame(now(), LAN, frame)
    heard_on_hub(scene, line, frame)
    line.until(lambda: challenges, scene.agent.story)
    scene.hub.send(back)  # not validated yet: it goes to the former address
    until(lambda: line.at_former(), scene.agent.story)
    assert not peer.frames and len(line.came) >= 1
    answer(peer, *challenges[-1])
    line.until(lambda: endpoint_is(scene, line), scene.agent.story)
    cross_both_ways(scene, line, peer)


def challenge_of(peer):
    """A list in which path challenges appear, instead of being answered; and what answers them."""
    answer, challenges = peer.HANDLERS[records.CHALLENGE], []
    note = lambda self, *args: challenges.append(args)  # noqa: E731
    peer.HANDLERS = {**peer.HANDLERS, records.CHALLENGE: note}
    return challenges, answer


def only_challenges(datagrams):
    """Of data, there is nothing but challenges, each alone in its datagram."""
    length = len(records.record(records.CHALLENGE, bytes(8))) + 32
    assert {len(data) for data in datagrams if data[0] == wire.DATA} <= {length}


def test_an_answer_to_a_challenge_that_comes_too_late_moves_nothing(scene):
    line, peer = scene.connect()
    former = "{}:{}".format(*line.address)
    challenges, answer = challenge_of(peer)
    line.move()
    peer.send_frame(now(), LAN, from_node(60))
    line.until(lambda: challenges, scene.agent.story)
    line.serve(5.5)
    late = challenges[0]
    del challenges[:]
    answer(peer, *late)
    assert scene.agent.peer("ben")["path"]["endpoint"] == former
    peer.send_frame(now(), LAN, from_node(60))
    line.until(lambda: challenges, scene.agent.story)
    assert challenges[0][-1] != late[-1]
    assert scene.agent.peer("ben")["path"]["endpoint"] == former
    answer(peer, *challenges[-1])
    line.until(lambda: endpoint_is(scene, line), scene.agent.story)


def test_a_challenge_is_repeated_without_more_data(scene):
    line, peer = scene.connect()
    challenges, answer = challenge_of(peer)
    line.move()
    peer.send_frame(now(), LAN, from_node(60))
    line.until(lambda: len(challenges) >= 3, scene.agent.story, timeout_s=5)
    answer(peer, *challenges[-1])
    line.until(lambda: endpoint_is(scene, line), scene.agent.story)


def test_an_answer_to_a_challenge_is_taken_after_2_s(scene):
    line, peer = scene.connect()
    challenges, answer = challenge_of(peer)
    line.move()
    peer.send_frame(now(), LAN, from_node(60))
    line.until(lambda: challenges, scene.agent.story)
    line.serve(2)
    answer(peer, *challenges[0])
    line.until(lambda: endpoint_is(scene, line), scene.agent.story, timeout_s=3)


def hold(scene, roam):
    """Write the .local file of "ben"; the agent runs, and must take it over."""
    scene.agent.write("peers/ben.local", f"[local]\nroam = {roam}\n")


def test_a_peer_that_does_not_roam_is_heard_elsewhere_and_not_followed(scene):
    line, peer = scene.connect(reachable=True)
    hold(scene, "no")
    session, home = peer.current, "{}:{}".format(*line.address)
    until(lambda: "settings changed" in scene.agent.log(), scene.agent.story)
    challenges, _ = challenge_of(peer)
    line.move()
    before = len(line.came)
    frame, back = from_node(60), from_hub(60)
    peer.send_frame(now(), LAN, frame)
    heard_on_hub(scene, line, frame)
    counted(scene, line, "not_followed")
    peer.send(now(), records.record(records.CHALLENGE, os.urandom(8)))
    scene.hub.send(back)
    until(lambda: any(len(d) >= 60 for d in line.at_former()), scene.agent.story)
    line.serve(1.5)
    assert len(line.came) == before and not challenges
    status = scene.agent.status()
    assert scene.agent.peer("ben")["path"]["endpoint"] == home and peer.current is session
    [warning] = [w for w in status["warnings"] if w["code"] == "not-followed"]
    assert "{}:{}".format(*line.address) in warning["text"] and home in warning["text"]
    assert "peers/ben.local" in warning["fix"]


def test_a_peer_that_may_roam_again_is_followed_without_a_new_session(scene):
    hold(scene, "no")
    line, peer = scene.connect(reachable=True)
    session = peer.current
    line.move()
    peer.send_frame(now(), LAN, from_node(60))
    counted(scene, line, "not_followed")
    assert not endpoint_is(scene, line)
    hold(scene, "yes")

    def followed():
        peer.send_frame(now(), LAN, from_node(60))
        return endpoint_is(scene, line)

    line.until(followed, scene.agent.story)
    assert peer.current is session
    cross_both_ways(scene, line, peer)


def test_a_peer_that_must_not_roam_any_more_is_left_where_it_went(scene):
    line, peer = scene.connect(reachable=True)
    line.move()
    peer.send_frame(now(), LAN, from_node(60))
    line.until(lambda: endpoint_is(scene, line), scene.agent.story)
    hold(scene, "no")
    line.until(lambda: scene.agent.peer("ben")["state"] == "connecting", scene.agent.story)
    assert "'roam = no' in peers/ben.local" in scene.agent.peer("ben")["detail"]
    before = len(line.came)
    scene.hub.send(from_hub(60))
    until(lambda: wire.INITIATION in {d[0] for d in line.at_former()}, scene.agent.story)
    assert len(line.came) == before


def test_an_initiation_from_elsewhere_is_answered_and_the_endpoint_stays(scene):
    hold(scene, "no")
    line, peer = scene.connect(reachable=True)
    home = "{}:{}".format(*line.address)
    line.move()
    before = len(line.came)
    former = peer.current
    peer.initiate(now())
    line.until(lambda: peer.current is not former, scene.agent.story)
    counted(scene, line, "not_followed")  # the hello that confirms it
    assert [data[0] for _, data in line.came[before:]] == [wire.RESPONSE]
    assert scene.agent.peer("ben")["path"]["endpoint"] == home


def test_challenges_come_at_most_four_times_a_second(scene):
    line, peer = scene.connect()
    challenges, _ = challenge_of(peer)
    line.move()
    begin = now()

    def chatter():
        peer.send_frame(now(), LAN, from_node(60))
        return now() - begin > 3

    line.until(chatter, scene.agent.story)
    assert 2 <= len(challenges) <= 4 * (now() - begin) + 2


def test_a_path_challenge_is_answered_to_where_it_came_from(scene):
    line, peer = scene.connect()
    elsewhere = Line(Node())
    scene.lines.append(elsewhere)
    session, token = peer.current, os.urandom(8)
    plain = records.record(records.CHALLENGE, token)
    elsewhere.socket.sendto(session.seal(plain), scene.agent.address)

    def answered():
        return any(
            (records.PATH_RESPONSE, token) in records.parse(text, None)
            for text in plain_texts(elsewhere, session)
        )

    elsewhere.until(answered, scene.agent.story)


def test_a_session_confirmed_from_another_address_has_no_endpoint_until_it_is_validated(scene):
    line, peer = scene.line()
    line.lossy = lambda target, datagram: datagram[0] == wire.DATA
    scene.agent.up()
    peer.initiate(now())
    line.until(lambda: peer.up)
    line.lossy = lambda target, datagram: False
    challenges, answer = challenge_of(peer)
    line.move()
    before = len(line.came)
    peer.send_frame(now(), LAN, from_node(60))
    line.until(lambda: challenges, scene.agent.story)
    assert scene.agent.peer("ben")["path"] is None  # and so it is not up yet
    assert scene.agent.peer("ben")["state"] == "connecting"
    only_challenges(data for _, data in line.came[before:])  # and no hello
    assert not line.at_former()
    answer(peer, *challenges[-1])
    line.until(lambda: endpoint_is(scene, line), scene.agent.story)
    cross_both_ways(scene, line, peer)


def test_a_response_from_another_address_is_challenged_before_anything_else_goes_there(scene):
    line, peer = scene.line(reachable=True)
    line.deaf = lambda source, datagram: True
    scene.agent.up()
    source, initiation = line.until(lambda: line.came, scene.agent.story)[-1]
    line.deaf = lambda source, datagram: False
    line.move()
    challenges, answer = challenge_of(peer)
    line.node.receive(now(), initiation, source)
    line.until(lambda: challenges, scene.agent.story)
    assert scene.agent.peer("ben")["path"] is None and not peer.remote_hello
    only_challenges(line.at_former())
    answer(peer, *challenges[-1])
    line.until(lambda: endpoint_is(scene, line) and settled(peer), scene.agent.story)
    cross_both_ways(scene, line, peer)


def test_a_copy_from_another_address_does_not_move_the_peer(scene):
    line, peer = scene.connect()
    thief = Line(Node())
    scene.lines.append(thief)
    frame = from_node(60)
    [datagram] = peer.send_frame(now(), LAN, frame)
    del line.node.outbox[:]
    thief.socket.sendto(datagram, scene.agent.address)  # the original is lost, the copy arrives
    heard_on_hub(scene, line, frame)
    thief.until(lambda: thief.came, scene.agent.story)
    cross_both_ways(scene, line, peer)
    thief.step()
    only_challenges(data for _, data in thief.came)
    assert endpoint_is(scene, line)
