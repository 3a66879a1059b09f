"""handed.py - machines at descriptors that somebody handed to the agent

Layer: test harness.
"""

from plugs import WRITE_LIMIT_S, Plug


class AnyPlug(Plug):
    """A machine that sends one frame in each message."""

    def send(self, frame):
        """One message; waits until the agent has read earlier ones."""
        self.socket.settimeout(WRITE_LIMIT_S)
        self.socket.send(frame)
        self.socket.setblocking(False)
