"""narrow.py - links that carry more or less than others, and say nothing of it

Layer: test harness. Knows the router between the hosts; knows nothing of longwire but its port.
"""

import struct

TUNNEL = "udp port 19543 or ip[6:2] & 0x3fff != 0 or ip6[6] == 44"  # or a fragment


def widen(lab, *hosts):
    """All links of these hosts carry 9,000 bytes."""
    for host in hosts:
        lan = f"lan{host.address().split('.')[2]}"
        host.ip("link", "set", "eth0", "mtu", "9000")
        for line in lab.internet.ip("-o", "link", "show", "master", lan).splitlines():
            lab.internet.ip("link", "set", line.split()[1].split("@")[0], "mtu", "9000")
        lab.internet.ip("link", "set", lan, "mtu", "9000")


def narrow(lab, host, mtu):
    """The router's side of a host's LAN carries so much, and tells nobody."""
    number = host.address().split(".")[2]
    for part in (lab.internet, host):
        part.nft("add table inet quiet;"
                 "add chain inet quiet out { type filter hook output priority 0; };"
                 "add rule inet quiet out icmp type destination-unreachable drop;"
                 "add rule inet quiet out icmpv6 type packet-too-big drop")
    lab.internet.ip("link", "set", f"lan{number}", "mtu", str(mtu))


def has_fragments(packets):
    """Any IP fragment among captured packets, IPv4 or IPv6?"""
    for packet in packets:
        kind = packet[12:14]
        if kind == b"\x08\x00" and struct.unpack_from("!H", packet, 20)[0] & 0x3FFF:
            return True
        if kind == b"\x86\xdd" and packet[20] == 44:
            return True
    return False
