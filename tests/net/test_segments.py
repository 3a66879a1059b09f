"""Agents that share a LAN segment: no loop, nothing twice, nothing lost.

Every case is a drawing: hosts on LANs, agents that serve their own host (auto) or their LAN (eth0),
machines, and who knows whom. In each, while the agents start, broadcasts go on; then a thousand of them
must reach every machine exactly once.
"""

import contextlib
import itertools
import threading
import time

import pytest

from agent import CONFIG, RELEASE, introduce
from machine import Machine, counted
from netns import wait_for

LAN_CONFIG = CONFIG + "interface = eth0\n"
SECOND_HUB = """
[port second]
vlan  = lan
type  = mcast
group = 230.0.0.2:33000
interface = lo
"""
SETTLED_S = 2  # after the agents are there
START_S = 15  # for sessions on a busy machine
PACE_S = 0.02
BROADCASTS = 1000
EXTRA_MAX = 10
TAKEOVER_S = 3
HANDOVER_S = 0.2
NOISE_S = 0.3  # what a busy machine adds to a gap


class Drawing:
    """Hosts, agents and machines of one case."""

    def __init__(self, lab, agents):
        self.lab = lab
        self.make_agent = agents
        self.hosts = {}
        self.agents = {}
        self.machines = []
        self.numbers = itertools.count(1)

    def host(self, name, lan=None):
        """A host, on @lan or one of its own."""
        self.hosts[name] = self.lab.host(name, lan)
        return self.hosts[name]

    def agent(self, name, lan=None, config=CONFIG):
        """A host with an agent."""
        self.agents[name] = self.make_agent(self.host(name, lan), config=config, binary=RELEASE)
        return self.agents[name]

    def machine(self, name, where="plain", **options):
        """A machine on that host: "plain" as the manual page says, "lo" or on "eth0"."""
        host = self.hosts[name]
        localaddr = {"plain": None, "lo": "127.0.0.1", "eth0": host.address()}[where]
        mac = f"02:00:00:00:00:{len(self.machines) + 1:02x}"
        self.machines.append(Machine(host, mac, localaddr=localaddr, **options))
        return self.machines[-1]

    def start(self):
        """All agents, while the first machine goes on talking; fails if much arrives twice."""
        with talking(self.machines) as stop:
            for agent in self.agents.values():
                agent.start()
            for agent in self.agents.values():
                wait_for(agent.status, START_S, agent.story)
            begun = time.monotonic()
            for agent in self.agents.values():
                for peer in agent.status()["peers"]:
                    agent.wait_up(peer["name"], timeout_s=START_S)
            time.sleep(max(0, begun + SETTLED_S - time.monotonic()))
            stop.set()
        extra = sum(copies - 1 for copies in self.copies(1).values())
        assert extra < EXTRA_MAX, self.story(f"{extra} extra copies while starting")

    def copies(self, seconds):
        """How often each machine heard each frame: {(listener, sender, number): times}."""
        time.sleep(seconds)
        heard = {}
        for index, machine in enumerate(self.machines):
            for sender, number in counted(machine.take()):
                key = (index + 1, sender, number)
                heard[key] = heard.get(key, 0) + 1
        return heard

    def story(self, what):
        """For messages."""
        return what + "\n" + "\n".join(agent.story() for agent in self.agents.values())

    def check(self, hears=lambda one, other: True):
        """A thousand broadcasts, each exactly once at every machine that is to hear them."""
        for machine in self.machines:
            machine.take()
        sent = []
        for number in range(10000, 10000 + BROADCASTS):
            sender = number % len(self.machines)
            self.machines[sender].say(number)
            sent.append((sender + 1, number))
            time.sleep(0.002)
        heard = self.copies(1.5)
        wrong = {}
        for listener in range(1, len(self.machines) + 1):
            for sender, number in sent:
                wanted = 1 if listener == sender or hears(listener, sender) else 0
                got = heard.get((listener, sender, number), 0)
                if got != wanted:
                    pair = (listener, sender, f"{got} instead of {wanted}")
                    wrong[pair] = wrong.get(pair, 0) + 1
        assert not wrong, self.story(f"(listener, sender, copies): frames {wrong}")

    def port(self, name):
        """The hub port in that agent's status."""
        return self.agents[name].status()["vlans"][0]["ports"][0]


@contextlib.contextmanager
def talking(machines):
    """Each machine says something every PACE_S seconds in turn, until the event is set."""
    stop = threading.Event()

    def talk():
        for number in itertools.count(1):
            if stop.wait(PACE_S):
                return
            machines[number % len(machines)].say(number)

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def draw(lab, agents):
    """An empty drawing; its machines are closed at the end."""
    made = Drawing(lab, agents)
    yield made
    for machine in made.machines:
        machine.close()


@pytest.mark.parametrize("kinds", ["plain plain", "lo lo", "plain lo", "both both"])
def test_two_agents_on_one_lan_that_serve_their_own_hosts(draw, kinds):
    lan = draw.lab.lan()
    one, other = draw.agent("anna", lan), draw.agent("bert", lan)
    for name, kind in zip(("anna", "bert"), kinds.split()):
        for where in ("plain", "lo") if kind == "both" else (kind,):
            draw.machine(name, where)
    introduce(one, other)
    draw.start()
    draw.check()


def test_two_agents_that_serve_one_lan(draw):
    lan = draw.lab.lan()
    one, other = draw.agent("anna", lan, LAN_CONFIG), draw.agent("bert", lan, LAN_CONFIG)
    draw.host("carl", lan)
    for name in ("anna", "bert", "carl"):
        draw.machine(name, "eth0")
    introduce(one, other)
    draw.start()
    draw.check()


@pytest.mark.parametrize("kinds", ["plain", "lo", "plain lo"])
def test_one_agent_that_serves_its_host_and_one_that_serves_the_lan(draw, kinds):
    lan = draw.lab.lan()
    one, other = draw.agent("anna", lan), draw.agent("bert", lan, LAN_CONFIG)
    draw.host("carl", lan)
    for where in kinds.split():
        draw.machine("anna", where)
    draw.machine("bert", "eth0")
    draw.machine("carl", "eth0")
    introduce(one, other)
    draw.start()
    draw.check()


CONFIGS = {"auto": CONFIG, "lan": LAN_CONFIG}


def three(draw, kinds, strangers=False):
    """Two agents on a LAN, a machine on a host without one there, and a third agent far away."""
    lan = draw.lab.lan()
    first, second = kinds.split()
    one = draw.agent("anna", lan, CONFIGS[first])
    other = draw.agent("bert", lan, CONFIGS[second])
    far = draw.agent("carl")
    draw.machine("anna", "plain" if first == "auto" else "eth0")
    draw.machine("bert", "plain" if second == "auto" else "eth0")
    draw.machine("carl", "lo")
    if "lan" in kinds:
        draw.host("dora", lan)
        draw.machine("dora", "eth0")
    if strangers:
        introduce(one, far)
        introduce(other, far)
    else:
        introduce(one, other, far)
    return one, other, far


@pytest.mark.parametrize("strangers", [False, True])
@pytest.mark.parametrize("kinds", ["auto auto", "lan lan", "auto lan"])
def test_two_agents_on_one_lan_and_a_third_far_away(draw, kinds, strangers):
    three(draw, kinds, strangers)
    draw.start()
    draw.check()


def test_two_lans_joined_by_two_pairs_that_do_not_know_each_other(draw):
    lans = draw.lab.lan(), draw.lab.lan()
    for names in (("anna", "bert"), ("carl", "dora")):
        introduce(*[draw.agent(name, lan, LAN_CONFIG) for name, lan in zip(names, lans)])
    for name, lan in zip(("erik", "fred"), lans):
        draw.host(name, lan)
    for name in draw.hosts:
        draw.machine(name, "eth0")
    draw.start()
    draw.check()
    blocked = [name for name in draw.agents if draw.port(name)["state"] == "blocked"]
    assert sorted(blocked) in (["anna", "bert"], ["carl", "dora"]), draw.story("")
    assert "exchange cards" in draw.port(blocked[0])["detail"]


def test_machines_of_a_second_hub_are_on_the_lan_too(draw):
    lan = draw.lab.lan()
    one = draw.agent("anna", lan, LAN_CONFIG + SECOND_HUB)
    other = draw.agent("bert", lan, CONFIG + SECOND_HUB)
    far = draw.agent("carl", config=CONFIG + SECOND_HUB)
    draw.machine("anna", "eth0")
    draw.machine("bert", "plain")
    draw.machine("carl", "lo")
    for name in ("anna", "bert", "carl"):
        draw.machine(name, "lo", group="230.0.0.2")
    introduce(one, other, far)
    draw.start()
    draw.check()


def gap(draw, end):
    """What a machine far away misses of another's broadcasts while @end happens, seconds."""
    speaker, listener = draw.machines[-1], draw.machines[2]
    listener.take()
    with talking([speaker]):
        time.sleep(1)
        end()
        time.sleep(TAKEOVER_S + 2)
    time.sleep(1)
    numbers = sorted(n for s, n in counted(listener.take()) if s == 4)
    assert len(set(numbers)) == len(numbers), draw.story("a frame came twice")
    numbers = [0] + numbers
    return max(b - a - 1 for a, b in zip(numbers, numbers[1:])) * PACE_S


def forwarder(draw):
    """Of the two agents on the LAN the one that forwards to the third."""
    ports = {name: draw.port(name)["state"] for name in ("anna", "bert")}
    standing = [name for name, state in ports.items() if state in ("standby", "blocked")]
    assert len(standing) == 1, draw.story(str(ports))
    return draw.agents["bert" if standing == ["anna"] else "anna"]


@pytest.mark.parametrize("strangers", [False, True])
def test_another_agent_takes_over_from_a_forwarder_that_is_killed(draw, strangers):
    three(draw, "lan lan", strangers)
    draw.start()
    draw.check()
    victim = forwarder(draw)
    assert gap(draw, victim.kill) <= TAKEOVER_S + NOISE_S, draw.story("")
    draw.machines.pop(0 if victim.name == "anna" else 1).close()


@pytest.mark.parametrize("strangers", [False, True])
def test_another_agent_takes_over_from_a_forwarder_that_stops_at_once(draw, strangers):
    three(draw, "lan lan", strangers)
    draw.start()
    draw.check()
    assert gap(draw, forwarder(draw).stop) <= HANDOVER_S + NOISE_S, draw.story("")


class Bridge:
    """Joins two hubs of a host outside of the agent, as a guest with two cards might."""

    def __init__(self, host):
        self.ends = [Machine(host, "02:00:00:00:ff:01"),
                     Machine(host, "02:00:00:00:ff:02", group="230.0.0.2")]
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.carry)
        self.count = 0
        self.thread.start()

    def carry(self):
        """From each to the other; the hub's echo of what we sent ourselves not again."""
        echo = [[], []]
        while not self.stop.wait(0.001):
            for here, there in ((0, 1), (1, 0)):
                for frame in self.ends[here].take():
                    if frame in echo[here]:
                        echo[here].remove(frame)
                        continue
                    self.ends[there].send(frame)
                    echo[there].append(frame)
                    self.count += 1

    def close(self):
        """Take it out."""
        self.stop.set()
        self.thread.join()
        for end in self.ends:
            end.close()


def test_two_own_ports_that_are_joined_outside_make_no_storm(draw):
    one = draw.agent("anna", config=CONFIG + SECOND_HUB)
    far = draw.agent("bert")
    draw.machine("anna", "lo")
    draw.machine("anna", "lo", group="230.0.0.2")
    draw.machine("bert", "lo")
    introduce(one, far)
    bridge = Bridge(draw.hosts["anna"])
    try:
        draw.start()
        states = sorted(p["state"] for p in one.status()["vlans"][0]["ports"])
        assert states == ["blocked", "forwarding"], draw.story("")
        draw.check()
        bridge.close()
        wait_for(
            lambda: all(p["state"] == "forwarding" for p in one.status()["vlans"][0]["ports"]),
            10, one.story)
        draw.check()
    finally:
        bridge.close()


def test_a_guest_that_relays_beacons_makes_no_shared_segment(draw):
    """It hears its hub's beacons, and whoever works with it repeats them on another hub."""
    one, far = draw.agent("anna"), draw.agent("bert")
    machines = draw.machine("anna", "lo"), draw.machine("bert", "lo")
    introduce(one, far)
    draw.start()
    deadline = time.monotonic() + 5
    relayed = 0
    while time.monotonic() < deadline:
        for here, there in (machines, machines[::-1]):
            for frame in here.take():
                if frame[12:14] == b"\x88\xb5":
                    there.send(frame)
                    relayed += 1
        time.sleep(0.05)
    assert relayed > 0
    draw.check()
    for name in draw.agents:
        assert draw.port(name)["detail"] == "", draw.story("")
