"""Handshakes between the second implementation and the real agent."""

import os

import pytest

import cards
import sodium
import wire
from noise import KeyPair, Responder
from real_agent import from_hub
from scene import LAN, barrier, counted, cross_both_ways, drops_become, now, settled

LOW_ORDER_KEYS = {
    "zero": bytes(32),
    "one": b"\x01" + bytes(31),
    "order 8": bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    "p": bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
}


def test_the_agent_answers_an_initiation_and_frames_cross(scene):
    line, peer = scene.connect()
    assert line.kinds().count(wire.RESPONSE) == 1 and wire.INITIATION not in line.kinds()
    assert peer.current.initiated_by_us
    assert peer.remote_hello.name == "anna" and peer.remote_hello.vlans == [LAN]
    line.until(lambda: scene.agent.peer("ben")["state"] == "up", scene.agent.story)
    cross_both_ways(scene, line, peer)
    assert not line.node.drops and not scene.agent.drops()


def test_the_agent_initiates_and_frames_cross(scene):
    line, peer = scene.connect(reachable=True)
    assert line.kinds()[0] == wire.INITIATION and not peer.current.initiated_by_us
    line.until(lambda: scene.agent.peer("ben")["state"] == "up", scene.agent.story)
    cross_both_ways(scene, line, peer)
    assert not line.node.drops and not scene.agent.drops()


def test_the_agent_tries_every_second_until_it_is_answered(scene):
    line, peer = scene.line(reachable=True)
    line.deaf = lambda source, datagram: True
    scene.agent.up()
    line.until(lambda: len(line.came) >= 4)
    assert set(line.kinds()) == {wire.INITIATION}
    indices = {wire.u32_at(datagram, 4) for _, datagram in line.came}
    assert len(indices) == len(line.came) and 0 not in indices
    line.deaf = lambda source, datagram: False
    line.until(lambda: settled(peer), scene.agent.story)


@pytest.mark.parametrize("reachable", [False, True], ids=["responder", "initiator"])
@pytest.mark.parametrize("cipher", [wire.CHACHA, wire.AES], ids=["chacha", "aes"])
def test_both_ciphers_carry_frames(scene, cipher, reachable):
    if cipher == wire.AES and not sodium.HAVE_AES:
        pytest.skip("no AES in this processor")
    line, peer = scene.line(reachable=reachable)
    line.node.ciphers = cipher | wire.CHACHA
    scene.agent.up()
    scene.begin(line, peer, initiate=not reachable)
    assert peer.current.cipher == cipher
    name = wire.CIPHER_NAMES[cipher].decode()
    line.until(lambda: scene.agent.peer("ben")["cipher"] == name, scene.agent.story)
    cross_both_ways(scene, line, peer, 1514)


def test_the_agent_chooses_by_version_and_cipher_bits_and_refuses_what_it_cannot(scene):
    line, peer = scene.line()
    scene.agent.up()
    stamp = line.node.timestamp
    peer.initiate(now(), wire.payload(stamp(), wire.CHACHA, version=0))
    counted(scene, line, "bad_version")
    peer.initiate(now(), wire.payload(stamp(), 0))
    counted(scene, line, "no_common_cipher")
    peer.initiate(now(), wire.payload(stamp(), 0x80))
    counted(scene, line, "no_common_cipher", 2)
    assert not line.came
    before = scene.agent.drops().get("unknown_capability", 0)
    peer.initiate(now(), wire.payload(stamp(), 0x80 | wire.CHACHA, version=200))
    line.until(lambda: settled(peer), scene.agent.story)
    assert peer.current.cipher == wire.CHACHA
    counted(scene, line, "unknown_capability", before + 1)


def test_reserved_bytes_of_the_payload_are_ignored(scene):
    line, peer = scene.line()
    scene.agent.up()
    payload = wire.payload(line.node.timestamp(), wire.CHACHA)[:14] + b"\xff" * 18
    peer.initiate(now(), payload)
    line.until(lambda: settled(peer), scene.agent.story)


def test_a_session_is_not_sent_on_before_it_is_confirmed(scene):
    line, peer = scene.line()
    line.lossy = lambda target, datagram: datagram[0] == wire.DATA
    scene.agent.up()
    peer.initiate(now())
    line.until(lambda: peer.up)
    for _ in range(3):
        scene.hub.send(from_hub(60))
    line.until(lambda: scene.agent.drops().get("no_session", 0) >= 3, scene.agent.story)
    assert wire.DATA not in line.kinds()
    assert scene.agent.peer("ben")["state"] != "up"
    line.lossy = lambda target, datagram: False
    cross_both_ways(scene, line, peer)


@pytest.mark.parametrize("lower", [True, False], ids=["lower", "higher"])
def test_crossed_initiations_end_on_the_session_of_the_lower_key(scene, lower):
    static = KeyPair()
    while (static.public < scene.agent.public) != lower:
        static = KeyPair()
    line, peer = scene.line(reachable=True, static=static)
    line.deaf = lambda source, datagram: True
    scene.agent.up()
    line.until(lambda: wire.INITIATION in line.kinds())
    line.deaf = lambda source, datagram: False
    source, theirs = line.came[-1]
    peer.initiate(now())  # ours is under way before theirs is read
    line.node.receive(now(), theirs, source)
    # Data goes before all else: if our response waits together with the hello on our own session, the agent
    # gives up its initiation first, as the one with the higher key does.
    line.until(
        lambda: peer.ours and (peer.theirs or lower) and settled(peer), scene.agent.story
    )
    assert peer.current.initiated_by_us == lower
    cross_both_ways(scene, line, peer)
    index = wire.u32_at([data for _, data in line.came if data[0] == wire.DATA][-1], 4)
    assert index == peer.current.local_index


def test_an_initiation_is_taken_once_only(scene):
    line, peer = scene.connect()
    again = next(data for _, data in line.went if data[0] == wire.INITIATION)
    line.node.send(scene.agent.address, again)
    counted(scene, line, "old_initiation")
    cross_both_ways(scene, line, peer)
    assert line.kinds().count(wire.RESPONSE) == 1


def test_an_earlier_timestamp_than_that_of_a_confirmed_session_is_refused(scene):
    line, peer = scene.connect()
    session = peer.current
    peer.initiate(now(), wire.payload(line.node.last_stamp_ns - 1, wire.CHACHA))
    counted(scene, line, "old_initiation")
    assert peer.current is session


def test_another_psk_makes_no_session_whoever_begins(scene):
    begin, begun = scene.line("ben"), scene.line("clara", reachable=True)
    for _, peer in (begin, begun):
        peer.psk = os.urandom(32)
    scene.agent.up()
    begin[1].initiate(now())
    begin[0].until(lambda: begin[0].node.drops["bad_handshake"], scene.agent.story)
    counted(scene, begun[0], "bad_handshake")
    assert not begin[1].up and not begun[1].up
    assert "up" not in {scene.agent.peer(name)["state"] for name in ("ben", "clara")}


def test_a_psk_that_both_know_makes_a_session(scene):
    line, peer = scene.line()
    peer.psk = os.urandom(32)
    scene.agent.write("peers/ben.local", f"[local]\npsk = {peer.psk.hex()}\n", mode=0o600)
    scene.agent.up()
    scene.meet(line, peer)
    cross_both_ways(scene, line, peer)
    peer.goodbye(now())
    peer.psk = bytes(32)
    peer.initiate(now())
    line.until(lambda: line.node.drops["bad_handshake"], scene.agent.story)


def test_an_unknown_key_hears_nothing_and_knocks(scene):
    line, peer = scene.line("stranger", known=False)
    known_line, known = scene.line("ben")
    scene.agent.up()
    peer.initiate(now())
    knocks = line.until(lambda: scene.agent.status()["knocks"], scene.agent.story)
    assert len(knocks) == 1
    assert cards.key_text(line.node.static.public) in str(knocks[0])
    assert str(line.address[1]) in str(knocks[0])
    drops_become(scene, line, {"unknown_key": 1})
    scene.meet(known_line, known)
    line.step()
    assert not line.came


def test_its_own_key_is_refused(scene):
    with open(os.path.join(scene.agent.folder, "identity.key"), encoding="utf-8") as file:
        static = KeyPair(bytes.fromhex(file.read().split()[1]))
    assert static.public == scene.agent.public
    line, peer = scene.line("mirror", known=False, static=static)
    scene.agent.up()
    peer.initiate(now())
    counted(scene, line, "own_key")
    drops_become(scene, line, {"own_key": 1})
    assert not line.came and not scene.agent.status()["knocks"]


class LowOrder:
    """An ephemeral "key pair" whose every shared secret is zeros, as anybody could compute it."""

    private = None

    def __init__(self, public, monkeypatch):
        self.public = public
        dh = sodium.dh
        monkeypatch.setattr(sodium, "dh", lambda own, other: dh(own, other) if own else bytes(32))


@pytest.mark.parametrize("key", LOW_ORDER_KEYS.values(), ids=LOW_ORDER_KEYS)
def test_a_low_order_ephemeral_is_dropped_from_an_initiator(scene, monkeypatch, key):
    line, peer = scene.line()
    scene.agent.up()
    peer.initiate(now(), ephemeral=LowOrder(key, monkeypatch))
    drops_become(scene, line, {"bad_handshake": 1})
    assert not line.came


@pytest.mark.parametrize("key", LOW_ORDER_KEYS.values(), ids=LOW_ORDER_KEYS)
def test_a_low_order_ephemeral_is_dropped_from_a_responder(scene, monkeypatch, key):
    line, peer = scene.line(reachable=True)
    line.deaf = lambda source, datagram: True
    scene.agent.up()
    line.until(lambda: line.came)
    source, initiation = line.came[-1]
    noise = Responder(line.node.static, LowOrder(key, monkeypatch))
    noise.read_static(initiation[8:136])
    noise.read_payload(initiation[8:136])
    body = wire.header(wire.RESPONSE, 5, wire.u32_at(initiation, 4))
    body += noise.write(wire.payload(line.node.clock_ns(), wire.CHACHA))
    line.node.send(source, wire.add_mac2(wire.add_mac1(body, scene.agent.public)))
    counted(scene, line, "bad_handshake")
    assert wire.DATA not in line.kinds()
    line.deaf = lambda source, datagram: False
    line.until(lambda: settled(peer), scene.agent.story)


def respond(line, agent, payload, initiation, receiver_index=None):
    """Answer an initiation of the agent by hand with this payload."""
    noise = Responder(line.node.static)
    noise.read_static(initiation[8:136])
    noise.read_payload(initiation[8:136])
    body = wire.header(wire.RESPONSE, 5, receiver_index or wire.u32_at(initiation, 4))
    body = wire.add_mac1(body + noise.write(payload), agent.public)
    line.node.send(agent.address, wire.add_mac2(body))


@pytest.mark.parametrize(
    "cipher, version, counter",
    [
        (wire.CHACHA, 0, "bad_version"),
        (wire.CHACHA, 2, "bad_version"),
        (0, 1, "no_common_cipher"),
        (wire.CHACHA | wire.AES, 1, "no_common_cipher"),
        (4, 1, "no_common_cipher"),
    ],
)
def test_the_agent_refuses_a_response_that_chooses_what_it_did_not_offer(
    scene, cipher, version, counter
):
    line, peer = scene.line(reachable=True)
    line.deaf = lambda source, datagram: True
    scene.agent.up()
    line.until(lambda: line.came)
    respond(line, scene.agent, wire.payload(1, cipher, version), line.came[-1][1])
    counted(scene, line, counter)
    assert wire.DATA not in line.kinds()
    line.deaf = lambda source, datagram: False
    line.until(lambda: settled(peer), scene.agent.story)


def test_16_bad_responses_end_an_initiation(scene):
    line, _ = scene.line(reachable=True)
    line.deaf = lambda source, datagram: True
    scene.agent.up()
    line.until(lambda: line.came)
    initiation = line.came[-1][1]
    body = wire.header(wire.RESPONSE, 5, wire.u32_at(initiation, 4)) + os.urandom(80)
    bad = wire.add_mac2(wire.add_mac1(body, scene.agent.public))
    for _ in range(17):
        line.node.send(scene.agent.address, bad)
    drops_become(scene, line, {"bad_handshake": 16, "unknown_index": 1})


def test_the_two_latest_initiations_may_be_answered_and_no_earlier_one(scene):
    line, peer = scene.line(reachable=True)
    line.deaf = lambda source, datagram: True
    scene.agent.up()
    line.until(lambda: len(line.came) == 3)
    for _, initiation in line.came[:2]:
        respond(line, scene.agent, wire.payload(1, wire.CHACHA), initiation)
    line.until(lambda: wire.DATA in line.kinds(), scene.agent.story)
    drops_become(scene, line, {"unknown_index": 1})


def test_a_second_unconfirmed_session_replaces_the_first(scene):
    line, peer = scene.line()
    line.lossy = lambda target, datagram: datagram[0] == wire.DATA
    scene.agent.up()
    peer.initiate(now())
    first = line.until(lambda: peer.current)
    peer.initiate(now())
    line.until(lambda: peer.current is not first)
    line.lossy = lambda target, datagram: False
    line.node.send(scene.agent.address, first.seal(b""))
    counted(scene, line, "unknown_index")
    cross_both_ways(scene, line, peer)


def test_a_response_without_the_right_mac1_is_dropped(scene):
    line, peer = scene.line(reachable=True)
    spoilt = []

    def spoil(target, datagram):
        if datagram[0] == wire.RESPONSE and not spoilt:
            spoilt.append(datagram[:92] + bytes([datagram[92] ^ 1]) + datagram[93:])
            line.socket.sendto(spoilt[0], target)
            return True
        return False

    line.lossy = spoil
    scene.agent.up()
    counted(scene, line, "bad_mac1")
    line.until(lambda: settled(peer), scene.agent.story)


def test_a_response_over_ipv6_is_as_one_over_ipv4(scene):
    line, peer = scene.line(host="::1")
    scene.agent.up()
    scene.meet(line, peer)
    cross_both_ways(scene, line, peer)


def test_an_initiation_over_ipv6_is_as_one_over_ipv4(scene):
    line, peer = scene.line(host="::1", reachable=True)
    line.node.guard.load.until = float("inf")  # and a cookie for an IPv6 address
    scene.agent.up()
    line.until(lambda: settled(peer), scene.agent.story)
    assert line.node.drops["bad_mac2"] >= 1
    cross_both_ways(scene, line, peer)


def test_a_killed_agent_comes_back_to_the_last_address_with_later_timestamps(scene):
    line, peer = scene.connect()  # whose address is in no card
    line.until(lambda: scene.agent.peer("ben")["state"] == "up", scene.agent.story)
    peer.initiate(now())
    scene.meet(line, peer)
    theirs = []
    for _ in range(3):
        scene.agent.kill()
        peer.end()
        before = len(line.came)
        scene.agent.up()
        line.until(lambda: settled(peer), scene.agent.story)
        assert wire.INITIATION in line.kinds()[before:]
        theirs.append(peer.answered_timestamp)
        cross_both_ways(scene, line, peer)
    assert theirs == sorted(set(theirs)) and "old_initiation" not in line.node.drops


def test_a_response_to_nothing_is_dropped(scene):
    line, peer = scene.connect()
    body = wire.header(wire.RESPONSE, 5, 12345) + os.urandom(80)
    line.node.send(scene.agent.address, wire.add_mac2(wire.add_mac1(body, scene.agent.public)))
    counted(scene, line, "unknown_index")
    body = wire.header(wire.COOKIE_REPLY, 12345) + os.urandom(56)
    line.node.send(scene.agent.address, body)
    counted(scene, line, "bad_cookie")
    cross_both_ways(scene, line, peer)


def test_messages_of_another_length_or_type_are_counted(scene):
    line, peer = scene.connect()
    for datagram in (
        b"\x01\x00\x00",
        bytes(40),
        b"\x05" + bytes(40),
        b"\x04\x00\x00\x01" + bytes(40),
        b"\x04" + bytes(30),
        b"\x01" + bytes(168),
        b"\x02" + bytes(122),
        b"\x03" + bytes(62),
        b"\x01" + bytes(167),
        b"\x02" + bytes(123),
    ):
        line.node.send(scene.agent.address, datagram)
    barrier(scene, line, peer)
    drops_become(scene, line, {"too_short": 2, "bad_type": 3, "bad_length": 3, "bad_mac1": 2})
