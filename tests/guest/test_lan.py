"""Real machines on two and three hosts are on one LAN.

The netdev line is the one that deploy/quickstart prints; net/test_quickstart.py holds it to that.
"""

import pytest

from agent import CONFIG, introduce
from guest import PLAIN_NETDEV, answers_of, pings, sends_by_tcp, who_answers
from netns import wait_for

LAN_CONFIG = CONFIG + "interface = eth0\n"


def connect(one, other, called=None):
    """Cards exchanged, both agents up and connected."""
    introduce(one, other, called=called)
    one.up()
    other.up()
    one.wait_up(other.name)
    other.wait_up(one.name)


HEARD_S = 60
LINE = "echo 'hello from the other side' | socat - UDP4-DATAGRAM:230.0.0.1:33000"


def hears_the_line(guest, host):
    """Does a line that is piped into socat on @host, as it is, come to a packet socket of @guest?"""
    guest.begin(f"peer hear eth0 {HEARD_S} 'the other side'")
    guest.says("listening")
    host.run("sh", "-c", LINE)
    return guest.finish(HEARD_S + 10)[0] == 0


def machines_on_the_hub(host):
    """How many sockets have the hub's port, the agent's included."""
    return host.run("ss", "-Hlun", "sport = :33000").count("230.0.0.1")


@pytest.mark.parametrize("nic", ["e1000", "rtl8139", "virtio-net-pci"])
def test_guests_on_two_hosts_ping_transfer_and_answer_broadcasts(lab, agents, guests, nic):
    anna, bert = agents(lab.host("anna")), agents(lab.host("bert"))
    one = guests(anna.host, "10.9.0.1", "02:00:00:00:01:01", nic=nic)
    two = guests(bert.host, "10.9.0.2", "02:00:00:00:01:02", nic=nic)
    connect(anna, bert)
    one.boot()
    two.boot()
    assert pings(one, two)
    sends_by_tcp(one, two)
    sends_by_tcp(two, one)
    assert who_answers(one) == [answers_of(two)]
    # what everybody tries first: beside a machine on loopback, and beside one as in QEMU's manual page
    assert hears_the_line(two, anna.host)
    one.close()
    wait_for(lambda: machines_on_the_hub(anna.host) == 1, HEARD_S, anna.story)
    guests(anna.host, None, "02:00:00:00:01:03", netdev=PLAIN_NETDEV)
    wait_for(lambda: machines_on_the_hub(anna.host) == 2, HEARD_S, anna.story)
    assert hears_the_line(two, anna.host)


def test_a_laptop_and_two_desktops_of_which_one_has_an_agent_are_one_lan(lab, agents, guests):
    home = lab.lan()
    laptop = agents(lab.host("laptop", lab.lan(lab.home_router("router"))))
    desktop1 = agents(lab.host("desktop1", home), config=LAN_CONFIG)
    desktop2 = lab.host("desktop2", home)
    three = [
        guests(laptop.host, "10.9.0.1", "02:00:00:00:01:01"),
        guests(desktop1.host, "10.9.0.2", "02:00:00:00:01:02", netdev=PLAIN_NETDEV),
        guests(desktop2, "10.9.0.3", "02:00:00:00:01:03", netdev=PLAIN_NETDEV),
    ]
    connect(laptop, desktop1, called=[desktop1])
    for guest in three:
        guest.boot()
    for one in three:
        others = [guest for guest in three if guest is not one]
        for other in others:
            assert pings(one, other)
    expected = [answers_of(*(other for other in three if other is not one)) for one in three]
    assert who_answers(*three) == expected
    sends_by_tcp(three[0], three[2])
    sends_by_tcp(three[2], three[0])
