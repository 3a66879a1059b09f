"""tapped.py - hosts that are on the LAN themselves, by a TAP

Layer: test harness. Configurations with a TAP, and the host at its interface as a machine.
"""

import contextlib
import os
import socket
import struct

from agent import CONFIG
from machine import SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES, Machine
from netns import run

ETH_P_ALL = 3
SOL_PACKET, PACKET_AUXDATA = 263, 8
AUXDATA = struct.Struct("=IIIHHHH")  # linux/if_packet.h: struct tpacket_auxdata
TP_STATUS_VLAN_VALID = 0x10
NOTES_BYTES = 64
TAP = "\n[port host]\nvlan = lan\ntype = tap\nname = lw0\n"
HUB_AND_TAP = CONFIG + TAP
TAP_ONLY = CONFIG[: CONFIG.index("[port hub]")] + TAP.lstrip()

# What stands before a command that shall find a /dev/net/tun of that mode, or none.
PRIVATE_TUN = "mount -t tmpfs none /dev/net && mknod -m {} /dev/net/tun c 10 200"
NO_TUN = "mount -t tmpfs none /dev/net"


def available():
    """Why there are no TAPs here, or None."""
    return None if os.path.exists("/dev/net/tun") else "needs /dev/net/tun"


def in_a_view(setting):
    """A prefix for commands: @setting is done to the file system, and nobody else sees it."""
    return ["unshare", "--mount", "sh", "-c", f'{setting} && exec "$@"', "sh"]


def link(host, device="lw0"):
    """What ip(8) says of an interface, in one line; empty if there is none."""
    return run("ip", "-n", host.netns, "-o", "link", "show", "dev", device, check=False)


def has_carrier(host, device="lw0"):
    """Is there somebody at the other end of the cable?"""
    return "LOWER_UP" in link(host, device)


class AtTap(Machine):
    """The host at its interface: what it sends and hears there. Methods as those of a Machine."""

    def __init__(self, host, mac, device="lw0"):  # pylint: disable=super-init-not-called
        self.host = host
        self.mac = mac
        with host.inside():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self.socket.bind((device, ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.socket.setblocking(False)

    def send(self, frame):
        self.socket.send(frame)

    def take(self):
        """All frames that came out of the interface; not what the host itself sent."""
        frames = []
        with contextlib.suppress(BlockingIOError):
            while True:
                frame, notes, _, sender = self.socket.recvmsg(65535, NOTES_BYTES)
                if sender[2] != socket.PACKET_OUTGOING:
                    frames.append(_with_tag(frame, notes))
        return frames


def _with_tag(frame, notes):
    """The kernel hands an outer 802.1Q tag over beside the frame: put it back."""
    for level, kind, data in notes:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, _, _, _, _, tag, ethertype = AUXDATA.unpack(data)
            if status & TP_STATUS_VLAN_VALID:
                return frame[:12] + struct.pack("!HH", ethertype, tag) + frame[12:]
    return frame
