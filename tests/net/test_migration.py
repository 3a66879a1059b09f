"""Whose MAC it is: a machine that moves is found where it went, one that is copied stays."""

import contextlib
import threading
import time

import pytest

from agent import introduce
from frames import rarp_announcement
from machine import Machine, mac_bytes, read_number
from netns import wait_for

MOVER = "02:00:00:00:00:11"
WATCHERS = {"anna": "02:00:00:00:00:0a", "bert": "02:00:00:00:00:0b", "carl": "02:00:00:00:00:0c"}
SETTLED_S = 30
REACHED_S = 3.5  # within this a machine that announces itself is reached at its new place
STEP_S = 0.05
ANNOUNCED_S = (0, 0.05, 0.2, 0.45, 0.8)  # QEMU's announce-rounds, if nobody sets others
COPIED_S = 8  # so long a clone tries
OWNER_SPEAKS_S, CLONE_SPEAKS_S = 0.5, 0.2
BY_CLONE = 4711  # a number in its frames


class Watcher:
    """A machine that sends numbered frames to the mover all the time, and remembers when."""

    def __init__(self, host):
        self.machine = Machine(host, WATCHERS[host.name])
        self.mark = mac_bytes(self.machine.mac)[5]
        self.sent = []
        self.heard = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        while not self.stop.wait(STEP_S):
            self.sent.append(time.monotonic())
            self.machine.say(len(self.sent) - 1, MOVER)
            self.heard += filter(None, map(read_number, self.machine.take()))

    def __enter__(self):
        self.machine.say(0)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        self.machine.close()


def arrivals(machine, watchers, seconds=STEP_S):
    """What @machine hears in that time: for each watcher, when the frames were sent."""
    numbers = list(filter(None, map(read_number, machine.listen(seconds))))
    return [
        [w.sent[number] for sender, number in numbers if sender == w.mark and number < len(w.sent)]
        for w in watchers
    ]


def reached(machine, watchers, since=0.0):
    """When each watcher sent the first frame, not before @since, that reached @machine."""
    first = [None] * len(watchers)

    def all_there():
        for i, times in enumerate(arrivals(machine, watchers)):
            first[i] = first[i] or next((sent for sent in times if sent >= since), None)
        return all(first)

    where = f"{machine.mac} at {machine.host.name}"
    wait_for(all_there, SETTLED_S, lambda: f"{where} is reached: {first}")
    return first


class Trio:
    """Three hosts."""

    def __init__(self, lab, agents):
        self.agents = [agents(lab.host(name)) for name in WATCHERS]
        introduce(*self.agents)
        for agent in self.agents:
            agent.up()
        for agent in self.agents:
            agent.wait_up(*(other.name for other in self.agents if other is not agent))
        self.anna, self.bert, self.carl = self.agents

    def story(self):
        """For messages."""
        return "".join(agent.story() for agent in self.agents)

    def settle(self, machine):
        """Until everybody knows where @machine is."""
        home = machine.host.name

        def known_to(agent):
            macs = agent.status()["vlans"][0]["macs"]
            place = next((m["port"] or m["peer"] for m in macs if m["mac"] == machine.mac), None)
            return place == ("hub" if agent.name == home else home)

        wait_for(
            lambda: machine.say(0) or all(map(known_to, self.agents)), SETTLED_S, self.story
        )


@pytest.fixture
def trio(lab, agents):
    """Three connected agents."""
    return Trio(lab, agents)


def migrate(machine, agent):
    """@machine stops where it is, having spoken to the last, and goes on at @agent's host as a
    migrated machine does: QEMU announces it, and it has nothing to say itself. When it stopped."""
    moved = Machine(agent.host, machine.mac)
    machine.say(0)
    machine.close()
    stopped = time.monotonic()
    for after in ANNOUNCED_S:
        time.sleep(max(0, stopped + after - time.monotonic()))
        moved.send(rarp_announcement(machine.mac))
    return moved, stopped


def check_move(trio, watchers, machine, agent):
    """It is reached at its new place in time by all watchers, and then without a gap."""
    moved, stopped = migrate(machine, agent)
    took = [first - stopped for first in reached(moved, watchers, stopped)]
    assert max(took) <= REACHED_S, f"{took} s\n{trio.story()}"
    print(f"reached after {took} s")
    for times in arrivals(moved, watchers, 1):
        assert len(times) >= 0.8 / STEP_S, trio.story()
    return moved


def test_a_machine_that_migrates_and_announces_itself_is_reached_within_seconds(trio):
    mover = Machine(trio.anna.host, MOVER)
    trio.settle(mover)
    with contextlib.ExitStack() as stack:
        watchers = [stack.enter_context(Watcher(agent.host)) for agent in trio.agents]
        reached(mover, watchers)
        moved = check_move(trio, watchers, mover, trio.bert)
        trio.settle(moved)
        back = check_move(trio, watchers, moved, trio.anna)
    back.close()
    for agent in trio.agents:
        assert not agent.status()["warnings"], agent.story()


def places(trio, agent, owner, clone):
    """How a warning of @agent calls the two."""
    return {f"behind {'port hub' if at is agent else f'peer {at.name}'}" for at in (owner, clone)}


@pytest.mark.parametrize("announces", [False, True], ids=["silently", "by-rarp"])
def test_a_machine_whose_mac_is_copied_elsewhere_keeps_its_traffic(trio, announces):
    owner = Machine(trio.anna.host, MOVER)
    trio.settle(owner)
    clone = Machine(trio.bert.host, MOVER)
    with Watcher(trio.carl.host) as watcher:
        reached(owner, [watcher])
        began = spoke = time.monotonic()
        came = []
        while (now := time.monotonic()) < began + COPIED_S:
            if now - spoke >= OWNER_SPEAKS_S:
                owner.say(0)
                spoke = now
            clone.say(BY_CLONE)
            if announces:
                clone.send(rarp_announcement(MOVER))
            came += arrivals(owner, [watcher], CLONE_SPEAKS_S)[0]
        stolen = arrivals(clone, [watcher])[0]
        sent = [when for when in watcher.sent if began <= when < now - 1]
        assert not [when for when in stolen if when >= began], trio.story()
        assert len(set(sent) & set(came)) >= 0.95 * len(sent), trio.story()
        assert (clone_mark := mac_bytes(MOVER)[5], BY_CLONE) not in watcher.heard, clone_mark
    for agent in trio.agents:
        texts = [w["text"] for w in agent.status()["warnings"] if w["code"] == "mac-in-two-places"]
        named = places(trio, agent, trio.anna, trio.bert)
        assert len(texts) == 1 and MOVER in texts[0], agent.story()
        assert all(place in texts[0] for place in named), agent.story()
    owner.close()
    clone.close()
