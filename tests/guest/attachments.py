"""attachments.py - every way in which QEMU can be plugged in, all at one machine

Layer: test harness. The lines are those of longwire-ports(7). The machine has a card for each
attachment and each card a subnet of its own, so that one boot serves them all and none can stand in
for another. FOLDER is one for sockets, with a short path; FD one end of a socketpair, whose other end
a service manager has given to the agent. The machine is started by `longwire run`, which adds one
more.
"""

import socket
import typing

from guest import QEMU
from plugs import config, settled

MACHINE = "near"  # its -name
NEAR_MAC, FAR_MAC = "02:00:00:00:02:%02x", "02:00:00:00:01:02"


class Attachment(typing.NamedTuple):
    """One way: QEMU's line behind -netdev, without its id; the lines of the port in agent.conf,
    which has our name with dashes (or the hub); does it come back after a restart of the agent?
    The type of socket that FD is."""

    netdev: str
    port: tuple = ()
    again: bool = True
    kind: int = 0


# QEMU 7.2 as the client of a stream never connects again.
ATTACHMENTS = {
    "socket mcast": Attachment("socket,mcast=230.0.0.1:33000,localaddr=127.0.0.1"),
    "dgram multicast": Attachment(
        "dgram,remote.type=inet,remote.host=230.0.0.1,remote.port=33000,"
        "local.type=inet,local.host=127.0.0.1,local.port=33000",
    ),
    "socket udp": Attachment(
        "socket,udp=127.0.0.1:7001,localaddr=127.0.0.1:7002",
        ("type = udp", "local = 127.0.0.1:7001", "remote = 127.0.0.1:7002"),
    ),
    "dgram inet": Attachment(
        "dgram,local.type=inet,local.host=127.0.0.1,local.port=7004,"
        "remote.type=inet,remote.host=127.0.0.1,remote.port=7003",
        ("type = udp", "local = 127.0.0.1:7003", "remote = 127.0.0.1:7004"),
    ),
    "dgram unix": Attachment(
        "dgram,local.type=unix,local.path=FOLDER/vm.sock,"
        "remote.type=unix,remote.path=FOLDER/pair.sock",
        ("type = dgram", "local = FOLDER/pair.sock", "remote = FOLDER/vm.sock"),
    ),
    "dgram unix, learned": Attachment(
        "dgram,local.type=unix,local.path=FOLDER/anna.sock,"
        "remote.type=unix,remote.path=FOLDER/machines.sock",
        ("type = dgram", "local = FOLDER/machines.sock"),
    ),
    "socket connect": Attachment(
        "socket,connect=127.0.0.1:7005", ("type = stream", "listen = 127.0.0.1:7005"), False,
    ),
    "stream inet": Attachment(
        "stream,server=off,addr.type=inet,addr.host=127.0.0.1,addr.port=7006",
        ("type = stream", "listen = 127.0.0.1:7006"), False,
    ),
    "stream unix": Attachment(
        "stream,server=off,addr.type=unix,addr.path=FOLDER/unix.sock",
        ("type = stream", "listen = FOLDER/unix.sock"), False,
    ),
    "stream abstract": Attachment(
        "stream,server=off,addr.type=unix,addr.path=lan,addr.abstract=on",
        ("type = stream", "listen = @lan"), False,
    ),
    "socket listen": Attachment(
        "socket,listen=127.0.0.1:7007", ("type = stream", "connect = 127.0.0.1:7007"),
    ),
    "stream inet, server": Attachment(
        "stream,server=on,addr.type=inet,addr.host=127.0.0.1,addr.port=7008",
        ("type = stream", "connect = 127.0.0.1:7008"),
    ),
    "stream unix, server": Attachment(
        "stream,server=on,addr.type=unix,addr.path=FOLDER/server.sock",
        ("type = stream", "connect = FOLDER/server.sock"),
    ),
    "socket fd": Attachment("socket,fd=FD", ("type = fd", "fd = socket"), kind=socket.SOCK_DGRAM),
    "dgram fd": Attachment(
        "dgram,local.type=fd,local.str=FD", ("type = fd", "fd = dgram"), kind=socket.SOCK_DGRAM,
    ),
    "stream fd": Attachment(
        "stream,server=off,addr.type=fd,addr.str=FD", ("type = fd", "fd = stream"),
        kind=socket.SOCK_STREAM,
    ),
    "run": Attachment(""),
}
NUMBERS = {name: number for number, name in enumerate(ATTACHMENTS)}


def port_name(name):
    """The port of an attachment, as status shows it; those of sockets shared by many add to it."""
    if name == "run":
        return MACHINE
    return name.replace(",", "").replace(" ", "-") if ATTACHMENTS[name].port else "hub"


def ports_config(folder, *more):
    """agent.conf with a port for each attachment, and @more: (name, type, lines)."""
    ports = []
    for name, way in ATTACHMENTS.items():
        if way.port:
            kind, *lines = (line.replace("FOLDER", folder) for line in way.port)
            ports.append((port_name(name), kind.removeprefix("type = "), *lines))
    return config(*ports, *more)


def socket_pairs():
    """A pair for each attachment that is one, by its name for the service manager: our ends, which
    the agent gets, and the machine's. They stay open here, whoever of the two ends."""
    pairs = {}
    for way in ATTACHMENTS.values():
        if way.kind:
            pairs[way.port[1].removeprefix("fd = ")] = socket.socketpair(socket.AF_UNIX, way.kind)
    return pairs


def cards(folder, pairs):
    """QEMU's arguments for all cards."""
    words = []
    for name, number in NUMBERS.items():
        way, card = ATTACHMENTS[name], "lw"  # of `run`
        if way.netdev:
            card = f"lw{number}"
            kind, _, options = way.netdev.replace("FOLDER", folder).partition(",")
            if way.kind:
                end = pairs[way.port[1].removeprefix("fd = ")][1]
                options = options.replace("FD", str(end.fileno()))
            words += ["-netdev", f"{kind},id={card},{options}"]
        words += ["-device", f"virtio-net-pci,netdev={card},mac={NEAR_MAC % number}"]
    return words


def near_addresses():
    """What the near machine does to have an address at each card, and to answer only there."""
    script = "sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2;"
    for number in NUMBERS.values():
        device = f"eth{number}"
        script += f"grep -q {NEAR_MAC % number} /sys/class/net/{device}/address || exit 1;"
        script += f"ip addr add 10.9.{number}.1/24 dev {device}; ip link set {device} up;"
    return script


class Wire:
    """A guest at one of its addresses; as good as a Guest for what is asked of both ends."""

    def __init__(self, guest, address):
        self.run = guest and guest.run
        self.address = address


class Pair:
    """A machine at host `near` with all attachments, and one at host `far`, on the hub unless
    @options say otherwise."""

    def __init__(self, near, far, guests, folder, **options):
        self.near, self.far = near, far
        self.guests, self.folder = guests, folder
        self.pairs = socket_pairs()
        near.given = {name: pair[0].fileno() for name, pair in self.pairs.items()}
        self.machine = None
        self.other = guests(far.host, None, FAR_MAC, **options)

    def boot(self):
        """Start the machine, anew if it ran; both know their addresses."""
        settled(self.near)
        if self.machine:
            self.machine.close()
        self.machine = self.guests(
            self.near.host, None, NEAR_MAC % 0, netdev=None,
            extra=["-name", MACHINE, *cards(self.folder, self.pairs)],
            program=[self.near.binary, "-C", self.near.folder, "run", "--", QEMU],
            pass_fds=[pair[1].fileno() for pair in self.pairs.values()],
        )
        if not self.other.number:
            self.other.boot().run(
                "".join(f"ip addr add 10.9.{n}.2/24 dev eth0;" for n in NUMBERS.values())
            )
        self.machine.boot().run(near_addresses())
        return self

    def silence(self):
        """From now on the machine only answers: it knows where the other is and asks no more."""
        script = "sysctl -qw net.ipv6.conf.all.disable_ipv6=1;"
        for number in NUMBERS.values():
            script += f"arp -i eth{number} -s 10.9.{number}.2 {FAR_MAC};"
        self.machine.run(script)

    def close(self):
        """Unplug what is ours."""
        for pair in self.pairs.values():
            for end in pair:
                end.close()

    def ends(self, name):
        """Both ends of an attachment's wire: the machine's, and the other's."""
        number = NUMBERS[name]
        return Wire(self.machine, f"10.9.{number}.1"), Wire(self.other, f"10.9.{number}.2")

    def place(self, name):
        """The port where the agent knows the card of an attachment; None if nowhere."""
        mac = NEAR_MAC % NUMBERS[name]
        macs = self.near.status()["vlans"][0]["macs"]
        return next((m["port"] for m in macs if m["mac"] == mac), None)
