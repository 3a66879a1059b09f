"""longwire dump: who sees which frames, and what a slow reader costs"""

import os
import shutil
import signal
import subprocess
import time

import pytest

from agent import BINARY, CONFIG, RELEASE, introduce
from dumping import dumping, read_pcapng, tcpdump_reads
from machine import BROADCAST, Machine, crosses, ethernet, read_number
from netns import wait_for

SETTLED_S = 30
MACS = [f"02:00:00:00:00:{n:02x}" for n in range(16)]
SECOND = "[port hub2]\nvlan = lan\ntype = mcast\ngroup = 230.0.0.2:33001\nbroadcast = off\n"
SECOND_HUB = ("230.0.0.2", 33001)


@pytest.fixture
def pair(lab, agents):
    """Anna and Bert, connected."""
    both = [agents(lab.host(name)) for name in ("anna", "bert")]
    introduce(*both)
    for agent in both:
        agent.up()
    both[0].wait_up("bert")
    both[1].wait_up("anna")
    return both


@pytest.fixture
def hubs(lab, agents):
    """One agent with two hubs, and a machine on each that has heard of the other."""

    def make(binary=BINARY):
        agent = agents(lab.host("anna"), binary=binary, config=CONFIG + "broadcast = off\n" + SECOND)
        agent.up()
        one = Machine(agent.host, MACS[1])
        two = Machine(agent.host, MACS[2], group=SECOND_HUB[0], port=SECOND_HUB[1])
        assert crosses(one, two, SETTLED_S) and crosses(two, one, SETTLED_S), agent.story()
        return agent, one, two

    return make


# where the sending host's machine is, and what socat is told of interfaces: QEMU's manual page has the
# last line, and then the datagram goes by the default route, not by loopback
FIRST_TRIES = {
    "all by loopback": ("127.0.0.1", ",ip-multicast-if=127.0.0.1"),
    "machine on loopback": ("127.0.0.1", ""),
    "machine as in the manual page": (None, ""),
}


@pytest.mark.parametrize("localaddr, option", FIRST_TRIES.values(), ids=FIRST_TRIES)
def test_what_everybody_tries_first_is_seen_on_the_other_host(pair, tmp_path, localaddr, option):
    anna, bert = pair
    near_machine = Machine(anna.host, MACS[1], localaddr=localaddr)
    far_machine = Machine(bert.host, MACS[2])
    line = "To: me, from: a script, hi\n"
    command = f"socat - UDP4-DATAGRAM:230.0.0.1:33000{option}".split()

    def echo(text):
        subprocess.run(anna.host.command(*command), input=text, text=True, check=True)

    with dumping(bert, tmp_path / "bert") as far, dumping(anna, tmp_path / "anna") as near:

        def heard():
            echo(line)
            return far_machine.hears(lambda f: f == line.encode(), 0.2)

        # not at once: ports listen for a second before they forward
        wait_for(heard, SETTLED_S, lambda: near.text() + near.said() + anna.story())
        assert near_machine.hears(lambda f: f == line.encode(), SETTLED_S)
        shown = far.shows("54:6f:3a:20:6d:65")  # "To: me", where it goes
        assert "lan, peer anna -> all, 27 bytes: " in shown
        assert 'type 0x3a20, "a script, hi."' in shown
        assert "54:6f:3a:20:6d:65, type 0x3a20" in near.shows("lan, port hub -> all, 27 bytes: ")
        echo("too short, so\n"[1:])  # thirteen bytes are no Ethernet frame
        assert "port hub -> nobody (short_frame), 13 bytes" in near.shows("short_frame")
        echo("To: me, and that was the last one\n")
        assert far_machine.hears(lambda f: b"the last one" in f, SETTLED_S)
        assert all(" 13 bytes" not in text for text in far.text().splitlines())


def test_a_frame_is_shown_once_with_where_it_came_from_and_where_it_goes(pair, tmp_path):
    anna, bert = pair
    one, far = Machine(anna.host, MACS[1]), Machine(bert.host, MACS[3])
    assert crosses(one, far, SETTLED_S) and crosses(far, one, SETTLED_S)
    with dumping(anna, tmp_path / "text") as dump, dumping(
        anna, tmp_path / "file", "-w", str(tmp_path / "file.pcapng")
    ) as file:
        one.send(ethernet(one.mac, far.mac, b"to one machine only"))
        far.send(ethernet(far.mac, one.mac, b"and back"))
        one.send(ethernet(one.mac, one.mac, b"to itself"))
        one.send(b"short")
        anna.cli("send", (b"\xff" * 6 + bytes.fromhex("020000000009") + b"\x88\xb6sent").hex())
        shown = dump.shows("longwire send")
        assert "lan, longwire send -> all, 18 bytes: 02:00:00:00:00:09 > ff:ff:ff:ff:ff:ff" in shown
        assert "port hub -> peer bert, 60 bytes" in dump.shows("to one machine only")
        assert "peer bert -> port hub, 60 bytes" in dump.shows("and back")
        assert "port hub -> nobody (same_port), 60 bytes" in dump.shows("to itself")
        assert "port hub -> nobody (short_frame), 5 bytes: ? > ?" in dump.shows("short_frame")
        assert dump.interrupt() == 0 and file.interrupt() == 0
        lines = [line for line in dump.text().splitlines() if "beacon" not in line]
        assert sum("to one machine only" in line for line in lines) == 1
        assert f"{len(lines)} frames, none lost" in dump.said()
    packets = read_pcapng(tmp_path / "file.pcapng")
    one_of = {p.frame[14:25]: p for p in packets}
    assert one_of[b"to one mach"].interface == ("port hub", "vlan lan")
    assert one_of[b"to one mach"].comment == "port hub -> peer bert, vlan lan"
    assert one_of[b"and back\0\0\0"].interface == ("peer bert", "vlan lan")
    assert all(p.direction == "in" for p in packets)
    assert abs(packets[0].time_ns / 1e9 - time.time()) < 300
    assert os.stat(tmp_path / "file.pcapng").st_mode & 0o777 == 0o600


def test_tcpdump_reads_what_is_written(pair, tmp_path):
    anna, bert = pair
    one, far = Machine(anna.host, MACS[1]), Machine(bert.host, MACS[3])
    assert crosses(one, far, SETTLED_S) and crosses(far, one, SETTLED_S)
    path = tmp_path / "bert.pcapng"
    with dumping(bert, tmp_path / "bert", "-w", str(path), "--count", "4") as dump:
        for size in (60, 61, 1514, 9014):
            one.say(size, target=far.mac, size=size)
        assert dump.process.wait(SETTLED_S) == 0
    text = tcpdump_reads(path, "-e")
    assert [f"length {size}:" in text for size in (60, 61, 1514, 9014)] == [True] * 4, text
    assert text.count("02:00:00:00:00:01 > 02:00:00:00:00:03, ethertype Unknown (0x88b6)") == 4


@pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark")
def test_tshark_shows_the_names_of_port_and_peer(pair, tmp_path):
    anna, bert = pair
    one, far = Machine(anna.host, MACS[1]), Machine(bert.host, MACS[3])
    assert crosses(one, far, SETTLED_S) and crosses(far, one, SETTLED_S)
    path = tmp_path / "bert.pcapng"
    with dumping(bert, tmp_path / "bert", "-w", str(path), "-c", "1") as dump:
        one.say(1, target=far.mac)
        assert dump.process.wait(SETTLED_S) == 0
    fields = ["frame.interface_name", "frame.comment", "frame.packet_flags_direction"]
    command = ["tshark", "-r", str(path), "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split("\t")[:2] == ["peer anna", "peer anna -> port hub, vlan lan"]


def test_filters_leave_out_what_was_not_asked_for(hubs, tmp_path):
    agent, one, two = hubs()
    agent.configure(
        agent_config(agent) + "[vlan other]\nid = 2\n[port far]\nvlan = other\ntype = mcast\n"
        "group = 230.0.0.3:33002\n"
    )
    wait_for(lambda: len(agent.status()["vlans"]) == 2, SETTLED_S, agent.story)
    far = Machine(agent.host, MACS[3], group="230.0.0.3", port=33002)
    wait_for(lambda: far.say(1) or vlan(agent, "other")["macs"], SETTLED_S, agent.story)
    with dumping(agent, tmp_path / "all") as all_, dumping(
        agent, tmp_path / "vlan", "--vlan", "other"
    ) as other, dumping(agent, tmp_path / "port", "--port", "hub2") as port, dumping(
        agent, tmp_path / "place", "--port", "hub2", "-w", str(tmp_path / "place.pcapng")
    ) as place:
        one.send(ethernet(one.mac, one.mac, b"stays on hub"))
        one.send(ethernet(one.mac, two.mac, b"from hub to hub2"))
        two.send(ethernet(two.mac, one.mac, b"from hub2 to hub"))
        one.send(ethernet(one.mac, BROADCAST, b"from hub to all"))
        far.send(ethernet(far.mac, BROADCAST, b"on the other vlan"))
        all_.shows("on the other vlan")
        other.shows("on the other vlan")
        port.shows("from hub to all")
        assert place.interrupt() == 0
        assert "stays on hub" in all_.text() and "stays on hub" not in port.text()
        assert "from hub" not in other.text() and "other vlan" not in port.text()
        assert "from hub to hub2" in port.text() and "from hub2 to hub" in port.text()
    ways = {p.frame[14:].rstrip(b"\0"): p for p in read_pcapng(tmp_path / "place.pcapng")}
    assert {p.interface for p in ways.values()} == {("port hub2", "vlan lan")}
    assert ways[b"from hub to hub2"].direction == "out"
    assert ways[b"from hub2 to hub"].direction == "in"
    assert ways[b"from hub to all"].direction == "out"


def agent_config(agent):
    """agent.conf as it is."""
    with open(os.path.join(agent.folder, "agent.conf"), encoding="utf-8") as conf:
        return conf.read()


def port(agent, name):
    """The status of a port."""
    return next(p for v in agent.status()["vlans"] for p in v["ports"] if p["name"] == name)


def vlan(agent, name):
    """The status of a vlan."""
    return next(v for v in agent.status()["vlans"] if v["name"] == name)


def test_peer_filter_shows_what_a_broadcast_sends_there(pair, tmp_path):
    anna, bert = pair
    one, far = Machine(anna.host, MACS[1]), Machine(bert.host, MACS[3])
    assert crosses(one, far, SETTLED_S) and crosses(far, one, SETTLED_S)
    with dumping(anna, tmp_path / "peer", "--peer", "bert") as dump:
        one.send(ethernet(one.mac, one.mac, b"stays here"))
        one.send(ethernet(one.mac, BROADCAST, b"to everybody"))
        dump.shows("to everybody")
        assert "stays here" not in dump.text()


def refused(agent, *arguments):
    """A dump that must not start; the one line that says why."""
    command = agent.host.command(agent.binary, "-C", agent.folder, "dump", *arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SETTLED_S)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_wrong_names_are_refused_in_a_sentence(hubs):
    agent, _, _ = hubs()
    for option, said in (
        ("--vlan", "there is no [vlan nosuch] in"),
        ("--peer", "there is no peer 'nosuch' in"),
        ("--port", "there is no port 'nosuch'; 'longwire status' lists them"),
    ):
        assert said in refused(agent, option, "nosuch")


def test_a_fifth_reader_is_refused_and_one_that_went_makes_room(hubs, tmp_path):
    agent, _, _ = hubs()
    with dumping(agent, tmp_path / "1"), dumping(agent, tmp_path / "2"), dumping(
        agent, tmp_path / "3"
    ), dumping(agent, tmp_path / "4") as last:
        assert "4 dumps run already; end one of them first" in refused(agent)
        assert len(agent.status()["dumps"]) == 4
        assert last.interrupt() == 0
        wait_for(lambda: len(agent.status()["dumps"]) == 3, SETTLED_S, agent.story)
        with dumping(agent, tmp_path / "5"):
            pass
    wait_for(lambda: agent.status()["dumps"] == [], SETTLED_S, agent.story)


def test_it_ends_quietly_when_the_program_behind_the_pipe_has_ended(hubs):
    agent, one, two = hubs()
    command = agent.host.command(agent.binary, "-C", agent.folder, "dump", "-w", "-")
    for talk in (True, False):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as dump:
            assert dump.stdout.read(8)
            dump.stdout.close()
            if talk:
                for number in range(50):
                    one.say(number, target=two.mac)
            try:
                assert dump.wait(SETTLED_S) == 0
            finally:
                dump.kill()
            said = dump.stderr.read().decode()
        assert said.count("\n") == 1 and said.startswith("folder: ")


def test_it_says_so_when_the_agent_ends(hubs, tmp_path):
    agent, _, _ = hubs()
    with dumping(agent, tmp_path / "dump") as dump:
        agent.stop()
        assert dump.process.wait(SETTLED_S) == 1
        assert "longwire: the agent has ended, and the dump with it\n" in dump.said()


def told(dump):
    """How many frames it showed, and how many it said were lost."""
    lines = dump.text().splitlines()
    lost = [int(line.split()[0].lstrip("(")) for line in lines if "frames were lost here" in line]
    return len(lines) - len(lost), sum(lost)


class Stream:
    """Numbered frames from one machine to another, no faster than they arrive."""

    RATE, WINDOW, SIZE = 20000, 500, 1000

    def __init__(self, one, two, recorded):
        self.one, self.two, self.recorded = one, two, recorded
        self.heard = set()

    def arrived(self, number):
        """Have the machine, and the file, nearly all up to that number?"""
        self.heard |= {n[1] for n in map(read_number, self.two.take()) if n and n[0] == 1}
        enough = number - self.WINDOW
        return len(self.heard) >= enough and os.stat(self.recorded).st_size >= enough * self.SIZE

    def run(self, count):
        """Send so many. Nobody is asked for more than he can do: what is lost, somebody else lost."""
        started = time.monotonic()
        for number in range(count):
            self.one.say(number, target=self.two.mac, size=self.SIZE)
            if number % (self.WINDOW // 4) == 0:
                wait_for(lambda n=number: self.arrived(n), SETTLED_S, f"at {number}")
                time.sleep(max(0, started + number / self.RATE - time.monotonic()))
        wait_for(lambda: self.arrived(count + self.WINDOW), SETTLED_S, "the last ones")


def test_a_reader_that_stopped_costs_nobody_else_a_frame(hubs, tmp_path):
    """20,000 frames a second, or what this machine can, for longer than any buffer holds."""
    agent, one, two = hubs(RELEASE)
    count, file = 60000, tmp_path / "fast.pcapng"
    with dumping(agent, tmp_path / "slow") as slow, dumping(
        agent, tmp_path / "fast", "-w", str(file)
    ) as fast:
        slow.process.send_signal(signal.SIGSTOP)
        drops = [port(agent, name)["drops"] for name in ("hub", "hub2")]
        stream = Stream(one, two, file)
        stream.run(count)
        assert set(range(count)) <= stream.heard
        lost = sorted(d["lost"] for d in agent.status()["dumps"])
        assert lost[0] == 0 and lost[1] > count / 2
        assert [port(agent, name)["drops"] for name in ("hub", "hub2")] == drops
        slow.process.send_signal(signal.SIGCONT)
        wait_for(lambda: sum(told(slow)) >= count, SETTLED_S, lambda: str(told(slow)))
        assert slow.interrupt() == 0 and fast.interrupt() == 0
    shown, lost = told(slow)
    assert lost > count / 2
    assert f"{shown} frames, {lost} lost: they came faster than they were read" in slow.said()
    recorded = {n[1] for n in (read_number(p.frame) for p in read_pcapng(file)) if n}
    assert set(range(count)) <= recorded
    assert "none lost" in fast.said()
