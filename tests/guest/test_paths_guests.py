"""TCP between real machines, while the path of their hosts shrinks and their address moves."""

import re
import threading
import time

from agent import RELEASE, introduce
from capture import Capture
from guest import pings
from machine import Machine, mac_bytes
from narrow import TUNNEL, has_fragments, narrow
from netns import wait_for

NEAR, FAR, WATCHER = "02:00:00:00:01:01", "02:00:00:00:02:01", "02:00:00:00:00:0f"
SETTLED_S = 60
SENT_S = 32           # longer than all that follows takes
FULL_BYTES = 1000     # shorter frames are no data
SHRUNK_BYTES = 1300
SHRUNK_S, MOVED_S = 3, 1.5  # what a shrunk path and a new address may cost
BUSY_S = 2            # what a computer with other work may add


class Data:
    """Listens to the hub at the far host: when data of a machine came, and the longest pause."""

    def __init__(self, host, mac):
        self.hub = Machine(host, WATCHER)
        self.source = mac_bytes(mac)
        self.last = self.worst = 0.0
        self.count = 0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        while not self.ending.is_set():
            frame = self.hub.hears(
                lambda f: f[6:12] == self.source and len(f) > FULL_BYTES, timeout_s=0.1
            )
            now = time.monotonic()
            if frame:
                self.worst = max(self.worst, now - self.last)
                self.last = now
                self.count += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()
        self.hub.close()

    def pause_s(self, seconds):
        """Watch for a while: the longest pause, one that still lasts included."""
        self.last, self.worst = time.monotonic(), 0.0
        time.sleep(seconds)
        pause = max(self.worst, time.monotonic() - self.last)
        print(f"longest pause: {pause:.2f} s")
        return pause


def move(host, number):
    """Give a host another IPv4 address of its LAN, and none of IPv6 any more."""
    was = host.address()
    lan = was.rsplit(".", 1)[0]
    host.ip("addr", "flush", "dev", "eth0", "scope", "global")
    host.ip("addr", "add", f"{lan}.{number}/24", "dev", "eth0")
    host.ip("route", "replace", "default", "via", f"{lan}.1", "dev", "eth0")


def test_tcp_of_guests_outlives_a_path_that_shrinks_and_an_address_that_moves(
    lab, agents, guests, tmp_path
):
    anna, bert = (agents(lab.host(name), binary=RELEASE) for name in ("anna", "bert"))
    introduce(anna, bert)
    for agent in (anna, bert):
        agent.up()
    near = guests(anna.host, "10.0.0.1", NEAR)
    far = guests(bert.host, "10.0.0.2", FAR)
    near.boot()
    far.boot()
    assert pings(near, far), anna.story()
    with Data(bert.host, NEAR) as data, Capture(bert.host, tmp_path / "wire", match=TUNNEL) as wire:
        near.begin(f"timeout {SENT_S} cat /dev/zero | nc {far.address} 5001")
        wait_for(lambda: data.count > 100, SETTLED_S, anna.story)
        wait_for(lambda: anna.peer("bert")["path"]["mtu_bytes"] == 1472, SETTLED_S, anna.story)
        narrow(lab, bert.host, SHRUNK_BYTES)
        assert data.pause_s(SHRUNK_S + BUSY_S + 1) < SHRUNK_S + BUSY_S, anna.story()
        assert anna.peer("bert")["path"]["mtu_bytes"] < SHRUNK_BYTES - 28, anna.story()
        for number in (100, 101):
            move(anna.host, number)
            assert data.pause_s(5) < MOVED_S + BUSY_S, anna.story()
    status, said = near.finish()
    assert status == 0 and re.search(r"\b[0-9a-f]{64}\b", said), said  # the sum of what arrived
    assert not has_fragments(wire.packets())
