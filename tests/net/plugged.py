"""plugged.py - real programs on the hub: an interface of a host whose other end is a machine

Layer: test harness. A veth pair; a thread carries frames between one end and the hub, as QEMU does
between a guest's card and the hub.
"""

import contextlib
import select
import socket
import threading

from machine import Machine, mac_bytes

ETH_P_ALL = 3
TICK_S = 0.2


@contextlib.contextmanager
def plugged(host, name, address):
    """An interface @name with @address (and prefix length) whose cable ends at the hub of @host."""
    host.ip("link", "add", name, "type", "veth", "peer", "name", name + "-hub")
    host.sysctl(f"net.ipv6.conf.{name}.disable_ipv6=1", f"net.ipv6.conf.{name}-hub.disable_ipv6=1")
    host.ip("addr", "add", address, "dev", name)
    for end in (name, name + "-hub"):
        host.ip("link", "set", end, "up")
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
            if frame[6:12] != own:  # the hub's echo
                wire.send(frame)
