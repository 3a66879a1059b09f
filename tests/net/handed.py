"""handed.py - machines at descriptors that somebody handed to the agent

Layer: test harness.
"""

from plugs import WRITE_LIMIT_S, Plug

AS_MANAGER = """
import os, sys
fds = [int(fd) for fd in sys.argv[2].split(",")]
high = [os.dup(fd) for fd in fds]
for number, fd in enumerate(high):
    os.dup2(fd, 3 + number)
    os.set_inheritable(3 + number, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES=sys.argv[1])
os.execv(sys.argv[3], sys.argv[3:])
"""


def start_managed(agent, given):
    """longwire up, by a service manager with @given: names and descriptors; returns at once."""
    fds = [fd for _, fd in given]
    names = ":".join(name for name, _ in given)
    manager = ["/usr/bin/python3", "-c", AS_MANAGER, names, ",".join(map(str, fds))]
    with open(agent.log_path, "ab") as log:
        command = [*manager, *agent.prefix, agent.binary, "-C", agent.folder, "up"]
        agent.process = agent.host.start(*command, stdout=log, stderr=log, pass_fds=fds)


class AnyPlug(Plug):
    """A machine that sends one frame in each message."""

    def send(self, frame):
        """One message; waits until the agent has read earlier ones."""
        self.socket.settimeout(WRITE_LIMIT_S)
        self.socket.send(frame)
        self.socket.setblocking(False)
