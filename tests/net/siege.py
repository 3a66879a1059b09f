"""siege.py - two good hosts whose machines talk, and a third whose machines attack them

Layer: test harness. The attacker's agent and its machines have a processor of their own; all else
shares another. The gate is a rule in the router: while it is shut, what the attacker sends is lost
there, so that its processor has the same work to do, and all that is compared is whether the
others have to bear it.
"""

import os
import statistics
import subprocess
import time

from agent import CONFIG, RELEASE, introduce
from frames import (
    arp_reply,
    cisco_bpdu,
    dhcp_offer,
    neighbour_advertisement,
    router_advertisement,
    spanning_tree_bpdu,
)
from machine import BROADCAST, ethernet
from netns import prefer

TALK = os.environ.get("LONGWIRE_TALK", "talk")
FLOOD = os.environ.get("LONGWIRE_FLOOD", "flood")
LOUD = CONFIG + "broadcast = off\n"

MACS = {"anna": "02:00:00:00:00:0a", "bert": "02:00:00:00:00:0b"}
MALLORY = "02:00:00:00:00:0c"
ADDRESSES = {"anna": ("10.9.0.7", "fd00::7"), "bert": ("10.9.0.8", "fd00::8")}
FLOOD_HZ = 50000
FORGERIES_HZ = 1000
FOR_EVER_MS = 3600 * 1000
FRAME_BYTES = 64
SETTLE_S = 0.2  # a flood's first second is allowed at once, and is over by then
MARK = b"LWAT"  # hubs.h
FLOOD_MARK = 0


def forgeries():
    """What mallory's machines send besides broadcasts: reason at the others' agents, and frame."""
    victim, (ipv4, ipv6) = MACS["anna"], ADDRESSES["anna"]
    return [
        ("guard_arp", arp_reply(MALLORY, ipv4)),
        ("guard_arp", arp_reply(MALLORY, "10.9.0.66", says=victim)),
        ("guard_arp", neighbour_advertisement(MALLORY, ipv6)),
        ("guard_arp", neighbour_advertisement(MALLORY, "fd00::66", says=victim)),
        ("guard_dhcp", dhcp_offer(MALLORY, "10.9.0.99")),
        ("guard_ra", router_advertisement(MALLORY)),
        ("guard_bpdu", cisco_bpdu(MALLORY)),
        ("guard_bpdu", spanning_tree_bpdu(MALLORY)),
        ("mac_elsewhere", ethernet(victim, BROADCAST, b"I am anna's machine")),
    ]


class Program:
    """A test program that answers each line with a line, on one processor."""

    def __init__(self, host, core, *command):
        self.process = host.start(
            *pinned(core), *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "ready\n"
        prefer(self.process)

    def begin(self, line):
        """Tell it to do something."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end(self):
        """What it answers, in words."""
        return self.process.stdout.readline().split()

    def do(self, line):
        """Both."""
        self.begin(line)
        return self.end()


def processors():
    """The good and the bad one; None where there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[:2] if len(usable) >= 2 else None


def pinned(core):
    """Prefix of a command: one processor, and a session of its own for prefer()."""
    return ["setsid", "taskset", "-c", str(core)]


def counters(answer):
    """What talk reports, by name; "marked" is a list."""
    values = dict(zip(answer[0:8:2], map(int, answer[1:8:2])))
    return {**values, "marked": [int(word) for word in answer[9:]]}


class Siege:
    """Anna and Bert, a machine each that talk to each other; Mallory, whose machines attack."""

    def __init__(self, lab, agents, config=LOUD):
        good, bad = processors()
        self.agents = {
            name: agents(
                lab.host(name),
                binary=RELEASE,
                prefix=pinned(bad if name == "mallory" else good),
                config=config if name == "mallory" else CONFIG,
            )
            for name in ("anna", "bert", "mallory")
        }
        self.good = [self.agents["anna"], self.agents["bert"]]
        self.router = lab.internet
        self.phase = 0
        self.marked = []
        self._start_agents()
        self.talks = [
            Program(agent.host, good, TALK, MACS[agent.name], MACS[other.name])
            for agent, other in zip(self.good, self.good[::-1])
        ]
        self.flood = Program(
            self.agents["mallory"].host, bad, FLOOD, FLOOD_HZ, FORGERIES_HZ
        )
        for mark, (_, frame) in enumerate(forgeries(), FLOOD_MARK + 1):
            self.flood.do("forge " + (frame + MARK + bytes([mark])).hex())
        self.router.nft(
            "add table inet gate;"
            "add chain inet gate way { type filter hook forward priority 0; };"
        )

    def _start_agents(self):
        introduce(*self.agents.values())
        for agent in self.agents.values():
            agent.up()
            prefer(agent.process)
        for agent in self.agents.values():
            agent.wait_up(*(name for name in self.agents if name != agent.name))
            agent.wait_forwarding()

    def story(self):
        """For messages."""
        return "".join(agent.story() for agent in self.agents.values())

    def gate(self, is_open):
        """Let what Mallory sends through the router, or not."""
        mallory = self.agents["mallory"].host.address()
        self.router.nft(
            "flush chain inet gate way" if is_open else
            f"add rule inet gate way ip saddr {mallory} drop"
        )

    def attack(self):
        """Begin with it; the gate decides whether anybody notices."""
        self.gate(False)
        self.flood.begin(f"go {FOR_EVER_MS} {FRAME_BYTES}")

    def announce(self):
        """The good machines say which addresses they use, as machines do now and then."""
        for talk, agent in zip(self.talks, self.good):
            mac, (ipv4, ipv6) = MACS[agent.name], ADDRESSES[agent.name]
            for frame in (arp_reply(mac, ipv4), neighbour_advertisement(mac, ipv6)):
                talk.do("say " + frame.hex())

    def talk(self, *orders):
        """Let both machines do their part of one phase; what each counted."""
        self.phase += 1
        for talk, order in zip(self.talks[::-1], orders[::-1]):
            talk.begin(order.format(phase=self.phase))
        answers = [counters(talk.end()) for talk in self.talks]
        self.marked = [answer["marked"] for answer in answers]
        return answers

    def compare(self, measure, rounds):
        """measure() without and with the attack, in turns: for each of its figures, the median of
        the ratios of each turn with the two around it."""
        figures = []
        for turn in range(2 * rounds + 1):
            self.gate(turn % 2 == 1)
            self.announce()
            time.sleep(SETTLE_S)
            figures.append(measure())
        assert all(all(figure) for figure in figures), f"{figures}\n{self.story()}"
        ratios = [
            [2 * now / (before + after) for before, now, after in zip(*turns)]
            for turns in zip(figures[0:-2:2], figures[1:-1:2], figures[2::2])
        ]
        return [statistics.median(of_one) for of_one in zip(*ratios)]


def rss_kib(agent):
    """Memory that the agent has resident now."""
    with open(f"/proc/{agent.process.pid}/smaps_rollup", encoding="utf-8") as rollup:
        line = next(line for line in rollup if line.startswith("Rss:"))
    return int(line.split()[1])
