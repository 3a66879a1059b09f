"""Runs of datagrams, taken and given as one by the kernel at both ends, at one, or at none."""

import pytest

from agent import CONFIG, introduce
from machine import Machine, mac_bytes, numbered, read_number
from netns import wait_for
from test_two_hosts import ANNA_MAC, BERT_MAC, SETTLED_S, Pair

COUNT = 400
SIZES = (1514, 1514, 1514, 60, 1514, 700, 1400, 60, 60, 60)


def with_offload(agent, word):
    """The usual configuration, with the key."""
    text = CONFIG.format(name=agent.name, port=agent.port)
    agent.configure(text.replace("[vlan", f"offload = {word}\n\n[vlan", 1))


def started(lab, agents, at_anna, at_bert):
    """Two hosts and a machine each, connected."""
    pair = Pair(lab, agents)
    with_offload(pair.anna, at_anna)
    with_offload(pair.bert, at_bert)
    return pair.start()


def sizes_from(first):
    """(number, size) of the frames that one machine sends."""
    return [(n, SIZES[n % len(SIZES)]) for n in range(first, first + COUNT)]


def send_all(machine, target, first):
    """All of them, as fast as they go."""
    for number, size in sizes_from(first):
        machine.say(number, target, size)


def hear_all(machine, sender, first):
    """Each comes once, in order, and is what was sent."""
    mark = mac_bytes(sender)[5]
    expected = [
        numbered(sender, machine.mac, mark, number, size) for number, size in sizes_from(first)
    ]
    heard = []

    def is_last(frame):
        if (n := read_number(frame)) and n[0] == mark and first <= n[1] < first + COUNT:
            heard.append(frame)
        return len(heard) == COUNT

    machine.hears(is_last, SETTLED_S)
    assert [read_number(f)[1] for f in heard] == [n for n, _ in sizes_from(first)]
    assert heard == expected
    late = [n for n in map(read_number, machine.take()) if n and n[0] == mark]
    assert not [n for _, n in late if first <= n < first + COUNT]  # none twice


def all_cross(pair, first=0):
    """Both ways, at the same time."""
    pair.machine_a.take()
    pair.machine_b.take()
    send_all(pair.machine_a, BERT_MAC, first)
    send_all(pair.machine_b, ANNA_MAC, first)
    hear_all(pair.machine_b, ANNA_MAC, first)
    hear_all(pair.machine_a, BERT_MAC, first)


@pytest.mark.parametrize("at_bert", ["on", "off"])
@pytest.mark.parametrize("at_anna", ["on", "off"])
def test_each_frame_of_a_burst_crosses_once_and_whole(lab, agents, at_anna, at_bert):
    all_cross(started(lab, agents, at_anna, at_bert))


def switch(agent, word):
    """Change the key, until the agent has taken it over."""
    before = agent.log().count("taken over")
    with_offload(agent, word)
    wait_for(lambda: agent.log().count("taken over") > before, SETTLED_S, agent.story)


def test_offload_is_switched_while_the_agent_runs(lab, agents):
    pair = started(lab, agents, "on", "on")
    for i, word in enumerate(("off", "on"), start=1):
        switch(pair.anna, word)
        all_cross(pair, i * COUNT)
    assert pair.anna.peer("bert")["state"] == "up"


@pytest.mark.parametrize("feature", ["tx-udp-segmentation", "tx-checksum-ip-generic"])
def test_each_frame_crosses_a_network_card_that_can_less(lab, agents, feature):
    pair = started(lab, agents, "on", "on")
    for host in (pair.anna.host, pair.bert.host):
        host.run("ethtool", "-K", "eth0", feature, "off")
    all_cross(pair)
