"""shelf.py - deploy/examples as a user has it: copied to a folder of an ordinary user, who runs it

Layer: test harness. Knows where the examples are and how they are written; has no copy of any.
"""

import os
import pathlib
import re
import shutil
import subprocess

from agent import BINARY, Agent
from plugs import HEAD

EXAMPLES = pathlib.Path(__file__).parents[2] / "deploy" / "examples"
NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
PLUG = re.compile(r"^;   longwire plug (\S+) (\S+)$", re.M)
PORT = re.compile(r"^\[port (\S+)\]\n((?:\w+ *= *\S+\n)+)", re.M)


def scripts(pattern):
    """The examples whose names match, as paths in their folder, in order."""
    return sorted(str(path.relative_to(EXAMPLES)) for path in EXAMPLES.glob(pattern))


def text(path):
    """What stands in an example."""
    return (EXAMPLES / path).read_text(encoding="utf-8")


def ports():
    """All port.conf but the TAP's, one after the other."""
    paths = scripts("*/port.conf")
    return "\n".join(text(path) for path in paths if not path.startswith("tap/"))


class Shelf:
    """A host on which an ordinary user has the examples, longwire on the PATH, and a home."""

    def __init__(self, host, folder):
        self.host = host
        self.home = pathlib.Path(folder)
        self.examples = shutil.copytree(EXAMPLES, self.home / "examples")
        self.bin = self.home / "bin"
        self.runtime = self.home / "run"
        self.bin.mkdir()
        self.runtime.mkdir(0o700)
        for path in (self.home, self.runtime):
            os.chown(path, NOBODY, NOBODY)
        longwire = shutil.copy(BINARY, self.bin / "longwire")
        self.agent = Agent(host, self.home / "lw", prefix=AS_NOBODY, binary=str(longwire))
        self.machines = 0
        self.setting = self._setting()

    def _setting(self):
        """The environment of everything that the user starts."""
        setting = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
        setting.update(PATH=f"{self.bin}:{setting['PATH']}", HOME=str(self.home))
        setting.update(XDG_RUNTIME_DIR=str(self.runtime), LONGWIRE_DIR=self.agent.folder)
        # the user's own libvirt; its services are ours to start, and to end
        setting.update(LIBVIRT_DEFAULT_URI="qemu:///session", LIBVIRT_AUTOSTART="0")
        return setting

    def init(self):
        """Identity, and the sections of all examples."""
        self.agent.init(HEAD + ports())
        return self

    def next_machine(self):
        """The number of a machine that was not there before, and its MAC."""
        self.machines += 1
        mac = self.agent.cli("card", "--mac", "--machine", self.machines).stdout.strip()
        self.setting["MACHINE"] = str(self.machines)
        return mac

    def start(self, path, *arguments):
        """Start an example as that user, without waiting."""
        return self.host.start(*AS_NOBODY, f"{self.examples}/{path}", *arguments, env=self.setting)

    def run(self, *command):
        """Run a command as that user to its end; what it printed."""
        done = subprocess.run(
            self.host.command(*AS_NOBODY, *command), capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, env=self.setting,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def example(self, path, *arguments):
        """Run an example to its end."""
        return self.run(f"{self.examples}/{path}", *arguments)

    def file(self, name, content):
        """A file that the user can read; its path."""
        path = self.home / name
        path.write_text(content, encoding="utf-8")
        return path

    def stand_in(self, name):
        """A program that this system has not: one that only says how it was called."""
        (self.bin / name).write_text('#!/bin/sh\necho "$*"\n', encoding="utf-8")
        (self.bin / name).chmod(0o755)
