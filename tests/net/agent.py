"""agent.py - a longwire agent in a namespace, driven by its command line only

Layer: test harness. Uses what a user uses: init, card, add, remove, check, up, status.
"""

import json
import os
import re
import signal
import subprocess

from netns import wait_for

BINARY = os.environ.get("LONGWIRE", "longwire")
RELEASE = os.environ.get("LONGWIRE_RELEASE") or BINARY
UP_LIMIT_S = 30  # generous: the sanitizer build on a busy machine
COMMAND_LIMIT_S = 120  # for a subcommand that hangs, so that the test fails and says which
PORT = 19543
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:")

CONFIG = """[agent]
name   = {name}
listen = {port}

[vlan lan]
id = 1

[port hub]
vlan  = lan
type  = mcast
group = 230.0.0.1:33000
"""


# What a service manager does that hands descriptors over: sd_listen_fds(3).
MANAGER = """
import os, sys
names, fds = sys.argv[1], [os.dup(int(fd)) for fd in sys.argv[2].split(",")]
for number, fd in enumerate(fds):
    os.dup2(fd, 3 + number)
    os.set_inheritable(3 + number, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES=names)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Agent:
    """One agent with a folder of its own on a host (a Namespace)."""

    def __init__(self, host, folder, name=None, binary=BINARY, port=PORT, prefix=()):
        self.host = host
        self.name = name or host.name
        self.folder = str(folder)
        self.binary = binary
        self.port = port
        self.prefix = list(prefix)  # for example setpriv, to be somebody else
        self.given = {}  # descriptors by name, for ports of type fd
        self.process = None
        self.log_path = self.folder + ".log"

    def cli(self, *arguments, check=True, text=None, limit_s=COMMAND_LIMIT_S, **options):
        """Run a subcommand on our folder to its end; its CompletedProcess."""
        command = self.host.command(*self.prefix, self.binary, "-C", self.folder, *arguments)
        options |= {"input": text} if text is not None else {"stdin": subprocess.DEVNULL}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=limit_s, **options
        )
        assert not SANITIZER.search(done.stderr), done.stderr
        if check:
            assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done

    def init(self, config=None):
        """Make the identity; the usual configuration or @config, with our name and port."""
        self.cli("init", "--name", self.name)
        self.configure((config or CONFIG).format(name=self.name, port=self.port))
        return self

    def configure(self, text):
        """Write agent.conf."""
        with open(os.path.join(self.folder, "agent.conf"), "w", encoding="utf-8") as conf:
            conf.write(text)

    def local(self, peer, text):
        """Write what we decided about a peer: its .local file."""
        path = os.path.join(self.folder, "peers", f"{peer}.local")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"[local]\n{text}\n")

    def card(self, at=None):
        """Our card; with @at it advertises these addresses."""
        return self.cli("card", *(["--at", at] if at else [])).stdout

    def endpoint(self, family=4):
        """Where others reach us: address and port as a card says them."""
        address = self.host.address(family)
        return f"{address}:{self.port}" if family == 4 else f"[{address}]:{self.port}"

    def add(self, other, at=None):
        """Trust @other, as if its owner had sent us the card."""
        return self.cli("add", text=other.card(at))

    def start(self, *arguments):
        """longwire up; returns at once."""
        command = [self.binary, "-C", self.folder, "up", *arguments]
        fds = [str(fd) for fd in self.given.values()]
        if fds:
            names = ":".join(self.given)
            command = ["/usr/bin/python3", "-c", MANAGER, names, ",".join(fds), *command]
        with open(self.log_path, "ab") as log:
            self.process = self.host.start(
                *self.prefix, *command, stdout=log, stderr=log, pass_fds=list(self.given.values())
            )
        return self

    def up(self, *arguments):
        """longwire up; returns when it answers."""
        self.start(*arguments)
        wait_for(lambda: self.status() or self.died(), UP_LIMIT_S, self.story)
        assert self.process.poll() is None, self.story()
        return self

    def died(self):
        """Has the process ended?"""
        return self.process.poll() is not None

    def kill(self):
        """kill -9: no goodbye, no state written."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """End it as Ctrl-C does; it must end cleanly, leaks and all."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            status = self.process.wait(UP_LIMIT_S)
            assert status == 0, f"exit {status}: {self.story()}"
        assert not SANITIZER.search(self.log()), self.story()

    def log(self):
        """What it logged so far."""
        if not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def story(self):
        """For messages: what status and log say."""
        return f"{self.name}: status {json.dumps(self.status())}\n{self.log()[-4000:]}"

    def status(self):
        """The object of status --json, or None while there is no agent."""
        done = self.cli("status", "--json", check=False)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def peer(self, name):
        """The status of one peer, or None."""
        peers = (self.status() or {"peers": []})["peers"]
        return next((p for p in peers if p["name"] == name), None)

    def is_up(self, name):
        """Is the session with that peer up?"""
        peer = self.peer(name)
        return peer is not None and peer["state"] == "up"

    def wait_up(self, *names, timeout_s=UP_LIMIT_S):
        """Wait until the sessions with these peers are up."""
        for name in names:
            wait_for(lambda name=name: self.is_up(name), timeout_s, self.story)

    def wait_forwarding(self, timeout_s=UP_LIMIT_S):
        """Wait until all its ports forward: each listens first."""

        def forwards():
            ports = [port for vlan in self.status()["vlans"] for port in vlan["ports"]]
            return all(port["state"] == "forwarding" for port in ports)

        wait_for(forwards, timeout_s, self.story)

    def vm_hwm_kib(self):
        """The most memory the agent ever had resident, in KiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])


def introduce(*agents, family=4, called=None):
    """Everybody gets everybody's card; only @called (default: all) say where they are reached."""
    for one in agents:
        for other in agents:
            if one is not other:
                at = other.endpoint(family) if called is None or other in called else None
                one.add(other, at)
