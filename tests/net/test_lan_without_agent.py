"""The topology that the project exists for, with stand-ins for the machines.

A laptop behind a router; at home, desktop 1 with an agent whose hub is the LAN (interface =
eth0), and desktop 2 on that LAN without an agent. One LAN for the machines of all three.
"""

import pytest

from agent import CONFIG, introduce
from machine import Machine, counted, crosses

LAN_CONFIG = CONFIG + "interface = eth0\n"
SETTLED_S = 30


@pytest.fixture
def three(lab, agents):
    """The machines on laptop, desktop 1 and desktop 2; agents run on the first two."""
    home = lab.lan()
    laptop = agents(lab.host("laptop", lab.lan(lab.home_router("router"))))
    desktop1 = agents(lab.host("desktop1", home), config=LAN_CONFIG)
    desktop2 = lab.host("desktop2", home)
    introduce(laptop, desktop1, called=[desktop1])
    laptop.up()
    desktop1.up()
    laptop.wait_up("desktop1")
    desktop1.wait_up("laptop")
    return [
        Machine(laptop.host, "02:00:00:00:00:01"),
        Machine(desktop1.host, "02:00:00:00:00:02", localaddr=desktop1.host.address()),
        Machine(desktop2, "02:00:00:00:00:03", localaddr=desktop2.address()),
    ]


def test_machines_on_all_three_hosts_are_on_one_lan(three):
    for one in three:
        for other in three:
            assert one is other or crosses(one, other, SETTLED_S)
            assert one is other or crosses(one, other, SETTLED_S, target=other.mac)


def test_each_of_the_three_hears_every_broadcast_once(three):
    for one in three:
        for other in three:
            assert one is other or crosses(one, other, SETTLED_S)
    for machine in three:
        machine.take()
    for number in range(1000, 1020):
        for machine in three:
            machine.say(number)
    for machine in three:
        heard = counted(machine.listen(2))
        assert sorted(heard) == sorted((s, n) for s in (1, 2, 3) for n in range(1000, 1020))
