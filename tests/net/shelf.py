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


def sections(*folders):
    """The port.conf of these folders, one after the other."""
    return "\n".join(text(f"{folder}/port.conf") for folder in folders)


class Shelf:
    """A host on which a user has the examples, longwire on the PATH, and a home."""

    def __init__(self, host, folder, user=AS_NOBODY):
        self.host = host
        self.user = list(user)
        self.home = pathlib.Path(folder)
        self.home.chmod(0o755)
        self._give(self.home)
        self.examples = shutil.copytree(EXAMPLES, self.home / "examples")
        self.bin = self._folder("bin")
        self.runtime = self._folder("run")
        longwire = shutil.copy(BINARY, self.bin / "longwire")
        where = self._folder(".config") / "longwire"
        self.agent = Agent(host, where, name=host.name, prefix=self.user, binary=str(longwire))
        self.machines = 0
        self.setting = self._setting()

    def _folder(self, name):
        """A new folder of that user."""
        path = self.home / name
        path.mkdir(0o700)
        self._give(path)
        return path

    def _give(self, path):
        """Make it that user's."""
        if self.user:
            os.chown(path, NOBODY, NOBODY)

    def _setting(self):
        """The environment of everything that the user starts."""
        ours = ("XDG_", "LONGWIRE", "LIBVIRT")
        setting = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        setting.update(PATH=f"{self.bin}:{setting['PATH']}", HOME=str(self.home))
        # the user's own libvirt; its services are ours to start, and to end
        setting.update(LIBVIRT_DEFAULT_URI="qemu:///session", LIBVIRT_AUTOSTART="0")
        setting.update(XDG_RUNTIME_DIR=str(self.runtime))
        if not self.user:  # for root it would be /etc/longwire
            setting["LONGWIRE_DIR"] = self.agent.folder
        return setting

    def init(self, *folders):
        """Identity, and the sections of these examples."""
        return self.agent.init(HEAD + sections(*folders))

    def next_machine(self):
        """The number of a machine that was not there before, and its MAC."""
        self.machines += 1
        mac = self.agent.cli("card", "--mac", "--machine", self.machines).stdout.strip()
        self.setting["MACHINE"] = str(self.machines)
        return mac

    def start(self, path, *arguments):
        """Start an example as that user, without waiting."""
        return self.host.start(*self.user, f"{self.examples}/{path}", *arguments, env=self.setting)

    def run(self, *command):
        """Run a command as that user to its end; what it printed."""
        done = subprocess.run(
            self.host.command(*self.user, *command), capture_output=True, text=True, check=False,
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
