"""Every way in which QEMU can be plugged in, with real machines on two hosts.

The lines are those of longwire-ports(7). Each machine in turn is plugged into one host; the machine
on the other host, on the hub, stays.
"""

import tempfile

import pytest

from agent import introduce
from guest import pings, sends_by_tcp
from netns import wait_for
from plugs import config, port, settled

SEEN_S = 60
# name: the port in status; QEMU's line; does it come back after a restart of the agent?
# QEMU 7.2 as the client of a stream never connects again.
ATTACHMENTS = {
    "socket mcast": ("hub", "socket,mcast=230.0.0.1:33000,localaddr=127.0.0.1", True),
    "dgram multicast": (
        "hub",
        "dgram,remote.type=inet,remote.host=230.0.0.1,remote.port=33000,"
        "local.type=inet,local.host=127.0.0.1,local.port=33000",
        True,
    ),
    "socket udp": (
        "udp", "socket,udp=127.0.0.1:7001,localaddr=127.0.0.1:7002", True,
    ),
    "dgram inet": (
        "udp",
        "dgram,local.type=inet,local.host=127.0.0.1,local.port=7002,"
        "remote.type=inet,remote.host=127.0.0.1,remote.port=7001",
        True,
    ),
    "dgram unix": (
        "pair",
        "dgram,local.type=unix,local.path=FOLDER/vm.sock,"
        "remote.type=unix,remote.path=FOLDER/pair.sock",
        True,
    ),
    "dgram unix, learned": (
        "machines/anna",
        "dgram,local.type=unix,local.path=FOLDER/anna.sock,"
        "remote.type=unix,remote.path=FOLDER/machines.sock",
        True,
    ),
    "socket connect": ("tcp/1", "socket,connect=127.0.0.1:7003", False),
    "stream inet": (
        "tcp/1", "stream,server=off,addr.type=inet,addr.host=127.0.0.1,addr.port=7003", False,
    ),
    "stream unix": (
        "unix/1", "stream,server=off,addr.type=unix,addr.path=FOLDER/unix.sock", False,
    ),
    "stream abstract": (
        "abstract/1", "stream,server=off,addr.type=unix,addr.path=lan,addr.abstract=on", False,
    ),
    "socket listen": ("tcp-server", "socket,listen=127.0.0.1:7004", True),
    "stream inet, server": (
        "tcp-server", "stream,server=on,addr.type=inet,addr.host=127.0.0.1,addr.port=7004", True,
    ),
    "stream unix, server": (
        "unix-server", "stream,server=on,addr.type=unix,addr.path=FOLDER/server.sock", True,
    ),
}
PORTS = [
    ("udp", "udp", "local = 127.0.0.1:7001", "remote = 127.0.0.1:7002"),
    ("pair", "dgram", "local = FOLDER/pair.sock", "remote = FOLDER/vm.sock"),
    ("machines", "dgram", "local = FOLDER/machines.sock"),
    ("tcp", "stream", "listen = 127.0.0.1:7003"),
    ("unix", "stream", "listen = FOLDER/unix.sock"),
    ("abstract", "stream", "listen = @lan"),
    ("tcp-server", "stream", "connect = 127.0.0.1:7004"),
    ("unix-server", "stream", "connect = FOLDER/server.sock"),
]


def remembered(agent):
    """Has the agent written down who shares the socket of `machines`?"""
    with open(f"{agent.folder}/machines-machines", encoding="utf-8") as names:
        return "anna.sock" in names.read()


@pytest.fixture
def folder():
    """A folder with a path short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="lw") as made:
        yield made


def test_machines_reach_each_other_over_every_attachment_of_qemu(lab, agents, guests, folder):
    ports = [[word.replace("FOLDER", folder) for word in line] for line in PORTS]
    anna = agents(lab.host("anna"), config=config(*ports))
    bert = agents(lab.host("bert"))
    introduce(anna, bert)
    anna.host.sysctl("net.unix.max_dgram_qlen=512")
    anna.up()
    bert.up()
    far = guests(bert.host, "10.9.0.2", "02:00:00:00:01:02").boot()
    for number, (name, (place, netdev, comes_back)) in enumerate(ATTACHMENTS.items()):
        print(name)
        settled(anna)
        kind, _, options = netdev.replace("FOLDER", folder).partition(",")
        guest = guests(
            anna.host, "10.9.0.1", f"02:00:00:00:02:{number:02x}", netdev=f"{kind},id=lw,{options}"
        ).boot()
        assert pings(guest, far), name
        sends_by_tcp(guest, far)
        sends_by_tcp(far, guest)
        assert port(anna, place)["rx_frames"] > 0, name
        if comes_back:
            if place == "machines/anna":
                wait_for(lambda: remembered(anna), SEEN_S, anna.story)
            anna.kill()
            anna.up()
            assert pings(far, guest), f"{name}: after a restart of the agent"
        guest.close()
        far.run("ip neigh flush dev eth0")
