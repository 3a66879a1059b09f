"""Frames whose checksum is left to the agent, from the second implementation: PROTOCOL.md 6.1."""

import os
import struct

import pytest

import checksums
import records
from real_agent import from_node
from scene import LAN, barrier, drops_become, frame_record, heard_on_hub, now

UNFINISHED = records.CHECKSUM_UNFINISHED
TAG, PROVIDER = b"\x81\x00\x00\x07", b"\x88\xa8\x00\x09"
ADDRESSES = {4: bytes([10, 0, 0, 1, 10, 0, 0, 2]), 6: bytes(15) + b"\1" + bytes(15) + b"\2"}
OPTIONS = b"\x01\x01\x01\x00"
HOP_BY_HOP = b"\x01\x01\x0c"  # its length in units but one, padding
WORDS = 0xFFFF


def tcp(data):
    """A segment; any checksum."""
    return struct.pack(">HHIIBBH", 4711, 80, 1, 2, 0x50, 0x10, 500) + os.urandom(2) + b"\0\0" + data


def udp(data):
    """A datagram; any checksum."""
    return struct.pack(">HHH", 4711, 53, 8 + len(data)) + os.urandom(2) + data


def ipv4(upper, protocol, options=b"", fragment=0):
    """A packet; its header's checksum is right."""
    words = 5 + len(options) // 4
    total = words * 4 + len(upper)
    head = struct.pack(">BBHHHBB", 0x40 | words, 0, total, 7, fragment, 64, protocol)
    summed = checksums.ones(head + ADDRESSES[4] + options) ^ WORDS
    return b"\x08\0" + head + struct.pack(">H", summed) + ADDRESSES[4] + options + upper


def ipv6(upper, protocol, extension=b""):
    """A packet; @extension: a header of 16 bytes without its first."""
    if extension:
        upper = bytes([protocol]) + extension.ljust(15, b"\0") + upper
        protocol = 0
    head = struct.pack(">IHBB", 6 << 28, len(upper), protocol, 64)
    return b"\x86\xdd" + head + ADDRESSES[6] + upper


def framed(packet, tags=b""):
    """In a frame from the node's machine."""
    return from_node(60)[:12] + tags + packet


def zero_sum():
    """A datagram whose checksum is 0, which is sent as 65,535."""
    packet = ipv4(udp(b"\0\0"), 17)
    missing = checksums.finished(framed(packet))[40:42]
    return ipv4(udp(missing), 17)


DATA = bytes(range(256)) * 3 + b"odd"
GOOD = {
    "tcp4": framed(ipv4(tcp(DATA), 6)),
    "tcp6": framed(ipv6(tcp(DATA), 6)),
    "udp4": framed(ipv4(udp(DATA), 17)),
    "udp6 tagged": framed(ipv6(udp(DATA), 17), TAG),
    "tcp4 two tags, options": framed(ipv4(tcp(DATA), 6, OPTIONS), PROVIDER + TAG),
    "udp6 hop by hop": framed(ipv6(udp(DATA), 17, HOP_BY_HOP)),
    "udp6 empty": framed(ipv6(udp(b""), 17)),
    "tcp6 no data, two tags": framed(ipv6(tcp(b""), 6), PROVIDER + TAG),
    "udp4 zero": framed(zero_sum()),
}
BAD = {
    "icmp": framed(ipv4(bytes(8), 1)),
    "arp": framed(b"\x08\x06" + bytes(28)),
    "fragment": framed(ipv4(tcp(DATA), 6, fragment=0x2000)),
    "later fragment": framed(ipv4(udp(DATA), 17, fragment=3)),
    "fragment header": framed(ipv6(bytes([17, 0]) + bytes(6) + udp(DATA), 44)),
    "bytes behind": framed(ipv4(udp(DATA), 17)) + b"\0",
    "cut": framed(ipv6(tcp(DATA), 6))[:-1],
    "udp length": framed(ipv4(udp(DATA)[:4] + b"\0\x10" + udp(DATA)[6:], 17)),
    "tcp header": framed(ipv4(tcp(b"")[:12] + b"\x60" + tcp(b"")[13:], 6)),
    "three tags": framed(ipv4(tcp(DATA), 6), TAG * 3),
    "header alone": framed(b"\x08\x00"),
}


@pytest.mark.parametrize("whole", GOOD.values(), ids=GOOD)
def test_a_machine_on_the_hub_gets_it_finished(scene, whole):
    line, peer = scene.connect()
    finished = checksums.finished(whole)
    assert finished is not None
    peer.send(now(), frame_record(whole, flags=UNFINISHED))
    heard_on_hub(scene, line, finished)
    assert not scene.agent.drops()


def test_it_is_finished_when_its_fragments_have_come_together(scene):
    line, peer = scene.connect()
    whole = framed(ipv4(tcp(os.urandom(1400)), 6))
    body = records.frame_body(LAN, whole, UNFINISHED)
    for at in (700, 0):
        peer.send(now(), records.fragment(0, len(body), at, body[at : at + 700 + at]))
    heard_on_hub(scene, line, checksums.finished(whole))


def test_a_run_of_segments_is_finished_one_by_one_and_in_order(scene):
    line, peer = scene.connect()
    wholes = [framed(ipv6(tcp(bytes([n]) * 100), 6)) for n in range(6)]
    between = from_node(60)
    finished = [checksums.finished(w) for w in wholes]
    sent = [frame_record(w, flags=UNFINISHED) for w in wholes]
    peer.send(now(), b"".join([*sent[:3], frame_record(between), *sent[3:]]))
    heard_on_hub(scene, line, finished[-1])
    expected = [*finished[:3], between, *finished[3:]]
    assert [f for f in scene.hub.heard if f in expected] == expected


def test_what_has_no_checksum_is_dropped_and_counted(scene):
    line, peer = scene.connect()
    for frame in BAD.values():
        assert checksums.finished(frame) is None
        peer.send(now(), frame_record(frame, flags=UNFINISHED))
    follower = from_node(60)
    peer.send(now(), frame_record(follower))
    heard_on_hub(scene, line, follower)
    barrier(scene, line, peer)
    drops_become(scene, line, {"no_checksum": len(BAD)})
    assert not [frame for frame in scene.hub.heard if frame in BAD.values()]
