"""place.py - two hosts with one core each: two network namespaces joined by a veth pair, the wire

Every process of side A runs on one CPU, every one of side B on another. Unless told otherwise the
softirq that receives stays with the sender's CPU (RPS off): in a virtual machine each hand-over to
the other CPU costs the sender an inter-processor interrupt per packet. wire "nic" takes UDP
segmentation offload off the wire, as most network cards are. Leaving the site ends what was
started in it and removes both namespaces.
"""

import itertools
import os
import re
import subprocess
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")
END_LIMIT_S = 10
LINK_LIMIT_S = 5


def sh(*command, check=True, **options):
    """Run a command; what it printed."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **options
    )
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def wait(condition, limit_s, what, every_s=0.01):
    """Wait until @condition() is true; return it."""
    deadline = time.monotonic() + limit_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {limit_s} s: {what}")
        time.sleep(every_s)
    return value


class Side:
    """One host."""

    def __init__(self, letter, number, place):
        self.letter = letter
        self.ns = f"bench{os.getpid()}-{place.number}{letter}"
        self.cpu = number - 1
        self.wire = f"wire{letter}"
        self.wire_ip = f"192.168.77.{number}"
        self.tap = f"tun{letter}"  # the tunnel's end, which has @ip
        self.ip = f"10.9.0.{number}"
        self.place = place
        self.daemons = []  # of the tunnel: counted
        self.others = []
        self.log = os.path.join(place.work, f"{letter}.log")

    def link(self, *words):
        """ip(8) in this namespace."""
        return sh("ip", "-n", self.ns, *words)

    def command(self, *words, cpu=None):
        """The command line that runs here; its process is the program itself."""
        pin = ["taskset", "-c", str(self.cpu if cpu is None else cpu)]
        return [*pin, "ip", "netns", "exec", self.ns, *map(str, words)]

    def run(self, *words, check=True, **options):
        """Run to the end; what it printed."""
        return sh(*self.command(*words), check=check, **options)

    def popen(self, *words, cpu=None, **options):
        """Start what ends by itself or with the site."""
        options = {
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
            "stdin": subprocess.DEVNULL,
        } | options
        process = subprocess.Popen(
            self.command(*words, cpu=cpu), **options
        )  # pylint: disable=consider-using-with
        self.others.append(process)
        return process

    def start(self, *words, **options):
        """As tests/guest wants a host: a machine on this host's CPU."""
        return self.popen(*words, **options)

    def daemon(self, *words):
        """Start a program of the tunnel: its CPU time and memory count."""
        with open(self.log, "ab") as log:
            process = self.popen(*words, stdout=log, stderr=log)
        self.others.remove(process)
        self.daemons.append(process)
        return process

    def log_text(self):
        """What the daemons said."""
        with open(self.log, encoding="utf-8", errors="replace") as text:
            return text.read()

    def cpu_s(self):
        """CPU seconds of the daemons."""
        return sum(cpu_s(process.pid) for process in self.daemons)

    def peak_kb(self):
        """Peak resident memory of the daemons."""
        return sum(peak_kb(process.pid) for process in self.daemons)

    def end(self):
        """End all processes."""
        for process in self.daemons + self.others:
            process.terminate()
        for process in self.daemons + self.others:
            try:
                process.wait(END_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.daemons, self.others = [], []


def cpu_s(pid):
    """User and system time of a process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_kb(pid):
    """VmHWM of a process."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            found = re.search(r"VmHWM:\s+(\d+)", status.read())
    except FileNotFoundError:
        return 0
    return int(found[1]) if found else 0


def machine_cpu_s():
    """Busy seconds of the whole computer."""
    with open("/proc/stat", encoding="utf-8") as stat:
        fields = [int(word) for word in stat.readline().split()[1:]]
    return (fields[0] + fields[1] + fields[2] + sum(fields[5:8])) / TICKS


class Place:
    """Both hosts; use it in a with statement. Several at a time share the two CPUs."""

    numbers = itertools.count(1)

    def __init__(self, wire="normal", rps=False):
        self.wire = wire
        self.rps = rps
        self.number = next(Place.numbers)
        self.folder = None
        self.work = None
        self.a = self.b = None

    @property
    def sides(self):
        """A and B."""
        return (self.a, self.b)

    def other(self, side):
        """The other one."""
        return self.b if side is self.a else self.a

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(
            prefix="longwire-bench-"
        )  # pylint: disable=consider-using-with
        self.work = self.folder.name
        self.a, self.b = Side("A", 1, self), Side("B", 2, self)
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _make(self):
        for side in self.sides:
            sh("ip", "netns", "add", side.ns)
        a, b = self.sides
        a.link(
            *f"link add {a.wire} mtu 1500 type veth peer name {b.wire} netns {b.ns} mtu 1500".split()
        )
        for side in self.sides:
            side.link("addr", "add", f"{side.wire_ip}/24", "dev", side.wire)
            side.link("link", "set", "lo", "up")
            side.link("link", "set", side.wire, "up")
            ipv6 = "net.ipv6.conf.%s.disable_ipv6=1"  # no chatter in the measurements
            side.run("sysctl", "-qw", ipv6 % "all", ipv6 % "default")
            if self.rps:
                mask = f"echo {1 << side.cpu:x} >/sys/class/net/{side.wire}/queues/rx-0/rps_cpus"
                side.run("sh", "-c", mask)
            if self.wire == "nic":
                side.run("ethtool", "-K", side.wire, "tx-udp-segmentation", "off")

    def __exit__(self, *_):
        for side in self.sides:
            side.end()
            sh("ip", "netns", "del", side.ns, check=False)
        self.folder.cleanup()

    def hubs(self):
        """Multicast without a default route stays on this host."""
        for side in self.sides:
            side.link("route", "add", "224.0.0.0/4", "dev", "lo")

    def make_taps(self, mtu, mode="tap"):
        """Persistent devices with the tunnel's addresses, before the daemons start."""
        for side in self.sides:
            side.link("tuntap", "add", "dev", side.tap, "mode", mode)
        self.address_taps(mtu)

    def address_taps(self, mtu):
        """Addresses on devices that are there."""
        for side in self.sides:
            side.link("addr", "add", f"{side.ip}/24", "dev", side.tap)
            side.link("link", "set", side.tap, "mtu", str(mtu), "up")

    def wait_links(self):
        """Until the daemons made their devices."""
        for side in self.sides:
            wait(
                lambda s=side: sh("ip", "-n", s.ns, "link", "show", s.tap, check=False),
                LINK_LIMIT_S,
                side.tap,
            )
