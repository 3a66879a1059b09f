"""Three hosts: everybody hears everybody once, and only whom he knows."""

import pytest

from agent import introduce
from machine import Machine, counted, crosses
from netns import wait_for

SETTLED_S = 30


def trio(lab, agents):
    """Three agents with a machine each; no cards exchanged yet."""
    made = [agents(lab.host(name)) for name in ("anna", "bert", "carl")]
    machines = [
        Machine(agent.host, f"02:00:00:00:00:{number:02x}")
        for number, agent in enumerate(made, start=0x0A)
    ]
    return made, machines


def start(made):
    """All agents."""
    for agent in made:
        agent.up()


@pytest.mark.parametrize("family", [4, 6])
def test_a_broadcast_reaches_every_host_exactly_once(lab, agents, family):
    made, machines = trio(lab, agents)
    introduce(*made, family=family)
    start(made)
    for agent in made:
        agent.wait_up(*[other.name for other in made if other is not agent])
    for one in machines:
        for other in machines:
            assert one is other or crosses(one, other, SETTLED_S)
    for machine in machines:
        machine.take()
    for number in range(1000, 1020):
        for machine in machines:
            machine.say(number)
    for machine in machines:
        heard = counted(machine.listen(2))
        assert sorted(heard) == sorted((s, n) for s in (10, 11, 12) for n in range(1000, 1020))


def test_two_friends_of_a_friend_do_not_hear_each_other(lab, agents):
    (anna, bert, carl), machines = trio(lab, agents)
    introduce(anna, bert)
    introduce(bert, carl)
    start([anna, bert, carl])
    assert crosses(machines[0], machines[1], SETTLED_S)
    assert crosses(machines[2], machines[1], SETTLED_S)
    assert crosses(machines[0], machines[2], 2) is None


def test_removing_one_peer_does_not_disturb_the_other(lab, agents):
    (anna, bert, carl), machines = trio(lab, agents)
    introduce(anna, bert)
    introduce(bert, carl)
    start([anna, bert, carl])
    bert.wait_up("anna", "carl")
    age = bert.peer("carl")["handshake_age_s"]
    bert.cli("remove", "anna")
    assert crosses(machines[1], machines[2], SETTLED_S)
    assert bert.peer("carl")["handshake_age_s"] >= age
    wait_for(lambda: bert.peer("anna") is None, SETTLED_S, bert.story)
