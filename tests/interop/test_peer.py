"""Two Python peers against each other in memory, and the Noise part against vectors.

These need no agent.
"""

import collections
import itertools
import json
import os
import pathlib

import pytest

import cards
import noise
import records
import sodium
import wire
from noise import KeyPair
from session import ReplayWindow
from world import World, connect, introduce, quiet

VECTORS = pathlib.Path(__file__).parent.parent / "vectors" / "noise-own.json"
FRAME = bytes(range(60))


def frame_of(size):
    """A frame of @size bytes that is like no other of its size."""
    return os.urandom(size)


@pytest.fixture
def world():
    """An empty world."""
    return World()


def vectors():
    """The vectors for the one Noise protocol that we speak."""
    with open(VECTORS, encoding="utf-8") as file:
        found = json.load(file)["vectors"]
    name = noise.PROTOCOL_NAME.decode()
    return [vector for vector in found if vector["protocol_name"] == name]


@pytest.mark.parametrize("vector", vectors(), ids=itertools.count())
def test_noise_reproduces_the_vectors(vector):
    texts = {k: v for k, v in vector.items() if isinstance(v, str) and k != "protocol_name"}
    raw = {k: bytes.fromhex(v) for k, v in texts.items()}
    psk = bytes.fromhex(vector["init_psks"][0])
    messages = [
        (bytes.fromhex(m["payload"]), bytes.fromhex(m["ciphertext"])) for m in vector["messages"]
    ]
    initiator = noise.Initiator(
        KeyPair(raw["init_static"]), raw["init_remote_static"], psk,
        KeyPair(raw["init_ephemeral"]), raw["init_prologue"],
    )  # fmt: skip
    responder = noise.Responder(
        KeyPair(raw["resp_static"]), KeyPair(raw["resp_ephemeral"]), raw["resp_prologue"]
    )
    (plain1, sealed1), (plain2, sealed2) = messages[:2]
    assert initiator.write(plain1) == sealed1
    assert responder.read_static(sealed1) == initiator.static.public
    assert responder.read_payload(sealed1) == plain1
    assert responder.write(plain2, psk) == sealed2
    assert initiator.read(sealed2) == plain2
    assert initiator.state.h == responder.state.h == raw["handshake_hash"]
    keys = initiator.state.split()
    assert keys == responder.state.split()
    for number, (plain, sealed) in enumerate(messages[2:]):
        nonce = noise.nonce_of(number // 2)
        assert sodium.chacha_seal(keys[number % 2], nonce, plain) == sealed


def test_there_are_vectors():
    assert len(vectors()) >= 4


def test_key_text_is_bech32m():
    assert cards.bech32m_encode("a", []) == "a1lqfn3a"
    assert cards.bech32m_decode("A1LQFN3A") == ("a", [])
    words = list(range(31, -1, -1))
    text = "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx"
    assert cards.bech32m_decode(text) == ("abcdef", words)
    key = os.urandom(32)
    assert len(cards.key_text(key)) == 61
    assert cards.key_bytes(cards.key_text(key).upper()) == key
    assert cards.key_of_card(cards.card("anna", key, "127.0.0.1:1")) == key


@pytest.mark.parametrize("spoil", [lambda t: t[:-1], lambda t: t[:10] + "b" + t[11:], str.title])
def test_a_spoilt_key_text_is_refused(spoil):
    with pytest.raises(ValueError):
        cards.key_bytes(spoil(cards.key_text(bytes(32))))


def test_messages_have_the_lengths_of_the_specification(world):
    to_two, to_one = connect(world)
    lengths = [(data[0], len(data)) for _, _, data in world.seen]
    assert lengths[:2] == [(1, 168), (2, 124)]
    assert quiet(to_two, to_one)


def test_a_handshake_makes_a_session_that_is_confirmed_by_a_hello(world):
    to_two, to_one = introduce(world)
    held = []

    def hold(source, target, data):
        if data[0] != wire.DATA:
            return [data]
        held.append(data)
        return []

    world.tamper = hold
    to_two.initiate(world.now)
    world.settle()
    assert to_two.up and not to_one.up and to_one.unconfirmed
    world.tamper = lambda s, t, data: [data]
    to_one.node.receive(world.now, held[0], ("10.0.0.1", 1))
    world.settle()
    assert to_one.up and to_one.endpoint == ("10.0.0.1", 1)
    assert to_one.remote_hello.name == "10.0.0.1" and to_two.remote_hello.vlans == [1]


@pytest.mark.parametrize("cipher", [wire.CHACHA, wire.AES])
def test_frames_cross_both_ways(world, cipher):
    if cipher == wire.AES and not sodium.HAVE_AES:
        pytest.skip("no AES in this processor")
    to_two, to_one = introduce(world)
    to_one.node.ciphers = wire.CHACHA | cipher
    to_two.node.ciphers = wire.CHACHA | cipher
    to_two.initiate(world.now)
    world.settle()
    assert to_two.current.cipher == to_one.current.cipher == cipher
    sent = [(1, frame_of(size)) for size in (14, 60, 1195, 1196, 1514, 9216)]
    for vlan, frame in sent:
        to_two.send_frame(world.now, vlan, frame)
        to_one.send_frame(world.now, vlan, frame)
    world.settle()
    assert to_one.frames == to_two.frames == sent
    assert quiet(to_two, to_one)


def test_no_datagram_is_longer_than_1232_bytes_and_what_fits_one_is_not_split(world):
    to_two, _ = connect(world)
    assert [len(data) for data in to_two.send_frame(world.now, 1, frame_of(1195))] == [1232]
    assert [len(data) for data in to_two.send_frame(world.now, 1, frame_of(1196))] == [1232, 52]
    for size in range(1100, 1300, 7):
        to_two.queue_frame(1, frame_of(size))
    assert max(len(data) for data in to_two.flush(world.now)) <= 1232


def test_waiting_frames_share_a_datagram(world):
    to_two, to_one = connect(world)
    frames = [frame_of(60) for _ in range(5)]
    for frame in frames:
        to_two.queue_frame(1, frame)
    assert len(to_two.flush(world.now)) == 1
    world.settle()
    assert [frame for _, frame in to_one.frames] == frames


def reassemble(pieces, total, order):
    """Feed fragments of one frame in an order; (body or None, counters)."""
    drops = collections.Counter()
    reassembly = records.Reassembly()
    whole = None
    for index in order:
        offset, piece = pieces[index]
        body = records.FRAGMENT_HEAD.pack(7, total, offset) + piece
        try:
            whole = reassembly.take("s", body, 0.0, None) or whole
        except wire.Drop as drop:
            drops[str(drop)] += 1
    return whole, drops


def test_fragments_come_together_in_any_order():
    body = frame_of(1516)
    cuts = [0, 1, 14, 700, 1515, 1516]
    pieces = [(a, body[a:b]) for a, b in zip(cuts, cuts[1:])]
    for order in itertools.permutations(range(len(pieces))):
        assert reassemble(pieces, len(body), order) == (body, {})


def test_overlaps_and_duplicates_among_fragments_are_dropped():
    body = frame_of(100)
    pieces = [(0, body[:50]), (40, body[40:60]), (50, body[50:])]
    assert reassemble(pieces, 100, [0, 0, 1, 2]) == (body, {"bad_fragment": 2})


def test_a_fragment_beyond_its_total_or_with_another_total_is_dropped():
    assert reassemble([(90, bytes(11))], 100, [0])[1] == {"bad_fragment": 1}
    reassembly = records.Reassembly()
    head = records.FRAGMENT_HEAD
    assert reassembly.take("s", head.pack(1, 100, 0) + bytes(10), 0.0, None) is None
    with pytest.raises(wire.Drop):
        reassembly.take("s", head.pack(1, 101, 10) + bytes(10), 0.0, None)
    assert not reassembly.frames


def test_the_33rd_stretch_is_refused():
    pieces = [(offset, b"x") for offset in range(0, 66, 2)]
    assert reassemble(pieces, 100, range(33)) == (None, {"bad_fragment": 1})


def test_unfinished_frames_are_bounded_and_given_up(world):
    to_two, to_one = connect(world)
    for number in range(17):
        to_two.send(world.now, records.fragment(number, 100, 0, b"x"))
    world.settle()
    assert to_one.node.drops == {"reassembly_full": 1}
    world.run(1.25)
    assert to_one.node.drops["reassembly_timeout"] == 16
    assert not to_one.reassembly.frames


def test_records_are_parsed_and_what_is_wrong_is_counted():
    good = records.record(records.PING, bytes(8))
    cases = [
        (good + bytes(5), 1, {}),
        (good + bytes(5) + b"x", 1, {"bad_padding": 1}),
        (b"\x63\x00\x02xx" + good, 1, {"unknown_record": 1}),
        (records.record(records.PING, bytes(7)) + good, 1, {"bad_record": 1}),
        (good + b"\x01\x00", 1, {"bad_record": 1}),
        (good + b"\x01\xff\xff\x00", 1, {"bad_record": 1}),
        (b"", 0, {}),
    ]
    for plain, number, expected in cases:
        drops = collections.Counter()
        assert len(records.parse(plain, lambda name: drops.update([name]))) == number
        assert drops == expected, plain


def test_hello_crosses_whole_and_unknown_tags_are_counted():
    drops = collections.Counter()
    addresses = [("10.0.0.1", 5), ("2001:db8::7", 6)]
    hello = records.Hello(9, "änna", [1, 4094], addresses, [(1, b"8" * 8)])
    read = records.parse_hello(hello.body([(200, b"?")]), lambda name: drops.update([name]))
    assert vars(read) == vars(hello)
    assert drops == {"unknown_capability": 1}
    empty, control, odd = b"\x01\x00\x00", b"\x01\x00\x01\n", b"\x02\x00\x01x"
    vlan_0, long = b"\x02\x00\x02\x00\x00", b"\x01\x00\x09x"
    for bad in (empty, control, odd, vlan_0, long):
        with pytest.raises(wire.Drop):
            records.parse_hello(bytes(4) + bad, None)


def test_the_replay_window_takes_every_counter_once():
    window = ReplayWindow()
    assert window.accept(0) and not window.accept(0)
    assert window.accept(10_000) and not window.accept(10_000)
    assert window.accept(10_000 - 8128) and not window.accept(10_000 - 8128)
    assert not window.accept(10_000 - 8129)
    assert window.accept(9_999) and window.accept(10_001) and not window.accept(9_999)


def test_replays_and_forgeries_are_dropped(world):
    to_two, to_one = connect(world)
    sent = to_two.send_frame(world.now, 1, FRAME)[0]
    world.settle()
    node, source = to_one.node, ("10.0.0.1", 1)
    node.receive(world.now, sent, source)
    node.receive(world.now, sent[:-1] + bytes([sent[-1] ^ 1]), source)
    node.receive(world.now, wire.header(4, 12345) + bytes(24), source)
    assert node.drops == {"replay": 1, "bad_tag": 1, "unknown_index": 1}
    assert len(to_one.frames) == 1


def test_spoilt_messages_are_dropped_by_name(world):
    node = world.node("10.0.0.1")
    for datagram in (b"\x01", bytes(10), b"\x05" + bytes(50), b"\x01\x00\x00\x01" + bytes(164)):
        node.receive(0.0, datagram, ("10.0.0.9", 1))
    node.receive(0.0, b"\x04" + bytes(30), ("10.0.0.9", 1))
    node.receive(0.0, b"\x01" + bytes(168), ("10.0.0.9", 1))
    node.receive(0.0, b"\x01" + bytes(167), ("10.0.0.9", 1))
    assert node.drops == {"too_short": 2, "bad_type": 3, "bad_length": 1, "bad_mac1": 1}


def test_another_psk_makes_no_session(world):
    to_two, to_one = introduce(world)
    to_one.psk = b"x" * 32
    to_two.initiate(world.now)
    world.settle()
    assert not to_two.up and not to_one.up
    assert to_two.node.drops == {"bad_handshake": 1}


def test_an_unknown_key_knocks_and_hears_nothing(world):
    to_two, to_one = introduce(world)
    del to_one.node.peers[to_two.node.static.public]
    to_two.initiate(world.now)
    world.settle()
    assert [knock[0] for knock in to_one.node.knocks] == [to_two.node.static.public]
    assert len(world.seen) == 1


def test_an_old_initiation_is_dropped(world):
    to_two, to_one = connect(world)
    initiation = world.seen[0][2]
    to_one.node.receive(world.now, initiation, ("10.0.0.9", 1))
    assert to_one.node.drops == {"old_initiation": 1}


@pytest.mark.parametrize("public", [bytes(32), b"\x01" + bytes(31)])
def test_a_shared_secret_of_zeros_is_a_failure(public):
    with pytest.raises(sodium.CryptoError):
        sodium.dh(os.urandom(32), public)


def test_under_load_a_cookie_must_be_answered(world):
    to_two, to_one = introduce(world, active=True)
    node = to_one.node
    for _ in range(51):
        body = wire.header(1, 1) + os.urandom(128)
        node.receive(
            world.now, wire.add_mac2(wire.add_mac1(body, node.static.public)), ("10.9.9.9", 1)
        )
    assert node.drops == {"bad_handshake": 50, "bad_mac2": 1}
    assert [len(data) for _, data in node.outbox] == [64]
    node.active = False
    to_two.initiate(world.now)
    world.settle()
    assert not to_two.up and ("10.0.0.2", 1) in to_two.cookies
    world.now += 0.5
    node.guard.load.until = world.now + 10
    world.run(1.0)
    assert to_two.up
    mac2s = [data[-16:] for _, _, data in world.seen if data[0] == 1]
    assert [mac2 == wire.NO_MAC for mac2 in mac2s] == [True, False]


def test_crossed_initiations_end_on_the_session_of_the_lower_key(world):
    to_two, to_one = introduce(world)
    to_two.initiate(world.now)
    to_one.initiate(world.now)
    world.settle()
    assert to_two.current.initiated_by_us != to_one.current.initiated_by_us
    lower_is_one = to_two.node.static.public < to_one.node.static.public
    assert to_two.current.initiated_by_us == lower_is_one
    to_two.send_frame(world.now, 1, FRAME)
    to_one.send_frame(world.now, 1, FRAME)
    world.settle()
    assert to_one.frames == to_two.frames == [(1, FRAME)]


def test_an_answer_to_the_earlier_of_two_initiations_is_taken_and_one_before_is_not(world):
    to_two, to_one = introduce(world)
    held = []
    world.tamper = lambda s, t, data: held.append(data)
    for _ in range(3):
        world.now += 1
        to_two.initiate(world.now)
    world.settle()
    world.tamper = lambda s, t, data: held.append(data) if data[0] == wire.RESPONSE else [data]
    for initiation in held[:3]:
        to_one.node.receive(world.now, initiation, ("10.0.0.1", 1))
    world.settle()
    first, second, third = held[3:]
    world.tamper = lambda s, t, data: [data]
    to_two.node.receive(world.now, first, ("10.0.0.2", 1))
    assert not to_two.up and to_two.node.drops == {"unknown_index": 1}
    to_two.node.receive(world.now, second, ("10.0.0.2", 1))
    world.settle()
    assert to_two.up and not to_one.up and len(to_two.outstanding) == 1
    to_two.node.receive(world.now, third, ("10.0.0.2", 1))
    world.settle()
    assert to_two.up and to_one.up and not to_two.outstanding


def test_a_rekey_goes_to_the_endpoint_alone(world):
    to_two, _ = connect(world)
    to_two.candidates.append(("10.0.0.3", 1))
    to_two.initiate(world.now)
    assert [target for target, _ in to_two.node.outbox] == [("10.0.0.2", 1)]


def test_rekeying_loses_nothing_and_the_old_session_is_received_on_for_5_s(world):
    to_two, to_one = connect(world, active=True)
    world.run(100)
    old = to_two.current
    world.run(22)
    assert to_two.current is not old and to_two.current.initiated_by_us
    assert to_one.replaced
    late = wire.seal_data(
        old.cipher, old.send_key, old.remote_index, old.counter,
        records.record(records.FRAME, records.frame_body(1, FRAME)),
    )  # fmt: skip
    to_one.node.receive(world.now, late, ("10.0.0.1", 1))
    assert to_one.frames == [(1, FRAME)]
    world.run(6)
    assert not to_one.replaced
    to_one.node.receive(world.now, late, ("10.0.0.1", 1))
    assert to_one.node.drops == {"unknown_index": 1}


def test_an_idle_session_lives_and_a_silent_peer_is_noticed(world):
    to_two, to_one = connect(world, active=True)
    world.run(600)
    assert to_two.up and to_one.up and quiet(to_two, to_one)
    world.tamper = lambda s, t, data: []
    world.run(80)  # two pings; one was called, and asks only when it hears nothing for 45 s: 7.8
    assert not to_two.up and not to_one.up


def test_who_was_called_pings_only_when_its_peer_is_quiet(world):
    to_two, to_one = connect(world)
    pings = {to_one: [], to_two: []}
    for peer in pings:
        send = peer.ping
        peer.ping = lambda now, peer=peer, send=send: pings[peer].append(now) or send(now)
    world.run(100)
    assert len(pings[to_two]) >= 4 and not pings[to_one]
    world.tamper = lambda s, t, data: []
    world.run(46)
    assert not to_two.up and to_one.up
    world.run(30)
    assert 45 <= pings[to_one][0] - to_one.heard_at < 46 and not to_one.up


def test_a_mapping_that_dies_between_pings_is_kept_more_often(world):
    to_two, to_one = connect(world)
    for port in range(2, 5):  # two finds it somewhere else with each ping
        world.move(to_two.node, ("10.0.0.9", port))
        world.run(25)
    assert to_two.steps == 2 and to_one.endpoint == ("10.0.0.9", 4)


def test_a_hello_is_repeated_until_acknowledged(world):
    to_two, to_one = connect(world)
    sent = []
    world.tamper = lambda s, t, data: sent.append(world.now)
    to_two.change_hello(world.now, vlans=[1, 2])
    world.settle()
    world.run(8)
    assert [when - sent[0] for when in sent] == [0, 1, 3, 7]
    assert to_one.remote_hello.vlans == [1]
    world.tamper = lambda s, t, data: sent.append(world.now) or [data]
    world.run(8)
    assert to_one.remote_hello.vlans == [1, 2]
    assert to_two.current.hello.acknowledged


def test_ping_is_answered(world):
    to_two, _ = connect(world)
    token = to_two.ping(world.now)
    world.settle()
    assert to_two.pongs == [token]


def test_a_peer_that_moves_is_followed_after_a_challenge(world):
    to_two, to_one = connect(world)
    world.move(to_two.node, ("10.0.0.77", 9))
    to_two.send_frame(world.now, 1, FRAME)
    assert to_one.endpoint == ("10.0.0.1", 1)
    world.settle()
    assert to_one.endpoint == ("10.0.0.77", 9)
    to_one.send_frame(world.now, 1, FRAME)
    world.settle()
    assert to_two.frames == [(1, FRAME)]


def test_a_response_from_another_address_is_challenged_before_anything_else_goes_there(world):
    to_two, to_one = introduce(world)
    to_two.candidates[:] = [("10.0.0.3", 1)]
    world.nodes[("10.0.0.3", 1)] = to_one.node  # is reached there, but answers from elsewhere
    to_two.initiate(world.now)
    world.settle()
    assert to_two.endpoint == ("10.0.0.2", 1)
    data = [d for source, _, d in world.seen if source[0] == "10.0.0.1" and d[0] == wire.DATA]
    assert len(data[0]) == 32 + 3 + 8  # the challenge
    assert to_one.remote_hello and to_two.current.hello.acknowledged


def test_a_peer_that_moved_far_away_is_followed_too(world):
    to_two, to_one = connect(world)
    world.move(to_two.node, ("10.0.0.77", 9))
    under_way = []

    def slowly(source, target, datagram):
        under_way.append((world.now + 1, source, target, datagram))

    world.tamper = slowly
    for _ in range(20):
        world.now += 0.25
        to_two.send_frame(world.now, 1, FRAME)
        world.settle()
        for late in [late for late in under_way if late[0] <= world.now]:
            under_way.remove(late)
            world.nodes.get(late[2], to_two.node).receive(world.now, late[3], late[1])
    assert to_one.endpoint == ("10.0.0.77", 9)


def test_goodbye_ends_the_sessions_on_both_sides(world):
    to_two, to_one = connect(world)
    to_two.goodbye(world.now)
    world.settle()
    assert not to_two.up and not to_one.up and to_one.goodbyes == 1


def test_a_goodbye_that_comes_late_leaves_a_newer_session_alone(world):
    to_two, to_one = connect(world)
    old = to_one.current
    world.now += 1
    to_two.initiate(world.now)
    world.settle()
    assert to_one.current is not old and to_one.replaced[0] is old
    to_one.end(old)
    assert to_one.up and not to_one.replaced
    to_one.end(to_one.current)
    assert not to_one.up
