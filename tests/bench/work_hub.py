"""work_hub.py - QEMU's hub on each of two hosts, simulated machines on both: socat's bridge and
longwire

tools/qemunic.c is a machine: one system call for each frame, as QEMU. What a case does to frames
of one size: as many as go, then a search for the highest rate at which less than 1 % is lost, and
the latency at half of socat's rate: of three trials, since one of a second is decided by a single
stall of the computer.
"""

import json
import statistics
import subprocess
import time

from place import Place, wait
from tunnels import LongwireHub

GROUP = "mcast:230.0.0.1:33000:127.0.0.1"
SOCAT_HUB = "UDP4-DATAGRAM:230.0.0.1:33000,reuseaddr,ip-add-membership=230.0.0.1:127.0.0.1"
SOCAT_HUB += ",bind=230.0.0.1:33000"
SIZES = (64, 1514)
UP_LIMIT_S = 30
SEARCH_STEPS = 9
CLOSE_ENOUGH = 1.08
LOSS = 0.01
HALF_TRIALS = 3
GENERATOR_MAC, SINK_MAC = 1, 2


class SocatBridge:
    """One-way on each side: with both ways, its own frames would go round."""

    def __init__(self, place, _):
        self.place = place

    def up(self):
        """Start."""
        a, b = self.place.sides
        a.daemon("socat", "-u", SOCAT_HUB, f"UDP4-SENDTO:{b.wire_ip}:33001")
        b.daemon(
            "socat",
            "-u",
            f"UDP4-RECV:33001,bind={b.wire_ip}",
            "UDP4-DATAGRAM:230.0.0.1:33000,ip-multicast-if=127.0.0.1",
        )
        time.sleep(0.3)


class LongwireBridge:
    """An agent on each side."""

    def __init__(self, place, tools):
        self.tunnel = LongwireHub(place, tools)
        self.place = place

    def up(self):
        """Start, and wait until frames pass."""
        self.tunnel.prepare()
        self.tunnel.up()
        wait(self.is_up, UP_LIMIT_S, "the agents are up", 0.1)
        time.sleep(1.5)  # until their paths' size is known

    def is_up(self):
        """Both connected, and their hubs forwarding?"""
        for side in self.place.sides:
            try:
                status = json.loads(self.tunnel.call(side, "status", "--json"))
            except subprocess.CalledProcessError:
                return False
            ports = [port["state"] for vlan in status["vlans"] for port in vlan["ports"]]
            peers = [peer["state"] for peer in status["peers"]]
            if set(ports) != {"forwarding"} or set(peers) != {"up"}:
                return False
        return True


class Direct:
    """No bridge: both machines on one hub, as a limit."""

    def __init__(self, place, _):
        self.place = place

    def up(self):
        """Nothing to start."""


BRIDGES = {
    "socat": SocatBridge,
    "longwire": LongwireBridge,
    "hub-limit": Direct,
}  # socat first: it sets the rate


class Case:
    """One bridge, up; trials of one frame size."""

    def __init__(self, place, tools, size, far):
        self.place = place
        self.tools = tools
        self.size = size
        self.far = far  # the sink's side
        self.number = 0

    def start(self, side, role, seconds, more, cpu):
        """Start a generator or sink."""
        words = [
            self.tools["qemunic"],
            role,
            GROUP,
            "-t",
            seconds,
            "-i",
            self.number % 60000 + 1,
            *more,
        ]
        return side.popen(*words, cpu=cpu, stdout=subprocess.PIPE, text=True)

    def trial(self, rate, seconds):
        """Frames at that rate, 0 for as many as go. Return: (generator's, sink's) figures"""
        self.number += 1
        sink = self.start(self.far, "sink", seconds + 3, ["-M", SINK_MAC], 1)
        time.sleep(0.25)  # it joins, says hello, and the bridge knows where it is
        before = [side.cpu_s() for side in self.place.sides]
        paced = ["-s", self.size, "-r", rate, "-M", GENERATOR_MAC, "-D", SINK_MAC]
        generator = self.start(self.place.a, "gen", seconds, paced, 0)
        sent, got = (json.loads(process.communicate()[0]) for process in (generator, sink))
        cpu = [side.cpu_s() - early for side, early in zip(self.place.sides, before)]
        for side, process in ((self.place.a, generator), (self.far, sink)):
            side.others.remove(process)
        got["loss"] = max(0, sent["sent"] - got["frames"]) / sent["sent"] if sent["sent"] else 1
        got["near_us"], got["far_us"] = (used / max(1, got["frames"]) * 1e6 for used in cpu)
        got["bridge_us"] = got["near_us"] + got["far_us"]
        return sent, got

    def passes(self, trial):
        """Less than 1 % lost?"""
        return trial[1]["loss"] < LOSS

    def search(self, flood, seconds):
        """The best trial that passes, or None."""
        offered, rate = flood[0]["pps"], max(2000, flood[1]["pps"])
        low, high, best = 0, 0, None
        if self.passes(flood):
            low, high, best = flood[1]["pps"], offered, flood
        for _ in range(SEARCH_STEPS):
            if low and high and high / low < CLOSE_ENOUGH:
                break
            if low or high:
                rate = (low + high) / 2 if low and high else low * 1.35 if low else high * 0.65
            if rate > offered * 1.02:
                high = rate
                continue
            trial = self.trial(rate, seconds)
            if not self.passes(trial):
                trial = self.trial(rate, seconds)  # a stall of the computer itself must not decide
            if self.passes(trial):
                low, best = rate, trial
            else:
                high = rate
        return best


def at_half(trials):
    """What several trials at half of the rate say of a row."""
    wanted = {
        "half_loss": lambda got: got["loss"],
        "half_us": lambda got: got["bridge_us"],
        "lat_p50": lambda got: got["lat_us"]["p50"],
        "lat_p99": lambda got: got["lat_us"]["p99"],
    }
    return {key: statistics.median(map(of, trials)) for key, of in wanted.items()}


def measure(name, size, half_pps, context):
    """One row. @half_pps: half of socat's rate in this round, for latency; None: half of its own"""
    seconds = (0.3, 0.3) if context.quick else (0.6, 1.0)
    with Place(rps=context.rps) as place:
        place.hubs()
        BRIDGES[name](place, context.tools).up()
        case = Case(place, context.tools, size, place.a if name == "hub-limit" else place.b)
        flood = case.trial(0, seconds[1])
        row = {
            "offered_pps": flood[0]["pps"],
            "flood_pps": flood[1]["pps"],
            "flood_loss": flood[1]["loss"],
        }
        best = case.search(flood, seconds[0])
        if not best:
            return row | {"max_pps": 0}
        row |= {
            "max_pps": best[1]["pps"],
            "bridge_us": best[1]["bridge_us"],
            "gen_us": best[0]["cpu_us_per_frame"],
        }
        half = half_pps or best[1]["pps"] / 2
        trials = [case.trial(half, seconds[1])[1] for _ in range(HALF_TRIALS)]
        row |= {"half_pps": half} | at_half(trials)
        row |= {f"rss{side.letter}_kb": side.peak_kb() for side in place.sides}
        return row
