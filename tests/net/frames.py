"""frames.py - frames of machines that misbehave, and of DHCP clients

Layer: test harness. Bytes only.
"""

import ipaddress
import struct

from machine import BROADCAST, ethernet, mac_bytes

ARP, RARP, IPV4, IPV6 = 0x0806, 0x8035, 0x0800, 0x86DD
DHCP_COOKIE = bytes.fromhex("63825363")
BOOTP = struct.Struct("!BBBBIHH16x16s192x")
CLIENT_ID = 61
BROADCAST_FLAG = 0x8000  # a client that cannot yet hear unicast


def arp_reply(mac, ip, says=None):
    """An announcement: @ip is at @says, which is the sender unless it lies."""
    address = ipaddress.ip_address(ip).packed
    body = struct.pack("!HHBBH", 1, IPV4, 6, 4, 2) + mac_bytes(says or mac) + address
    return ethernet(mac, BROADCAST, body + mac_bytes(BROADCAST) + address, ARP)


def arp_request(mac, own, ip):
    """Who has @ip? Asked by @own."""
    addresses = [ipaddress.ip_address(a).packed for a in (own, ip)]
    body = struct.pack("!HHBBH", 1, IPV4, 6, 4, 1) + mac_bytes(mac) + addresses[0]
    return ethernet(mac, BROADCAST, body + bytes(6) + addresses[1], ARP)


def is_arp_reply(frame, ip):
    """Is it the answer that @ip has it?"""
    address = ipaddress.ip_address(ip).packed
    return frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\2" and frame[28:32] == address


def rarp_announcement(mac):
    """What QEMU sends for a machine that has migrated to it (net/announce.c)."""
    body = struct.pack("!HHBBH", 1, IPV4, 6, 4, 3) + 2 * (mac_bytes(mac) + bytes(4))
    return ethernet(mac, BROADCAST, body, RARP)


def router_advertisement(mac):
    """I am your router. (The checksum is missing: no guard may rely on it.)"""
    source, target = (ipaddress.ip_address(a).packed for a in ("fe80::bad", "ff02::1"))
    body = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
    packet = struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + source + target + body
    return ethernet(mac, "33:33:00:00:00:01", packet, IPV6)


def neighbour_advertisement(mac, ip, says=None):
    """An announcement in IPv6: @ip is at @says, which is the sender unless it lies."""
    address, target = ipaddress.ip_address(ip).packed, ipaddress.ip_address("ff02::1").packed
    body = struct.pack("!BBHI", 136, 0, 0, 0x20000000) + address
    body += bytes([2, 1]) + mac_bytes(says or mac)
    packet = struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + address + target + body
    return ethernet(mac, "33:33:00:00:00:01", packet, IPV6)


def spanning_tree_bpdu(mac, target=BROADCAST):
    """Spanning tree, but not to the group that bridges keep to themselves."""
    llc = bytes.fromhex("424203") + bytes(35)
    return ethernet(mac, target, llc, len(llc))


def cisco_bpdu(mac):
    """Spanning tree to the group that bridges do forward (PVST+)."""
    llc = bytes.fromhex("aaaa0300000c010b") + bytes(42)
    return ethernet(mac, "01:00:0c:cc:cc:cd", llc, len(llc))


def dhcp_discover(mac, client_id=b""):
    """A client's first message."""
    options = bytes([53, 1, 1])
    if client_id:
        options += bytes([CLIENT_ID, len(client_id)]) + client_id
    bootp = BOOTP.pack(1, 1, 6, 0, 0x4C57, 0, BROADCAST_FLAG, mac_bytes(mac))
    return ethernet(mac, BROADCAST, _udp(68, 67, bootp + DHCP_COOKIE + options + b"\xff"), IPV4)


def dhcp_offer(mac, address):
    """A server's offer of @address to everybody."""
    bootp = bytearray(BOOTP.pack(2, 1, 6, 0, 0x4C57, 0, BROADCAST_FLAG, mac_bytes(mac)))
    bootp[16:20] = ipaddress.ip_address(address).packed
    options = bytes([53, 1, 2, 255])
    return ethernet(mac, BROADCAST, _udp(67, 68, bytes(bootp) + DHCP_COOKIE + options), IPV4)


def is_dhcp_offer(frame):
    """Did a server send it?"""
    return frame[12:14] == b"\x08\x00" and frame[23] == 17 and frame[34:38] == b"\0\x43\0\x44"


def _udp(source, target, payload):
    udp = struct.pack("!HHHH", source, target, 8 + len(payload), 0) + payload
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"", b"\xff" * 4)
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    return header[:10] + struct.pack("!H", checksum) + header[12:] + udp
