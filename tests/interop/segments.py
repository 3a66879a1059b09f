"""segments.py - what agents say of their segments: reports and answers (PROTOCOL.md 6.6), beacons (12.1)

Layer: second implementation. Keeps no state. Ids in reports are 8 bytes; a body is what is in the record.
"""

import struct

import sodium
from wire import Drop

REPORT, ANSWER = 0, 1
ID_LEN = 8
MOST_SEGMENTS, MOST_OWN, MOST_HEARD, MOST_NAMES = 6, 2, 16, 4
LONGEST_NAME = 63
VLANS = range(1, 4095)
SERVES, BLOCKED, STANDS_BY = 0x01, 0x02, 0x04
STAND_BY = 0x01

HEAD = struct.Struct(">BI")
STATE_HEAD = struct.Struct(">BHBQ")
ROLE = struct.Struct(">BB")


class Segment:
    """One attachment of the reporter."""

    def __init__(
        self, number, vlan=1, serves=False, blocked=False, token=0, own=(), heard=(),
        stands_by=False,
    ):  # fmt: skip
        self.number = number
        self.vlan = vlan
        self.serves = serves
        self.blocked = blocked
        self.stands_by = stands_by
        self.token = token
        self.own = list(own)
        self.heard = list(heard)

    def __eq__(self, other):
        return vars(self) == vars(other)

    def packed(self):
        """As in a report."""
        flags = (
            (SERVES if self.serves else 0)
            | (BLOCKED if self.blocked else 0)
            | (STANDS_BY if self.stands_by else 0)
        )
        head = STATE_HEAD.pack(self.number, self.vlan, flags, self.token)
        return head + _pack_ids(self.own) + _pack_ids(self.heard)


def report(generation, segments=()):
    """The body of a report."""
    segments = list(segments)
    packed = b"".join(segment.packed() for segment in segments)
    return HEAD.pack(REPORT, generation) + bytes([len(segments)]) + packed


def answer(generation, roles=(), names=()):
    """The body of an answer; @roles are (number, stand by), @names are (id, text)."""
    roles, names = list(roles), [(number, name.encode()) for number, name in names]
    return b"".join([
        HEAD.pack(ANSWER, generation),
        bytes([len(roles)]),
        *(ROLE.pack(number, STAND_BY if standby else 0) for number, standby in roles),
        bytes([len(names)]),
        *(number + bytes([len(name)]) + name for number, name in names),
    ])  # fmt: skip


def parse(body):
    """("report", generation, segments) or ("answer", generation, roles, names); Drop."""
    if not body:
        raise Drop("bad_record")
    if body[0] > ANSWER:
        raise Drop("unknown_record")
    left = _Left(body)
    kind, generation = left.unpack(HEAD)
    if kind == REPORT:
        segments = [_take_segment(left) for _ in range(left.count(MOST_SEGMENTS))]
        _refuse_twice([segment.number for segment in segments])
        return "report", generation, segments
    roles = [left.unpack(ROLE) for _ in range(left.count(MOST_SEGMENTS))]
    _refuse_twice([number for number, _ in roles])
    names = [_take_name(left) for _ in range(left.count(MOST_NAMES))]
    return "answer", generation, [(n, bool(flags & STAND_BY)) for n, flags in roles], names


def name_of_id(number, receiver):
    """How an id of 16 bytes is named to the one with the static key @receiver."""
    return sodium.siphash(number, receiver)


BEACON_HEAD = bytes.fromhex("036c77000001"), bytes.fromhex("88b5")
BEACON_TAIL = struct.Struct(">BQH")
IS_HERE, LEAVES = 0, 2


def beacon(number, source, kind=IS_HERE, flags=SERVES, period_ms=700):
    """An Ethernet frame from the MAC @source, with the id @number of 16 bytes."""
    target, ethertype = BEACON_HEAD
    tail = BEACON_TAIL.pack(flags, 2**64 - 1, period_ms)
    return target + source + ethertype + number + bytes([kind, 0]) + tail


def id_of_beacon(frame):
    """The id of 16 bytes in a frame that says that an agent is here, else None."""
    target, ethertype = BEACON_HEAD
    if len(frame) < 31 or frame[:6] != target or frame[12:14] != ethertype or frame[30] != IS_HERE:
        return None
    return frame[14:30]


class _Left:
    """What is left of a body; too little of it is a Drop."""

    def __init__(self, body):
        self.body = body

    def take(self, size):
        if size > len(self.body):
            raise Drop("bad_record")
        taken, self.body = self.body[:size], self.body[size:]
        return taken

    def unpack(self, form):
        return form.unpack(self.take(form.size))

    def count(self, most):
        number = self.take(1)[0]
        if number > most:
            raise Drop("bad_record")
        return number


def _pack_ids(ids):
    return bytes([len(ids)]) + b"".join(ids)


def _take_segment(left):
    number, vlan, flags, token = left.unpack(STATE_HEAD)
    if vlan not in VLANS:
        raise Drop("bad_record")
    own = [left.take(ID_LEN) for _ in range(left.count(MOST_OWN))]
    heard = [left.take(ID_LEN) for _ in range(left.count(MOST_HEARD))]
    return Segment(
        number, vlan, bool(flags & SERVES), bool(flags & BLOCKED), token, own, heard,
        bool(flags & STANDS_BY),
    )  # fmt: skip


def _take_name(left):
    number = left.take(ID_LEN)
    try:
        name = left.take(left.count(LONGEST_NAME)).decode()
    except UnicodeDecodeError:
        raise Drop("bad_record") from None
    if not name or any(ord(c) < 32 or 127 <= ord(c) < 160 for c in name):
        raise Drop("bad_record")
    return number, name


def _refuse_twice(numbers):
    if len(set(numbers)) != len(numbers):
        raise Drop("bad_record")
