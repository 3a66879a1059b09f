"""hosts.py - the fixtures of every test with whole hosts: a lab, and agents that end with it

Layer: test harness. Imported by the conftest.py of each folder that has such tests.
"""

import os

import pytest

import netns
from agent import Agent

WHY_NOT = netns.available()
LONG = bool(os.environ.get("LONGWIRE_LONG"))


def _lab():
    """An empty lab; skips where namespaces cannot be made."""
    if WHY_NOT:
        pytest.skip(WHY_NOT)
    with netns.Lab() as made:
        yield made


def _agents(folder):
    """A function that makes an initialised agent on a host; each is ended, cleanly, at the end."""
    made = []

    def make(host, name=None, config=None, **options):
        name = name or host.name
        agent = Agent(host, folder / name, name=name, **options)
        agent.init(config)
        made.append(agent)
        return agent

    yield make
    for agent in made:
        agent.stop()


lab = pytest.fixture(_lab)
shared_lab = pytest.fixture(_lab, scope="module")  # one for all cases of a file


@pytest.fixture
def agents(lab, tmp_path):
    """_agents() for one case."""
    yield from _agents(tmp_path)


@pytest.fixture(scope="module")
def shared_agents(shared_lab, tmp_path_factory):
    """_agents() for all cases of a file."""
    yield from _agents(tmp_path_factory.mktemp("agents"))
