"""work_guests.py - iperf3 between two real QEMU machines, software emulation, one core each

dgram         each on its own host, -netdev dgram across the wire, no helper at all: what can be
              reached
longwire      each on a hub of its own host, an agent on each
socat         one on a hub, socat from there to the other's -netdev dgram
hub           both on one hub of one host: no wire at all
limit-bridge  as longwire, with tools/minihub.c: no cipher, no switch; a wire that takes whole frames
"""

import gzip
import os
import re
import shutil
import subprocess
import sys

from place import Place
from work_hub import SOCAT_HUB, LongwireBridge

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "guest"))

from guest import NETDEV, Guest  # noqa: E402 pylint: disable=wrong-import-position,import-error

IPS = ("10.5.0.1", "10.5.0.2")
MACS = ("52:54:00:00:00:01", "52:54:00:00:00:02")
CASES = ("dgram", "longwire", "socat", "hub", "limit-bridge")
LIMIT_REST_US = 300  # faster than with no rest
PING_LIMIT_S = 60
SPARE_S = 60
RATE = re.compile(r"([\d.]+) Mbits/sec.*(sender|receiver)")
ROUND_TRIP = re.compile(r"= ([\d.]+)/([\d.]+)/")


def image(folder):
    """The tests' guest image with iperf3 in it. Return: the folder"""
    base, made = os.path.join(folder, "guests"), os.path.join(folder, "guests-iperf")
    base = os.environ.get("LONGWIRE_GUESTS") or base
    subprocess.run(
        [os.path.join(HERE, "..", "guest", "image"), base], check=True, stdin=subprocess.DEVNULL
    )
    os.makedirs(made, exist_ok=True)
    for kernel in ("vmlinux", "vmlinuz"):
        if os.path.exists(os.path.join(base, kernel)):
            shutil.copy(os.path.join(base, kernel), made)
    with open(os.path.join(made, "initrd"), "wb") as out:
        with open(os.path.join(base, "initrd"), "rb") as first:
            out.write(first.read())
        out.write(iperf_archive(folder))
    return made


def iperf_archive(folder):
    """iperf3 and its libraries as a second archive, which the kernel unpacks over the first."""
    tree = os.path.join(folder, "iperf-tree")
    shutil.rmtree(tree, ignore_errors=True)
    iperf = shutil.which("iperf3")
    libraries = re.findall(r"(/\S+)", subprocess.check_output(["ldd", iperf], text=True))
    for path in [*libraries, iperf]:
        target = tree + ("/bin/iperf3" if path == iperf else path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(os.path.realpath(path), target)
    names = subprocess.check_output(["find", "."], cwd=tree)
    packed = subprocess.run(
        ["cpio", "-o", "-H", "newc", "--quiet"],
        cwd=tree,
        input=names,
        stdout=subprocess.PIPE,
        check=True,
    )
    return gzip.compress(packed.stdout, 1)


class OnCpu:
    """A side as Guest wants its host, with the machine on a CPU of its own."""

    def __init__(self, side, cpu):
        self.side = side
        self.cpu = cpu

    def start(self, *command, **options):
        """Start QEMU."""
        return self.side.popen(*command, cpu=self.cpu, **options)


def unicast(side, other):
    """-netdev dgram across the wire."""
    ends = (("local", side), ("remote", other))
    return "dgram,id=lw," + ",".join(
        f"{end}.type=inet,{end}.host={of.wire_ip},{end}.port=33001" for end, of in ends
    )


def plan(name, place, tools):
    """What runs beside the machines, started. Return: (side, netdev) of server and client"""
    a, b = place.sides
    if name == "longwire":
        LongwireBridge(place, tools).up()
        return (a, NETDEV), (b, NETDEV)
    if name == "socat":
        a.daemon("socat", f"UDP4-LISTEN:33001,bind={a.wire_ip}", SOCAT_HUB)
        return (a, NETDEV), (b, unicast(b, a))
    if name == "limit-bridge":
        for side in place.sides:
            side.link("link", "set", side.wire, "mtu", "1600")
        for side, other in ((a, b), (b, a)):
            side.daemon(tools["minihub"], side.wire_ip, other.wire_ip, LIMIT_REST_US)
        return (a, NETDEV), (b, NETDEV)
    if name == "hub":
        return (a, NETDEV), (a, NETDEV)
    return (a, unicast(a, b)), (b, unicast(b, a))


def rate(client, words, seconds):
    """Mbit/s that were received."""
    said = client.run(f"iperf3 -c {IPS[0]} -f m -t {seconds} {words}", seconds + SPARE_S)
    found = {end: float(mbps) for mbps, end in RATE.findall(said)}
    return found.get("receiver")


def measure(name, context):
    """One row."""
    seconds = 2 if context.quick else 8
    with Place(rps=context.rps) as place:
        place.hubs()
        guests = []
        for cpu, (side, netdev) in enumerate(plan(name, place, context.tools)):
            host = OnCpu(side, cpu)
            guests.append(
                Guest(host, context.image, IPS[cpu], MACS[cpu], nic="virtio-net-pci", netdev=netdev)
            )
        server, client = (guest.boot() for guest in guests)
        server.run("iperf3 -s -D")
        client.run(
            f"for i in $(seq {PING_LIMIT_S}); do ping -c1 -W1 {IPS[0]} && exit 0; done; exit 1",
            2 * PING_LIMIT_S,
        )
        trips = ROUND_TRIP.search(client.run(f"ping -c 20 -i 0.2 {IPS[0]}"))
        row = {
            "rtt_ms": float(trips[2]) if trips else None,
            "tcp_mbps": rate(client, "", seconds),
            "tcp_back_mbps": rate(client, "-R", seconds),
            "udp_mbps": rate(client, "-u -b 0 -l 1400", max(2, seconds // 2)),
            "cpu_s": sum(side.cpu_s() for side in place.sides),
        }
        for guest in guests:
            guest.close()
        return row
