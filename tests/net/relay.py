"""relay.py - a bad network in user space: UDP between two agents, with seeded faults

Layer: test harness. Stands at one address for both: what A sends there goes to B from there, and
the other way round, delayed, reordered, doubled or lost as one seed decides. It is here because
not every kernel has netem.
"""

import heapq
import random
import select
import socket
import threading
import time

POLL_LIMIT_S = 0.1  # how soon the thread sees that it should end


class Faults:
    """What the relay does to a datagram; probabilities from 0 to 1, delays in seconds."""

    def __init__(self, delay_s=0.0, jitter_s=0.0, drop=0.0, double=0.0):
        self.delay_s = delay_s
        self.jitter_s = jitter_s  # jitter beyond the gap of datagrams reorders them
        self.drop = drop
        self.double = double


class Relay:
    """Forwards UDP between two endpoints, each ("address", port); a thread does the work.

    Both reach it at the address that @host has on @device.
    """

    def __init__(self, host, ends, seed, faults=None, device="eth0"):
        self.ends = ends
        self.random = random.Random(seed)
        self.seed = seed
        self.faults = faults or Faults()
        self.family = socket.AF_INET6 if ":" in ends[0][0] else socket.AF_INET
        with host.inside():
            self.sockets = [socket.socket(self.family, socket.SOCK_DGRAM) for _ in ends]
        for one in self.sockets:
            one.bind(("", 0))
            one.setblocking(False)
        self.address = host.address(6 if self.family == socket.AF_INET6 else 4, device)
        self.queue = []
        self.count = 0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()
        for one in self.sockets:
            one.close()

    def endpoint(self, end):
        """Where the peer of ends[@end] finds it: an address that goes on a card."""
        port = self.sockets[end].getsockname()[1]
        return f"[{self.address}]:{port}" if ":" in self.address else f"{self.address}:{port}"

    def _work(self):
        while not self.ending.is_set():
            rest = POLL_LIMIT_S
            if self.queue:
                rest = min(rest, max(0.0, self.queue[0][0] - time.monotonic()))
            readable, _, _ = select.select(self.sockets, [], [], rest)
            for one in readable:
                self._take(self.sockets.index(one))
            self._give()

    def _take(self, end):
        """A datagram sent to the socket that stands for ends[@end]."""
        try:
            data = self.sockets[end].recv(65535)
        except OSError:  # a refused datagram is reported on the next call
            return
        if self.random.random() < self.faults.drop:
            return
        copies = 2 if self.random.random() < self.faults.double else 1
        for _ in range(copies):
            self.count += 1
            due = time.monotonic() + self.faults.delay_s
            due += self.random.random() * self.faults.jitter_s
            heapq.heappush(self.queue, (due, self.count, end, data))

    def _give(self):
        """Send what is due, from the socket that stands for the other end."""
        while self.queue and self.queue[0][0] <= time.monotonic():
            _, _, end, data = heapq.heappop(self.queue)
            try:
                self.sockets[1 - end].sendto(data, self.ends[end])
            except OSError:
                pass  # an unreachable end is a lost datagram
