"""Every way in which QEMU can be plugged in, with real machines on two hosts, which go on when one
of the agents is started anew: the near one.

Each case that is named for an attachment looks at what happened to all of them at once: the second
machine's boot and the agent's restarts are fixtures, each after the one before.
"""

import os
import pathlib
import re
import signal
import tempfile
import time

import pytest

from agent import RELEASE, introduce
from attachments import ATTACHMENTS, NUMBERS, Pair, Wire, port_name, ports_config
from guest import pings, sends_by_tcp
from netns import end, wait_for
from plugs import ports_of

AGAIN_S = 2
NEVER_S = 4  # for those who do not come again
LIMIT_S = 20
ENDED_S = 20
SEEN_S = 60
STAND_IN = "10.9.99"  # with .1 behind it
ANSWER = re.compile(r"64 bytes from 10\.9\.(\d+)\.1:")

EXAMPLE = pathlib.Path(__file__).parents[2] / "deploy" / "examples" / "dgram-pair"

each_attachment = pytest.mark.parametrize("name", ATTACHMENTS)


@pytest.fixture(scope="module")
def pair(shared_lab, shared_agents, shared_guests):
    """Machines on two hosts, one of them with all attachments, and a port for the stand-in."""
    example = (EXAMPLE / "port.conf").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="lw") as folder:
        anna = shared_agents(shared_lab.host("anna"), config=ports_config(folder) + example)
        bert = shared_agents(shared_lab.host("bert"))
        introduce(anna, bert)
        anna.host.sysctl("net.unix.max_dgram_qlen=512")
        made = Pair(anna, bert, shared_guests, folder)
        anna.up()
        bert.up()
        yield made.boot()
        made.close()


@pytest.fixture(scope="module")
def gaps_after_end(pair):
    """The gaps of a restart after SIGTERM."""

    def terminate():
        pair.near.process.send_signal(signal.SIGTERM)
        assert pair.near.process.wait(ENDED_S) == 0, pair.near.story()

    return gaps(pair, terminate)


@pytest.fixture(scope="module")
def second(pair, gaps_after_end):
    """The pair, after the machine was started anew."""
    return pair.boot()


@pytest.fixture(scope="module")
def gaps_after_kill(second):
    """The gaps of a restart after kill -9, with all attachments at work again."""
    return gaps(second, second.near.kill)


def remembers(pair, socket):
    """Has the agent written down who shares the socket with learned machines?"""
    path = f"{pair.near.folder}/machines-{port_name('dgram unix, learned')}"
    return os.path.exists(path) and socket in pathlib.Path(path).read_text(encoding="utf-8")


def gaps(pair, stop):
    """End the near agent and start the next one. By attachment: the time from that start until the
    far machine, which asks all the time, has heard from the near one, which only answers."""
    for name in ATTACHMENTS:
        assert pings(*pair.ends(name)), name
    pair.silence()
    wait_for(lambda: remembers(pair, "anna.sock"), SEEN_S, pair.near.story)
    stop()
    pings_all = "".join(f"ping -i 0.1 10.9.{n}.1 & " for n in NUMBERS.values())
    pair.other.run(pings_all)
    pair.near.binary = RELEASE  # what is measured
    awaited = {name for name, way in ATTACHMENTS.items() if way.again}
    heard = {}
    started = time.monotonic()
    pair.near.start()
    for line in pair.other.lines(LIMIT_S):
        now = time.monotonic() - started
        if found := ANSWER.match(line):
            heard.setdefault(list(ATTACHMENTS)[int(found[1])], now)
        if now > NEVER_S and awaited <= set(heard):
            break
    pair.other.run("killall ping")
    return heard


@each_attachment
def test_machines_reach_each_other(pair, name):
    one, other = pair.ends(name)
    assert pings(one, other), pair.near.story()
    sends_by_tcp(one, other)
    sends_by_tcp(other, one)
    assert pair.place(name).split("/")[0] == port_name(name)


def test_the_script_among_the_examples_is_pinged_as_a_machine(pair):
    environment = {**os.environ, "LONGWIRE_DIR": pair.near.folder}
    script = pair.near.host.start(EXAMPLE / "stand-in.py", f"{STAND_IN}.1", env=environment)
    try:
        pair.other.run(f"ip addr add {STAND_IN}.2/24 dev eth0")
        assert pings(pair.other, Wire(None, f"{STAND_IN}.1")), pair.near.story()
        pair.other.run(f"ping -c 3 -i 0.2 -s 1401 {STAND_IN}.1 | grep '0% packet loss'")
    finally:
        end(script)
    assert script.returncode == -signal.SIGTERM


@each_attachment
def test_an_agent_that_ended_carries_traffic_again_within_two_seconds(gaps_after_end, name):
    assert (gaps_after_end.get(name, LIMIT_S) <= AGAIN_S) == ATTACHMENTS[name].again, gaps_after_end


@pytest.mark.parametrize("name", [name for name, way in ATTACHMENTS.items() if not way.again])
def test_a_machine_that_lost_its_connection_is_not_told(gaps_after_end, pair, name):
    assert name not in gaps_after_end
    assert pair.machine.run(f"cat /sys/class/net/eth{NUMBERS[name]}/carrier") == "1"


@each_attachment
def test_a_machine_that_is_started_anew_has_its_port_back(second, name):
    assert pings(*second.ends(name)), second.near.story()
    assert second.place(name).split("/")[0] == port_name(name)
    own = [port for port in ports_of(second.near) if port.startswith(port_name(name) + "/")]
    assert own in ([], [second.place(name)])  # its old one has gone


@each_attachment
def test_an_agent_after_one_that_was_killed_carries_traffic_within_two_seconds(
    gaps_after_kill, name
):
    again = gaps_after_kill.get(name, LIMIT_S) <= AGAIN_S
    assert again == ATTACHMENTS[name].again, gaps_after_kill
