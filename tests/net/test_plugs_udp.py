"""Ports of type udp: one machine each, with raw frames in UDP."""

import contextlib
import socket

import pytest

from agent import introduce
from machine import Machine, crosses
from netns import wait_for
from plugs import OTHER, UdpPlug, config, drops, other_machine, port, settled

HERE, THERE, STRANGER = ("127.0.0.1", 7001), ("127.0.0.1", 7002), ("127.0.0.1", 7003)
UDP = ("vm", "udp", "local = 127.0.0.1:7001", "remote = 127.0.0.1:7002")
SETTLED_S = 20
RESTARTED_S = 2
NOT_HEARD_S = 1
SEEN_S = 10


@pytest.fixture
def anna(lab, agents):
    """One agent with a hub and two udp ports on one vlan."""
    return settled(agents(lab.host("anna"), config=config(UDP, OTHER)).up())


def hub_machine(agent, number=1):
    """A machine on the agent's hub."""
    return Machine(agent.host, f"02:00:00:00:00:0{number}")


@pytest.mark.parametrize("connected", [False, True], ids=["as QEMU", "as GNS3"])
def test_a_machine_on_udp_and_one_on_the_hub_of_another_host_hear_each_other(
    lab, agents, connected
):
    anna = agents(lab.host("anna"), config=config(UDP, hub=""))
    bert = agents(lab.host("bert"))
    introduce(anna, bert)
    anna.up()
    bert.up()
    one = UdpPlug(anna.host, "02:00:00:00:00:0a", THERE, HERE, connected)
    two = hub_machine(bert)
    assert crosses(one, two, SETTLED_S)
    assert crosses(two, one, SETTLED_S)
    assert crosses(two, one, SETTLED_S, target=one.mac)


def test_nobody_but_the_remote_is_heard(anna):
    machine = UdpPlug(anna.host, "02:00:00:00:00:0a", THERE, HERE)
    stranger = UdpPlug(anna.host, "02:00:00:00:00:0b", STRANGER, HERE)
    listener = hub_machine(anna)
    assert crosses(machine, listener, SETTLED_S)
    assert crosses(stranger, listener, NOT_HEARD_S) is None
    assert crosses(listener, stranger, NOT_HEARD_S) is None
    assert crosses(listener, machine, SETTLED_S)


def test_what_is_no_frame_is_counted_and_never_sent_on(anna):
    machine = UdpPlug(anna.host, "02:00:00:00:00:0a", THERE, HERE)
    listener = hub_machine(anna)
    assert crosses(machine, listener, SETTLED_S)
    for size in (0, 1, 13):
        machine.send(b"\x02" * size)
    machine.send(b"\x02" * 9217)
    wait_for(lambda: drops(anna, "vm", "short_frame") == 3, SEEN_S, anna.story)
    wait_for(lambda: drops(anna, "vm", "long_frame") == 1, SEEN_S, anna.story)
    assert crosses(machine, listener, SETTLED_S)
    assert min(map(len, machine.take() + listener.take()), default=14) >= 14


def test_frames_of_every_size_cross_whole(anna):
    machine = UdpPlug(anna.host, "02:00:00:00:00:0a", THERE, HERE)
    listener = hub_machine(anna)
    assert crosses(machine, listener, SETTLED_S)
    for size in (60, 64, 1514, 9000, 9216):
        assert crosses(machine, listener, SETTLED_S, size=size)
        assert crosses(listener, machine, SETTLED_S, size=size)


def test_a_machine_hears_the_next_agent_without_saying_a_word(anna):
    machine = UdpPlug(anna.host, "02:00:00:00:00:0a", THERE, HERE, connected=True)
    listener = other_machine(anna.host)
    assert crosses(listener, machine, SETTLED_S)
    for end in (anna.stop, anna.kill):
        end()
        anna.up()
        assert crosses(listener, machine, RESTARTED_S)
        assert crosses(machine, listener, RESTARTED_S)


def test_status_says_that_the_machine_is_not_there_until_it_is(anna):
    listener = hub_machine(anna)

    def is_missed():
        listener.say(1)
        return "nobody listens at 127.0.0.1:7002" in port(anna, "vm")["detail"]

    wait_for(is_missed, SEEN_S, anna.story)
    machine = UdpPlug(anna.host, "02:00:00:00:00:0a", THERE, HERE)
    assert crosses(listener, machine, SETTLED_S)
    machine.say(1)
    wait_for(lambda: port(anna, "vm")["detail"] == "", SEEN_S, anna.story)
    assert port(anna, "vm")["state"] == "forwarding"


def test_a_port_whose_address_is_taken_says_so_and_comes_when_it_is_free(lab, agents):
    anna = agents(lab.host("anna"), config=config(UDP))
    with anna.host.inside(), contextlib.closing(
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ) as thief:
        thief.bind(HERE)
        anna.up()
        assert port(anna, "vm")["state"] == "down"
        assert "another program has UDP address 127.0.0.1:7001" in port(anna, "vm")["detail"]
    wait_for(lambda: port(anna, "vm")["state"] == "forwarding", SEEN_S, anna.story)
    machine = UdpPlug(anna.host, "02:00:00:00:00:0a", THERE, HERE)
    assert crosses(machine, hub_machine(anna), SETTLED_S)


def test_nobody_can_bind_the_address_too_and_take_the_frames_away(anna):
    with anna.host.inside(), contextlib.closing(
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ) as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError):
            thief.bind(HERE)


def test_a_changed_remote_takes_effect_at_once(anna):
    old = UdpPlug(anna.host, "02:00:00:00:00:0a", THERE, HERE)
    new = UdpPlug(anna.host, "02:00:00:00:00:0b", STRANGER, HERE)
    listener = hub_machine(anna)
    assert crosses(old, listener, SETTLED_S)
    changed = ("vm", "udp", "local = 127.0.0.1:7001", "remote = 127.0.0.1:7003")
    anna.configure(config(changed).format(name=anna.name, port=anna.port))
    assert crosses(new, listener, SETTLED_S)
    assert crosses(listener, old, NOT_HEARD_S) is None


def test_an_open_door_is_refused_unless_it_is_wanted(lab, agents):
    anna = agents(lab.host("anna"))
    address = anna.host.address()
    door = ("vm", "udp", f"local = {address}:7001", f"remote = {address}:7002")
    anna.configure(config(door).format(name="anna", port=anna.port))
    done = anna.cli("up", check=False)
    assert done.returncode == 1
    assert f"agent.conf:14: '{address}:7001' is not on this host alone" in done.stderr
    assert "insecure = yes" in done.stderr
    anna.configure(config(door + ("insecure = yes",)).format(name="anna", port=anna.port))
    anna.up()
    machine = UdpPlug(anna.host, "02:00:00:00:00:0a", (address, 7002), (address, 7001))
    assert crosses(machine, hub_machine(anna), SETTLED_S)
