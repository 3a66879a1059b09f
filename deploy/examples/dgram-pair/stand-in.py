#!/usr/bin/env python3
"""A machine in a few lines of Python: it has an address on the LAN and answers ARP and ping.

    ./stand-in.py 10.9.0.77

Then every machine on the LAN can ping 10.9.0.77. Start from here to put a program of your own where
others see a machine: each datagram at the port's socket is one Ethernet frame, without the checksum
that a cable has at its end. Script and agent may each be restarted. Ctrl-C ends it.
"""

import contextlib
import ipaddress
import os
import socket
import struct
import sys

FOLDER = os.environ.get("LONGWIRE_DIR", os.path.expanduser("~/.config/longwire"))
AGENT = FOLDER + "/pair.sock"  # "local" in port.conf
OURS = FOLDER + "/pair-vm.sock"  # "remote" there
FRAME_BYTES = 65536  # more than any frame has
IPV4, ARP = b"\x08\x00", b"\x08\x06"
ICMP = 1


def answer_arp(frame, mac, address):
    """Who has our address? We do. A frame, or None."""
    hardware, operation, asker, asked = frame[14:20], frame[20:22], frame[22:32], frame[38:42]
    if hardware != b"\0\1\x08\0\6\4" or operation != b"\0\1" or asked != address:
        return None
    reply = frame[6:12] + mac + ARP + hardware + b"\0\2" + mac + address + asker
    return reply.ljust(60, b"\0")


def checksum(data):
    """The checksum of the Internet, RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", total ^ 0xFFFF)


def answer_ping(frame, mac, address):
    """The echo of an ICMP echo request to us. A frame, or None."""
    if len(frame) < 34 or frame[14] >> 4 != 4:
        return None
    header_bytes = (frame[14] & 15) * 4
    (length,) = struct.unpack_from("!H", frame, 16)
    packet = frame[14 : 14 + length]  # what follows is padding
    request = packet[header_bytes:]
    is_fragment = frame[20] & 0x3F or frame[21]
    if frame[23] != ICMP or frame[30:34] != address or is_fragment:
        return None
    if header_bytes < 20 or len(request) < 8 or request[:2] != b"\x08\0":  # echo request
        return None
    # Ours has no options, a TTL of 64, and the addresses the other way round.
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(request), 0, 0, 64, ICMP, 0)
    ip += address + frame[26:30]
    ip = ip[:10] + checksum(ip) + ip[12:]
    echo = b"\0\0" + checksum(b"\0\0\0\0" + request[4:]) + request[4:]
    return frame[6:12] + mac + IPV4 + ip + echo


def answer(frame, mac, address):
    """What we say to a frame, or None. A switch may give us frames that are for others."""
    if frame[:6] not in (mac, b"\xff" * 6):
        return None
    answers = {ARP: answer_arp, IPV4: answer_ping}.get(frame[12:14])
    return answers and answers(frame, mac, address)


def main():
    """Answer until we are ended."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} ADDRESS")
    try:
        address = ipaddress.IPv4Address(sys.argv[1]).packed
    except ValueError as error:
        sys.exit(f"{sys.argv[0]}: {error}")
    mac = b"\x02\0" + address  # as unique as the address, and no maker of cards uses it
    cable = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(OURS)  # of one that was killed
    cable.bind(OURS)
    while True:
        reply = answer(cable.recv(FRAME_BYTES), mac, address)
        # While no agent runs, the answer is lost, as on a cable that is unplugged.
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            if reply:
                cable.sendto(reply, AGENT)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
