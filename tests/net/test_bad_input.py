"""Bad input: a single clear sentence with file, line and what to do; a running agent goes on."""

import os
import re
import socket

import pytest

from agent import CONFIG, introduce
from machine import Machine, crosses
from netns import wait_for

SETTLED_S = 30
GOOD = CONFIG.format(name="anna", port=19543)

# what is wrong, the text to replace in a good agent.conf, by what, and a word of the message
BAD_CONFIGS = [
    ("unknown key", "id = 1", "id = 1\ncolour = red", "colour"),
    ("duplicate section", "[vlan lan]", "[vlan lan]\nid = 2\n[vlan lan]", "lan"),
    ("duplicate key", "id = 1", "id = 1\nid = 2", "id"),
    ("unparsable address", "230.0.0.1:33000", "230.0.0.300:33000", "230.0.0.300"),
    ("group that is none", "230.0.0.1:33000", "10.0.0.1:33000", "10.0.0.1"),
    ("vlan id twice", "id = 1", "id = 1\n[vlan other]\nid = 1", "1"),
    ("vlan id too large", "id = 1", "id = 4095", "4095"),
    ("unknown vlan", "vlan  = lan", "vlan  = nosuch", "nosuch"),
    ("unknown port type", "mcast", "magic", "magic"),
    ("port number", "19543", "99999", "99999"),
    ("line without =", "id = 1", "id = 1\nnonsense", ":"),
]


@pytest.mark.parametrize("what,old,new,word", BAD_CONFIGS, ids=[bad[0] for bad in BAD_CONFIGS])
def test_check_refuses_a_bad_agent_conf_with_file_and_line(lab, agents, what, old, new, word):
    agent = agents(lab.host("anna"))
    agent.configure(GOOD.replace(old, new, 1))
    for command in ("check", "up"):
        done = agent.cli(command, check=False)
        assert done.returncode == 1, what
        sentence = done.stderr.strip()
        assert re.search(r"agent\.conf:\d+: ", sentence), sentence
        assert word in sentence and "\n" not in sentence, sentence


def test_an_identity_that_others_can_read_is_refused_with_the_fix(lab, agents):
    agent = agents(lab.host("anna"))
    os.chmod(os.path.join(agent.folder, "identity.key"), 0o644)
    done = agent.cli("check", check=False)
    assert done.returncode == 1
    assert "identity.key" in done.stderr and "chmod 600" in done.stderr


def test_an_identity_that_is_garbage_is_refused(lab, agents):
    agent = agents(lab.host("anna"))
    with open(os.path.join(agent.folder, "identity.key"), "w", encoding="utf-8") as key:
        key.write("garbage\n")
    done = agent.cli("check", check=False)
    assert done.returncode == 1 and "identity.key" in done.stderr


def test_a_taken_port_is_named(lab, agents):
    host = lab.host("anna")
    first, second = agents(host, name="first"), agents(host, name="second")
    first.up()
    done = second.cli("up", check=False)
    assert done.returncode == 1
    assert f"{second.folder}/agent.conf:3: UDP port 19543" in done.stderr
    assert "listen" in done.stderr


BAD_CARDS = {
    "without key": lambda card: re.sub(r"(?m)^key.*\n", "", card),
    "cut key": lambda card: re.sub(r"(?m)^(key.*).{3}$", r"\1", card),
    "name that is a path": lambda card: re.sub(r"(?m)^name.*", "name = ../anna", card),
    "unparsable address": lambda card: card + "at = nowhere:99999\n",
}


@pytest.mark.parametrize("what", BAD_CARDS)
def test_a_bad_card_is_refused_by_add_and_leaves_no_file(lab, agents, what):
    anna, bert = agents(lab.host("anna")), agents(lab.host("bert"))
    done = anna.cli("add", text=BAD_CARDS[what](bert.card()), check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert os.listdir(os.path.join(anna.folder, "peers")) == []


def test_a_bad_card_in_the_folder_of_a_running_agent_changes_nothing_but_a_warning(lab, agents):
    anna, bert = agents(lab.host("anna")), agents(lab.host("bert"))
    introduce(anna, bert)
    anna.up()
    bert.up()
    anna.wait_up("bert")
    for name, text in (("carl", "[peer]\nname = carl\n"), ("bert", "[peer]\nkey = lw1oops\n")):
        path = os.path.join(anna.folder, "peers", f"{name}.card")
        with open(path, "w", encoding="utf-8") as card:
            card.write(text)
        wait_for(
            lambda name=name: f"{name}.card" in str(anna.status()["warnings"]),
            SETTLED_S, anna.story,
        )
    one, two = Machine(anna.host, "02:00:00:00:00:01"), Machine(bert.host, "02:00:00:00:00:02")
    assert crosses(one, two, SETTLED_S)
    assert anna.is_up("bert")


def total_drops(agent):
    """How many drops status shows, all places together."""
    status = agent.status()
    places = [status["drops"]] + [p["drops"] for v in status["vlans"] for p in v["ports"]]
    places += [peer["drops"] for peer in status["peers"]]
    return sum(sum(place.values()) for place in places)


def test_garbage_on_tunnel_hub_and_control_socket_is_counted_and_survived(lab, agents):
    anna, bert = agents(lab.host("anna")), agents(lab.host("bert"))
    introduce(anna, bert)
    anna.up()
    bert.up()
    anna.wait_up("bert")
    before = total_drops(anna)
    with anna.host.inside():
        tunnel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    hub = Machine(anna.host, "02:00:00:00:00:01")
    for kind in range(256):
        for size in (1, 16, 64, 148):
            tunnel.sendto(bytes([kind]) * size, ("127.0.0.1", anna.port))
    for size in range(14):
        hub.send(b"\xff" * size)
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    control.connect(os.path.join(anna.folder, "agent.sock"))
    for text in (b"\0\xff garbage\n", b"{}\n", b"[" * 100000):
        try:
            control.sendall(text)
        except OSError:
            break
    control.close()
    wait_for(lambda: total_drops(anna) >= before + 1024, SETTLED_S, anna.story)
    far = Machine(bert.host, "02:00:00:00:00:02")
    assert crosses(hub, far, SETTLED_S)
