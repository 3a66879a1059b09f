"""The harness itself, without an agent: what it builds is what the other tests take for granted."""

import socket

from capture import Capture
from machine import Machine, crosses, read_number
from relay import Faults, Relay


def test_hosts_on_different_lans_reach_each_other_in_both_families(lab):
    anna, bert = lab.host("anna"), lab.host("bert")
    assert anna.ping(bert.address(4))
    assert anna.ping(bert.address(6))


def test_behind_a_home_router_one_gets_out_but_nobody_gets_in(lab):
    router = lab.home_router("router")
    laptop, desktop = lab.host("laptop", lab.lan(router)), lab.host("desktop")
    assert laptop.ping(desktop.address())
    lab.internet.ip("route", "add", "198.18.2.0/24", "via", router.address())
    assert not desktop.ping(laptop.address(), limit_s=1)


def test_machines_on_one_hub_hear_each_other_and_themselves(lab):
    host = lab.host("anna")
    one, two = Machine(host, "02:00:00:00:00:01"), Machine(host, "02:00:00:00:00:02")
    one.say(7)
    assert one.hears(lambda f: read_number(f) == (1, 7), 5)
    assert two.hears(lambda f: read_number(f) == (1, 7), 5)


def test_machines_on_two_hosts_do_not_hear_each_other_without_an_agent(lab):
    one = Machine(lab.host("anna"), "02:00:00:00:00:01")
    two = Machine(lab.host("bert"), "02:00:00:00:00:02")
    assert crosses(one, two, 0.5) is None


def test_a_machine_on_eth0_of_a_lan_is_heard_on_the_whole_lan(lab):
    lan = lab.lan()
    one, two = lab.host("anna", lan), lab.host("bert", lan)
    sender = Machine(one, "02:00:00:00:00:01", localaddr=one.address())
    listener = Machine(two, "02:00:00:00:00:02", localaddr=two.address())
    assert crosses(sender, listener, 5)


def test_the_relay_forwards_both_ways_and_loses_and_doubles_as_told(lab):
    host = lab.host("anna")
    with host.inside():
        ends = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for one in ends:
        one.bind(("127.0.0.1", 0))
        one.settimeout(5)
    names = [one.getsockname() for one in ends]
    with Relay(host, names, seed=1, faults=Faults(double=1.0, delay_s=0.01)) as relay:
        port = [int(relay.endpoint(end).rsplit(":", 1)[1]) for end in (0, 1)]
        ends[0].sendto(b"there", ("127.0.0.1", port[1]))
        assert [ends[1].recv(99), ends[1].recv(99)] == [b"there", b"there"]
        ends[1].sendto(b"back", ("127.0.0.1", port[0]))
        assert ends[0].recv(99) == b"back"


def test_a_capture_holds_what_crossed_the_wire(lab, tmp_path):
    anna, bert = lab.host("anna"), lab.host("bert")
    with bert.inside():
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with anna.inside():
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind((bert.address(), 4000))
    listener.settimeout(5)
    with Capture(anna, tmp_path / "anna.pcap", match="udp") as wire:
        sender.sendto(b"in clear", (bert.address(), 4000))
        assert listener.recv(99) == b"in clear"
    assert any(b"in clear" in packet for packet in wire.packets())
