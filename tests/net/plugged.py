"""plugged.py - real programs on the hub: an interface of a host whose other end is a machine

Layer: test harness. A veth pair; a thread carries frames between one end and the hub, as QEMU does
between a guest's card and the hub.
"""

import contextlib
import ctypes
import errno
import fcntl
import select
import socket
import struct
import threading

from machine import Machine, mac_bytes

ETH_P_ALL = 3
TICK_S = 0.2
SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17  # linux/ethtool.h


@contextlib.contextmanager
def plugged(host, name, address=None):
    """An interface @name, with @address (and prefix length) if any, whose cable ends at the hub of
    @host. Its MAC."""
    host.ip("link", "add", name, "type", "veth", "peer", "name", name + "-hub")
    host.sysctl(f"net.ipv6.conf.{name}.disable_ipv6=1", f"net.ipv6.conf.{name}-hub.disable_ipv6=1")
    if address:
        host.ip("addr", "add", address, "dev", name)
    for end in (name, name + "-hub"):
        host.ip("link", "set", end, "up")
    _finish_checksums(host, name)
    mac = host.run("cat", f"/sys/class/net/{name}/address").strip()
    with host.inside():
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    wire.bind((name + "-hub", 0))
    machine = Machine(host, mac)
    stop = threading.Event()
    thread = threading.Thread(target=_carry, args=(wire, machine, stop))
    thread.start()
    try:
        yield mac
    finally:
        stop.set()
        thread.join()
        wire.close()
        machine.close()


def _finish_checksums(host, device):
    """On a veth the kernel leaves checksums to a card that is not there; a cable wants them whole."""
    value = ctypes.create_string_buffer(struct.pack("=II", ETHTOOL_STXCSUM, 0))
    request = struct.pack("@16sP16x", device.encode(), ctypes.addressof(value))
    with host.inside():
        control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with control:
        fcntl.ioctl(control, SIOCETHTOOL, request)


def _carry(wire, machine, stop):
    own = mac_bytes(machine.mac)
    while not stop.is_set():
        select.select([wire, machine.socket], [], [], TICK_S)
        with contextlib.suppress(BlockingIOError):
            while True:
                frame, sender = wire.recvfrom(65535, socket.MSG_DONTWAIT)
                if sender[2] != socket.PACKET_OUTGOING:
                    machine.send(frame)
        for frame in machine.take():
            if frame[6:12] == own:
                continue  # the hub's echo
            try:
                wire.send(frame)
            except OSError as error:
                if error.errno != errno.ENOBUFS:  # a full cable loses frames
                    raise
