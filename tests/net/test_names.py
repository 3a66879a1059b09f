"""A peer with a dynamic address is found by its name."""

import time

import pytest

from agent import Agent
from hosts import LONG
from netns import wait_for
from tapped import in_a_view

NAME = "bert.example"
FOUND_S = 5  # after its return
BUSY_S = 5   # what a computer with other work may add


@pytest.fixture
def book(tmp_path):
    """A file of names for one agent: what /etc/hosts is to it."""
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost\n")
    return path


def reading(host, tmp_path, book):
    """An agent on @host that looks names up in @book."""
    prefix = in_a_view(f"mount --bind {book} /etc/hosts")
    return Agent(host, tmp_path / host.name, prefix=prefix).init()


def move(host, address):
    """Give a host another address of its LAN."""
    was = host.address()
    gateway = was.rsplit(".", 1)[0] + ".1"
    host.ip("addr", "del", f"{was}/24", "dev", "eth0")
    host.ip("addr", "add", f"{address}/24", "dev", "eth0")
    host.ip("route", "replace", "default", "via", gateway, "dev", "eth0")


@pytest.mark.parametrize("away_s", [0, 90] if LONG else [0])
def test_a_peer_whose_name_got_another_address_while_it_was_away_is_found(
    lab, agents, tmp_path, book, away_s
):
    """After a minute, handshakes are tried more and more seldom: the name is still asked for."""
    anna = reading(lab.host("anna"), tmp_path, book)
    bert = agents(lab.host("bert"))
    anna.add(bert, at=f"{NAME}:{bert.port}")
    bert.add(anna)  # whose card has no address: bert cannot call
    home = bert.host.address()
    book.write_text(f"{home} {NAME}\n")
    anna.up()
    bert.up()
    anna.wait_up("bert")

    bert.stop()
    wait_for(lambda: not anna.is_up("bert"), FOUND_S, anna.story)
    time.sleep(away_s)  # that it stays away so long is what is tested
    away = home.rsplit(".", 1)[0] + ".99"
    move(bert.host, away)
    bert.up()
    book.write_text(f"{away} {NAME}\n")
    returned = time.monotonic()
    anna.wait_up("bert", timeout_s=FOUND_S + BUSY_S)
    assert time.monotonic() - returned < FOUND_S + BUSY_S
    assert away in anna.peer("bert")["path"]["endpoint"]
    anna.stop()
