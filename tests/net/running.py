"""running.py - machines under `longwire run`, with qemu-fake in the place of QEMU

Layer: test harness.
"""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile

from agent import SANITIZER
from netns import end, wait_for
from plugs import Plug

QEMU_FAKE = str(pathlib.Path(__file__).parent / "qemu-fake")
START_LIMIT_S = 30
MAC = re.compile(r"\bmac(?:addr)?=([0-9a-f:]{17})")


class Running(Plug):
    """A machine that `longwire run` started: its end of the wire, and its process."""

    def __init__(self, agent, *arguments, options=(), qemu=(QEMU_FAKE,), **popen):
        self.agent = agent
        self.folder = tempfile.TemporaryDirectory(prefix="lw")
        self.rest = b""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            at = self.folder.name + "/qemu"
            listener.bind(at)
            os.chmod(self.folder.name, 0o777)
            os.chmod(at, 0o777)
            listener.listen(1)
            self.process = start_run(agent, *qemu, *arguments, options=options, at=at, **popen)
            listener.settimeout(START_LIMIT_S)
            self.control = listener.accept()[0]
        self.control.settimeout(START_LIMIT_S)
        data, fds, _, _ = socket.recv_fds(self.control, 65536, 1)
        self.about = json.loads(data)
        found = MAC.search(" ".join(self.about["argv"]))
        super().__init__(agent.host, found and found[1], socket.socket(fileno=fds[0]))

    def tell(self, line):
        """Have the machine do something."""
        self.control.sendall(line.encode() + b"\n")

    def hears_line(self):
        """The next line that the machine says."""
        while b"\n" not in self.rest:
            data = self.control.recv(4096)
            assert data, "the machine has ended"
            self.rest += data
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()

    def send(self, frame):
        """One frame; what does not fit is lost, as a guest's driver loses it at last."""
        try:
            self.socket.send(frame)
        except BlockingIOError:
            pass

    def release(self):
        """Only the machine itself has its end of the wire from now on."""
        self.socket.close()

    def wait(self):
        """The exit status of run, and what it said."""
        status = self.process.wait(START_LIMIT_S)
        errors = self.process.stderr.read() if self.process.stderr else ""
        assert not SANITIZER.search(errors), errors
        return status, errors

    def close(self):
        """Unplug the machine: it ends when nobody tells it anything any more."""
        self.socket.close()
        self.control.close()
        try:
            self.process.wait(START_LIMIT_S)
        finally:
            end(self.process)
        if self.process.stderr:
            self.process.stderr.close()
        self.folder.cleanup()

    def is_alive(self):
        """Does the machine's own process live? A zombie does not."""
        try:
            with open(f"/proc/{self.about['pid']}/stat", encoding="ascii") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
        except FileNotFoundError:
            return False

    def kill_run(self):
        """kill -9 to run itself; the machine is told to end."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def start_run(agent, *command, options=(), at="", help_text=None, **popen):
    """longwire run; its process."""
    environment = {**os.environ, "FAKE_QEMU_AT": at}
    if help_text is not None:
        environment["FAKE_QEMU_HELP"] = help_text
    words = [*agent.prefix, agent.binary, "-C", agent.folder, "run", *options, "--", *command]
    popen.setdefault("stderr", subprocess.PIPE)
    return agent.host.start(*words, env=environment, text=True, **popen)


def wait_attached(agent, name, timeout_s=START_LIMIT_S):
    """Wait until the agent has a port of that name; its status."""

    def find():
        ports = [p for v in (agent.status() or {"vlans": []})["vlans"] for p in v["ports"]]
        return next((p for p in ports if p["name"] == name), None)

    return wait_for(find, timeout_s, agent.story)
