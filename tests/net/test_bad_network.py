"""A network that delays, reorders, doubles and loses: slower, but never wrong."""

import os
import random
import time

import pytest

from machine import Machine, counted, crosses
from netns import wait_for
from relay import Faults, Relay

SETTLED_S = 60
PACE_S = 0.002  # so that a dozen frames are on their way at once, not hundreds
SEED = int(os.environ.get("LONGWIRE_SEED", "0")) or random.randrange(1, 1 << 32)

ONLY_THROUGH_THE_RELAY = (
    "add table inet relay;"
    "add chain inet relay forward { type filter hook forward priority 0; policy drop; };"
)


@pytest.fixture
def through(lab, agents):
    """A function that connects two hosts through a relay with these faults."""
    relays = []

    def connect(faults):
        print("seed", SEED, "(LONGWIRE_SEED repeats it)")
        both = [agents(lab.host(name)) for name in ("anna", "bert")]
        # Agents tell each other their own addresses, and would find the way around the relay.
        lab.internet.nft(ONLY_THROUGH_THE_RELAY)
        ends = [(agent.host.address(), agent.port) for agent in both]
        relay = Relay(lab.internet, ends, SEED, faults, device="lan1")
        relay.__enter__()
        relays.append(relay)
        both[0].add(both[1], relay.endpoint(1))
        both[1].add(both[0], relay.endpoint(0))
        for agent in both:
            agent.up()
        both[0].wait_up("bert", timeout_s=SETTLED_S)
        both[1].wait_up("anna", timeout_s=SETTLED_S)
        machines = [Machine(a.host, f"02:00:00:00:00:0{n}") for n, a in enumerate(both, start=1)]
        assert crosses(machines[0], machines[1], SETTLED_S)
        assert crosses(machines[1], machines[0], SETTLED_S)
        return machines

    yield connect
    for relay in relays:
        relay.__exit__()


def sent_and_heard(machines, count, size=60):
    """Send @count frames from the first machine; what the second hears of them, in order."""
    machines[1].take()
    for number in range(count):
        machines[0].say(number, size=size)
        time.sleep(PACE_S)
    heard = []
    wait_for(lambda: not heard.extend(counted(more := machines[1].listen(1))) and not more, 30,
             "the network does not come to rest")
    return [number for sender, number in heard if sender == 1]


def test_a_doubled_datagram_delivers_its_frames_once(through):
    machines = through(Faults(double=1.0))
    assert sent_and_heard(machines, 200) == list(range(200))


def test_reordered_datagrams_deliver_every_frame_once(through):
    machines = through(Faults(delay_s=0.005, jitter_s=0.05))
    heard = sent_and_heard(machines, 200)
    assert sorted(heard) == list(range(200))


def test_full_size_frames_survive_reordered_and_doubled_fragments(through):
    machines = through(Faults(delay_s=0.005, jitter_s=0.02, double=0.5))
    heard = sent_and_heard(machines, 100, size=1514)
    assert sorted(heard) == list(range(100))


def test_with_a_third_of_all_datagrams_lost_they_connect_and_nothing_comes_twice(through):
    machines = through(Faults(drop=0.33))
    heard = sent_and_heard(machines, 300)
    assert 100 < len(heard) < 300 and len(set(heard)) == len(heard)
