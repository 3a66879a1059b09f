"""longwire run: machines that inherit their end of a wire, and outlive the agent."""

import fcntl
import os
import pty
import re
import shutil
import signal
import tempfile
import termios
import time

import pytest

from agent import CONFIG, RELEASE, Agent, introduce
from machine import BROADCAST, Machine, crosses, ethernet
from netns import wait_for
from plugs import config, descriptors, port, ports_of, settled
from running import QEMU_FAKE, START_LIMIT_S, Running, start_run, wait_attached

SETTLED_S = 20
AGAIN_S = 2
OLD_HELP = "Available netdev backend types:\nsocket\nhubport\ntap\nuser\n"
LISTENER_MAC = "02:00:00:00:00:01"
NOBODY = 65534
DRAINED_FRAMES = 2000
QUIET_S = 2


@pytest.fixture
def anna(lab, agents):
    """An agent with a hub, not running yet."""
    return agents(lab.host("anna"), config=config())


@pytest.fixture
def machines():
    """A function that runs machines; each is unplugged at the end."""
    made = []

    def make(agent, *arguments, **options):
        made.append(Running(agent, *arguments, **options))
        return made[-1]

    yield make
    for machine in made:
        machine.close()


def argument(machine, option):
    """The value of the last such option that the machine got."""
    argv = machine.about["argv"]
    return argv[max(i for i, word in enumerate(argv) if word == option) + 1]


# ---- on the LAN ----


def test_a_machine_is_a_port_with_its_own_name(anna, machines):
    anna.up()
    machine = machines(anna, "-name", "win98", "-m", "64")
    listener = Machine(anna.host, LISTENER_MAC)
    assert crosses(machine, listener, SETTLED_S)
    assert crosses(listener, machine, SETTLED_S, target=machine.mac)
    for size in (60, 64, 1514, 9000, 9216):
        assert crosses(machine, listener, SETTLED_S, size=size)
        assert crosses(listener, machine, SETTLED_S, target=machine.mac, size=size)
    found = port(anna, "win98")
    assert found["type"] == "fd" and found["state"] == "forwarding"
    assert found["rx_frames"] > 0 and found["tx_frames"] > 0
    assert machine.about["argv"][1:5] == ["-name", "win98", "-m", "64"]
    assert argument(machine, "-netdev").startswith("dgram,id=lw,local.type=fd,local.str=")
    assert argument(machine, "-device") == f"e1000,netdev=lw,mac={machine.mac}"


def test_machines_of_two_hosts_hear_each_other(lab, agents, machines):
    both = [agents(lab.host(name), config=config(hub="")) for name in ("anna", "bert")]
    introduce(*both)
    one, two = [machines(agent, "-name", "vm") for agent in both]
    for agent in both:
        agent.up()
    assert crosses(one, two, SETTLED_S)
    assert crosses(two, one, SETTLED_S)
    assert one.mac != two.mac


def test_before_7_2_a_machine_gets_a_socket_netdev(anna, machines):
    anna.up()
    machine = machines(anna, "-name", "old", help_text=OLD_HELP)
    listener = Machine(anna.host, LISTENER_MAC)
    assert re.fullmatch(r"socket,id=lw,fd=\d+", argument(machine, "-netdev"))
    assert crosses(machine, listener, SETTLED_S)


def test_a_machine_inherits_its_end_of_the_wire_and_nothing_else_of_ours(anna, machines):
    anna.up()
    with open("/dev/null", "rb") as own:
        os.set_inheritable(own.fileno(), True)
        machine = machines(anna, pass_fds=[own.fileno()])
        wire = int(re.search(r"local.str=(\d+)", argument(machine, "-netdev"))[1])
        # three of its own: the folder that it lists, its socket, and what it was given by its shell
        others = set(machine.about["fds"]) - {0, 1, 2, wire, own.fileno()}
        assert {wire, own.fileno()} <= set(machine.about["fds"]) and len(others) <= 2


def test_a_vlan_is_chosen_by_its_name(lab, agents, machines):
    text = config().replace("type  = mcast", "vlan = lan\ntype = mcast")
    anna = agents(lab.host("anna"), config=text + "\n[vlan games]\nid = 2\n")
    anna.up()
    machines(anna, "-name", "win98", options=["--vlan", "games"])
    wait_attached(anna, "win98")
    assert "win98" in [p["name"] for p in anna.status()["vlans"][1]["ports"]]
    for options, message in (
        ([], "this agent has several vlans: say which one with --vlan"),
        (["-V", "nosuch"], "there is no [vlan nosuch]"),
    ):
        process = start_run(anna, QEMU_FAKE, options=options)
        assert process.wait(START_LIMIT_S) == 1
        said = process.stderr.read()
        assert message in said and said.count("\n") == 1, said


# ---- MAC addresses ----


def test_a_machine_always_has_the_same_mac_and_each_another(anna, machines, tmp_path):
    disk = tmp_path / "xp.img"
    disk.touch()
    os.symlink(disk, tmp_path / "link.img")
    seen = {}
    for key, arguments in {
        "name": ["-name", "win98"],
        "name again": ["-m", "64", "-name", "guest=win98,debug-threads=on", str(disk)],
        "other name": ["-name", "win95"],
        "disk": [str(disk)],
        "disk again": ["-hda", str(tmp_path / "link.img")],
        "nothing": ["-m", "64"],
        "nothing again": ["-m", "64"],
    }.items():
        machine = machines(anna, *arguments)
        seen[key] = machine.mac
        machine.close()
    assert seen["name"] == seen["name again"] and seen["disk"] == seen["disk again"]
    assert len(set(seen.values())) == 5
    assert all(int(mac[:2], 16) & 3 == 2 for mac in seen.values()), seen


def test_a_device_of_the_users_keeps_its_mac_and_gets_one_where_it_has_none(anna, machines):
    own = "rtl8139,netdev=lw,mac=52:54:00:01:02:03"
    machine = machines(anna, "-name", "a", "-device", own)
    assert argument(machine, "-device") == own and machine.mac == "52:54:00:01:02:03"
    machine = machines(anna, "-name", "a", "-device", "rtl8139,netdev=lw")
    assert re.fullmatch(r"rtl8139,netdev=lw,mac=02(:[0-9a-f]{2}){5}", argument(machine, "-device"))
    machine = machines(anna, "-name", "a", options=["--device", "ne2k_pci"])
    assert argument(machine, "-device").startswith("ne2k_pci,netdev=lw,mac=02:")


def test_a_second_machine_of_one_name_is_told_of(anna, machines):
    anna.up()
    machine = machines(anna, "-name", "win98")
    wait_attached(anna, "win98")
    for own in ([], ["-device", "rtl8139,netdev=lw,mac=52:54:00:01:02:03"]):
        second = machines(anna, "-name", "win98", *own)
        wait_attached(anna, "win98.2")
        second.tell("exit 0")
        said = second.wait()[1]
        assert ("so this machine is 'win98.2' in longwire status" in said) == (not own), said
        assert (f"both have the MAC address {machine.mac}" in said) == (not own), said
        wait_for(lambda: ports_of(anna) == ["hub", "win98"], SETTLED_S, anna.story)


# ---- the agent comes and goes ----


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_a_machine_does_not_notice_that_the_agent_restarts(anna, machines, how):
    anna.binary = RELEASE  # what is measured
    anna.up()
    machine = machines(anna, "-name", "win98")
    listener = Machine(anna.host, LISTENER_MAC)
    assert crosses(machine, listener, SETTLED_S)
    for _ in range(2):
        anna.stop() if how == "stopped" else anna.kill()
        for _ in range(DRAINED_FRAMES):  # far more than may wait: somebody reads them
            wait_for(lambda: try_send(machine), SETTLED_S, "nobody reads what the machine sends")
        anna.start()
        wait_for(anna.status, SETTLED_S, anna.story)
        assert crosses(machine, listener, AGAIN_S)
        assert crosses(listener, machine, AGAIN_S, target=machine.mac)
    assert ports_of(anna) == ["hub", "win98"]
    machine.tell("exit 0")
    assert machine.wait()[0] == 0


def try_send(machine):
    """Does the wire take a frame?"""
    try:
        machine.socket.send(ethernet(machine.mac, BROADCAST, bytes(1500)))
        return True
    except BlockingIOError:
        return False


def test_a_machine_that_waits_for_a_stopped_agent_goes_on_when_that_is_killed(anna, machines):
    anna.up()
    machine = machines(anna, "-name", "win98")
    listener = Machine(anna.host, LISTENER_MAC)
    assert crosses(machine, listener, SETTLED_S)
    anna.process.send_signal(signal.SIGSTOP)
    while try_send(machine):
        pass
    anna.kill()
    wait_for(lambda: try_send(machine), AGAIN_S, "nobody reads what the machine sends")
    anna.up()
    assert crosses(machine, listener, AGAIN_S)


def test_a_machine_that_was_there_first_gets_its_agent_later(anna, machines):
    machine = machines(anna, "-name", "win98")
    listener = Machine(anna.host, LISTENER_MAC)
    machine.say(1)
    time.sleep(1)
    anna.up()
    assert crosses(machine, listener, SETTLED_S)
    machine.tell("exit 0")
    said = machine.wait()[1]
    assert f"no agent runs in {anna.folder}: the machine is on the LAN as soon as one does" in said
    assert said.count("\n") == 2, said


def test_waiting_for_an_agent_costs_next_to_nothing(anna, machines):
    machine = machines(anna, "-name", "win98")
    before = cpu_s(machine.process.pid)
    time.sleep(QUIET_S)
    assert cpu_s(machine.process.pid) - before < QUIET_S / 5  # a build with sanitizers


def cpu_s(pid):
    """The time that a process has worked."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_machine_whose_vlan_goes_is_back_when_it_comes_again(lab, agents, machines):
    games = "\n[vlan games]\nid = 2\n"
    text = config().replace("type  = mcast", "vlan = lan\ntype = mcast")
    anna = agents(lab.host("anna"), config=text + games)
    anna.up()
    machine = machines(anna, "-name", "win98", options=["--vlan", "games"])
    wait_attached(anna, "win98")
    anna.configure(text.format(name="anna", port=anna.port))
    anna.cli("reload", check=False)
    wait_for(lambda: "win98" not in ports_of(anna), SETTLED_S, anna.story)
    anna.configure((text + games).format(name="anna", port=anna.port))
    wait_attached(anna, "win98")
    machine.tell("exit 0")
    said = machine.wait()[1]
    assert said.count("there is no [vlan games]") == 1, said


def test_a_port_goes_at_once_with_its_machine_and_nothing_is_left(anna, machines):
    before = descriptors(settled(anna.up()))
    for _ in range(5):
        machine = machines(anna, "-name", "win98")
        wait_attached(anna, "win98")
        machine.release()
        machine.tell("exit 0")
        assert machine.wait()[0] == 0
        wait_for(lambda: ports_of(anna) == ["hub"], SETTLED_S, anna.story)
    wait_for(lambda: descriptors(anna) <= before, SETTLED_S, anna.story)


def test_a_machine_that_unplugs_its_own_card_is_left_alone(anna, machines):
    anna.up()
    machine = machines(anna, "-name", "win98")
    listener = Machine(anna.host, LISTENER_MAC)
    wire = int(re.search(r"local.str=(\d+)", argument(machine, "-netdev"))[1])
    assert crosses(machine, listener, SETTLED_S)
    machine.release()
    machine.tell(f"close {wire}")
    assert machine.hears_line() == "closed"
    listener.say(1)
    wait_for(lambda: ports_of(anna) == ["hub"], SETTLED_S, anna.story)
    before = cpu_s(machine.process.pid)
    time.sleep(QUIET_S)
    assert cpu_s(machine.process.pid) - before < QUIET_S / 5
    assert anna.log().count("a machine was attached") == 1
    assert machine.is_alive()
    machine.tell("exit 3")
    assert machine.wait()[0] == 3


# ---- the process ----


@pytest.mark.parametrize("status", [0, 1, 2, 77, 255])
def test_the_exit_status_is_the_machines(anna, machines, status):
    machine = machines(anna)
    machine.tell(f"exit {status}")
    assert machine.wait()[0] == status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV])
def test_a_machine_that_dies_by_a_signal_takes_run_along(anna, machines, number):
    machine = machines(anna)
    machine.tell(f"die {number:d}")
    assert machine.wait()[0] == -number


HANDED_THROUGH = [
    getattr(signal, "SIG" + name) for name in ("TERM", "INT", "HUP", "QUIT", "USR1", "WINCH", "CONT")
]


def ignore_nothing():
    """In the new process: a shell that starts the tests in the background ignores INT and QUIT."""
    for number in HANDED_THROUGH:
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize("agent_runs", [True, False], ids=["with agent", "without"])
def test_signals_are_handed_through(anna, machines, agent_runs):
    if agent_runs:
        anna.up()
    machine = machines(anna, preexec_fn=ignore_nothing)
    for number in HANDED_THROUGH:
        machine.process.send_signal(number)
        assert machine.hears_line() == f"signal {number:d}"
    machine.tell("exit 5")
    assert machine.wait()[0] == 5


def ignore_hangup():
    """In the new process, as nohup(1) does."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def test_what_was_ignored_before_run_stays_so(anna, machines):
    machine = machines(anna, preexec_fn=ignore_hangup)
    for number in (signal.SIGHUP, signal.SIGUSR1):
        machine.process.send_signal(number)
    assert machine.hears_line() == f"signal {signal.SIGUSR1:d}"
    machine.tell("exit 0")
    assert machine.wait()[0] == 0


def state(pid):
    """The kernel's letter for what a process does."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]


def test_both_stop_and_go_on_together(anna, machines):
    anna.up()
    machine = machines(anna, "-name", "win98", preexec_fn=os.setpgrp)
    both = (machine.process.pid, machine.about["pid"])
    listener = Machine(anna.host, LISTENER_MAC)
    machine.process.send_signal(signal.SIGTSTP)
    wait_for(lambda: all(state(pid) == "T" for pid in both), SETTLED_S, "not stopped")
    machine.process.send_signal(signal.SIGCONT)
    assert machine.hears_line() == f"signal {signal.SIGCONT:d}"
    assert state(machine.process.pid) != "T"
    assert crosses(machine, listener, SETTLED_S)


def take_terminal():
    """In the new process: what is at descriptor 0 is its terminal."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_what_the_terminal_sends_arrives_once(anna, machines):
    leader, follower = pty.openpty()
    machine = machines(
        anna, stdin=follower, stdout=follower, stderr=follower,
        preexec_fn=take_terminal,
    )
    os.close(follower)
    assert machine.about["tty"]
    os.write(leader, b"\x03")
    assert machine.hears_line() == f"signal {signal.SIGINT:d}"
    machine.process.send_signal(signal.SIGUSR1)
    assert machine.hears_line() == f"signal {signal.SIGUSR1:d}"  # and no second SIGINT before it
    machine.tell("exit 0")
    assert machine.process.wait(START_LIMIT_S) == 0
    os.close(leader)


def test_a_machine_ends_when_run_is_killed(anna, machines):
    anna.up()
    machine = machines(anna, "-name", "win98")
    wait_attached(anna, "win98")
    machine.kill_run()
    assert machine.hears_line() == f"signal {signal.SIGTERM:d}"
    wait_for(lambda: ports_of(anna) == ["hub"], SETTLED_S, anna.story)
    machine.tell("exit 0")


# ---- who may ----


@pytest.fixture
def shared():
    """A folder that everybody may read, and with it a program for everybody."""
    with tempfile.TemporaryDirectory(prefix="lw") as folder:
        os.chmod(folder, 0o755)
        shutil.copy(RELEASE, folder)
        yield folder


def as_user(uid, *groups):
    """How to be somebody else."""
    member = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", member]


def other_user(agent, folder, *groups):
    """The same agent as somebody else sees it."""
    binary = os.path.join(folder, os.path.basename(RELEASE))
    return Agent(agent.host, agent.folder, prefix=as_user(1000, *groups), binary=binary)


@pytest.fixture
def grouped(lab, shared):
    """An agent whose control socket the group nogroup may use."""
    text = CONFIG.replace("[vlan", "group = nogroup\n\n[vlan", 1)
    agent = Agent(lab.host("anna"), shared + "/anna").init(text)
    os.chmod(agent.folder, 0o755)
    yield agent
    agent.stop()


def test_members_of_the_group_may_run_machines(grouped, shared, machines):
    grouped.up()
    machine = machines(other_user(grouped, shared, NOBODY), "-name", "win98")
    wait_attached(grouped, "win98")
    own = machines(grouped, "-name", "win98")
    assert machine.mac == own.mac  # whoever starts it


def test_members_of_the_group_need_a_qemu_that_takes_what_stays_connected(grouped, shared):
    grouped.up()
    member = other_user(grouped, shared, NOBODY)
    process = start_run(member, QEMU_FAKE, "-name", "old", help_text=OLD_HELP)
    assert process.wait(START_LIMIT_S) == 1
    said = process.stderr.read()
    assert "Use SOCK_SEQPACKET, as 'longwire run' does with QEMU 7.2 or later" in said, said


def test_others_may_not(grouped, shared):
    grouped.up()
    own = "e1000,netdev=lw,mac=02:00:00:00:00:07"
    process = start_run(other_user(grouped, shared), QEMU_FAKE, "-device", own)
    assert process.wait(START_LIMIT_S) == 1
    said = process.stderr.read()
    assert "only the agent's own user, root and the members of 'group ='" in said, said
    assert "win98" not in ports_of(grouped)


def test_without_identity_and_agent_there_is_no_mac_and_a_sentence(grouped, shared, machines):
    other = other_user(grouped, shared, NOBODY)
    process = start_run(other, QEMU_FAKE, "-name", "win98")
    assert process.wait(START_LIMIT_S) == 1
    assert "start the agent first, or give QEMU -device" in process.stderr.read()
    machine = machines(other, "-name", "win98", "-device", "e1000,netdev=lw,mac=02:00:00:00:00:07")
    grouped.up()
    wait_attached(grouped, "win98")
    machine.tell("exit 0")
