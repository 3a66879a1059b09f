"""Frames, fragments and what cannot be taken, between the second implementation and the agent."""

import itertools
import os
import random

import pytest

import records
import segments
import sodium
import wire
from real_agent import from_hub, from_node
from scene import (
    LAN,
    barrier,
    came_from_agent,
    counted,
    cross_both_ways,
    drops_become,
    frame_record,
    heard_on_hub,
    late_frame,
    now,
    plain_texts,
)

@pytest.mark.parametrize("size", [14, 60, 1195, 1196, 1514, 9216])
def test_frames_of_every_size_cross_both_ways(scene, size):
    line, peer = scene.connect()
    cross_both_ways(scene, line, peer, size)
    assert max(len(datagram) for _, datagram in line.came) <= 1232
    assert not line.node.drops and not scene.agent.drops()


@pytest.mark.parametrize("carries", [1272, 1472, 8972])
def test_a_frame_that_fits_what_the_path_carries_is_not_split(scene, carries):
    line, peer = scene.connect()
    line.carries = carries
    size = min(carries - 37 - 8, 8900 - 512)

    def whole():
        before = len(line.came)
        frame = from_hub(size)
        scene.hub.send(frame)
        came_from_agent(scene, line, peer, frame)
        return any(len(datagram) == size + 37 for _, datagram in line.came[before:])

    line.until(whole, scene.agent.story)
    assert scene.agent.peer("ben")["path"]["mtu_bytes"] >= size + 37


def test_a_path_that_shrinks_without_a_word_is_noticed(scene):
    line, peer = scene.connect()
    line.carries = 1472
    line.until(lambda: scene.agent.peer("ben")["path"]["mtu_bytes"] == 1472, scene.agent.story)
    line.carries = 1272
    lost = from_hub(1420)
    scene.hub.send(lost)

    def arrives():
        frame = from_hub(1420)
        scene.hub.send(frame)
        line.serve(0.1)
        return (LAN, frame) in peer.frames

    line.until(arrives, scene.agent.story)
    assert (LAN, lost) not in peer.frames
    assert scene.agent.peer("ben")["path"]["mtu_bytes"] <= 1272


def test_the_agent_splits_what_does_not_fit_and_numbers_it(scene):
    line, peer = scene.connect()
    frames = [from_hub(1514) for _ in range(3)]
    for frame in frames:
        scene.hub.send(frame)
        came_from_agent(scene, line, peer, frame)
    fragments = []
    for plain in plain_texts(line, peer.current):
        fragments += [body for kind, body in records.parse(plain, None) if kind == records.FRAGMENT]
    heads = [records.FRAGMENT_HEAD.unpack_from(body) for body in fragments]
    assert [number for number, _, offset in heads if offset == 0] == [0, 1, 2]
    assert {total for _, total, _ in heads} == {1516}


def test_fragments_cut_anywhere_come_together_in_any_order(scene):
    line, peer = scene.connect()
    for number in range(8):
        frame = from_node(1514)
        body = records.frame_body(LAN, frame)
        cuts = [0, *sorted(random.sample(range(1, len(body)), 9)), len(body)]
        pieces = [
            records.fragment(number, len(body), a, body[a:b]) for a, b in zip(cuts, cuts[1:])
        ]
        random.shuffle(pieces)
        for piece in pieces:
            peer.send(now(), piece)
        heard_on_hub(scene, line, frame)
    assert not scene.agent.drops()


def test_several_fragments_and_frames_share_a_datagram(scene):
    line, peer = scene.connect()
    frames = [from_node(60), from_node(200), from_node(60)]
    body = records.frame_body(LAN, frames[1])
    mixed = b"".join([
        records.fragment(0, len(body), 100, body[100:]),
        frame_record(frames[0]),
        records.fragment(0, len(body), 0, body[:100]),
        frame_record(frames[2]),
        bytes(17),
    ])  # fmt: skip
    peer.send(now(), mixed)
    for frame in frames:
        heard_on_hub(scene, line, frame)
    assert [f for f in scene.hub.heard if f in frames] == frames
    assert not scene.agent.drops()


def test_a_datagram_longer_than_1232_bytes_is_taken(scene):
    line, peer = scene.connect()
    frame = from_node(1514)
    peer.send(now(), frame_record(frame))
    heard_on_hub(scene, line, frame)


def test_the_longest_datagram_is_taken(scene):
    line, peer = scene.connect()
    frame = from_node(60)
    padding = bytes(2048 - 32 - len(frame_record(frame)))
    peer.send(now(), frame_record(frame) + padding)
    barrier(scene, line, peer)
    line.until(lambda: frame in scene.hub.read(), timeout_s=3)


def test_a_frame_longer_than_configured_is_counted_whole_or_in_pieces(scene):
    scene.agent.configure("max_frame = 1514")
    line, peer = scene.connect()
    cross_both_ways(scene, line, peer, 1514)
    peer.send(now(), frame_record(from_node(1515)))
    drops_become(scene, line, {"long_frame": 1})
    peer.send_frame(now(), LAN, from_node(1515))
    drops_become(scene, line, {"long_frame": 1, "bad_fragment": 2})


def test_bad_fragments_are_dropped_by_name(scene):
    line, peer = scene.connect()
    body = records.frame_body(LAN, from_node(200))
    number, total = 0, len(body)
    for piece in (
        records.fragment(number, total, 0, body[:50]),
        records.fragment(number, total, 0, body[:50]),  # a duplicate
        records.fragment(number, total, 40, body[40:90]),  # overlaps
        records.fragment(number, total, 190, body[190:] + b"x"),  # leaves its total
        records.fragment(number, total + 1, 60, body[60:70]),  # contradicts: all of it goes
        records.fragment(number, total, 50, body[50:]),  # alone
    ):
        peer.send(now(), piece)
    barrier(scene, line, peer)
    counted(scene, line, "reassembly_timeout")
    drops_become(scene, line, {"bad_fragment": 4, "reassembly_timeout": 1})


def test_unfinished_frames_are_bounded(scene):
    line, peer = scene.connect()
    for number in range(17):
        peer.send(now(), records.fragment(number, 100, 0, b"x"))
    counted(scene, line, "reassembly_full")
    counted(scene, line, "reassembly_timeout", 16)


def test_unfinished_frames_of_all_peers_are_bounded(scene):
    met = [scene.line(f"peer{number}") for number in range(5)]
    scene.agent.up()
    for line, peer in met:
        scene.meet(line, peer)
    begin = now()
    for line, peer in met[:4]:
        for number in range(16):
            peer.send(now(), records.fragment(number, 100, 0, b"x"))
        barrier(scene, line, peer)
    line, peer = met[4]
    peer.send(now(), records.fragment(0, 100, 0, b"x"))
    barrier(scene, line, peer)
    full = scene.agent.drops().get("reassembly_full", 0)
    if now() - begin < 0.9:  # else the first were given up already: the machine is too slow
        assert full == 1


def test_fragment_ids_begin_again_with_a_session(scene):
    line, peer = scene.connect()
    for _ in range(2):
        frame = from_hub(1514)
        scene.hub.send(frame)
        came_from_agent(scene, line, peer, frame)
        bodies = [
            body
            for plain in plain_texts(line, peer.current)
            for kind, body in records.parse(plain, None)
            if kind == records.FRAGMENT
        ]
        assert {records.FRAGMENT_HEAD.unpack_from(body)[0] for body in bodies} == {0}
        scene.meet(line, peer)


def test_more_than_32_stretches_are_refused(scene):
    line, peer = scene.connect()
    peer.send(now(), b"".join(records.fragment(0, 100, at, b"x") for at in range(0, 66, 2)))
    counted(scene, line, "bad_fragment")
    assert scene.agent.drops()["bad_fragment"] == 1


@pytest.mark.parametrize(
    "plain, counters",
    [
        (frame_record(bytes(13)), {"short_frame": 1}),
        (frame_record(from_node(60), vlan=7), {"vlan_unknown": 1}),
        (frame_record(from_node(60), flags=0x8000), {"no_checksum": 1}),
        (records.record(99, b"later"), {"unknown_record": 1}),
        (records.record(11), {"unknown_record": 1}),
        (records.record(records.PING, bytes(7)), {"bad_record": 1}),
        (records.record(records.HELLO, bytes(3)), {"bad_record": 1}),
        (records.record(records.FRAGMENT, bytes(8)), {"bad_record": 1}),
        (records.record(records.KEEP_ALIVE, b"x"), {"bad_record": 1}),
        (records.record(records.HELLO, bytes(4) + b"\x01\x00\x01\n"), {"bad_record": 1}),
        (records.record(records.HELLO, bytes(4) + b"\x02\x00\x01x"), {"bad_record": 1}),
        (records.record(records.HELLO, bytes(4) + b"\xc8\x00\x01x"), {"unknown_capability": 1}),
        (records.record(records.SEGMENTS), {"bad_record": 1}),
        (records.record(records.SEGMENTS, b"\x02later"), {"unknown_record": 1}),
        (records.record(records.SEGMENTS, segments.report(1)[:-1]), {"bad_record": 1}),
        (records.record(records.SEGMENTS, segments.report(1)), {}),
        (records.record(records.SEGMENTS, segments.answer(1)), {}),
    ],
    ids=itertools.count(),
)
def test_a_record_that_cannot_be_taken_is_counted_and_the_next_is_read(scene, plain, counters):
    line, peer = scene.connect()
    follower = from_node(60)
    peer.send(now(), plain + frame_record(follower))
    heard_on_hub(scene, line, follower)
    barrier(scene, line, peer)
    drops_become(scene, line, counters)


@pytest.mark.parametrize(
    "tail, counter",
    [
        (bytes(9) + b"x", "bad_padding"),
        (b"\x01\x00", "bad_record"),
        (b"\x01\x00\x50" + bytes(20), "bad_record"),
    ],
    ids=["padding", "header", "body"],
)
def test_a_tail_that_cannot_be_read_is_counted_and_what_came_before_holds(scene, tail, counter):
    line, peer = scene.connect()
    frame = from_node(60)
    peer.send(now(), frame_record(frame) + tail)
    heard_on_hub(scene, line, frame)
    counted(scene, line, counter)
    drops_become(scene, line, {counter: 1})


def test_on_segment_and_reserved_flags_are_ignored(scene):
    line, peer = scene.connect()
    for flags in (0x4000, 0x2000, 0x1000):
        frame = from_node(60)
        peer.send(now(), frame_record(frame, flags=flags))
        heard_on_hub(scene, line, frame)


def test_an_empty_data_message_is_taken(scene):
    line, peer = scene.connect()
    peer.send(now(), b"")
    barrier(scene, line, peer)
    assert not scene.agent.drops()



# -- replays and forgeries ----------------------------------------------------------------------


def test_a_replayed_datagram_is_dropped(scene):
    line, peer = scene.connect()
    frame = from_node(60)
    [datagram] = peer.send_frame(now(), LAN, frame)
    heard_on_hub(scene, line, frame)
    line.node.send(scene.agent.address, datagram)
    counted(scene, line, "replay")
    drops_become(scene, line, {"replay": 1})
    assert scene.hub.read().count(frame) == 1


def test_the_replay_window_reaches_8128_back_and_no_further(scene):
    line, peer = scene.connect()
    session, frames = peer.current, [from_node(60) for _ in range(3)]
    session.counter = 20_000
    peer.send_frame(now(), LAN, frames[0])
    heard_on_hub(scene, line, frames[0])
    session.counter = 20_000 - 8128
    peer.send_frame(now(), LAN, frames[1])
    heard_on_hub(scene, line, frames[1])
    session.counter = 20_000 - 8129
    peer.send_frame(now(), LAN, frames[2])
    counted(scene, line, "replay")
    assert frames[2] not in scene.hub.read()


def test_a_wrong_tag_is_dropped_and_does_not_move_the_window(scene):
    line, peer = scene.connect()
    session = peer.current
    forged = wire.data_header(session.remote_index, session.counter + 100_000) + os.urandom(40)
    line.node.send(scene.agent.address, forged)
    counted(scene, line, "bad_tag")
    cross_both_ways(scene, line, peer)
    drops_become(scene, line, {"bad_tag": 1})


def test_data_for_no_session_is_dropped(scene):
    line, peer = scene.connect()
    foreign = wire.data_header(peer.current.remote_index ^ 1, 0) + bytes(16)
    line.node.send(scene.agent.address, foreign)
    counted(scene, line, "unknown_index")
    drops_become(scene, line, {"unknown_index": 1})


@pytest.mark.parametrize("cipher, end", [(wire.CHACHA, 2**64 - 2**13 - 1), (wire.AES, 2**26)])
def test_a_counter_at_its_end_is_not_accepted(scene, cipher, end):
    if cipher == wire.AES and not sodium.HAVE_AES:
        pytest.skip("no AES in this processor")
    line, peer = scene.line()
    line.node.ciphers = cipher | wire.CHACHA
    scene.agent.up()
    scene.meet(line, peer)
    session = peer.current
    counter, session.counter = session.counter, end
    line.node.send(scene.agent.address, late_frame(session, from_node(60)))
    session.counter = counter
    counted(scene, line, "expired_key")
    cross_both_ways(scene, line, peer)

