"""wire.py - the four messages, their macs and payloads (PROTOCOL.md 1 to 5)

Layer: second implementation. Builds and takes apart bytes; keeps no state.
"""

import ipaddress
import struct

import sodium

INITIATION, RESPONSE, COOKIE_REPLY, DATA = 1, 2, 3, 4
LENGTHS = {INITIATION: 168, RESPONSE: 124, COOKIE_REPLY: 64}
SHORTEST_DATA = 32
MAC_LEN = 16
NO_MAC = bytes(MAC_LEN)
DATA_HEADER_LEN = 16
VERSION = 1
CHACHA, AES = 1, 2
CIPHER_NAMES = {CHACHA: b"ChaCha20-Poly1305", AES: b"AES-256-GCM"}
PAYLOAD = struct.Struct(">12sBB18x")
TIMESTAMP = struct.Struct(">QI")
NS_PER_S = 1_000_000_000


class Drop(Exception):
    """The message is dropped; str() is the name of the counter."""


def address_bytes(address):
    """An address as it is hashed and sent: [16] and u16 port."""
    ip = ipaddress.ip_address(address[0])
    packed = ip.packed if ip.version == 6 else bytes(10) + b"\xff\xff" + ip.packed
    return packed + address[1].to_bytes(2, "big")


def address_of(data):
    """The reverse of address_bytes()."""
    ip = ipaddress.IPv6Address(data[:16])
    return str(ip.ipv4_mapped or ip), int.from_bytes(data[16:18], "big")


def u32_at(message, offset):
    """The u32 at @offset."""
    return int.from_bytes(message[offset : offset + 4], "big")


def header(kind, *numbers):
    """Type, three zeros, and u32 fields."""
    return bytes([kind, 0, 0, 0]) + b"".join(number.to_bytes(4, "big") for number in numbers)


def kind_of(message):
    """The type of a datagram whose length fits it; Drop."""
    if len(message) < 4:
        raise Drop("too_short")
    kind = message[0]
    if kind not in (*LENGTHS, DATA) or any(message[1:4]):
        raise Drop("bad_type")
    if kind == DATA and len(message) < SHORTEST_DATA:
        raise Drop("too_short")
    if kind != DATA and len(message) != LENGTHS[kind]:
        raise Drop("bad_length")
    return kind


def mac1_key(receiver_public):
    """What mac1 of messages to this key is keyed with."""
    return sodium.blake2b_256(b"mac1----" + receiver_public)


def mac1_of(message):
    """The mac1 field of an initiation or response."""
    return message[-2 * MAC_LEN : -MAC_LEN]


def add_mac1(body, receiver_public):
    """@body with mac1; mac2 is still missing."""
    return body + sodium.mac(mac1_key(receiver_public), body)


def add_mac2(body, cookie=None):
    """@body (with mac1) with mac2: zeros without a cookie."""
    return body + (sodium.mac(cookie, body) if cookie else NO_MAC)


def check_mac1(message, receiver_public):
    """Drop unless mac1 is right."""
    expected = sodium.mac(mac1_key(receiver_public), message[: -2 * MAC_LEN])
    if not sodium.same(expected, mac1_of(message)):
        raise Drop("bad_mac1")


def mac2_is_right(message, cookie):
    """Was mac2 made with this cookie?"""
    return sodium.same(sodium.mac(cookie, message[:-MAC_LEN]), message[-MAC_LEN:])


def cookie_key(replier_public):
    """What a cookie from this key is sealed with."""
    return sodium.blake2b_256(b"cookie--" + replier_public)


def seal_cookie(index, nonce, cookie, initiation, replier_public):
    """A cookie reply to @initiation."""
    sealed = sodium.xchacha_seal(cookie_key(replier_public), nonce, cookie, mac1_of(initiation))
    return header(COOKIE_REPLY, index) + nonce + sealed


def open_cookie(message, mac1, replier_public):
    """The cookie of a cookie reply; Drop."""
    try:
        return sodium.xchacha_open(cookie_key(replier_public), message[8:32], message[32:], mac1)
    except sodium.CryptoError:
        raise Drop("bad_cookie") from None


def timestamp(clock_ns):
    """A time since 1970 as 12 bytes."""
    return TIMESTAMP.pack(*divmod(clock_ns, NS_PER_S))


def payload(clock_ns, ciphers, version=VERSION):
    """A handshake payload."""
    return PAYLOAD.pack(timestamp(clock_ns), version, ciphers)


def data_nonce(cipher, counter):
    """The nonce of a data message."""
    return bytes(4) + counter.to_bytes(8, "little" if cipher == CHACHA else "big")


def session_key(split_key, cipher, handshake_hash):
    """The key of one direction (4.5)."""
    return sodium.hmac_sha256(split_key, b"longwire1 " + CIPHER_NAMES[cipher] + handshake_hash)


def data_header(index, counter):
    """The 16 bytes before the encrypted records."""
    return header(DATA, index) + counter.to_bytes(8, "big")


def seal_data(cipher, key, index, counter, plain):
    """A data message."""
    head = data_header(index, counter)
    seal = sodium.chacha_seal if cipher == CHACHA else sodium.aes_seal
    return head + seal(key, data_nonce(cipher, counter), plain, head)


def open_data(cipher, key, message):
    """The plain text of a data message; Drop."""
    head, sealed = message[:DATA_HEADER_LEN], message[DATA_HEADER_LEN:]
    opener = sodium.chacha_open if cipher == CHACHA else sodium.aes_open
    try:
        return opener(key, data_nonce(cipher, int.from_bytes(head[8:], "big")), sealed, head)
    except sodium.CryptoError:
        raise Drop("bad_tag") from None
