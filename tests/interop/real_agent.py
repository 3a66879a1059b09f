"""real_agent.py - a longwire agent on loopback, its hub, and a Node behind a real UDP socket

Layer: tests. Drives the agent by its command line only; everything stays on 127.0.0.0/8.
"""

import json
import os
import random
import re
import select
import signal
import socket
import subprocess
import time

import cards

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
BINARY = os.environ.get("LONGWIRE") or os.path.join(ROOT, "build", "agent", "longwire")
PATIENCE_S = 30.0  # generous: the sanitizer build on a busy machine
PAUSE_S = 0.05
LOOPBACK = "127.0.0.1"
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:")

CONFIG = """[agent]
name   = {name}
listen = {port}
{more}

[vlan lan]
id = 1

[port hub]
vlan      = lan
type      = mcast
group     = {group}
interface = lo
"""


def free_port():
    """A UDP port that nobody uses, below those that the kernel gives to whoever asks for any."""
    while True:
        port = random.randint(10000, 32000)
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("::", port))  # IPv4 too
                return port
            except OSError:
                continue


def until(condition, why, timeout_s=PATIENCE_S, meanwhile=lambda: time.sleep(PAUSE_S)):
    """What @condition() says as soon as it is true; fails with why() after the deadline."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, why()
        meanwhile()


class RealAgent:
    """The agent under test, with a folder of its own."""

    def __init__(self, folder, name="anna"):
        self.folder = str(folder)
        self.name = name
        self.port = free_port()
        self.address = (LOOPBACK, self.port)
        self.hub_address = (f"230.0.0.{random.randint(2, 250)}", free_port())
        self.process = None
        self.meanwhile = lambda: time.sleep(PAUSE_S)  # what goes on while we wait for the agent
        self.log_path = self.folder + ".log"
        self.cli("init", "--name", name)
        self.configure()
        self.public = cards.key_of_card(self.cli("card"))

    def write(self, name, text, mode=0o644):
        """Write a file of the folder."""
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            os.chmod(path, mode)
            file.write(text)

    def configure(self, more=""):
        """Write agent.conf; @more are lines for [agent]."""
        group = "{}:{}".format(*self.hub_address)
        text = CONFIG.format(name=self.name, port=self.port, group=group, more=more)
        self.write("agent.conf", text)

    def run(self, *arguments):
        """A subcommand; its CompletedProcess."""
        command = [BINARY, "-C", self.folder, *arguments]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        assert not SANITIZER.search(done.stderr), done.stderr
        return done

    def cli(self, *arguments):
        """A subcommand that must succeed; what it prints."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def add(self, name, public, at=None):
        """Trust a key; with @at (an address) the agent tries to reach it."""
        path = os.path.join(self.folder, f"card-of-{name}")
        with open(path, "w", encoding="utf-8") as file:
            at = at and (f"[{at[0]}]:{at[1]}" if ":" in at[0] else f"{at[0]}:{at[1]}")
            file.write(cards.card(name, public, at))
        self.cli("add", path)

    def up(self):
        """longwire up; returns when it answers and its ports no longer only listen."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "-C", self.folder, "up"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        until(
            lambda: self.is_ready() or self.process.poll() is not None,
            self.story,
            meanwhile=self.meanwhile,
        )
        assert self.process.poll() is None, self.story()

    def is_ready(self):
        """Does it answer, and take frames?"""
        status = self.status()
        vlans = status["vlans"] if status else []
        return vlans and all(p["state"] != "listening" for vlan in vlans for p in vlan["ports"])

    def stop(self):
        """End it as Ctrl-C does, and see that it ended well."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                status = self.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
            assert status == 0, f"exit {status}: {self.story()}"
        assert not SANITIZER.search(self.log()), self.story()

    def log(self):
        """What it logged so far."""
        if not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def kill(self):
        """End it without a chance to say goodbye or to write anything."""
        self.process.kill()
        self.process.wait()

    def status(self):
        """The object of status --json, or None while there is no agent."""
        done = self.run("status", "--json")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def story(self):
        """For messages: what status and log say."""
        return f"{json.dumps(self.status(), indent=1)}\n{self.log()[-3000:]}"

    def peer(self, name):
        """The status of one peer."""
        return next(p for p in self.status()["peers"] if p["name"] == name)

    def drops(self):
        """All counters, the peers' and the agent's, added up."""
        status, total = self.status(), {}
        for drops in [status["drops"], *[peer["drops"] for peer in status["peers"]]]:
            for name, number in drops.items():
                total[name] = total.get(name, 0) + number
        return {name: number for name, number in total.items() if number}


class Hub:
    """Another member of the agent's hub: what a machine in QEMU would be."""

    def __init__(self, address):
        self.address = address
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(address)
        loopback = socket.inet_aton(LOOPBACK)
        membership = socket.inet_aton(address[0]) + loopback
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, loopback)
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        self.socket.setblocking(False)
        self.heard = []

    def send(self, frame):
        """A frame from a machine on the hub."""
        self.socket.sendto(frame, self.address)

    def read(self):
        """Take in what came; all frames so far."""
        while True:
            try:
                self.heard.append(self.socket.recv(65535))
            except BlockingIOError:
                return self.heard

    def close(self):
        """Leave the hub."""
        self.socket.close()


class Line:
    """A Node on a real socket; remembers every datagram that came and went."""

    def __init__(self, node, host=LOOPBACK):
        self.carries = 1232  # bytes: longer datagrams are lost on the way in
        self.node = node
        self.host = host
        self.came = []  # (source, datagram)
        self.went = []  # (target, datagram)
        self.former = []
        self.lossy = lambda target, datagram: False  # what is lost on the way out
        self.deaf = lambda source, datagram: False  # what is lost on the way in
        self.socket = self._open()

    def _open(self):
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        opened = socket.socket(family, socket.SOCK_DGRAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        opened.bind((self.host, 0))
        opened.setblocking(False)
        return opened

    @property
    def address(self):
        """Where we are."""
        return self.socket.getsockname()[:2]

    def move(self):
        """From now on we are at another port; nobody listens at the former, but it stays bound."""
        self.former.append(self.socket)
        self.socket = self._open()

    def at_former(self):
        """The datagrams that went to where we are no longer."""
        late = []
        for old in self.former:
            while select.select([old], [], [], 0)[0]:
                late.append(old.recv(65535))
        return late

    def flush(self):
        """Hand the socket what the Node wants to send."""
        outbox, self.node.outbox = self.node.outbox, []
        for target, datagram in outbox:
            if not target[0].startswith("::1" if ":" in self.host else "127."):
                continue  # the agent names all its addresses; the test stays on loopback
            self.went.append((target, datagram))
            if not self.lossy(target, datagram):
                self.socket.sendto(datagram, target)

    def step(self, wait_s=PAUSE_S):
        """Send what waits, wait a little for datagrams, give them to the Node."""
        self.flush()
        if select.select([self.socket], [], [], wait_s)[0]:
            self._read()
        self.node.poll(time.monotonic())
        self.flush()

    def _read(self):
        while True:
            try:
                datagram, source = self.socket.recvfrom(65535)
            except BlockingIOError:
                return
            source = source[:2]
            if len(datagram) > self.carries:
                continue
            self.came.append((source, datagram))
            if not self.deaf(source, datagram):
                self.node.receive(time.monotonic(), datagram, source)

    def until(self, condition, why=lambda: "nothing came", timeout_s=PATIENCE_S):
        """Serve the line until @condition() is true; what it says."""
        return until(condition, why, timeout_s, meanwhile=self.step)

    def serve(self, seconds):
        """Serve the line for so long: only where the passing of time is what is tested."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.step()

    def kinds(self):
        """The types of the datagrams that came."""
        return [datagram[0] for _, datagram in self.came]

    def close(self):
        """Close the sockets."""
        for one in (self.socket, *self.former):
            one.close()


def ethernet(size, machine):
    """A broadcast frame of @size bytes from the machine of that number, random in the rest."""
    head = b"\xff" * 6 + bytes([2, 0x77, 0, 0, 0, machine]) + b"\x88\xb5"
    return head + os.urandom(size - len(head))


def from_node(size):
    """A frame from a machine behind the node."""
    return ethernet(size, 1)


def from_hub(size):
    """A frame from a machine on the agent's hub."""
    return ethernet(size, 2)
