"""qmp.py - what tests tell a QEMU: its machine protocol on a unix socket

Layer: test harness.
"""

import json
import socket

from netns import wait_for

CONNECT_LIMIT_S = 30


class Qmp:
    """A connection to the QEMU that was given options(path)."""

    @staticmethod
    def options(path):
        """The arguments of that QEMU."""
        return ["-qmp", f"unix:{path},server=on,wait=off"]

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        wait_for(lambda: self._connects(path), CONNECT_LIMIT_S, f"QEMU answers at {path}")
        self.lines = self.socket.makefile()
        self.lines.readline()  # its greeting
        self.ask("qmp_capabilities")

    def _connects(self, path):
        try:
            self.socket.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()

    def ask(self, command, **arguments):
        """Run a command; what it returns. Events that come between are of no interest here."""
        request = {"execute": command, "arguments": arguments}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        while True:
            answer = json.loads(self.lines.readline())
            assert "error" not in answer, f"{command}: {answer['error']}"
            if "return" in answer:
                return answer["return"]
