"""Unfinished checksums: PROTOCOL.md 6.1, written from its text alone."""

import struct

IPV4, IPV6 = 0x0800, 0x86DD
TAGS = (0x8100, 0x88A8)
PASSED = (0, 43, 60)  # IPv6 headers that only say where the next one is
TCP, UDP = 6, 17
WORDS = 0xFFFF


def ones(data):
    """The ones' complement sum of 16-bit words."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > WORDS:
        total = (total & WORDS) + (total >> 16)
    return total


def network(frame):
    """(ethertype, offset) behind tags."""
    at = 12
    kind = int.from_bytes(frame[at : at + 2], "big")
    for _ in range(2):
        if kind in TAGS:
            at += 4
            kind = int.from_bytes(frame[at : at + 2], "big")
    return kind, at + 2


def upper_of_ipv4(packet):
    """(protocol, addresses, upper layer), or None."""
    if len(packet) < 20 or packet[0] >> 4 != 4:
        return None
    header, total = (packet[0] & 15) * 4, int.from_bytes(packet[2:4], "big")
    in_pieces = int.from_bytes(packet[6:8], "big") & 0x3FFF
    if header < 20 or in_pieces or total != len(packet) or header > total:
        return None
    return packet[9], packet[12:20], packet[header:]


def upper_of_ipv6(packet):
    """The same."""
    if len(packet) < 40 or packet[0] >> 4 != 6:
        return None
    kind, rest = packet[6], packet[40:]
    if int.from_bytes(packet[4:6], "big") != len(rest):
        return None
    while kind in PASSED:
        if len(rest) < 8 or len(rest) < rest[1] * 8 + 8:
            return None
        kind, rest = rest[0], rest[rest[1] * 8 + 8 :]
    return kind, packet[8:40], rest


def field(protocol, upper):
    """Where the checksum stands in the upper layer, or None."""
    if protocol == TCP and len(upper) >= 20 and 20 <= (upper[12] >> 4) * 4 <= len(upper):
        return 16
    if protocol == UDP and len(upper) >= 8 and int.from_bytes(upper[4:6], "big") == len(upper):
        return 6
    return None


def finished(frame):
    """The frame with its checksum, or None if it has none."""
    kind, at = network(frame)
    read = {IPV4: upper_of_ipv4, IPV6: upper_of_ipv6}.get(kind, lambda _: None)(frame[at:])
    where = field(read[0], read[2]) if read else None
    if where is None:
        return None
    protocol, addresses, upper = read
    blank = upper[:where] + b"\0\0" + upper[where + 2 :]
    total = ones(addresses + struct.pack(">IHH", len(upper), 0, protocol) + blank)
    checksum = total ^ WORDS
    if checksum == 0 and protocol == UDP:
        checksum = WORDS
    start = len(frame) - len(upper) + where
    return frame[:start] + struct.pack(">H", checksum) + frame[start + 2 :]
