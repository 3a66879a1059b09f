"""records.py - what a data message holds: records, fragments, hello (PROTOCOL.md 6)

Layer: second implementation. Keeps no state but that of reassembly; time is passed in.
"""

import struct

import checksums
from wire import Drop, address_bytes, address_of

(PADDING, FRAME, FRAGMENT, HELLO, HELLO_ACK, KEEP_ALIVE, PING, PONG,
 CHALLENGE, PATH_RESPONSE, GOODBYE) = range(11)  # fmt: skip
SEGMENTS = 13

RECORD = struct.Struct(">BH")
FRAGMENT_HEAD = struct.Struct(">IHH")
FIXED_LENGTHS = {
    HELLO_ACK: 4, KEEP_ALIVE: 0, PING: 8, PONG: 8, CHALLENGE: 8, PATH_RESPONSE: 8, GOODBYE: 0,
}  # fmt: skip
ASKING = {FRAME, FRAGMENT, HELLO, PING, CHALLENGE}
VLAN_MASK = 0x0FFF
CHECKSUM_UNFINISHED = 0x8000
SHORTEST_FRAME = 14
MAX_FRAME = 9216
ROOM = 1232 - 32  # of records in a datagram: less header and tag
MAX_STRETCHES = 32
MAX_UNFINISHED = 16
MAX_UNFINISHED_IN_ALL = 64
GIVE_UP_S = 1.0

TAG_NAME, TAG_VLANS, TAG_ADDRESSES, TAG_KNOWN = 1, 2, 3, 4
ADDRESS_LEN, KNOWN_LEN = 18, 10


def record(kind, body=b""):
    """One record."""
    return RECORD.pack(kind, len(body)) + body


def frame_body(vlan, frame, flags=0):
    """The body of a frame record, which is also what fragments cut."""
    return struct.pack(">H", vlan | flags) + frame


def fragment(number, total, offset, piece):
    """A fragment record."""
    return record(FRAGMENT, FRAGMENT_HEAD.pack(number, total, offset) + piece)


def parse(plain, count):
    """The known, well-formed records in @plain as (type, body); @count(name) for the others."""
    found, at = [], 0
    while at < len(plain):
        if plain[at] == PADDING:
            if any(plain[at:]):
                count("bad_padding")
            break
        if len(plain) - at < RECORD.size:
            count("bad_record")
            break
        kind, size = RECORD.unpack_from(plain, at)
        at += RECORD.size
        if at + size > len(plain):
            count("bad_record")
            break
        body, at = plain[at : at + size], at + size
        if kind > GOODBYE and kind != SEGMENTS:
            count("unknown_record")
        elif not length_allowed(kind, size):
            count("bad_record")
        else:
            found.append((kind, body))
            if kind == GOODBYE:  # what follows it has no session
                break
    return found


def length_allowed(kind, size):
    """May a record of this type have a body of @size bytes?"""
    if kind in FIXED_LENGTHS:
        return size == FIXED_LENGTHS[kind]
    return size >= {FRAME: 2, FRAGMENT: FRAGMENT_HEAD.size + 1, HELLO: 4, SEGMENTS: 1}[kind]


def take_frame(body, max_frame=MAX_FRAME):
    """(vlan, frame) of a frame body; Drop."""
    tag = int.from_bytes(body[:2], "big")
    frame = body[2:]
    if len(frame) < SHORTEST_FRAME:
        raise Drop("short_frame")
    if len(frame) > max_frame:
        raise Drop("long_frame")
    if tag & CHECKSUM_UNFINISHED:
        frame = checksums.finished(frame)
        if frame is None:
            raise Drop("no_checksum")
    return tag & VLAN_MASK, frame


class Packer:
    """Puts records and frames into as few datagrams as their order allows."""

    def __init__(self, next_id=0, room=ROOM):
        self.next_id = next_id
        self.room = room
        self.datagrams = [b""]

    def free(self):
        """Room left in the last datagram."""
        return self.room - len(self.datagrams[-1])

    def add(self, data):
        """A record that is not split."""
        if len(data) > self.free() and self.datagrams[-1]:
            self.datagrams.append(b"")
        self.datagrams[-1] += data

    def add_frame(self, body):
        """A frame: as a record if it fits a datagram, else in pieces."""
        if RECORD.size + len(body) <= self.room:
            self.add(record(FRAME, body))
            return
        overhead = RECORD.size + FRAGMENT_HEAD.size
        offset = 0
        while offset < len(body):
            if self.free() <= overhead:
                self.datagrams.append(b"")
            piece = body[offset : offset + self.free() - overhead]
            self.datagrams[-1] += fragment(self.next_id, len(body), offset, piece)
            offset += len(piece)
        self.next_id = (self.next_id + 1) & 0xFFFFFFFF


class Unfinished:
    """A frame of which pieces are missing."""

    def __init__(self, total, now):
        self.born = now
        self.data = bytearray(total)
        self.stretches = []  # (begin, end), sorted, apart from each other

    def add(self, begin, piece):
        """Take a piece; Drop if it overlaps, or leaves too many stretches."""
        end = begin + len(piece)
        if any(begin < stop and start < end for start, stop in self.stretches):
            raise Drop("bad_fragment")
        merged = []
        for start, stop in sorted([*self.stretches, (begin, end)]):
            if merged and merged[-1][1] == start:
                merged[-1] = (merged[-1][0], stop)
            else:
                merged.append((start, stop))
        if len(merged) > MAX_STRETCHES:
            raise Drop("bad_fragment")
        self.stretches = merged
        self.data[begin:end] = piece

    def complete(self):
        """Has the last gap closed?"""
        return self.stretches == [(0, len(self.data))]


class Reassembly:
    """The unfinished frames of one peer; @everybody lists those of all peers, this one's too."""

    def __init__(self, max_frame=MAX_FRAME, everybody=None):
        self.max_total = max_frame + 2
        self.frames = {}  # (session, id) to Unfinished
        self.everybody = everybody if everybody is not None else []
        self.everybody.append(self)

    def take(self, session, body, now, count):
        """Take a fragment's body: the frame body if that completes it, else None; Drop."""
        number, total, offset = FRAGMENT_HEAD.unpack_from(body)
        piece = body[FRAGMENT_HEAD.size :]
        if not SHORTEST_FRAME + 2 <= total <= self.max_total or offset + len(piece) > total:
            raise Drop("bad_fragment")
        name = (session, number)
        unfinished = self.frames.get(name)
        if unfinished and len(unfinished.data) != total:
            del self.frames[name]
            raise Drop("bad_fragment")
        if not unfinished:
            self.make_room(count)
            unfinished = self.frames[name] = Unfinished(total, now)
        unfinished.add(offset, piece)
        if not unfinished.complete():
            return None
        del self.frames[name]
        return bytes(unfinished.data)

    def make_room(self, count):
        """Before another frame is begun: one goes if there are too many."""
        in_all = sum(len(one.frames) for one in self.everybody)
        if len(self.frames) < MAX_UNFINISHED and in_all < MAX_UNFINISHED_IN_ALL:
            return
        victim = self if self.frames else max(self.everybody, key=lambda one: len(one.frames))
        del victim.frames[min(victim.frames, key=lambda name: victim.frames[name].born)]
        count("reassembly_full")

    def expire(self, now, count):
        """Give up what has waited too long."""
        for name in [n for n, f in self.frames.items() if now - f.born >= GIVE_UP_S]:
            del self.frames[name]
            count("reassembly_timeout")

    def end(self, session):
        """A session's unfinished frames end with it."""
        self.frames = {name: f for name, f in self.frames.items() if name[0] is not session}


class Hello:
    """What changes in life: name, vlans, addresses, known keys."""

    def __init__(self, generation, name=None, vlans=(), addresses=(), known=()):
        self.generation = generation
        self.name = name
        self.vlans = list(vlans)
        self.addresses = list(addresses)
        self.known = list(known)

    def body(self, extra=()):
        """The body of the record; @extra are (tag, value) appended."""
        fields = [
            (TAG_NAME, (self.name or "").encode()),
            (TAG_VLANS, b"".join(vlan.to_bytes(2, "big") for vlan in self.vlans)),
            (TAG_ADDRESSES, b"".join(address_bytes(address) for address in self.addresses)),
            (TAG_KNOWN, b"".join(vlan.to_bytes(2, "big") + key for vlan, key in self.known)),
        ]
        fields = [field for field in fields if field[1]] + list(extra)
        packed = b"".join(RECORD.pack(tag, len(value)) + value for tag, value in fields)
        return self.generation.to_bytes(4, "big") + packed


def parse_hello(body, count):
    """A Hello; Drop("bad_record")."""
    hello, at = Hello(int.from_bytes(body[:4], "big")), 4
    while at < len(body):
        if len(body) - at < RECORD.size:
            raise Drop("bad_record")
        tag, size = RECORD.unpack_from(body, at)
        at += RECORD.size
        if at + size > len(body):
            raise Drop("bad_record")
        value, at = body[at : at + size], at + size
        if tag in FIELD_READERS:
            FIELD_READERS[tag](hello, value)
        else:
            count("unknown_capability")
    return hello


def _cut(value, size, most):
    """@value in parts of @size bytes, at most @most; Drop."""
    if len(value) % size or len(value) > size * most:
        raise Drop("bad_record")
    return [value[at : at + size] for at in range(0, len(value), size)]


def _read_name(hello, value):
    try:
        name = value.decode()
    except UnicodeDecodeError:
        raise Drop("bad_record") from None
    if not 1 <= len(value) <= 63 or any(ord(c) < 32 or 127 <= ord(c) < 160 for c in name):
        raise Drop("bad_record")
    hello.name = name


def _read_vlans(hello, value):
    hello.vlans = [int.from_bytes(part, "big") for part in _cut(value, 2, 16)]
    if not all(1 <= vlan <= 4094 for vlan in hello.vlans):
        raise Drop("bad_record")


def _read_addresses(hello, value):
    hello.addresses = [address_of(part) for part in _cut(value, ADDRESS_LEN, 8)]


def _read_known(hello, value):
    parts = _cut(value, KNOWN_LEN, 64)
    hello.known = [(int.from_bytes(part[:2], "big"), part[2:]) for part in parts]


FIELD_READERS = {
    TAG_NAME: _read_name,
    TAG_VLANS: _read_vlans,
    TAG_ADDRESSES: _read_addresses,
    TAG_KNOWN: _read_known,
}
