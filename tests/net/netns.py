"""netns.py - hosts as network namespaces, joined by routers

Layer: test harness. Knows links, addresses and routes; knows nothing of longwire.

A Lab holds namespaces: the router "internet" from the start, hosts and home routers as a test asks
for them. Every LAN is a bridge in its router's namespace. Addresses are those reserved for
documentation and benchmarks. Leaving the Lab ends every process started in it and removes every
namespace, whatever happened before.
"""

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import time

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
STOP_LIMIT_S = 10  # a process that ignores SIGTERM for so long is killed


def run(*command, check=True, **options):
    """Run a command, return what it printed; the error names the command and its message."""
    done = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, **options
    )
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def wait_for(condition, timeout_s, what):
    """Poll @condition until it is true and return its value; fail with @what at the deadline.

    @what may be a function: it is then called for the message, at the deadline.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            text = what() if callable(what) else what
            raise AssertionError(f"not within {timeout_s} s: {text}")
        time.sleep(0.02)


class Namespace:
    """One network namespace: a host or a router."""

    def __init__(self, lab, name):
        self.lab = lab
        self.name = name
        self.netns = f"{lab.prefix}-{name}"
        self.processes = []
        run("ip", "netns", "add", self.netns)
        lab.namespaces.append(self)  # before anything else can fail: the lab removes it
        self.ip("link", "set", "lo", "up")
        self.sysctl("net.ipv6.conf.all.accept_dad=0")
        self.sysctl("net.ipv6.conf.default.accept_dad=0")

    def ip(self, *arguments):
        """Run ip(8) on this namespace."""
        return run("ip", "-n", self.netns, *arguments)

    def sysctl(self, *settings):
        """Set kernel parameters of this namespace."""
        self.run("sysctl", "-qw", *settings)

    def nft(self, rules):
        """Load nftables rules into this namespace."""
        self.run("nft", rules)

    def command(self, *command):
        """The command line that runs @command in here; ip execs it: its pid is the command's."""
        return ["ip", "netns", "exec", self.netns, *map(str, command)]

    def run(self, *command, check=True, **options):
        """Run a command in here to its end, return what it printed."""
        return run(*self.command(*command), check=check, **options)

    def start(self, *command, **options):
        """Start a process in here, which ends with the lab at the latest."""
        options.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen(self.command(*command), **options)
        self.processes.append(process)
        return process

    @contextlib.contextmanager
    def inside(self):
        """Sockets made within belong to this namespace for ever; this thread comes back."""
        with open("/proc/thread-self/ns/net", "rb") as home, open(
            f"/run/netns/{self.netns}", "rb"
        ) as there:
            _setns(there)
            try:
                yield
            finally:
                _setns(home)

    def address(self, family=4, device="eth0"):
        """The first global address of @device in that family, without prefix length."""
        option = "-4" if family == 4 else "-6"
        lines = self.ip(option, "-o", "addr", "show", "dev", device, "scope", "global")
        return lines.split()[3].split("/")[0]

    def ping(self, address, limit_s=5):
        """Does one echo request come back? With busybox: the guests need it anyway."""
        command = ["busybox", "ping", "-c", "1", "-W", limit_s, address]
        return ", 0% packet loss" in self.run(*command, check=False)

    def remove(self):
        """End all processes and delete the namespace."""
        for process in self.processes:
            end(process)
        run("ip", "netns", "del", self.netns, check=False)


def _setns(descriptor):
    if LIBC.setns(descriptor.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def end(process):
    """End one process of ours: politely, then firmly. Return its exit status."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def prefer(process):
    """Run it before whatever else this computer does, for what is measured; where that can be. It
    must be the first of a session (setsid): the kernel shares processors between sessions."""
    with contextlib.suppress(OSError):
        with open(f"/proc/{process.pid}/autogroup", "w", encoding="utf-8") as group:
            group.write("-20")


class Lan:
    """An Ethernet segment: a bridge in its router, .1 and ::1 in its own subnets."""

    def __init__(self, router, number):
        self.router = router
        self.number = number
        self.bridge = f"lan{number}"
        self.count = 1
        router.ip("link", "add", self.bridge, "type", "bridge", "mcast_snooping", "0")
        router.ip("link", "set", self.bridge, "up")
        router.ip("addr", "add", f"{self.gateway(4)}/24", "dev", self.bridge)
        router.ip("addr", "add", f"{self.gateway(6)}/64", "dev", self.bridge)

    def gateway(self, family):
        """The router's address on this LAN."""
        return self.host_address(family, 1)

    def host_address(self, family, index):
        """The address of the index-th member."""
        if family == 4:
            return f"198.18.{self.number}.{index}"
        return f"2001:db8:{self.number}::{index}"

    def plug(self, namespace, device="eth0"):
        """Join a namespace with a new device: addresses and default routes by this LAN."""
        self.count += 1
        far = f"p{self.number}-{self.count}"
        namespace.ip("link", "add", device, "type", "veth", "peer", "name", far, "netns",
                     self.router.netns)
        self.router.ip("link", "set", far, "master", self.bridge, "up")
        namespace.ip("link", "set", device, "up")
        for family, bits in ((4, 24), (6, 64)):
            address = self.host_address(family, self.count)
            namespace.ip("addr", "add", f"{address}/{bits}", "dev", device)
            namespace.ip("route", "replace", "default", "via", self.gateway(family), "dev", device)
        return far


class Lab:
    """A set of namespaces that lives as long as one test."""

    serial = 0

    def __init__(self):
        Lab.serial += 1
        self.prefix = f"lw{os.getpid()}-{Lab.serial}"
        self.namespaces = []
        self.lans = 0
        self.internet = None

    def __enter__(self):
        try:
            self.internet = Namespace(self, "internet")
            self._forward(self.internet)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for namespace in reversed(self.namespaces):
            namespace.remove()

    def _forward(self, namespace):
        namespace.sysctl("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")

    def lan(self, router=None):
        """A new LAN behind @router, or directly at the internet."""
        self.lans += 1
        return Lan(router or self.internet, self.lans)

    def host(self, name, lan=None):
        """A host on @lan, or on a LAN of its own at the internet."""
        host = Namespace(self, name)
        (lan or self.lan()).plug(host)
        return host

    def home_router(self, name):
        """A router as at home: out with its own address (NAT), in only what was asked for."""
        router = self.host(name)
        self._forward(router)
        router.nft(
            "add table inet home;"
            "add chain inet home nat { type nat hook postrouting priority 100; };"
            'add rule inet home nat oifname "eth0" masquerade;'
            "add chain inet home in { type filter hook forward priority 0; policy accept; };"
            'add rule inet home in iifname "eth0" ct state new drop;'
        )
        return router


def sweep():
    """Remove what test runs left behind that were killed: their namespaces, and who runs there."""
    for line in run("ip", "netns", "list").splitlines():
        match = re.match(r"lw(\d+)-", line)
        if not match or os.path.exists(f"/proc/{match[1]}"):
            continue
        name = line.split()[0]
        for pid in run("ip", "netns", "pids", name, check=False).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        run("ip", "netns", "del", name, check=False)


def available():
    """Why namespaces cannot be made here, or None."""
    if os.geteuid() != 0:
        return "needs root: network namespaces"
    for tool in ("ip", "nft", "tcpdump"):
        if not any(
            os.access(os.path.join(d, tool), os.X_OK) for d in os.environ["PATH"].split(":")
        ):
            return f"needs {tool}"
    probe = f"lw{os.getpid()}-probe"
    try:
        run("ip", "netns", "add", probe)
        run("ip", "netns", "del", probe)
        sweep()
    except RuntimeError as error:
        return f"needs network namespaces: {error}"
    return None
