"""None of this needs privileges: the same as an ordinary user, and several agents side by side."""

import os
import shutil
import tempfile

import pytest

from agent import CONFIG, RELEASE, Agent, introduce
from machine import Machine, crosses

NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]
SETTLED_S = 30
NOT_HEARD_S = 2


@pytest.fixture
def open_folder():
    """A folder that an ordinary user may write to, wherever the tests' own folder lies."""
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, NOBODY, NOBODY)
        yield folder


def test_an_ordinary_user_gets_two_hosts_on_one_lan(lab, open_folder):
    binary = shutil.copy(RELEASE, open_folder)
    made = [
        Agent(lab.host(name), os.path.join(open_folder, name), prefix=AS_NOBODY, binary=binary)
        for name in ("anna", "bert")
    ]
    for agent in made:
        agent.cli("init", "--name", agent.name)
    introduce(*made)
    for agent in made:
        agent.up()
    machines = [Machine(a.host, f"02:00:00:00:00:0{n}") for n, a in enumerate(made, start=1)]
    assert crosses(machines[0], machines[1], SETTLED_S)
    assert crosses(machines[1], machines[0], SETTLED_S)
    for agent in made:
        agent.stop()


def test_an_identity_of_another_user_is_refused_with_what_to_do(lab, open_folder):
    binary = shutil.copy(RELEASE, open_folder)
    folder = os.path.join(open_folder, "anna")
    agent = Agent(lab.host("anna"), folder, prefix=AS_NOBODY, binary=binary).init()
    identity = os.path.join(agent.folder, "identity.key")
    os.chown(identity, 0, 0)
    for command in ("check", "up", "card"):
        done = agent.cli(command, check=False)
        assert done.returncode == 1
        assert f"{identity} cannot be read" in done.stderr and "as that user" in done.stderr


def test_what_init_writes_is_the_hub_that_quickstart_names(lab, tmp_path):
    agent = Agent(lab.host("anna"), tmp_path / "anna")
    agent.cli("init", "--name", "anna")
    agent.cli("check")
    agent.up()
    ports = [port for vlan in agent.status()["vlans"] for port in vlan["ports"]]
    assert [port["type"] for port in ports] == ["mcast"]
    agent.stop()


def test_two_agents_on_one_host_do_not_get_in_each_others_way(lab, agents):
    host, far = lab.host("anna"), agents(lab.host("bert"))
    other_hub = CONFIG.replace("33000", "33001")
    first = agents(host, name="first", port=20001)
    second = agents(host, name="second", port=20002, config=other_hub)
    introduce(first, far)
    for agent in (first, second, far):
        agent.up()
    one, two = Machine(host, "02:00:00:00:00:01"), Machine(far.host, "02:00:00:00:00:02")
    assert crosses(one, two, SETTLED_S)
    second.stop()
    first.wait_up("bert")
    assert crosses(two, one, SETTLED_S)


def test_two_agents_on_one_hub_do_not_forward_what_the_other_brought(lab, agents):
    host, far, further = lab.host("anna"), agents(lab.host("bert")), agents(lab.host("carl"))
    first = agents(host, name="first", port=20001)
    second = agents(host, name="second", port=20002)
    introduce(first, far)
    introduce(second, further)
    for agent in (first, second, far, further):
        agent.up()
    here, there = Machine(host, "02:00:00:00:00:01"), Machine(far.host, "02:00:00:00:00:02")
    elsewhere = Machine(further.host, "02:00:00:00:00:03")
    assert crosses(here, there, SETTLED_S)
    assert crosses(there, here, SETTLED_S)
    assert crosses(here, elsewhere, SETTLED_S)
    assert crosses(there, elsewhere, NOT_HEARD_S) is None
    drops = second.status()["vlans"][0]["ports"][0]["drops"]
    assert set(drops) <= {"agent_injected", "port_listening"} and "agent_injected" in drops


def test_every_command_names_the_folder_it_used(lab, agents):
    agent = agents(lab.host("anna"))
    other = agents(lab.host("bert"))
    for done in (
        agent.cli("check"),
        agent.cli("add", text=other.card()),
        agent.cli("status", check=False),
        agent.cli("ping", "bert", check=False),
        agent.cli("remove", "bert"),
    ):
        assert agent.folder in done.stdout + done.stderr, done
