"""other_user.py - machines that run as another user than the agent: a stand-in, and QEMU itself

Layer: test harness. QEMU boots from the network, without a disk: what is in its network card's ROM
asks for an address, and answers whoever looks for it by IPv6, some seconds after it was started.
"""

import os
import struct
import subprocess
import sys

from machine import ethernet, mac_bytes
from plugs import Plug

QEMU = "qemu-system-x86_64"
ETHERTYPE_IPV6 = 0x86DD
ICMPV6 = 58
SOLICITATION, ADVERTISEMENT = 135, 136
AGAIN_MS = 1000  # between two attempts to boot


def as_user(user, groups=(), umask=0o022):
    """The beginning of a command line that is to run as @user: a number, of user and group."""
    groups = ["--groups=" + ",".join(map(str, groups))] if groups else ["--clear-groups"]
    return [
        "setpriv", f"--reuid={user}", f"--regid={user}", *groups,
        "sh", "-c", f'umask {umask:03o}; exec "$@"', "sh",
    ]


class OtherUser(Plug):
    """What DgramPlug is, in a process of another user, in @folder."""

    def __init__(self, host, mac, path, remote, prefix, folder="/"):
        self.rest = b""
        self.process = host.start(
            *prefix, "/usr/bin/python3", os.path.abspath(__file__), path, remote, cwd=folder,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        assert self.process.stdout.readline() == b"bound\n"
        os.set_blocking(self.process.stdout.fileno(), False)
        self.host = host
        self.mac = mac
        self.socket = self.process.stdout  # for select(): that is where frames come from

    def send(self, frame):
        """One datagram."""
        self.process.stdin.write(frame.hex().encode() + b"\n")
        self.process.stdin.flush()

    def take(self):
        """All that waits."""
        self.rest += self.process.stdout.read() or b""
        *lines, self.rest = self.rest.split(b"\n")
        return [bytes.fromhex(line.decode()) for line in lines]

    def close(self):
        """It ends."""
        self.process.kill()
        self.process.wait()


class NetworkBoot:
    """QEMU as another user."""

    def __init__(self, host, mac, netdev, prefix):
        self.mac = mac
        self.process = host.start(
            *prefix, QEMU, "-machine", "pc,accel=tcg", "-m", "32", "-nodefaults",
            "-display", "none", "-boot", f"order=n,reboot-timeout={AGAIN_MS}", "-netdev", netdev,
            "-device", f"virtio-net-pci,netdev=lw,mac={mac}",
        )

    def answers(self, asker, limit_s):
        """Does it answer, by way of the agent, what the machine @asker asks?"""
        question = solicitation(asker.mac, self.mac)
        wanted = mac_bytes(asker.mac), mac_bytes(self.mac)
        for _ in range(limit_s * 2):
            asker.send(question)
            if asker.hears(lambda f: (f[:6], f[6:12]) == wanted and is_advertisement(f), 0.5):
                return True
        return False

    def close(self):
        """Pull the plug."""
        self.process.kill()
        self.process.wait()


def link_local(mac):
    """The IPv6 address that a machine makes of its MAC (RFC 4291, appendix A)."""
    b = mac_bytes(mac)
    return bytes.fromhex("fe80000000000000") + bytes([b[0] ^ 2]) + b[1:3] + b"\xff\xfe" + b[3:]


def checksum(data):
    """RFC 1071."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def solicitation(source, target):
    """Who has the IPv6 address of the machine @target (RFC 4861, 4.3)? To that machine alone."""
    addresses = link_local(source) + link_local(target)
    rest = bytes(4) + link_local(target) + b"\x01\x01" + mac_bytes(source)
    pseudo = addresses + struct.pack("!I3xB", 4 + len(rest), ICMPV6)
    total = checksum(pseudo + struct.pack("!BBH", SOLICITATION, 0, 0) + rest)
    header = struct.pack("!IHBB", 6 << 28, 4 + len(rest), ICMPV6, 255) + addresses
    message = struct.pack("!BBH", SOLICITATION, 0, total) + rest
    return ethernet(source, target, header + message, ETHERTYPE_IPV6)


def is_advertisement(frame):
    """Is it an answer to solicitation()?"""
    return frame[12:14] == b"\x86\xdd" and frame[20] == ICMPV6 and frame[54] == ADVERTISEMENT


def speak(path, remote):
    """The process of an OtherUser: lines of hexadecimal digits in, datagrams out, and back."""
    import select  # pylint: disable=import-outside-toplevel
    import socket  # pylint: disable=import-outside-toplevel

    plug = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    plug.bind(path)
    print("bound", flush=True)
    while True:
        for ready in select.select([plug, sys.stdin], [], [])[0]:
            if ready is plug:
                print(plug.recv(65535).hex(), flush=True)
            elif line := sys.stdin.buffer.raw.readline():
                plug.sendto(bytes.fromhex(line.decode()), remote)
            else:
                return


if __name__ == "__main__":
    speak(*sys.argv[1:])
