"""attachments.py - every way in which QEMU can be plugged in, all at one machine

Layer: test harness. The lines are those of longwire-ports(7). The machine has a card for each
attachment and each card a subnet of its own, so that one boot serves them all and none can stand in
for another. FOLDER is one for sockets, with a short path.
"""

import typing

from plugs import config, settled

NEAR_MAC, FAR_MAC = "02:00:00:00:02:%02x", "02:00:00:00:01:02"


class Attachment(typing.NamedTuple):
    """One way: QEMU's line behind -netdev, without its id; the lines of the port in agent.conf,
    which has our name with dashes (or the hub); does it come back after a restart of the agent?"""

    netdev: str
    port: tuple = ()
    again: bool = True


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
}
NUMBERS = {name: number for number, name in enumerate(ATTACHMENTS)}


def port_name(name):
    """The port of an attachment, as status shows it; those of sockets shared by many add to it."""
    return name.replace(",", "").replace(" ", "-") if ATTACHMENTS[name].port else "hub"


def ports_config(folder, *more):
    """agent.conf with a port for each attachment, and @more: (name, type, lines)."""
    ports = []
    for name, way in ATTACHMENTS.items():
        if way.port:
            kind, *lines = (line.replace("FOLDER", folder) for line in way.port)
            ports.append((port_name(name), kind.removeprefix("type = "), *lines))
    return config(*ports, *more)


def cards(folder):
    """QEMU's arguments for all cards but the first."""
    words = []
    for name, number in list(NUMBERS.items())[1:]:
        words += ["-netdev", netdev(name, folder)]
        words += ["-device", f"virtio-net-pci,netdev=lw{number},mac={NEAR_MAC % number}"]
    return words


def netdev(name, folder):
    """QEMU's line of an attachment; the first has the id that Guest expects."""
    kind, _, options = ATTACHMENTS[name].netdev.replace("FOLDER", folder).partition(",")
    return f"{kind},id=lw{NUMBERS[name] or ''},{options}"


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
        self.machine = None
        self.other = guests(far.host, None, FAR_MAC, **options)

    def boot(self):
        """Start the machine, anew if it ran; both know their addresses."""
        settled(self.near)
        if self.machine:
            self.machine.close()
        self.machine = self.guests(
            self.near.host, None, NEAR_MAC % 0, nic="virtio-net-pci",
            netdev=netdev(next(iter(ATTACHMENTS)), self.folder), extra=cards(self.folder),
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

    def ends(self, name):
        """Both ends of an attachment's wire: the machine's, and the other's."""
        number = NUMBERS[name]
        return Wire(self.machine, f"10.9.{number}.1"), Wire(self.other, f"10.9.{number}.2")

    def place(self, name):
        """The port where the agent knows the card of an attachment; None if nowhere."""
        mac = NEAR_MAC % NUMBERS[name]
        macs = self.near.status()["vlans"][0]["macs"]
        return next((m["port"] for m in macs if m["mac"] == mac), None)
