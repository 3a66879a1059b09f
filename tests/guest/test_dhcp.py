"""A guest gets its address from a DHCP server on the TAP of a peer, if that peer is allowed it."""

import hashlib
import os
import re
import socket

import pytest

from agent import introduce
from capture import Capture
from dhcp import DNSMASQ, NETWORK, start_dhcp
from machine import mac_bytes
from netns import wait_for
from tapped import TAP_ONLY, available

MAC = "02:00:00:00:01:01"
CLIENT = "udhcpc -i eth0 -f -n -q -T 1 -s /bin/true"
SETTLED_S = 60
PORT = 7000
FILE_BYTES = 4 << 20

pytestmark = [
    pytest.mark.skipif(not DNSMASQ, reason="no dnsmasq"),
    pytest.mark.skipif(available() is not None, reason=str(available())),
]


def lease(guest, tries=3):
    """The address that the guest is leased, or None."""
    guest.begin(f"{CLIENT} -t {tries}")
    found = re.search(rf"lease of ({re.escape(NETWORK)}\d+) obtained", guest.finish()[1])
    return found.group(1) if found else None


def download(host, guest):
    """A file by TCP from the host at its TAP, which leaves checksums to others. The guest's kernel
    looks at each, and refuses none."""
    data = os.urandom(FILE_BYTES)
    with host.inside():
        listener = socket.socket()
    with listener:
        listener.bind((NETWORK + "1", PORT))
        listener.listen()
        listener.settimeout(SETTLED_S)
        guest.begin(f"nc {NETWORK}1 {PORT} < /dev/null | sha256sum")
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(SETTLED_S)
            connection.sendall(data)
    assert hashlib.sha256(data).hexdigest() in guest.finish()[1]
    names, values = re.findall(r"Tcp: (.*)", guest.run("cat /proc/net/snmp"))
    assert dict(zip(names.split(), values.split()))["InCsumErrors"] == "0"


def test_a_guest_is_leased_an_address_by_an_allowed_peers_server_only_and_tcpdump_sees_it(
    lab, agents, guests, tmp_path
):
    anna, bert = agents(lab.host("anna"), config=TAP_ONLY), agents(lab.host("bert"))
    introduce(anna, bert)
    anna.up()
    anna.host.ip("addr", "add", NETWORK + "1/24", "dev", "lw0")
    bert.up()
    anna.wait_up("bert")
    bert.wait_up("anna")
    start_dhcp(anna.host, tmp_path, "lw0")

    def stopped():
        return bert.peer("anna")["drops"].get("guard_dhcp", 0)

    guest = guests(bert.host, None, MAC).boot()

    def is_stopped(count):
        return lease(guest, 1) is None and stopped() > count

    wait_for(lambda: is_stopped(0), SETTLED_S, bert.story)
    with Capture(anna.host, tmp_path / "lw0.pcap", "lw0") as capture:
        bert.cli("allow", "anna", "dhcp")
        address = wait_for(lambda: lease(guest), SETTLED_S, bert.story)
        guest.run(f"ip addr add {address}/24 dev eth0")
        assert anna.host.ping(address), anna.story()
    download(anna.host, guest)
    assert mac_bytes(MAC) in {packet[6:12] for packet in capture.packets()}
    bert.cli("allow", "anna", "-dhcp")
    before = stopped()
    wait_for(lambda: is_stopped(before), SETTLED_S, bert.story)
    assert lease(guest) is None
