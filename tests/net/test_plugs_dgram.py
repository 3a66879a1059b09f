"""Ports of type dgram: machines with raw frames in unix datagrams."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile

import pytest

from agent import RELEASE, introduce
from machine import Machine, counted, crosses, ethernet, numbered
from netns import end, wait_for
from plugs import (
    OTHER,
    DgramPlug,
    config,
    descriptors,
    drops,
    other_machine,
    port,
    ports_of,
    settled,
)

SETTLED_S = 20
RESTARTED_S = 2
NOT_HEARD_S = 1
SEEN_S = 10
MAC = "02:00:00:00:00:0a"
OTHER_MAC = "02:00:00:00:00:0b"
MANY = ("guests", "dgram", "local = ./lan.sock")
PAIR = ("vm", "dgram", "local = ./lan.sock", "remote = ./vm.sock")


@pytest.fixture
def folder():
    """A folder with a path short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="lw") as made:
        yield made


@pytest.fixture
def agent_with(lab, agents, folder):
    """A function that starts an agent with a hub and the given ports; paths are in @folder."""

    def make(*ports, up=True, name="anna", **options):
        ports = [(*p[:2], *(line.replace("./", folder + "/") for line in p[2:])) for p in ports]
        agent = agents(lab.host(name), config=config(*ports), **options)
        agent.host.sysctl("net.unix.max_dgram_qlen=512")
        return settled(agent.up()) if up else agent

    return make


def hub_machine(agent):
    """A machine on the agent's hub."""
    return Machine(agent.host, "02:00:00:00:00:01")


def machine_on(agent, folder, name="vm", mac=MAC, **options):
    """A machine with a socket of that name."""
    return DgramPlug(agent.host, mac, f"{folder}/{name}.sock", f"{folder}/lan.sock", **options)


@pytest.mark.parametrize("connected", [False, True], ids=["as QEMU", "connected"])
@pytest.mark.parametrize("kind", [PAIR, MANY], ids=["pair", "learned"])
def test_a_machine_and_the_hub_hear_each_other(agent_with, folder, kind, connected):
    anna = agent_with(kind)
    listener = hub_machine(anna)
    machine = machine_on(anna, folder, connected=connected)
    assert crosses(machine, listener, SETTLED_S)
    assert crosses(listener, machine, SETTLED_S)
    for size in (60, 64, 1514, 9000, 9216):
        assert crosses(machine, listener, SETTLED_S, size=size)
        assert crosses(listener, machine, SETTLED_S, target=machine.mac, size=size)


def test_machines_of_two_hosts_hear_each_other(lab, agents, folder):
    made = []
    for name in ("anna", "bert"):
        local = f"local = {folder}/{name}.sock"
        agent = agents(lab.host(name), config=config(("guests", "dgram", local), hub=""))
        made.append(agent)
    introduce(*made)
    machines = []
    for number, agent in enumerate(made):
        agent.up()
        path = f"{folder}/{agent.name}.sock"
        mac = f"02:00:00:00:00:0{number}"
        machines.append(DgramPlug(agent.host, mac, f"{folder}/vm{number}", path))
    assert crosses(*machines, SETTLED_S) or crosses(*reversed(machines), SETTLED_S)
    assert crosses(*reversed(machines), SETTLED_S)
    assert crosses(*machines, SETTLED_S)


def test_abstract_names_work_too(agent_with):
    anna = agent_with(
        ("vm", "dgram", "local = @lan", "remote = @vm"), ("many", "dgram", "local = @all")
    )
    listener = hub_machine(anna)
    pair = DgramPlug(anna.host, MAC, "@vm", "@lan")
    learned = DgramPlug(anna.host, OTHER_MAC, "@other", "@all")
    for machine in (pair, learned):
        assert crosses(machine, listener, SETTLED_S)
        assert crosses(listener, machine, SETTLED_S)
    assert "many/other" in ports_of(anna)


def test_relative_paths_begin_in_the_folder(lab, agents):
    short = tempfile.mkdtemp(prefix="lw")
    try:
        anna = agents(lab.host("anna"), config=config(("vm", "dgram", "local = lan.sock")))
        shutil.copytree(anna.folder, short + "/anna")
        anna.folder = short + "/anna"
        anna.up()
        assert stat.S_ISSOCK(os.stat(anna.folder + "/lan.sock").st_mode)
        anna.stop()
    finally:
        shutil.rmtree(short)


# ---- many machines on one socket ----


def test_each_machine_is_a_port_of_its_own(agent_with, folder):
    anna = agent_with(MANY)
    one = machine_on(anna, folder, "one", MAC)
    two = machine_on(anna, folder, "two", OTHER_MAC)
    listener = hub_machine(anna)
    assert crosses(one, listener, SETTLED_S)
    assert crosses(two, one, SETTLED_S)
    assert crosses(one, two, SETTLED_S, target=OTHER_MAC)
    names = ports_of(anna)
    assert "guests/one" in names and "guests/two" in names
    assert port(anna, "guests/two")["rx_frames"] > 0
    assert port(anna, "guests")["rx_frames"] == 0
    places = {mac["mac"]: mac["port"] for mac in anna.status()["vlans"][0]["macs"]}
    assert places[MAC] == "guests/one" and places[OTHER_MAC] == "guests/two"


def test_a_small_frame_overtakes_the_bulk_of_another_machine(agent_with, folder):
    anna = agent_with(MANY)
    one, two = machine_on(anna, folder, "one", MAC), machine_on(anna, folder, "two", OTHER_MAC)
    listener = hub_machine(anna)
    assert crosses(one, listener, SETTLED_S) and crosses(two, listener, SETTLED_S)
    anna.process.send_signal(signal.SIGSTOP)  # so that it finds all of it at once
    for number in range(10):
        one.send(numbered(MAC, listener.mac, 1, number, 1400))
    two.send(numbered(OTHER_MAC, listener.mac, 2, 10))
    anna.process.send_signal(signal.SIGCONT)
    heard = []
    wait_for(lambda: heard.extend(counted(listener.take())) or len(heard) > 10, SEEN_S, anna.story)
    assert heard == [(2, 10)] + [(1, number) for number in range(10)]


def test_a_machine_hears_no_frame_of_its_own(agent_with, folder):
    anna = agent_with(MANY)
    one = machine_on(anna, folder)
    listener = hub_machine(anna)
    assert crosses(one, listener, SETTLED_S)
    assert one.listen(NOT_HEARD_S) == []


def test_a_machine_that_is_gone_is_forgotten_with_its_addresses(agent_with, folder):
    anna = agent_with(MANY)
    one = machine_on(anna, folder)
    listener = hub_machine(anna)
    assert crosses(one, listener, SETTLED_S)
    one.close()
    wait_for(lambda: "guests/vm" not in ports_of(anna), SEEN_S, anna.story)
    assert MAC not in [mac["mac"] for mac in anna.status()["vlans"][0]["macs"]]
    again = machine_on(anna, folder)
    assert crosses(again, listener, SETTLED_S)
    assert crosses(listener, again, SETTLED_S, target=MAC)
    assert "guests/vm" in ports_of(anna)


def test_a_machine_that_is_restarted_is_heard_and_hears_at_once(agent_with, folder):
    for kind in (MANY, PAIR):
        anna = agent_with(kind, name=kind[0])
        listener = hub_machine(anna)
        machine = machine_on(anna, folder)
        assert crosses(machine, listener, SETTLED_S)
        for _ in range(3):
            machine.close()
            machine = machine_on(anna, folder)
            assert crosses(listener, machine, RESTARTED_S + SEEN_S)
            assert crosses(machine, listener, RESTARTED_S)
        machine.close()
        anna.stop()


def test_machines_with_one_file_name_in_two_folders_are_told_apart(agent_with, folder):
    anna = agent_with(MANY)
    listener = hub_machine(anna)
    for number, name in enumerate(("a", "b")):
        os.mkdir(f"{folder}/{name}")
        machine = machine_on(anna, folder, f"{name}/vm", f"02:00:00:00:00:1{number}")
        assert crosses(machine, listener, SETTLED_S)
    assert {"guests/vm", "guests/vm.2"} <= set(ports_of(anna))


def test_a_relative_path_of_a_machine_is_looked_for_beside_our_socket(agent_with, folder):
    anna = agent_with(MANY)
    listener = hub_machine(anna)
    here = os.getcwd()
    try:
        os.chdir(folder)
        machine = DgramPlug(anna.host, MAC, "vm.sock", "lan.sock")
        assert crosses(machine, listener, SETTLED_S)
        assert crosses(listener, machine, SETTLED_S)
    finally:
        os.chdir(here)


def test_whoever_has_no_name_is_counted_and_not_heard(agent_with, folder):
    anna = agent_with(MANY)
    nameless = DgramPlug(anna.host, MAC, "", f"{folder}/lan.sock")
    assert crosses(nameless, hub_machine(anna), NOT_HEARD_S) is None
    assert drops(anna, "guests", "stranger") > 0


def test_a_machine_too_many_is_counted_and_finds_a_place_when_one_is_gone(agent_with, folder):
    anna = agent_with(MANY)
    listener = hub_machine(anna)
    made = [machine_on(anna, folder, f"vm{n}", f"02:00:00:00:01:{n:02x}") for n in range(65)]
    for machine in made[:64]:
        assert crosses(machine, listener, SETTLED_S)
    assert crosses(made[64], listener, NOT_HEARD_S) is None
    assert drops(anna, "guests", "port_crowded") > 0
    made[0].close()
    assert crosses(made[64], listener, SETTLED_S)


def test_a_thousand_machines_leave_nothing_behind(agent_with, folder):
    anna = agent_with(MANY, binary=RELEASE)
    listener = hub_machine(anna)
    first = machine_on(anna, folder, "first")
    assert crosses(first, listener, SETTLED_S)
    before, memory = descriptors(anna), None
    for batch in range(20):
        made = [machine_on(anna, folder, f"vm{n}") for n in range(50)]
        for number, machine in enumerate(made):
            machine.send(numbered(f"02:00:00:01:{batch:02x}:{number:02x}", OTHER_MAC, 1, 1))
        wait_for(lambda: len(ports_of(anna)) == 53, SEEN_S, anna.story)
        for machine in made:
            machine.close()
            os.unlink(machine.path)
        wait_for(lambda: len(ports_of(anna)) == 3, SEEN_S, anna.story)
        memory = memory or anna.vm_hwm_kib()
    wait_for(lambda: descriptors(anna) == before, SEEN_S, anna.story)
    assert anna.vm_hwm_kib() - memory < 4 * 1024
    assert crosses(listener, first, SETTLED_S)


# ---- one machine ----


def test_nobody_but_the_remote_is_heard(agent_with, folder):
    anna = agent_with(PAIR)
    machine, stranger = machine_on(anna, folder), machine_on(anna, folder, "other", OTHER_MAC)
    listener = hub_machine(anna)
    assert crosses(machine, listener, SETTLED_S)
    assert crosses(stranger, listener, NOT_HEARD_S) is None
    assert drops(anna, "vm", "stranger") > 0
    nameless = DgramPlug(anna.host, OTHER_MAC, "", f"{folder}/lan.sock")
    assert crosses(nameless, listener, SETTLED_S)  # it may write to the socket, as the machine may


def test_a_machine_that_comes_by_another_name_of_its_path_is_heard(agent_with, folder):
    os.mkdir(f"{folder}/real")
    os.symlink("real", f"{folder}/link")
    anna = agent_with(("vm", "dgram", "local = ./lan.sock", "remote = ./link/vm.sock"))
    machine = DgramPlug(anna.host, MAC, f"{folder}/real/vm.sock", f"{folder}/lan.sock")
    listener = hub_machine(anna)
    assert crosses(machine, listener, SETTLED_S)
    assert crosses(listener, machine, SETTLED_S)


def test_status_says_that_the_machine_is_not_there_until_it_is(agent_with, folder):
    anna = agent_with(PAIR)
    assert port(anna, "vm")["state"] == "down"
    assert f"no machine has bound {folder}/vm.sock" in port(anna, "vm")["detail"]
    listener = hub_machine(anna)
    listener.say(1)
    wait_for(lambda: drops(anna, "vm", "port_down") > 0, SEEN_S, anna.story)
    machine = machine_on(anna, folder)
    assert crosses(listener, machine, RESTARTED_S + SEEN_S)
    assert port(anna, "vm")["state"] == "forwarding"
    assert crosses(machine, listener, SETTLED_S)
    machine.close()
    wait_for(lambda: port(anna, "vm")["state"] == "down", SEEN_S, anna.story)
    assert MAC not in [mac["mac"] for mac in anna.status()["vlans"][0]["macs"]]


# ---- what may go wrong ----


def test_what_is_no_frame_is_counted_and_never_sent_on(agent_with, folder):
    for kind, name in ((MANY, "guests/vm"), (PAIR, "vm")):
        anna = agent_with(kind, name=kind[0])
        listener = hub_machine(anna)
        machine = machine_on(anna, folder)
        machine.send(b"")
        assert crosses(machine, listener, SETTLED_S)
        for size in (0, 1, 13):
            machine.send(b"\x02" * size)
        machine.send(b"\x02" * 9217)
        wait_for(lambda: drops(anna, name, "short_frame") >= 3, SEEN_S, anna.story)
        wait_for(lambda: drops(anna, name, "long_frame") == 1, SEEN_S, anna.story)
        assert min(map(len, machine.take() + listener.take()), default=14) >= 14
        machine.close()
        anna.stop()


# The kernel limits what waits for a socket; for one connected to ours, only what we sent in all.
@pytest.mark.parametrize(
    "connected, frames", [(False, 1000), (True, 5000)], ids=["as QEMU", "connected"]
)
def test_a_machine_that_does_not_read_costs_its_own_frames_only(
    agent_with, folder, connected, frames
):
    anna = agent_with(MANY, binary=RELEASE)
    listener = hub_machine(anna)
    asleep = machine_on(anna, folder, "asleep", MAC, connected=connected)
    awake = machine_on(anna, folder, "awake", OTHER_MAC)
    assert crosses(asleep, listener, SETTLED_S)
    assert crosses(awake, listener, SETTLED_S)
    assert crosses(listener, awake, SETTLED_S)
    before = anna.vm_hwm_kib()
    for number in range(frames):
        listener.say(number, size=1514)
        if number % 50 == 0:
            assert crosses(listener, awake, SETTLED_S)
    assert drops(anna, "guests/asleep", "port_full") > 300
    assert drops(anna, "guests/awake", "port_full") == 0
    assert anna.vm_hwm_kib() - before < 16 * 1024
    asleep.take()
    assert crosses(listener, asleep, SETTLED_S)


def is_remembered(agent, path):
    """Will the next agent know of that machine?"""
    try:
        with open(f"{agent.folder}/machines-guests", encoding="utf-8") as names:
            return f"{os.getuid()} {path}" in names.read().splitlines()
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("kind", [PAIR, MANY], ids=["pair", "learned"])
def test_the_agent_carries_on_after_a_restart_without_a_word_of_the_machine(
    agent_with, folder, kind
):
    anna = agent_with(kind, OTHER)
    listener = other_machine(anna.host)
    machine = machine_on(anna, folder)
    assert crosses(machine, listener, SETTLED_S)
    if kind == MANY:
        wait_for(lambda: is_remembered(anna, machine.path), SEEN_S, anna.story)
    for stop in (anna.stop, anna.kill):
        stop()
        anna.up()
        assert crosses(listener, machine, RESTARTED_S)
        assert crosses(machine, listener, RESTARTED_S)


def test_a_machine_that_is_gone_is_not_remembered(agent_with, folder):
    anna = agent_with(MANY)
    listener = hub_machine(anna)
    machine = machine_on(anna, folder)
    assert crosses(machine, listener, SETTLED_S)
    wait_for(lambda: is_remembered(anna, machine.path), SEEN_S, anna.story)
    anna.kill()
    machine.close()
    anna.up()
    assert sorted(ports_of(anna)) == ["guests", "hub"]
    wait_for(lambda: not is_remembered(anna, machine.path), SEEN_S, anna.story)
    assert drops(anna, "guests", "port_crowded") == 0


def test_a_port_that_is_unplugged_under_its_machines_leaves_nothing_behind(agent_with, folder):
    anna = agent_with()
    listener, before = hub_machine(anna), descriptors(anna)
    words = f"dgram,local={folder}/lan.sock"
    anna.cli("plug", "guests", words)
    names = ("one", "two")
    machines = [machine_on(anna, folder, n, f"02:00:00:00:02:0{i}") for i, n in enumerate(names)]
    for machine in machines:
        assert crosses(machine, listener, SETTLED_S)
    wait_for(lambda: is_remembered(anna, machines[1].path), SEEN_S, anna.story)
    for machine in machines:
        machine.say(1, target="02:00:00:00:02:01")  # on its way, or not
    anna.cli("unplug", "guests")
    assert ports_of(anna) == ["hub"] and anna.status()["vlans"][0]["macs"] == []
    assert sorted(os.listdir(folder)) == ["one.sock", "two.sock"]
    assert not os.path.exists(f"{anna.folder}/machines-guests")
    wait_for(lambda: descriptors(anna) == before, SEEN_S, anna.story)
    assert crosses(listener, machines[0], NOT_HEARD_S) is None
    anna.cli("plug", "guests", words)
    assert crosses(machines[0], listener, SETTLED_S) and crosses(listener, machines[0], SETTLED_S)
    assert ports_of(anna) == ["hub", "guests", "guests/one"]


def test_a_port_that_only_changes_its_mode_remembers_its_machines(agent_with, folder):
    anna = agent_with(MANY)
    listener, machine = hub_machine(anna), machine_on(anna, folder)
    assert crosses(machine, listener, SETTLED_S)
    wait_for(lambda: is_remembered(anna, machine.path), SEEN_S, anna.story)
    port_lines = ("guests", "dgram", f"local = {folder}/lan.sock", "mode = 0666")
    anna.configure(config(port_lines).format(name="anna", port=anna.port))

    def is_open_to_all():
        try:
            return mode_of(f"{folder}/lan.sock")[0] == 0o666
        except FileNotFoundError:
            return False  # between the old one and the new one

    wait_for(is_open_to_all, SEEN_S, anna.story)
    assert crosses(listener, machine, SETTLED_S)  # it did not have to speak


def test_a_damaged_memory_harms_nobody(agent_with, folder):
    anna = agent_with(MANY, up=False)
    with open(f"{anna.folder}/machines-guests", "wb") as names:
        names.write(b"\n\n0 127.0.0.1:1\n0 @\n\xff\xfe\n0 relative\n/x\n0\n0 \n-1 /x\n")
        names.write(b"4294967296 /x\n0 " + b"/x" * 200 + b"\n\0\n")
    anna.up()
    assert crosses(machine_on(anna, folder), hub_machine(anna), SETTLED_S)


def test_the_socket_of_a_killed_agent_is_replaced_and_that_of_a_live_one_is_not(
    agent_with, agents, folder
):
    anna = agent_with(MANY)
    path = f"{folder}/lan.sock"
    anna.kill()
    assert stat.S_ISSOCK(os.stat(path).st_mode)
    anna.up()
    assert port(anna, "guests")["state"] == "forwarding"
    inode = os.stat(path).st_ino
    second = agents(
        anna.host, name="second", port=20001,
        config=config(("guests", "dgram", f"local = {path}"), hub=""),
    ).up()
    detail = port(second, "guests")["detail"]
    assert port(second, "guests")["state"] == "down"
    assert f"{path} is in use by longwire (process {anna.process.pid})" in detail
    assert os.stat(path).st_ino == inode
    anna.stop()
    assert not os.path.exists(path) or os.stat(path).st_ino != inode
    wait_for(lambda: port(second, "guests")["state"] == "forwarding", SEEN_S, second.story)
    second.stop()
    assert not os.path.exists(path)


def test_what_is_no_socket_is_never_removed(agent_with, folder):
    path = f"{folder}/lan.sock"
    with open(path, "w", encoding="utf-8") as file:
        file.write("precious")
    anna = agent_with(MANY)
    assert f"{path} is there and is no socket" in port(anna, "guests")["detail"]
    with open(path, encoding="utf-8") as file:
        assert file.read() == "precious"
    os.unlink(path)
    wait_for(lambda: port(anna, "guests")["state"] == "forwarding", SEEN_S, anna.story)


def test_a_file_that_somebody_removed_comes_back(agent_with, folder):
    anna = agent_with(MANY)
    machine, listener = machine_on(anna, folder), hub_machine(anna)
    assert crosses(machine, listener, SETTLED_S)
    os.unlink(f"{folder}/lan.sock")
    assert crosses(machine, listener, SETTLED_S)
    assert crosses(listener, machine, SETTLED_S)


def test_a_missing_folder_is_waited_for(agent_with, folder):
    anna = agent_with(("guests", "dgram", "local = ./later/lan.sock"))
    assert f"the folder of {folder}/later/lan.sock does not exist" in port(anna, "guests")["detail"]
    os.mkdir(f"{folder}/later")
    wait_for(lambda: port(anna, "guests")["state"] == "forwarding", SEEN_S, anna.story)


def test_the_kernels_short_queue_is_warned_of_until_it_is_longer(agent_with, folder):
    anna = agent_with(MANY, up=False)
    anna.host.sysctl("net.unix.max_dgram_qlen=10")
    anna.up()

    def warning():
        return next((w for w in anna.status()["warnings"] if w["code"] == "short-queue"), None)

    assert "only 10 frames" in warning()["text"]
    anna.host.run("sh", "-c", warning()["fix"].replace("sudo ", ""))
    wait_for(lambda: not warning(), SEEN_S, anna.story)
    machine, listener = machine_on(anna, folder), hub_machine(anna)
    assert crosses(machine, listener, SETTLED_S)


# ---- whose socket it is ----


def mode_of(path):
    """Permission bits and group of a file."""
    found = os.stat(path)
    return stat.S_IMODE(found.st_mode), found.st_gid


def test_a_socket_is_the_agents_alone_unless_group_or_mode_say_otherwise(agent_with, folder):
    agent_with(
        ("own", "dgram", "local = ./own"),
        ("shared", "dgram", "local = ./shared", "group = nogroup"),
        ("open", "dgram", "local = ./open", "mode = 0666"),
    )
    assert mode_of(f"{folder}/own") == (0o600, 0)
    assert mode_of(f"{folder}/shared") == (0o660, 65534)
    assert mode_of(f"{folder}/open") == (0o666, 0)


def test_a_machine_of_another_user_in_the_group_plugs_in_and_others_do_not(agent_with, folder):
    anna = agent_with(
        ("shared", "dgram", "local = ./shared", "group = nogroup"),
        ("own", "dgram", "local = ./own"),
    )
    os.chmod(folder, 0o777)
    frame = ethernet(MAC, "ff:ff:ff:ff:ff:ff", b"hello").hex()
    script = (
        "import socket, sys, os; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM);"
        "s.bind(sys.argv[2]); os.chmod(sys.argv[2], 0o666);"
        f"s.sendto(bytes.fromhex('{frame}'), sys.argv[1]); s.recv(65536)"
    )
    listener = hub_machine(anna)
    for name, status in (("shared", None), ("own", 1)):
        other = anna.host.start(
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c",
            script, f"{folder}/{name}", f"{folder}/{name}-vm", stderr=subprocess.DEVNULL,
        )
        if status is None:
            assert listener.hears(lambda f: b"hello" in f, SETTLED_S)
            wait_for(lambda: listener.say(1) or other.poll() == 0, SEEN_S, anna.story)
        assert other.wait(SEEN_S) == (status or 0)
        end(other)


def test_a_group_that_is_not_there_is_said_and_waited_for(agent_with):
    anna = agent_with(("vm", "dgram", "local = ./lan.sock", "group = no-such-group"))
    assert port(anna, "vm")["state"] == "down"
    assert "there is no group 'no-such-group' on this host" in port(anna, "vm")["detail"]
    assert "waits for the group no-such-group" in anna.cli("check").stderr
