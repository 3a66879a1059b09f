"""plugs.py - stand-ins for machines on the ports for single machines: udp, dgram and stream

Layer: test harness. Each speaks to its port as QEMU does, or as another program is known to.
"""

import contextlib
import os
import socket
import struct
import time

from machine import RECEIVE_BUFFER_BYTES, SO_RCVBUFFORCE, Machine
from netns import wait_for

WRITE_LIMIT_S = 20
LOOKS = 10
LOOKS_S = 0.01

HEAD = """[agent]
name   = {name}
listen = {port}

[vlan lan]
id = 1
"""
HUB = """
[port hub]
type  = mcast
group = 230.0.0.1:33000
"""


def config(*ports, hub=HUB):
    """agent.conf of a vlan with the usual hub and @ports: (name, type, lines)."""
    text = HEAD + hub
    for name, kind, *lines in ports:
        text += "\n".join([f"\n[port {name}]", f"type = {kind}", *lines]) + "\n"
    return text


class Plug(Machine):
    """A machine with a socket of its own instead of the hub's."""

    def __init__(self, host, mac, made):  # pylint: disable=super-init-not-called
        self.host = host
        self.mac = mac
        self.socket = made
        made.setblocking(False)


class UdpPlug(Plug):
    """`-netdev socket,udp=REMOTE,localaddr=LOCAL`: bound, hears anybody; or, @connected, one that
    hears the exact REMOTE only, as GNS3, dynamips and uBridge do."""

    def __init__(self, host, mac, local, remote, connected=False):
        self.remote = remote
        self.connected = connected
        with host.inside():
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
        if not connected:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(local)
        if connected:
            made.connect(remote)
        super().__init__(host, mac, made)

    def send(self, frame):
        """One datagram."""
        with contextlib.suppress(ConnectionRefusedError):  # of an earlier one
            if self.connected:
                self.socket.send(frame)
            else:
                self.socket.sendto(frame, self.remote)

    def take(self):
        """All that waits."""
        try:
            return super().take()
        except ConnectionRefusedError:
            return []


class DgramPlug(Plug):
    """`-netdev dgram` with paths: bound to @path, sends to @remote by name; or, @connected, as a
    program does that connects its socket. A path that begins with '@' is an abstract name."""

    def __init__(self, host, mac, path, remote, connected=False):
        self.path = str(path)
        self.remote = unix_name(remote)
        self.connected = connected
        with host.inside():
            made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        if path and not self.path.startswith("@"):
            with contextlib.suppress(FileNotFoundError):  # as QEMU does
                os.unlink(path)
        if path:
            made.bind(unix_name(path))
        if connected:
            made.connect(self.remote)
        super().__init__(host, mac, made)

    def send(self, frame):
        """One datagram; what the agent cannot take is lost, as with QEMU."""
        lost = (BlockingIOError, ConnectionRefusedError, FileNotFoundError)
        with contextlib.suppress(*lost):
            if self.connected:
                self.socket.send(frame)
            else:
                self.socket.sendto(frame, self.remote)


class StreamPlug(Plug):
    """`-netdev stream`, or `socket` with connect= or listen=: frames behind their lengths.

    @at is (host, port), a path, or an abstract name with '@'. A @made socket is one that a
    StreamListener accepted.
    """

    def __init__(self, host, mac, at, made=None):
        self.rest = b""
        if made is None:
            made = stream_socket(host, at)
            made.connect(stream_name(at))
        super().__init__(host, mac, made)

    def write(self, data):
        """Bytes as they are; waits until the agent took them."""
        self.socket.settimeout(WRITE_LIMIT_S)
        try:
            self.socket.sendall(data)
        finally:
            self.socket.setblocking(False)

    def send(self, frame):
        """One frame."""
        self.write(struct.pack("!I", len(frame)) + frame)

    def is_closed(self):
        """Has the agent ended the connection? What waits is lost."""
        try:
            while self.socket.recv(65536):
                pass
            return True
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True

    def take(self):
        """All whole frames that wait."""
        with contextlib.suppress(BlockingIOError, ConnectionResetError):
            while data := self.socket.recv(1 << 20):
                self.rest += data
        frames = []
        while len(self.rest) >= 4:
            (length,) = struct.unpack_from("!I", self.rest)
            assert 14 <= length <= 65507, length
            if len(self.rest) < 4 + length:
                break
            frames.append(self.rest[4 : 4 + length])
            self.rest = self.rest[4 + length :]
        return frames


class StreamListener:
    """QEMU as the listener: `-netdev stream,server=on` and `socket,listen=`."""

    def __init__(self, host, at):
        self.host = host
        self.at = at
        self.socket = stream_socket(host, at)
        if isinstance(at, tuple):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        elif not at.startswith("@") and os.path.exists(at):
            os.unlink(at)
        self.socket.bind(stream_name(at))
        self.socket.listen(1)

    def accept(self, mac, limit_s=20):
        """The machine that the agent connects to."""
        self.socket.settimeout(limit_s)
        return StreamPlug(self.host, mac, self.at, self.socket.accept()[0])

    def close(self):
        """Nobody listens any more."""
        self.socket.close()


def stream_name(at):
    """The address for connect() and bind()."""
    return at if isinstance(at, tuple) else unix_name(at)


def stream_socket(host, at):
    """A socket of the family of @at, in the host's namespace."""
    family = socket.AF_UNIX
    if isinstance(at, tuple):
        family = socket.AF_INET6 if ":" in at[0] else socket.AF_INET
    with host.inside():
        return socket.socket(family, socket.SOCK_STREAM)


def unix_name(path):
    """The address of a unix socket: a path, or an abstract name."""
    return "\0" + str(path)[1:] if str(path).startswith("@") else str(path)


# A second port for a machine to talk to; unlike the hub, it does not listen for a second first.
OTHER = ("other", "udp", "local = 127.0.0.1:7101", "remote = 127.0.0.1:7102")


def other_machine(host):
    """The machine on OTHER."""
    return UdpPlug(host, "02:00:00:00:00:0f", ("127.0.0.1", 7102), ("127.0.0.1", 7101))


def settled(agent):
    """The agent, once none of its ports listens for other agents any more."""
    wait_for(
        lambda: all(p["state"] != "listening" for v in agent.status()["vlans"] for p in v["ports"]),
        WRITE_LIMIT_S,
        agent.story,
    )
    return agent


def port(agent, name):
    """The status of one port, or None."""
    ports = [p for vlan in (agent.status() or {"vlans": []})["vlans"] for p in vlan["ports"]]
    return next((p for p in ports if p["name"] == name), None)


def ports_of(agent):
    """The names of all ports."""
    return [p["name"] for vlan in agent.status()["vlans"] for p in vlan["ports"]]


def descriptors(agent):
    """How many descriptors the agent keeps open: the fewest of some looks.

    One more is open for a moment where it asks the system something, and after an answer:
    longwire status may have ended before the agent sees that it has.
    """

    def look():
        time.sleep(LOOKS_S)
        return len(os.listdir(f"/proc/{agent.process.pid}/fd"))

    return min(look() for _ in range(LOOKS))


def drops(agent, name, reason):
    """How often a port dropped something for that reason."""
    return ((port(agent, name) or {"drops": {}})["drops"]).get(reason, 0)
