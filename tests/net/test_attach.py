"""Descriptors that are handed over: by the request "attach", and by a service manager to a port."""

import contextlib
import json
import os
import socket

import pytest

from handed import AnyPlug
from machine import Machine, crosses
from netns import wait_for
from plugs import StreamPlug, config, descriptors, drops, port, ports_of, settled

SETTLED_S = 20
AGAIN_S = 15
LISTENER_MAC = "02:00:00:00:00:01"
MAC = "02:00:00:00:00:0a"
KINDS = {
    "dgram": socket.SOCK_DGRAM,
    "seqpacket": socket.SOCK_SEQPACKET,
    "stream": socket.SOCK_STREAM,
}
WAITING_MAX = 16  # in agent/command_attach.c
MANY_TIMES = 1000
BAD_LENGTHS = (13, 69633, 2**32 - 1, 0)


class Link:
    """A connection to the agent over which a machine is attached."""

    def __init__(self, agent, name="vm", **more):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(SETTLED_S)
        self.socket.connect(agent.folder + "/agent.sock")
        request = {"id": 7, "cmd": "attach", "name": name, **more}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        self.lines = self.socket.makefile()
        self.answer = self.read()

    def read(self):
        """The next answer; None at the end."""
        line = self.lines.readline()
        return json.loads(line) if line else None

    def hand_over(self, *fds):
        """Send descriptors; the answer."""
        socket.send_fds(self.socket, [b"\n"], fds)
        return self.read()

    def is_closed(self):
        """Has the agent hung up? Waits for it."""
        return self.socket.recv(1) == b""

    def close(self):
        """Hang up."""
        self.lines.close()
        self.socket.close()


@pytest.fixture
def anna(lab, agents):
    """An agent with a hub that runs."""
    return settled(agents(lab.host("anna"), config=config()).up())


@pytest.fixture
def links(anna):
    """A function that makes connections; each ends with the test."""
    made = []

    def make(*arguments, **more):
        made.append(Link(anna, *arguments, **more))
        return made[-1]

    yield make
    for link in made:
        link.close()


def nothing_is_left(agent, before):
    """Wait until the agent has no more descriptors than @before: asking for status costs it one."""
    wait_for(lambda: descriptors(agent) <= before, AGAIN_S, agent.story)


def plug_over(agent, kind, made):
    """A machine with that end of a pair."""
    if kind == "stream":
        return StreamPlug(agent.host, MAC, None, made)
    return AnyPlug(agent.host, MAC, made)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_pair_carries_frames(anna, links, kind):
    ours, theirs = socket.socketpair(socket.AF_UNIX, KINDS[kind])
    link = links("vm")
    assert link.answer == {"id": 7, "ok": True}
    assert link.hand_over(theirs.fileno()) == {"ok": True, "port": "vm"}
    theirs.close()
    machine, listener = plug_over(anna, kind, ours), Machine(anna.host, LISTENER_MAC)
    for size in (60, 64, 1514, 9216):
        assert crosses(machine, listener, SETTLED_S, size=size)
        assert crosses(listener, machine, SETTLED_S, target=MAC, size=size)
    assert port(anna, "vm")["state"] == "forwarding"
    machine.close()
    listener.say(1)
    assert link.is_closed()
    wait_for(lambda: ports_of(anna) == ["hub"], AGAIN_S, anna.story)


def test_a_port_goes_with_its_connection(anna, links):
    before = descriptors(anna)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for _ in range(3):
        link = links("vm")
        assert link.hand_over(theirs.fileno())["port"] == "vm"
        link.close()
        wait_for(lambda: ports_of(anna) == ["hub"], AGAIN_S, anna.story)
    nothing_is_left(anna, before)
    ours.close()
    theirs.close()


def test_a_machine_is_no_port_that_could_be_unplugged(anna, links):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    assert links("vm").hand_over(theirs.fileno())["ok"]
    said = anna.cli("unplug", "vm", check=False).stderr
    assert "vm is a machine that was handed over, as by 'longwire run': it goes when that" in said
    said = anna.cli("plug", "vm", "dgram,local=x.sock", check=True).stderr
    wait_for(lambda: ports_of(anna) == ["hub", "vm"], AGAIN_S, anna.story)
    assert port(anna, "vm")["type"] == "dgram"  # who is configured has the name
    for end in (ours, theirs):
        end.close()


def test_a_thousand_machines_that_come_and_go_leave_nothing(anna, links):
    before = descriptors(anna)
    for _ in range(MANY_TIMES):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        link = Link(anna)
        assert link.hand_over(theirs.fileno())["ok"]
        for end in (link, ours, theirs):
            end.close()
    wait_for(lambda: ports_of(anna) == ["hub"], AGAIN_S, anna.story)
    nothing_is_left(anna, before)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    assert links("vm").hand_over(theirs.fileno())["port"] == "vm"
    theirs.close()
    assert crosses(AnyPlug(anna.host, MAC, ours), Machine(anna.host, LISTENER_MAC), SETTLED_S)


def test_what_a_stream_must_not_say_ends_that_machine_alone(anna, links):
    stays, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    assert links("stays").hand_over(other.fileno())["ok"]
    for length in BAD_LENGTHS:
        ours, theirs = socket.socketpair()
        link = links("vm")
        assert link.hand_over(theirs.fileno())["ok"]
        theirs.close()
        ours.sendall(length.to_bytes(4, "big") + bytes(100))
        assert link.is_closed()
        ours.close()
    assert ports_of(anna) == ["hub", "stays"]
    assert crosses(AnyPlug(anna.host, MAC, stays), Machine(anna.host, LISTENER_MAC), SETTLED_S)


def test_a_machine_that_does_not_read_costs_its_own_frames_only(anna, links):
    silent, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    assert links("silent").hand_over(other.fileno())["ok"]
    other.setblocking(True)  # for the agent, too: it is the same socket
    one = Machine(anna.host, LISTENER_MAC)
    two = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    assert links("two").hand_over(two[1].fileno())["ok"]
    machine = AnyPlug(anna.host, MAC, two[0])

    def is_full():
        for number in range(200):
            machine.say(number, size=1514)
        return drops(anna, "silent", "port_full") > 0

    wait_for(is_full, SETTLED_S, anna.story)
    assert crosses(machine, one, SETTLED_S)
    assert drops(anna, "two", "port_full") == 0
    silent.close()


# ---- who does not do as expected ----


@pytest.mark.parametrize(
    "request_,message",
    [
        ({"name": "a b"}, "'a b' is no name"),
        ({"name": 7}, "'attach' needs a name for the machine"),
        ({"name": "a", "vlan": "nosuch"}, "there is no [vlan nosuch]"),
    ],
)
def test_a_request_that_cannot_be_is_refused(links, request_, message):
    answer = links(**request_).answer
    assert not answer["ok"] and message in answer["error"] and answer["id"] == 7


def bad_descriptors(folder):
    """Pairs of what is handed over and what is said to it."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(folder + "/listener")
    listener.listen(1)
    lonely = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    widow, gone = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    gone.close()
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    service = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    service.bind(folder + "/service")
    to_service = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    to_service.connect(folder + "/service")
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with open("/dev/null", "rb") as null:
        yield [os.dup(null.fileno())], "the descriptor is no unix socket"
    yield [udp.detach()], "the descriptor is no unix socket"
    yield [listener.detach()], "the descriptor listens for connections"
    yield [lonely.detach()], "the descriptor is not connected"
    yield [to_service.detach()], "the descriptor is connected to a socket that has a name"
    yield [], "one descriptor was expected here"
    yield [pair[0].detach(), pair[1].detach()], "one descriptor was expected here"
    yield [os.dup(0) for _ in range(100)], "one descriptor was expected here"
    widow.close()
    service.close()


def test_a_descriptor_that_is_no_machines_is_refused_and_nothing_is_left(anna, links, tmp_path):
    before = descriptors(anna)
    for fds, message in bad_descriptors(str(tmp_path)):
        link = links()
        answer = link.hand_over(*fds)
        assert not answer["ok"] and message in answer["error"], (message, answer)
        assert link.is_closed()
        for fd in fds:
            os.close(fd)
    nothing_is_left(anna, before)
    assert ports_of(anna) == ["hub"]


def test_descriptors_where_none_are_asked_for_are_closed(anna):
    before = descriptors(anna)
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    fds = [end.fileno() for end in pair]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(SETTLED_S)
        client.connect(anna.folder + "/agent.sock")
        lines = client.makefile()
        socket.send_fds(client, [b'{"cmd": "sta'], fds)
        socket.send_fds(client, [b'tus"}\n'], fds)
        assert json.loads(lines.readline())["ok"]
        socket.send_fds(client, [b"no request\n"], fds * 50)
        assert not json.loads(lines.readline())["ok"]
        assert descriptors(anna) <= before + 1  # the connection
        socket.send_fds(client, [b'{"cmd": "attach", "name": "vm"}\n'], fds[:1])
        assert json.loads(lines.readline())["ok"]
        assert ports_of(anna) == ["hub"]  # it comes when it is asked for, or not at all
        lines.close()
    nothing_is_left(anna, before)
    for end in pair:
        end.close()


def test_a_connection_that_is_handed_over_to_itself_ends(anna, links):
    link = links("vm")
    socket.send_fds(link.socket, [b"\n"], [link.socket.fileno()])
    wait_for(lambda: "port vm: the machine has gone" in anna.log(), AGAIN_S, anna.story)
    link.close()
    assert ports_of(anna) == ["hub"]


def test_a_descriptor_that_its_owner_shuts_down_is_let_go(anna, links):
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    link = links("vm")
    assert link.hand_over(pair[1].fileno())["ok"]
    pair[1].shutdown(socket.SHUT_RD)
    assert link.is_closed()
    assert ports_of(anna) == ["hub"]
    for end in pair:
        end.close()


def test_what_follows_a_descriptor_ends_the_connection(anna, links):
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    link = links()
    assert link.hand_over(pair[1].fileno())["ok"]
    socket.send_fds(link.socket, [b"again"], [pair[0].fileno()])
    assert link.is_closed()
    wait_for(lambda: ports_of(anna) == ["hub"], AGAIN_S, anna.story)
    for end in pair:
        end.close()


def test_who_asks_and_sends_nothing_makes_room(anna, links):
    before = descriptors(anna)
    first = links("first")
    others = [links("vm") for _ in range(WAITING_MAX)]
    assert first.is_closed()
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    assert others[0].hand_over(pair[1].fileno())["ok"]
    for _ in range(WAITING_MAX):
        links("vm")
    assert ports_of(anna) == ["hub", "vm"]  # a machine never has to
    assert descriptors(anna) <= before + WAITING_MAX + 2
    for end in pair:
        end.close()


def test_a_client_that_ends_in_the_middle_leaves_nothing(anna):
    before = descriptors(anna)
    for _ in range(5):
        Link(anna).close()
    nothing_is_left(anna, before)


# ---- ports of type fd ----


def managed(lab, agents, ports, given):
    """An agent with @ports; a service manager starts it with @given: names and descriptors."""
    agent = agents(lab.host("anna"), config=config(*ports))
    agent.given = given
    return agent.up()


@pytest.mark.parametrize("kind", KINDS)
def test_a_port_finds_its_descriptor_by_name(lab, agents, kind):
    pairs = [socket.socketpair(socket.AF_UNIX, KINDS[kind]) for _ in range(2)]
    given = {"other": pairs[0][1].fileno(), "win98": pairs[1][1].fileno()}
    anna = managed(lab, agents, [("vm", "fd", "fd = win98")], given)
    machine, listener = plug_over(anna, kind, pairs[1][0]), Machine(anna.host, LISTENER_MAC)
    assert crosses(machine, listener, SETTLED_S)
    assert crosses(listener, machine, SETTLED_S, target=MAC)
    assert port(anna, "vm")["state"] == "forwarding"
    for pair in pairs:
        pair[1].close()
    machine.close()
    listener.say(1)
    wait_for(lambda: port(anna, "vm")["state"] == "down", AGAIN_S, anna.story)
    assert "the other end of the descriptor was closed" in port(anna, "vm")["detail"]


def test_a_port_that_is_taken_out_and_put_in_again_finds_its_descriptor_again(lab, agents):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    anna = managed(lab, agents, [("vm", "fd", "fd = win98")], {"win98": theirs.fileno()})
    theirs.close()
    machine, listener = AnyPlug(anna.host, MAC, ours), Machine(anna.host, LISTENER_MAC)
    assert crosses(machine, listener, SETTLED_S)
    for ports in ([], [("vm2", "fd", "fd = win98")]):
        anna.configure(config(*ports).format(name="anna", port=anna.port))
        wait_for(lambda ports=ports: len(ports_of(anna)) == 1 + len(ports), AGAIN_S, anna.story)
    assert crosses(machine, listener, SETTLED_S)
    assert port(anna, "vm2")["state"] == "forwarding"


def test_a_port_without_a_good_descriptor_is_down_and_says_why(lab, agents, tmp_path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(tmp_path / "l"))
    listener.listen(1)
    ports = [("none", "fd", "fd = win95"), ("odd", "fd", "fd = listener")]
    anna = managed(lab, agents, ports, {"listener": listener.fileno()})
    for name, message in (
        ("none", "no descriptor 'win95': name it in its unit with FileDescriptorName=win95"),
        ("odd", "the descriptor 'listener' listens for connections"),
    ):
        found = port(anna, name)
        assert found["state"] == "down" and message in found["detail"], found
    speaker = Machine(anna.host, LISTENER_MAC)
    wait_for(
        lambda: speaker.say(1) or drops(anna, "none", "port_down") > 0, AGAIN_S, anna.story
    )
    listener.close()


def test_descriptors_without_a_name_are_closed(lab, agents, tmp_path):
    with open(tmp_path / "left-open", "wb") as left:
        anna = agents(lab.host("anna"), config=config())
        with open(anna.log_path, "ab") as log:
            command = [anna.binary, "-C", anna.folder, "up"]
            fds = [left.fileno()]
            anna.process = anna.host.start(*command, stdout=log, stderr=log, pass_fds=fds)
        wait_for(anna.status, SETTLED_S, anna.story)
        assert str(left.name) not in open_files(anna)


def open_files(agent):
    """What the agent's descriptors are."""
    folder = f"/proc/{agent.process.pid}/fd"
    found = []
    for fd in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(f"{folder}/{fd}"))
    return found
