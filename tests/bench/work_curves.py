"""work_curves.py - how the cost grows with the number of peers

One agent on host A and N on host B, all on B's one core. A machine on A's hub sends 64-byte
frames: to one machine behind each of the N in turn, or to all at once (broadcast). On B each agent
has a port of type udp to the same sink. What matters is the sender: its CPU time for a frame that
came in. B's core is shared by N agents, so that the rate that arrives says how B copes, and is no
curve of the protocol. From about 16 agents on it is that core that is full, so "as many as go" is
another rate for each number of peers, and what a frame costs depends on the rate.
"""

import json
import os
import subprocess

from place import Place, wait
from tunnels import AGENT, HUB_PORT, Longwire
from work_hub import UP_LIMIT_S, Case

SHARED = (1, 2, 4, 8, 16, 32, 64)
BROADCAST = (1, 2, 4, 8, 16, 32, 64)
SHARED_PPS = 10000  # what one core takes for sure, however many processes share it
BUSY_PPS = 30000  # about what 64 receivers take: lost frames are the receivers', they cost the same
BROADCAST_FRAMES_PPS = 12800  # arriving copies a second: the load of B is the same for all N
FIRST_PORT, SINK_PORT, FIRST_LISTEN = 40001, 50000, 7701
MACHINE_MAC = 100  # of the machine behind the first peer
# Not of ports alone: the receivers have it for what a peer sends, and the rate for one peer is more
# than twice the default.
NO_LIMIT = "broadcast = off"
UDP_PORT = (
    "[port m]\nvlan = lan\ntype = udp\nlocal = 127.0.0.1:{local}\n"
    "remote = 127.0.0.1:%d\n" % SINK_PORT
)


class Crowd(Longwire):
    """A, and N agents on B that do not know each other."""

    def __init__(self, place, tools, count):
        super().__init__(place, tools)
        self.count = count

    def folder_call(self, folder, *words, text=None):
        """A subcommand on any of the folders."""
        command = [self.tools["longwire"], "-C", self.path(folder), *words]
        return subprocess.run(
            command, input=text, capture_output=True, text=True, check=True
        ).stdout

    def make(self, folder, config, at):
        """Identity and configuration. Return: its card"""
        os.makedirs(self.path(folder), exist_ok=True)
        self.folder_call(folder, "init", "--name", folder)
        self.write(f"{folder}/agent.conf", config)
        return self.folder_call(folder, "card", "--at", at)

    def prepare(self):
        a, b = self.place.sides
        config = AGENT.format(letter="A", more=NO_LIMIT, ports=HUB_PORT)
        own = self.make("hostA", config, f"{a.wire_ip}:7777")
        for i in range(self.count):
            port = UDP_PORT.format(local=FIRST_PORT + i)
            config = AGENT.format(letter=i, more=NO_LIMIT, ports=port)
            config = config.replace("listen = 7777", f"listen = {FIRST_LISTEN + i}")
            card = self.make(f"host{i}", config, f"{b.wire_ip}:{FIRST_LISTEN + i}")
            self.folder_call("hostA", "add", text=card)
            self.folder_call(f"host{i}", "add", text=own)

    def up(self):
        a, b = self.place.sides
        for i in range(self.count):
            b.daemon(self.tools["longwire"], "-C", self.path(f"host{i}"), "up")
        a.daemon(self.tools["longwire"], "-C", self.path("hostA"), "up")
        wait(self.is_up, UP_LIMIT_S, "all agents are up", 0.2)

    def is_up(self):
        """All connected, and the hub forwarding?"""
        try:
            status = json.loads(self.folder_call("hostA", "status", "--json"))
        except subprocess.CalledProcessError:
            return False
        up = [peer for peer in status["peers"] if peer["state"] == "up"]
        return len(up) == self.count and status["vlans"][0]["ports"][0]["state"] == "forwarding"


class CrowdCase(Case):
    """Trials with many machines behind one sink."""

    def __init__(self, place, tools, count, is_broadcast):
        super().__init__(place, tools, 64, place.b)
        self.count = count
        self.is_broadcast = is_broadcast

    def start(self, side, role, seconds, more, cpu):
        words = ["-t", seconds, "-i", self.number % 60000 + 1, "-n", self.count]
        transport = f"udp:127.0.0.1:{SINK_PORT}:127.0.0.1:{FIRST_PORT}"
        if role == "sink":
            command = ["sink", transport, *words, "-M", MACHINE_MAC]
        else:
            to = [] if self.is_broadcast else ["-D", MACHINE_MAC]
            command = ["gen", "mcast:230.0.0.1:33000:127.0.0.1", *words, *more[:4], "-M", "1", *to]
        return side.popen(
            self.tools["qemunic"], *command, cpu=cpu, stdout=subprocess.PIPE, text=True
        )

    def messages(self):
        """What went through the sender's kernel to the wire: a run of datagrams is one."""
        link = self.place.a.link("-s", "-j", "link", "show", self.place.a.wire)
        return json.loads(link)[0]["stats64"]["tx"]["packets"]

    def trial(self, rate, seconds):
        before = self.messages()
        sent, got = super().trial(rate, seconds)
        got["messages"] = (self.messages() - before) / max(1, sent["sent"])
        return sent, got


def busy(case, seconds):
    """The sender at a rate that is the same for each number of peers, and no idling."""
    before = case.place.a.cpu_s()
    sent, got = case.trial(BUSY_PPS, seconds)
    used = case.place.a.cpu_s() - before
    return {"busy_a_us": used / max(1, sent["sent"]) * 1e6, "busy_messages": got["messages"]}


def measure(kind, count, context):
    """One row: @kind "shared" or "broadcast" with that many peers."""
    seconds = 0.5 if context.quick else 2.0
    with Place(rps=context.rps) as place:
        place.hubs()
        crowd = Crowd(place, context.tools, count)
        crowd.prepare()
        crowd.up()
        case = CrowdCase(place, context.tools, count, kind == "broadcast")
        rate = BROADCAST_FRAMES_PPS / count if kind == "broadcast" else SHARED_PPS
        case.trial(min(rate, 100), 0.5)  # every path is warm
        a_before, b_before = place.a.cpu_s(), place.b.cpu_s()
        sent, got = case.trial(rate, seconds)
        a_us = (place.a.cpu_s() - a_before) / max(1, sent["sent"]) * 1e6
        b_us = (place.b.cpu_s() - b_before) / max(1, sent["sent"]) * 1e6
        copies = got["frames"] + got["dup"]  # copies of one broadcast have one number
        wanted = sent["sent"] * (count if kind == "broadcast" else 1)
        row = {
            "sent_pps": sent["pps"],
            "a_us": a_us,
            "b_us": b_us,
            "arrived": copies / max(1, wanted),
        }
        row["rssA_kb"] = place.a.peak_kb()
        if kind == "shared":
            row["messages"] = got["messages"]
            row |= busy(case, seconds)
            flood = case.trial(0, seconds)
            best = case.search(flood, seconds / 2)
            row |= {"offered_pps": flood[0]["pps"], "flood_pps": flood[1]["pps"]}
            row["max_pps"] = best[1]["pps"] if best else 0
            if best:
                row |= {"best_a_us": best[1]["near_us"], "best_b_us": best[1]["far_us"]}
                row["best_messages"] = best[1]["messages"]
        return row
