"""TCP between far hosts is told in its SYN what one datagram of the path carries."""

import ipaddress
import socket
import struct

import pytest

from agent import introduce
from netns import wait_for
from machine import ethernet
from tapped import TAP_ONLY, AtTap, available

SETTLED_S = 30
PORT = 7000
OVERHEAD = 37 + 14 + 20  # of the tunnel, Ethernet and TCP
CROSSES = [("10.9.0.2", 20), ("fd09::2", 40)]
IPV4, IPV6, VLAN_TAG = 0x0800, 0x86DD, 0x8100
TAG_BYTES = 4

pytestmark = pytest.mark.skipif(available() is not None, reason=available() or "")


def give(host, number):
    """Addresses of both families on the TAP; no TCP options that make segments shorter."""
    host.sysctl("net.ipv4.tcp_timestamps=0", "net.ipv4.tcp_sack=0", "net.ipv4.tcp_window_scaling=0")
    host.ip("addr", "add", f"10.9.0.{number}/24", "dev", "lw0")
    host.ip("addr", "add", f"fd09::{number}/64", "dev", "lw0", "nodad")


def mss_of_both(client, server, address):
    """What both ends of a new connection have settled on, or None while there is none."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with client.inside():
        one = socket.socket(family, socket.SOCK_STREAM)
    with server.inside():
        listener = socket.socket(family, socket.SOCK_STREAM)
    with one, listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, PORT))
        listener.listen()
        one.settimeout(5)
        listener.settimeout(5)
        try:
            one.connect((address, PORT))
            two, _ = listener.accept()
        except OSError:
            return None
        with two:
            two.settimeout(5)
            one.sendall(bytes(4000))  # in segments of that length
            got = 0
            while got < 4000:
                got += len(two.recv(4000))
            return [s.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) for s in (one, two)]


def checksum(data):
    """The Internet's (RFC 1071)."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def pseudo(source, target, length):
    """What TCP's checksum covers before the segment."""
    addresses = ipaddress.ip_address(source).packed + ipaddress.ip_address(target).packed
    return addresses + struct.pack("!II", length, socket.IPPROTO_TCP)


def tagged_syn(one, two, source, target):
    """A SYN in 802.1Q with an MSS of 9000 at an odd place."""
    tcp = struct.pack("!HHIIBBHHH", 4711, 80, 1, 0, 7 << 4, 2, 65535, 0, 0)
    tcp += b"\1\2\4" + struct.pack("!H", 9000) + b"\0\0\0"
    value = checksum(pseudo(source, target, len(tcp)) + tcp)
    tcp = tcp[:16] + struct.pack("!H", value) + tcp[18:]
    packed = ipaddress.ip_address(source).packed + ipaddress.ip_address(target).packed
    if ":" in source:
        inner, packet = IPV6, struct.pack("!IHBB", 6 << 28, len(tcp), 6, 64) + packed
    else:
        packet = struct.pack("!BBHIBBH", 0x45, 0, 20 + len(tcp), 0, 64, 6, 0) + packed
        inner, packet = IPV4, packet[:10] + struct.pack("!H", checksum(packet)) + packet[12:]
    return ethernet(one, two, struct.pack("!HH", 5, inner) + packet + tcp, VLAN_TAG)


def path_mtu(agent, name):
    """The largest UDP payload on the path to a peer."""
    return agent.peer(name)["path"]["mtu_bytes"]


def tagged_ones_too(anna, bert):
    """A SYN inside 802.1Q arrives with what fits, and a checksum that is true."""
    one, two = AtTap(anna.host, "02:00:00:00:00:01"), AtTap(bert.host, "02:00:00:00:00:02")
    for (source, target), headers in ((("10.7.0.1", "10.7.0.2"), 20), (("fd07::1", "fd07::2"), 40)):
        syn = tagged_syn(one.mac, two.mac, source, target)
        one.send(syn)
        at = 18 + headers
        heard = two.hears(lambda f, syn=syn, at=at: f[:at] == syn[:at], SETTLED_S)
        assert heard, anna.story()
        tcp = heard[at:at + 28]
        mtu = min(path_mtu(anna, "bert"), path_mtu(bert, "anna"))
        assert struct.unpack_from("!H", tcp, 23)[0] == mtu - OVERHEAD - TAG_BYTES - headers
        assert checksum(pseudo(source, target, len(tcp)) + tcp) == 0


def test_both_ends_of_a_connection_send_what_fits_a_datagram(lab, agents):
    config = TAP_ONLY.replace("[vlan", "mss_clamp = yes\n[vlan", 1)
    anna, bert = (agents(lab.host(name), config=config) for name in ("anna", "bert"))
    introduce(anna, bert)
    for agent in (anna, bert):
        agent.up()
    anna.wait_up("bert")
    bert.wait_up("anna")
    for agent in (anna, bert):
        agent.wait_forwarding()
    give(anna.host, 1)
    give(bert.host, 2)
    for address, headers in CROSSES:
        clamped = wait_for(
            lambda address=address: mss_of_both(anna.host, bert.host, address),
            SETTLED_S, anna.story,
        )
        want = min(path_mtu(anna, "bert"), path_mtu(bert, "anna")) - OVERHEAD - headers
        assert clamped == [want] * 2, f"to {address}: {anna.story()}"
    tagged_ones_too(anna, bert)

    for agent in (anna, bert):  # the other end would do it too
        agent.configure(config.format(name=agent.name, port=agent.port).replace("= yes", "= no"))
    wait_for(
        lambda: mss_of_both(anna.host, bert.host, "10.9.0.2") == [1460] * 2, SETTLED_S, anna.story
    )
    bert.configure(config.format(name="bert", port=bert.port).replace("= yes", "= 1000"))
    wait_for(
        lambda: mss_of_both(anna.host, bert.host, "fd09::2") == [1000] * 2, SETTLED_S, anna.story
    )
