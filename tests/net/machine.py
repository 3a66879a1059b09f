"""machine.py - a stand-in for a QEMU machine on the multicast hub

Layer: test harness. Speaks to the hub exactly as QEMU's `-netdev socket,mcast=` does: one socket
bound to the group's address and port, which also sends (so its frames come from the group's port),
loopback on, TTL 1, and an outgoing interface only where localaddr is given.
"""

import select
import socket
import struct
import time

GROUP = "230.0.0.1"
PORT = 33000
TEST_ETHERTYPE = 0x88B6  # IEEE 802 local experimental 2; the agent's beacons use 1
BEACON_GROUP = bytes.fromhex("036c77000001")
NUMBERED = struct.Struct("!4sII")
MAGIC = b"LWTS"
RECEIVE_BUFFER_BYTES = 8 << 20
SO_RCVBUFFORCE = 33
PROBES = 1 << 20  # numbers from here on belong to crosses(); tests count below
BROADCAST = "ff:ff:ff:ff:ff:ff"


def mac_bytes(text):
    """Six bytes of a MAC in its usual text form."""
    return bytes.fromhex(text.replace(":", ""))


def ethernet(source, target, payload, ethertype=TEST_ETHERTYPE):
    """One Ethernet frame, padded to the 60 bytes that the wire asks for."""
    frame = mac_bytes(target) + mac_bytes(source) + struct.pack("!H", ethertype) + payload
    return frame.ljust(60, b"\0")


def numbered(source, target, sender, number, size=60):
    """A frame that says who sent it and which it is, of @size bytes in all."""
    body = NUMBERED.pack(MAGIC, sender, number)
    return ethernet(source, target, body.ljust(size - 14, b"\xa5"))


def read_number(frame):
    """(sender, number) of a numbered frame; None for any other."""
    if len(frame) < 14 + NUMBERED.size or frame[12:14] != struct.pack("!H", TEST_ETHERTYPE):
        return None
    magic, sender, number = NUMBERED.unpack_from(frame, 14)
    return (sender, number) if magic == MAGIC else None


def is_beacon(frame):
    """Is it what agents tell each other on a hub?"""
    return frame[:6] == BEACON_GROUP and frame[12:14] == b"\x88\xb5"


def counted(frames):
    """(sender, number) of the numbered frames that a test itself sent, in their order."""
    numbers = [read_number(frame) for frame in frames]
    return [number for number in numbers if number and number[1] < PROBES]


class Machine:
    """One machine on the hub of a host."""

    def __init__(self, host, mac, localaddr="127.0.0.1", group=GROUP, port=PORT):
        self.host = host
        self.mac = mac
        self.target = (group, port)
        member = socket.inet_aton(group) + socket.inet_aton(localaddr or "0.0.0.0")
        with host.inside():
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
        self.socket.bind(self.target)
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        if localaddr:
            address = socket.inet_aton(localaddr)
            self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, address)
        self.socket.setblocking(False)

    def close(self):
        """Leave the hub."""
        self.socket.close()

    def send(self, frame):
        """Put one frame on the hub, as it is."""
        self.socket.sendto(frame, self.target)

    def say(self, number, target=BROADCAST, size=60):
        """Send a numbered frame; the sender's id is the last byte of its MAC."""
        self.send(numbered(self.mac, target, mac_bytes(self.mac)[5], number, size))

    def take(self):
        """All frames that wait here now, oldest first; the hub's echo of our own included."""
        frames = []
        while True:
            try:
                frames.append(self.socket.recv(65535))
            except BlockingIOError:
                return frames

    def listen(self, seconds):
        """All frames that come in that time."""
        deadline = time.monotonic() + seconds
        frames = self.take()
        while (rest := deadline - time.monotonic()) > 0:
            select.select([self.socket], [], [], rest)
            frames += self.take()
        return frames

    def hears(self, match, timeout_s):
        """Wait for a frame that @match accepts and return it; None at the deadline."""
        deadline = time.monotonic() + timeout_s
        while (rest := deadline - time.monotonic()) > 0:
            select.select([self.socket], [], [], rest)
            for frame in self.take():
                if match(frame):
                    return frame
        return None


def crosses(sender, listener, timeout_s, target=BROADCAST, size=60):
    """Send numbered frames until one is heard; the time that took in seconds, or None.

    Each try has a number of its own, so that an old frame does not count for a new try.
    """
    start = time.monotonic()
    mark = mac_bytes(sender.mac)[5]
    first = crosses.number
    while time.monotonic() - start < timeout_s:
        crosses.number += 1
        sender.say(crosses.number, target, size)
        if listener.hears(
            lambda f: (n := read_number(f)) is not None and n[0] == mark and n[1] > first, 0.05
        ):
            return time.monotonic() - start
    return None


crosses.number = PROBES
