"""longwire plug and unplug: ports of an agent that runs"""

import os

import pytest

from agent import CONFIG
from machine import Machine, crosses
from netns import wait_for

SETTLED_S = 30
MACS = [f"02:00:00:00:00:{n:02x}" for n in range(16)]
WORDS = "mcast,group=230.0.0.2:33001"
SECTION = "[port hub2]\nvlan = lan\ntype = mcast\ngroup = 230.0.0.2:33001\n"
NOT_THE_HUB = ("230.0.0.2", 33001)


@pytest.fixture
def anna(lab, agents):
    """An agent with one hub."""
    return agents(lab.host("anna")).up()


def ports(agent):
    """{name: status} of all ports."""
    return {p["name"]: p for v in agent.status()["vlans"] for p in v["ports"]}


def refused(agent, *arguments):
    """It must fail with one line; the line."""
    done = agent.cli(*arguments, check=False)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def change_config(agent, addition):
    """Append to agent.conf, as written by the fixture."""
    agent.configure(CONFIG.format(name=agent.name, port=agent.port) + addition)


def machines(agent):
    """One on the hub, one on what is plugged."""
    return (
        Machine(agent.host, MACS[1]),
        Machine(agent.host, MACS[2], group=NOT_THE_HUB[0], port=NOT_THE_HUB[1]),
    )


def test_a_port_works_as_soon_as_it_is_plugged_until_it_is_unplugged(anna):
    one, two = machines(anna)
    done = anna.cli("plug", "hub2", WORDS)
    assert "hub2 is plugged until the agent ends; [port hub2] in agent.conf would keep it" in done.stderr
    assert ports(anna)["hub2"]["plugged"] and not ports(anna)["hub"]["plugged"]
    assert crosses(one, two, SETTLED_S) and crosses(two, one, SETTLED_S), anna.story()
    assert "hub2       mcast port, plugged, forwarding" in anna.cli("status").stdout
    anna.cli("unplug", "hub2")
    assert list(ports(anna)) == ["hub"]
    assert crosses(one, two, 2) is None
    anna.stop()
    anna.up()
    assert list(ports(anna)) == ["hub"]


def test_what_is_wrong_is_said_in_the_sentences_of_check(anna):
    assert "there is a port 'hub' already" in refused(anna, "plug", "hub", WORDS)
    assert "type=magic: there is no port type 'magic'" in refused(anna, "plug", "p", "magic")
    said = refused(anna, "plug", "p", "mcast,group=1.2.3.4:5")
    assert "longwire: group=1.2.3.4:5: '1.2.3.4:5' is no multicast group" in said
    assert "there is no port 'p'; 'longwire status' lists them" in refused(anna, "unplug", "p")
    assert list(ports(anna)) == ["hub"]


def test_a_plugged_port_stays_undisturbed_when_the_file_changes(anna):
    one, two = machines(anna)
    anna.cli("plug", "hub2", WORDS)
    assert crosses(one, two, SETTLED_S)
    frames = ports(anna)["hub2"]["tx_frames"]
    assert frames > 0
    change_config(anna, "[port hub3]\nvlan = lan\ntype = mcast\ngroup = 230.0.0.3:33001\n")
    wait_for(lambda: "hub3" in ports(anna), SETTLED_S, anna.story)
    assert ports(anna)["hub2"]["tx_frames"] >= frames  # it was not opened anew
    assert crosses(one, two, SETTLED_S)


def test_a_plugged_port_that_comes_into_the_file_goes_on(anna):
    one, two = machines(anna)
    anna.cli("plug", "hub2", WORDS)
    assert crosses(one, two, SETTLED_S)
    frames = ports(anna)["hub2"]["tx_frames"]
    change_config(anna, SECTION)
    wait_for(lambda: not ports(anna)["hub2"]["plugged"], SETTLED_S, anna.story)
    assert ports(anna)["hub2"]["tx_frames"] >= frames


def test_a_port_of_the_file_stays_unplugged_until_the_file_changes(anna):
    assert "comes back when that changes" in anna.cli("unplug", "hub").stderr
    status = anna.status()
    assert status["vlans"][0]["ports"] == []
    assert [w["text"] for w in status["warnings"]] == ["port hub of agent.conf is unplugged"]
    # a card that comes is no change of agent.conf
    os.utime(os.path.join(anna.folder, "peers"))
    anna.cli("plug", "hub", "mcast,group=230.0.0.1:33000,interface=lo")
    assert ports(anna)["hub"]["plugged"]
    anna.cli("unplug", "hub")
    change_config(anna, "broadcast = off\n")
    wait_for(lambda: "hub" in ports(anna), SETTLED_S, anna.story)
    assert anna.status()["warnings"] == []


def test_a_file_that_needs_the_place_of_a_plugged_port_gets_it(anna):
    anna.cli("plug", "other", WORDS)
    change_config(anna, SECTION)
    wait_for(lambda: list(ports(anna)) == ["hub", "hub2"], SETTLED_S, anna.story)
    assert "port other, which was plugged, was unplugged: [port other] is the same hub" in anna.log()


def test_what_was_unplugged_leaves_no_descriptor_behind(anna):
    def open_files():
        return len(os.listdir(f"/proc/{anna.process.pid}/fd"))

    anna.cli("plug", "hub2", WORDS)
    anna.cli("unplug", "hub2")
    before = open_files()
    for _ in range(20):
        anna.cli("plug", "hub2", WORDS)
        anna.cli("unplug", "hub2")
    wait_for(lambda: open_files() <= before, SETTLED_S, lambda: str(open_files()))


def test_a_relative_path_begins_where_the_user_is(anna, tmp_path):
    here = tmp_path / "a,b"
    here.mkdir()
    anna.cli("plug", "vm", "stream,listen=./vm.sock", cwd=here)
    assert "vm.sock" in os.listdir(here)
    assert ports(anna)["vm"]["state"] == "forwarding", anna.story()
