"""What an agent costs: memory under load and wake-ups when idle. Release build."""

import time

from agent import CONFIG, RELEASE, introduce
from machine import Machine, crosses
from netns import wait_for

# 11.3 MB, and as much of 2 MB of backlog as a busy computer lets wait
MEMORY_LIMIT_KIB = 14 * 1024
IDLE_S = 60
QUIET_S = 20
ASKING = 4  # asking for status costs wake-ups of its own: accept, read, write, close
NO_HUB = CONFIG[: CONFIG.index("[port hub]")] + "[port m]\nvlan = lan\ntype = dgram\nlocal = m\n"
FRAMES = 20000


def pair(lab, agents):
    """Two connected agents with a machine each."""
    both = [agents(lab.host(name), binary=RELEASE) for name in ("anna", "bert")]
    introduce(*both)
    for agent in both:
        agent.up()
    both[0].wait_up("bert")
    machines = [Machine(a.host, f"02:00:00:00:00:0{n}") for n, a in enumerate(both, start=1)]
    assert crosses(machines[0], machines[1], 30)
    assert crosses(machines[1], machines[0], 30)
    return both, machines


def test_one_busy_peer_costs_at_most_fourteen_megabytes(lab, agents):
    both, machines = pair(lab, agents)
    for number in range(FRAMES):
        machines[0].say(number, target=machines[1].mac, size=1514)
        machines[1].say(number, target=machines[0].mac, size=1514)
    wait_for(lambda: len(machines[0].listen(0.5)) == 0, 30, "the machines stay busy")
    for agent in both:
        assert agent.vm_hwm_kib() <= MEMORY_LIMIT_KIB
        assert agent.status()["peers"][0]["rx_frames"] > FRAMES // 2


def test_idle_with_one_peer_an_agent_wakes_at_most_once_a_second(lab, agents):
    both, _ = pair(lab, agents)
    time.sleep(5)  # what the first seconds need is not idleness
    before = [agent.status()["agent"]["wakeups"] for agent in both]
    time.sleep(IDLE_S)
    after = [agent.status()["agent"]["wakeups"] for agent in both]
    for was, is_now in zip(before, after):
        assert is_now - was <= IDLE_S + ASKING


def test_while_a_peer_is_away_an_agent_wakes_at_most_once_a_second(lab, agents):
    anna, bert = (agents(lab.host(name), binary=RELEASE) for name in ("anna", "bert"))
    introduce(anna, bert)
    anna.up()  # and tries bert, who is not, every second
    time.sleep(5)
    before = anna.status()["agent"]["wakeups"]
    time.sleep(QUIET_S)
    assert anna.status()["agent"]["wakeups"] - before <= QUIET_S + ASKING


def test_idle_without_hub_and_tap_an_agent_does_not_wake(lab, agents):
    anna, bert = (agents(lab.host(n), config=NO_HUB, binary=RELEASE) for n in ("anna", "bert"))
    introduce(anna, bert)
    anna.up()
    bert.up()
    anna.wait_up("bert")
    bert.wait_up("anna")
    time.sleep(15)  # their paths are looked at until then
    before = anna.status()["agent"]["wakeups"]
    time.sleep(QUIET_S)
    # there may be one minute's look at the socket, or a keep-alive, within that time
    assert anna.status()["agent"]["wakeups"] - before <= ASKING + 2
