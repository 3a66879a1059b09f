"""Real machines under `longwire run`: what a user sees of it, and agents that end at bad times.

Two machines on two hosts, for all cases: one of a QEMU that has no dgram (as before 7.2), with a
device of the user's; the other with what run adds. Their cards wait where e1000 throws away. That
they are reached within two seconds after a restart of the agent, test_attachments.py measures.
"""

import os
import signal

import pytest

from agent import RELEASE, introduce
from guest import QEMU, answers_of, pings, sends_by_tcp, who_answers
from netns import wait_for
from plugs import config, port, ports_of

AGAIN_S = 5  # a ping that was lost is a second
SETTLED_S = 30
FLOOD_S = 4
FLOODS_MAX = 5
STUCK_S = 8  # twice as long as a flood that nothing stops; on a busy computer that takes its time
SOME_FRAMES = 100
KILLED_TIMES = 3
MODEL = "virtio-net-pci"
OLD_QEMU = f"""#!/bin/sh
# QEMU, which says that it knows no dgram
case "$*" in *"-netdev help") echo "Available netdev backend types:"; echo socket; exit ;; esac
exec {QEMU} "$@"
"""


class Hosts:
    """Two agents, and their machines."""

    def __init__(self, agents, machines):
        self.agents = agents
        self.machines = machines

    def near(self, index):
        """An agent, its machine, and the machine of the other host."""
        return self.agents[index], self.machines[index], self.machines[1 - index]


@pytest.fixture(scope="module")
def hosts(shared_lab, shared_agents, shared_guests, tmp_path_factory):
    """Machines that were started before there was an agent."""
    both = [
        shared_agents(shared_lab.host(name), config=config(hub=""), binary=RELEASE)
        for name in ("anna", "bert")
    ]
    introduce(*both)
    old_qemu = tmp_path_factory.mktemp("old") / "qemu-system-x86_64"
    old_qemu.write_text(OLD_QEMU)
    old_qemu.chmod(0o755)
    machines = [
        shared_guests(
            agent.host, f"10.9.0.{number}", None, netdev=None, extra=["-name", "win98", *extra],
            program=[agent.binary, "-C", agent.folder, "run", *options, "--", qemu],
        )
        for number, agent, options, qemu, extra in (
            (1, both[0], [], str(old_qemu), ["-device", f"{MODEL},netdev=lw"]),
            (2, both[1], ["--device", MODEL], QEMU, []),
        )
    ]
    for agent in both:
        agent.up()
    both[0].wait_up("bert")
    return Hosts(both, [machine.boot() for machine in machines])


def test_machines_are_on_one_lan_each_with_a_mac_of_its_own(hosts):
    for agent, machine, other in (hosts.near(0), hosts.near(1)):
        assert pings(machine, other), agent.story()
        sends_by_tcp(machine, other)
        assert machine.mac.startswith("02:") and machine.mac != other.mac
        macs = {m["mac"]: m["port"] for m in agent.status()["vlans"][0]["macs"]}
        assert macs[machine.mac] == "win98"
    one, two = hosts.machines
    assert who_answers(one, two) == [answers_of(two), answers_of(one)]


def test_a_qemu_gets_the_netdev_that_it_has(hosts):
    for machine, netdev in zip(hosts.machines, ("socket,id=lw,fd=", "dgram,id=lw,local.type=fd")):
        with open(f"/proc/{machine.qemu_pid()}/cmdline", encoding="utf-8") as line:
            assert f"\0-netdev\0{netdev}" in line.read()


def frames_from(agent):
    """How many frames the machine has sent to this agent."""
    return (port(agent, "win98") or {"rx_frames": 0})["rx_frames"]


@pytest.mark.parametrize("index", [0, 1], ids=["socket", "dgram"])
def test_agents_that_are_killed_under_load_leave_nothing_half_said(hosts, index):
    agent, machine, other = hosts.near(index)
    attached = agent.log().count("a machine was attached")
    machine.begin(f"peer flood eth0 {FLOOD_S} {other.mac}")
    for _ in range(KILLED_TIMES):
        wait_for(lambda: frames_from(agent) > SOME_FRAMES, SETTLED_S, agent.story)
        agent.kill()
        agent.up()
    machine.finish()
    wait_for(lambda: ports_of(agent) == ["win98"], SETTLED_S, agent.story)
    assert agent.log().count("a machine was attached") == attached + KILLED_TIMES, agent.story()
    assert agent.log().count("the machine has gone") == 0, agent.story()
    agent.wait_up(hosts.agents[1 - index].name)
    assert pings(machine, other) and pings(other, machine), agent.story()
    sends_by_tcp(machine, other)


def flood_until_stuck(machine, other):
    """Flood while it ends: on a busy computer one does not fill the socket. What each of those said."""
    said = []
    while len(said) < FLOODS_MAX:
        machine.begin(f"peer flood eth0 {FLOOD_S} {other.mac}")
        try:
            said.append(machine.finish(STUCK_S))
        except TimeoutError:
            break
    return said


@pytest.mark.parametrize("index", [0, 1], ids=["socket", "dgram"])
def test_a_machine_that_waits_for_an_agent_that_hangs_goes_on_without_it(hosts, index):
    agent, machine, other = hosts.near(index)
    agent.process.send_signal(signal.SIGSTOP)
    try:
        said = flood_until_stuck(machine, other)
    finally:
        agent.kill()
    assert len(said) < FLOODS_MAX, f"{said}: frames that went although nobody took them"
    machine.finish()  # with nobody but run to read it
    agent.up()
    agent.wait_up(hosts.agents[1 - index].name)
    assert pings(other, machine, AGAIN_S), agent.story()
    sends_by_tcp(machine, other)


def test_a_machine_ends_with_its_status_and_takes_its_port_along(hosts):
    agent, machine, _ = hosts.near(0)
    pid = machine.qemu_pid()
    machine.begin("poweroff -f")
    assert machine.process.wait(SETTLED_S) == 0
    assert not os.path.exists(f"/proc/{pid}")
    wait_for(lambda: ports_of(agent) == [], SETTLED_S, agent.story)


def test_a_signal_to_run_is_one_to_the_machine(hosts):
    agent, machine, _ = hosts.near(1)
    pid = machine.qemu_pid()
    machine.process.send_signal(signal.SIGINT)
    assert machine.process.wait(SETTLED_S) == 0  # QEMU ends cleanly
    assert not os.path.exists(f"/proc/{pid}")
    wait_for(lambda: ports_of(agent) == [], SETTLED_S, agent.story)
