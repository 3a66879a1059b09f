"""deploy/quickstart and what it prints: two people need nothing else."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

from agent import RELEASE
from machine import Machine, crosses
from netns import wait_for

ROOT = pathlib.Path(__file__).parents[2]
QUICKSTART = ROOT / "deploy" / "quickstart"
BUILD = pathlib.Path(os.path.abspath(RELEASE)).parents[1]
QEMU_LINE = re.compile(
    r"^-netdev socket,id=lw,mcast=230\.0\.0\.1:33000,localaddr=127\.0\.0\.1"
    r" -device e1000,netdev=lw,mac=((?:[0-9a-f]{2}:){5}[0-9a-f]{2})$",
    re.M,
)
START_LIMIT_S = 60


@pytest.fixture(autouse=True)
def built():
    """Needs the release build: that is what quickstart would make, and the tests' is enough."""
    if not os.environ.get("LONGWIRE_RELEASE"):
        pytest.skip("needs LONGWIRE_RELEASE, the release build's longwire: see deploy/test")


def environment(folder):
    """What quickstart is started with: a folder of our own and the build that is there."""
    return {**os.environ, "LONGWIRE_DIR": str(folder), "LONGWIRE_BUILD": str(BUILD)}


class Quickstart:
    """A running quickstart."""

    def __init__(self, host, folder):
        self.path = pathlib.Path(str(folder) + ".out")
        with open(self.path, "wb") as out:
            self.process = host.start(
                QUICKSTART, stdout=out, stderr=out, env=environment(folder), cwd="/"
            )
        wait_for(self.ready, START_LIMIT_S, self.said)

    def ready(self):
        """Has it said everything, or ended?"""
        return "Ctrl-C ends the agent" in self.said() or self.process.poll() is not None

    def said(self):
        """What it printed."""
        return self.path.read_text(encoding="utf-8")

    def interrupt(self):
        """Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(START_LIMIT_S)


def commands(said):
    """The lines that are commands to paste: each starts with an absolute path."""
    return [line for line in said.splitlines() if line.startswith("/")]


def test_it_prints_the_qemu_line_the_card_and_what_to_do(lab, tmp_path):
    host = lab.host("anna")
    quick = Quickstart(host, tmp_path / "anna's own folder")
    mac = int(QEMU_LINE.search(quick.said())[1][:2], 16)
    assert mac & 3 == 2, "a MAC of our own making is locally administered and unicast"
    assert f"at = {host.address()}:19543" in re.sub(" +", " ", quick.said())
    assert re.search(r"^key\s*=\s*lw1", quick.said(), re.M)
    assert [line.split()[-1] for line in commands(quick.said())] == ["add", "--watch"]
    assert quick.interrupt() == 0


def test_every_command_it_prints_works_as_pasted_from_any_folder(lab, tmp_path):
    host = lab.host("anna")
    folder = tmp_path / "anna's own folder"
    quick = Quickstart(host, folder)
    for line in commands(quick.said()):
        once = line.replace(" --watch", "")
        done = subprocess.run(
            host.command("sh", "-c", once), input="", capture_output=True, text=True,
            cwd="/usr", check=False,
        )
        assert done.returncode != 2, f"{once}: {done.stderr}"
        if line.endswith(" add"):
            assert "card" in done.stderr  # nothing was pasted
        else:
            assert done.returncode == 0, done.stderr
    assert quick.interrupt() == 0


def test_a_second_start_takes_about_a_second_and_keeps_the_identity(lab, tmp_path):
    host = lab.host("anna")
    first = Quickstart(host, tmp_path / "anna")
    mac = QEMU_LINE.search(first.said())[1]
    assert first.interrupt() == 0
    start = time.monotonic()
    second = Quickstart(host, tmp_path / "anna")
    assert time.monotonic() - start < 2.5  # a second, and a busy machine
    assert QEMU_LINE.search(second.said())[1] == mac
    assert second.interrupt() == 0


def test_beside_a_running_agent_it_says_so_and_prints_the_same(lab, tmp_path):
    host = lab.host("anna")
    first = Quickstart(host, tmp_path / "anna")
    second = host.run(QUICKSTART, env=environment(tmp_path / "anna"))
    assert "already running" in second
    assert QEMU_LINE.search(second)[0] == QEMU_LINE.search(first.said())[0]
    assert first.interrupt() == 0


def test_a_taken_port_is_a_failure_and_nothing_is_promised(lab, tmp_path):
    host = lab.host("anna")
    first = Quickstart(host, tmp_path / "anna")
    second = Quickstart(host, tmp_path / "bert")
    assert second.process.wait(START_LIMIT_S) == 1
    assert "19543" in second.said() and "-netdev" not in second.said()
    assert first.interrupt() == 0


@pytest.mark.skipif(not shutil.which("expect"), reason="needs expect")
def test_two_people_who_type_only_what_was_printed_are_on_one_lan(lab, tmp_path):
    anna, bert = lab.host("anna"), lab.host("bert")
    shells = []
    for host in (anna, bert):
        setting = [f"LONGWIRE_DIR={tmp_path / host.name}", f"LONGWIRE_BUILD={BUILD}", "PS1=$ "]
        words = host.command("env", *setting, "sh", "-i")
        shells.append(" ".join(f"{{{word}}}" for word in words))  # a list in expect's language
    expect = lab.internet.start(
        "expect", ROOT / "tests/net/friends.exp", *shells, QUICKSTART,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )
    one = Machine(anna, "02:00:00:00:00:01")
    two = Machine(bert, "02:00:00:00:00:02")
    crossed = None
    while crossed is None and expect.poll() is None:  # it has time limits of its own
        crossed = crosses(one, two, 1)
    said, _ = expect.communicate(input="\n", timeout=240)
    assert expect.returncode == 0, said
    assert crossed, said
    inputs = [int(n) for n in re.search(r"^inputs (\d+) (\d+)", said, re.M).groups()]
    assert max(inputs) <= 4, said
