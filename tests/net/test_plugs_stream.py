"""Ports of type stream: frames in a stream of bytes, over unix sockets and TCP."""

import os
import struct
import tempfile
import time

import pytest

from agent import RELEASE, introduce
from machine import Machine, crosses, numbered
from netns import wait_for
from plugs import StreamListener, StreamPlug, config, descriptors, drops, port, ports_of, settled

SETTLED_S = 20
NOT_HEARD_S = 1
SEEN_S = 10
RETRIED_S = 4       # on the same host, and some
RECONNECTED_S = 15  # the longest pause between two tries, and some
MAC = "02:00:00:00:00:0a"
OTHER_MAC = "02:00:00:00:00:0b"
MANY = ("guests", "stream", "listen = ./lan.sock")
BAD_LENGTHS = [0, 13, 69633, 2**32 - 1]


@pytest.fixture
def folder():
    """A folder with a path short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="lw") as made:
        yield made


@pytest.fixture
def agent_with(lab, agents, folder):
    """A function that starts an agent with a hub and the given ports; paths are in @folder."""

    def make(*ports, up=True, **options):
        ports = [(*p[:2], *(line.replace("./", folder + "/") for line in p[2:])) for p in ports]
        agent = agents(lab.host("anna"), config=config(*ports), **options)
        return settled(agent.up()) if up else agent

    return make


@pytest.fixture
def anna(agent_with):
    """One agent with a hub and a listening port."""
    return agent_with(MANY)


def hub_machine(agent):
    """A machine on the agent's hub."""
    return Machine(agent.host, "02:00:00:00:00:01")


def machine_on(agent, folder, mac=MAC):
    """A machine that connects to MANY."""
    return StreamPlug(agent.host, mac, f"{folder}/lan.sock")


def assert_both_ways(machine, listener):
    """Frames of all sizes cross."""
    assert crosses(machine, listener, SETTLED_S)
    assert crosses(listener, machine, SETTLED_S)
    for size in (60, 64, 1514, 9000, 9216):
        assert crosses(machine, listener, SETTLED_S, size=size)
        assert crosses(listener, machine, SETTLED_S, target=machine.mac, size=size)


WHERE = {"path": "./lan.sock", "abstract": "@lan", "ipv4": "127.0.0.1:7001", "ipv6": "[::1]:7001"}


def place(where, folder):
    """The same place for Python's sockets."""
    if where.startswith("./"):
        return where.replace("./", folder + "/")
    if where.startswith("@"):
        return where
    return (where.rpartition(":")[0].strip("[]"), 7001)


@pytest.mark.parametrize("where", WHERE.values(), ids=WHERE)
def test_a_machine_that_connects_and_the_hub_hear_each_other(agent_with, folder, where):
    anna = agent_with(("guests", "stream", f"listen = {where}"))
    machine = StreamPlug(anna.host, MAC, place(where, folder))
    assert_both_ways(machine, hub_machine(anna))


@pytest.mark.parametrize("where", WHERE.values(), ids=WHERE)
def test_a_machine_that_listens_and_the_hub_hear_each_other(agent_with, folder, where):
    anna = agent_with(("vm", "stream", f"connect = {where}"), up=False)
    listener = StreamListener(anna.host, place(where, folder))
    anna.up()
    machine = listener.accept(MAC)
    assert_both_ways(machine, hub_machine(anna))
    assert port(anna, "vm")["state"] == "forwarding"


def test_machines_of_two_hosts_hear_each_other(lab, agents, folder):
    made, machines = [], []
    for name in ("anna", "bert"):
        listen = f"listen = {folder}/{name}.sock"
        made.append(agents(lab.host(name), config=config(("guests", "stream", listen), hub="")))
    introduce(*made)
    for number, agent in enumerate(made):
        agent.up()
        mac = f"02:00:00:00:00:0{number}"
        machines.append(StreamPlug(agent.host, mac, f"{folder}/{agent.name}.sock"))
    for agent, other in (made, reversed(made)):
        agent.wait_up(other.name)
    assert crosses(*machines, SETTLED_S)
    assert crosses(*reversed(machines), SETTLED_S, size=9000)


# ---- many machines on one socket ----


def test_each_connection_is_a_port_of_its_own(anna, folder):
    one, two = machine_on(anna, folder), machine_on(anna, folder, OTHER_MAC)
    assert crosses(one, two, SETTLED_S)
    assert crosses(two, one, SETTLED_S, target=MAC)
    assert {"guests", "guests/1", "guests/2"} <= set(ports_of(anna))
    assert port(anna, "guests/1")["rx_frames"] > 0
    assert port(anna, "guests")["rx_frames"] == 0
    places = {mac["mac"]: mac["port"] for mac in anna.status()["vlans"][0]["macs"]}
    assert places == {MAC: "guests/1", OTHER_MAC: "guests/2"}


def test_a_machine_that_is_gone_takes_its_addresses_along_and_has_its_number_again(anna, folder):
    one, two = machine_on(anna, folder), machine_on(anna, folder, OTHER_MAC)
    assert crosses(one, two, SETTLED_S)
    one.close()
    wait_for(lambda: "guests/1" not in ports_of(anna), SEEN_S, anna.story)
    assert MAC not in [mac["mac"] for mac in anna.status()["vlans"][0]["macs"]]
    one = machine_on(anna, folder)
    assert crosses(two, one, SETTLED_S)
    assert {"guests/1", "guests/2"} <= set(ports_of(anna))


def test_a_machine_too_many_is_turned_away_and_counted(anna, folder):
    made = [machine_on(anna, folder, f"02:00:00:00:01:{n:02x}") for n in range(64)]
    wait_for(lambda: len(ports_of(anna)) == 66, SEEN_S, anna.story)
    late = machine_on(anna, folder)
    wait_for(late.is_closed, SEEN_S, anna.story)
    assert drops(anna, "guests", "port_crowded") == 1
    assert crosses(made[63], made[0], SETTLED_S)
    made[5].close()
    wait_for(lambda: len(ports_of(anna)) == 65, SEEN_S, anna.story)
    assert crosses(machine_on(anna, folder), made[0], SETTLED_S)


def test_a_thousand_connections_leave_nothing_behind(agent_with, folder):
    anna = agent_with(MANY, binary=RELEASE)
    first = machine_on(anna, folder)
    assert crosses(first, hub_machine(anna), SETTLED_S)

    def is_alone():
        return "guests/2" not in ports_of(anna)

    before, memory = descriptors(anna), None
    for number in range(1000):
        machine = machine_on(anna, folder, OTHER_MAC)
        machine.write(struct.pack("!I", 60) + bytes(number % 60))
        machine.close()
        if number == 200:
            wait_for(is_alone, SEEN_S, anna.story)
            memory = anna.vm_hwm_kib()
    wait_for(is_alone, SEEN_S, anna.story)
    wait_for(lambda: descriptors(anna) == before, SEEN_S, anna.story)
    assert anna.vm_hwm_kib() - memory < 4 * 1024
    assert crosses(hub_machine(anna), first, SETTLED_S)


def test_a_process_without_descriptors_takes_machines_later_and_sleeps(agent_with, folder):
    anna = agent_with(MANY)
    before = descriptors(anna)
    anna.host.run("prlimit", f"--pid={anna.process.pid}", f"--nofile={before + 10}:1024")
    made = [machine_on(anna, folder, f"02:00:00:00:01:{n:02x}") for n in range(30)]
    wait_for(lambda: descriptors(anna) > before, SEEN_S, anna.story)
    time.sleep(NOT_HEARD_S)
    assert descriptors(anna) < before + 30
    spent = cpu_seconds(anna)
    time.sleep(NOT_HEARD_S)
    assert cpu_seconds(anna) - spent < NOT_HEARD_S / 5
    anna.host.run("prlimit", f"--pid={anna.process.pid}", "--nofile=1024:1024")
    wait_for(lambda: "guests/30" in ports_of(anna), SEEN_S, anna.story)
    assert crosses(made[29], made[0], SETTLED_S)


def cpu_seconds(agent):
    """User and system time of the agent."""
    with open(f"/proc/{agent.process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---- bytes that are no frames ----


@pytest.mark.parametrize("length", BAD_LENGTHS)
def test_a_length_that_no_frame_has_ends_that_connection_only(anna, folder, length):
    good = machine_on(anna, folder)
    listener = hub_machine(anna)
    assert crosses(good, listener, SETTLED_S)
    frame = numbered(OTHER_MAC, "ff:ff:ff:ff:ff:ff", 11, 1)
    data = struct.pack("!I", len(frame)) + frame + struct.pack("!I", length)
    for count, cut in enumerate(range(len(data)), start=1):
        bad = machine_on(anna, folder, OTHER_MAC)
        bad.write(data[:cut])
        if cut % 8 == 0:
            time.sleep(0.01)  # so that it is really read in two parts
        bad.write(data[cut:])
        wait_for(bad.is_closed, SEEN_S, anna.story)
        bad.close()
    wait_for(lambda: drops(anna, "guests", "bad_framing") == count, SEEN_S, anna.story)
    wait_for(lambda: "guests/2" not in ports_of(anna), SEEN_S, anna.story)
    assert crosses(good, listener, SETTLED_S)


def test_what_a_web_browser_sends_ends_the_connection(agent_with):
    anna = agent_with(("guests", "stream", "listen = 127.0.0.1:7001"))
    browser = StreamPlug(anna.host, MAC, ("127.0.0.1", 7001))
    browser.write(b"GET / HTTP/1.1\r\nHost: localhost:7001\r\n\r\n")
    wait_for(browser.is_closed, SEEN_S, anna.story)
    assert drops(anna, "guests", "bad_framing") == 1


def test_frames_that_are_too_long_are_passed_over(anna, folder):
    machine, listener = machine_on(anna, folder), hub_machine(anna)
    for length in (9217, 9280, 65507, 69632):
        machine.send(b"\x02" * length)
    assert crosses(machine, listener, SETTLED_S)
    assert drops(anna, "guests/1", "long_frame") == 4


# ---- slow machines ----


@pytest.mark.parametrize("where", ["./lan.sock", "127.0.0.1:7001"], ids=["unix", "tcp"])
def test_a_machine_that_does_not_read_costs_its_own_frames_only(agent_with, folder, where):
    anna = agent_with(("guests", "stream", f"listen = {where}"), binary=RELEASE)
    listener = hub_machine(anna)
    asleep = StreamPlug(anna.host, MAC, place(where, folder))
    awake = StreamPlug(anna.host, OTHER_MAC, place(where, folder))
    assert crosses(asleep, listener, SETTLED_S)
    assert crosses(awake, listener, SETTLED_S)
    before = anna.vm_hwm_kib()

    def is_full():
        for number in range(200):
            listener.say(number, size=1514)
        assert crosses(listener, awake, SETTLED_S)
        return drops(anna, "guests/1", "port_full") > 500

    wait_for(is_full, 60, anna.story)
    assert drops(anna, "guests/2", "port_full") == 0
    assert anna.vm_hwm_kib() - before < 16 * 1024
    # It wakes: what was begun comes whole, and then the newest.
    frames = asleep.listen(1)
    assert frames and {len(frame) for frame in frames} <= {60, 1514}
    assert crosses(listener, asleep, SETTLED_S)


def test_the_agent_drains_a_machine_that_listens_whatever_it_sends(agent_with, folder):
    """QEMU freezes its machine when whoever connected to it stops reading."""
    ports = [(f"vm{n}", "stream", f"connect = ./vm{n}.sock") for n in range(2)]
    anna = agent_with(*ports, up=False)
    listeners = [StreamListener(anna.host, f"{folder}/vm{n}.sock") for n in range(2)]
    anna.up()
    one, two = (listener.accept(f"02:00:00:00:00:1{n}") for n, listener in enumerate(listeners))
    assert crosses(one, two, SETTLED_S)
    batch = b"".join(
        struct.pack("!I", 1514) + numbered(one.mac, two.mac, 1, n, size=1514) for n in range(100)
    )
    for _ in range(100):  # 15 MB that nobody reads; write() fails if it blocks for long
        one.write(batch)
        two.write(batch)
    assert drops(anna, "vm1", "port_full") > 0


# ---- connecting ----


def test_an_agent_that_connects_waits_for_the_machine_and_comes_again(agent_with, folder):
    anna = agent_with(("vm", "stream", "connect = ./vm.sock"))
    assert port(anna, "vm")["state"] == "down"
    assert f"nobody listens at {folder}/vm.sock" in port(anna, "vm")["detail"]
    listener = hub_machine(anna)
    for _ in range(3):
        machine = StreamListener(anna.host, f"{folder}/vm.sock")
        plug = machine.accept(MAC, RECONNECTED_S)
        assert crosses(plug, listener, SETTLED_S)
        assert crosses(listener, plug, SETTLED_S)
        plug.close()
        machine.close()
        wait_for(lambda: port(anna, "vm")["state"] == "down", SEEN_S, anna.story)
        assert MAC not in [mac["mac"] for mac in anna.status()["vlans"][0]["macs"]]


def test_a_machine_that_is_started_late_is_connected_to_within_seconds(agent_with, folder):
    anna = agent_with(("vm", "stream", "connect = ./vm.sock"))
    time.sleep(13)  # the pauses between the tries would be ten seconds by now
    StreamListener(anna.host, f"{folder}/vm.sock").accept(MAC, RETRIED_S)


def test_a_machine_that_always_hangs_up_is_not_pestered(agent_with):
    anna = agent_with(("vm", "stream", "connect = 127.0.0.1:7001"), up=False)
    machine = StreamListener(anna.host, ("127.0.0.1", 7001))
    anna.up()
    count, deadline = 0, time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            machine.accept(MAC, max(0.01, deadline - time.monotonic())).close()
            count += 1
        except TimeoutError:
            break
    assert 2 <= count <= 5


def test_a_bad_length_of_a_machine_that_listens_is_counted_and_ends_the_connection(
    agent_with, folder
):
    anna = agent_with(("vm", "stream", "connect = ./vm.sock"), up=False)
    machine = StreamListener(anna.host, f"{folder}/vm.sock")
    anna.up()
    plug = machine.accept(MAC)
    plug.write(struct.pack("!I", 13) + b"\x02" * 13)
    wait_for(plug.is_closed, SEEN_S, anna.story)
    assert drops(anna, "vm", "bad_framing") == 1
    assert crosses(machine.accept(MAC, RECONNECTED_S), hub_machine(anna), SETTLED_S)


def test_a_name_is_looked_up(lab, agents):
    anna = agents(lab.host("anna"))
    address = anna.host.address()
    os.makedirs(f"/etc/netns/{anna.host.netns}")
    try:
        with open(f"/etc/netns/{anna.host.netns}/hosts", "w", encoding="utf-8") as hosts:
            hosts.write(f"{address} vm.example\n")
        ports = ("vm", "stream", "connect = vm.example:7001", "insecure = yes")
        anna.configure(config(ports).format(name="anna", port=anna.port))
        machine = StreamListener(anna.host, (address, 7001))
        anna.up()
        assert crosses(machine.accept(MAC), hub_machine(anna), SETTLED_S)
        anna.stop()
    finally:
        os.unlink(f"/etc/netns/{anna.host.netns}/hosts")
        os.rmdir(f"/etc/netns/{anna.host.netns}")


# ---- restarts and sockets ----


def test_the_next_agent_takes_the_same_place(agent_with, folder):
    for where in ("./lan.sock", "127.0.0.1:7001", "@lan"):
        anna = agent_with(("guests", "stream", f"listen = {where}"))
        for stop in (anna.stop, anna.kill):
            machine = StreamPlug(anna.host, MAC, place(where, folder))
            assert crosses(machine, hub_machine(anna), SETTLED_S)
            stop()
            wait_for(machine.is_closed, SEEN_S, anna.story)
            anna.up()
        machine = StreamPlug(anna.host, MAC, place(where, folder))
        assert crosses(machine, hub_machine(anna), SETTLED_S)
        anna.stop()
        anna.host.remove()


def test_a_place_that_is_taken_is_said_and_not_stolen(agent_with, agents, folder):
    anna = agent_with(MANY, ("tcp", "stream", "listen = 127.0.0.1:7001"))
    machine = machine_on(anna, folder)
    second = agents(
        anna.host, name="second", port=20001,
        config=config(
            ("guests", "stream", f"listen = {folder}/lan.sock"),
            ("tcp", "stream", "listen = 127.0.0.1:7001"), hub="",
        ),
    ).up()
    detail = port(second, "guests")["detail"]
    assert f"lan.sock is in use by longwire (process {anna.process.pid})" in detail
    assert "another program listens at 127.0.0.1:7001" in port(second, "tcp")["detail"]
    assert crosses(machine, hub_machine(anna), SETTLED_S)
    anna.stop()
    for name in ("guests", "tcp"):
        wait_for(lambda name=name: port(second, name)["state"] == "forwarding", SEEN_S,
                 second.story)


def test_a_machine_stays_connected_when_its_sockets_file_is_removed(anna, folder):
    one, listener = machine_on(anna, folder), hub_machine(anna)
    assert crosses(one, listener, SETTLED_S)
    os.unlink(f"{folder}/lan.sock")
    wait_for(lambda: os.path.exists(f"{folder}/lan.sock"), SEEN_S, anna.story)
    two = machine_on(anna, folder, OTHER_MAC)
    assert crosses(one, two, SETTLED_S)
    assert crosses(two, one, SETTLED_S)


def test_a_port_that_is_taken_out_of_the_file_lets_its_machines_go(anna, folder):
    machine = machine_on(anna, folder)
    assert crosses(machine, hub_machine(anna), SETTLED_S)
    anna.configure(config().format(name="anna", port=anna.port))
    wait_for(machine.is_closed, SEEN_S, anna.story)
    assert ports_of(anna) == ["hub"]
    assert not os.path.exists(f"{folder}/lan.sock")


def test_a_port_that_is_unplugged_under_its_machines_leaves_nothing_behind(agent_with, folder):
    anna = agent_with()
    listener, before = hub_machine(anna), descriptors(anna)
    anna.cli("plug", "guests", f"stream,listen={folder}/lan.sock")
    machines = [machine_on(anna, folder), machine_on(anna, folder, OTHER_MAC)]
    for machine in machines:
        assert crosses(machine, listener, SETTLED_S)
    machines[1].write(struct.pack("!I", 1514) + bytes(700))  # half a frame
    for number in range(300):
        listener.say(number, size=1514)  # more than who does not read can hold
    anna.cli("unplug", "guests")
    for machine in machines:
        wait_for(machine.is_closed, SEEN_S, anna.story)
    assert ports_of(anna) == ["hub"]
    assert [m["port"] for m in anna.status()["vlans"][0]["macs"]] == ["hub"]
    assert os.listdir(folder) == []
    wait_for(lambda: descriptors(anna) == before, SEEN_S, anna.story)
    anna.cli("plug", "guests", f"stream,listen={folder}/lan.sock")
    again = machine_on(anna, folder)
    assert crosses(again, listener, SETTLED_S) and crosses(listener, again, SETTLED_S)
    assert ports_of(anna) == ["hub", "guests", "guests/1"]
