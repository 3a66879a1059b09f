"""What only the one who runs a LAN should say does not come in from a peer, unless it is allowed."""

import json
import re
import shlex
import subprocess
import time

import pytest

from agent import introduce
from dhcp import DNSMASQ, dhcp_server
from frames import arp_reply, cisco_bpdu, dhcp_discover, is_dhcp_offer, router_advertisement
from machine import Machine, crosses
from netns import wait_for

GUEST, ROGUE = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
SETTLED_S = 30
QUICK_S = 5
LONG_ENOUGH_S = 2  # for a frame that crosses to be heard


class Pair:
    """Anna with a guest; Bert, her peer, with a machine that misbehaves."""

    def __init__(self, lab, agents):
        self.anna, self.bert = agents(lab.host("anna")), agents(lab.host("bert"))
        introduce(self.anna, self.bert)
        self.anna.up()
        self.bert.up()
        self.anna.wait_up("bert")
        self.bert.wait_up("anna")
        self.guest, self.rogue = Machine(self.anna.host, GUEST), Machine(self.bert.host, ROGUE)
        assert crosses(self.guest, self.rogue, SETTLED_S), self.story()
        assert crosses(self.rogue, self.guest, SETTLED_S), self.story()

    def story(self):
        """For messages."""
        return self.anna.story() + self.bert.story()

    def stopped(self, reason):
        """How many frames of Bert were stopped at Anna's for that reason."""
        return self.anna.peer("bert")["drops"].get(reason, 0)

    def warning(self, code):
        """Anna's warning of that code, or None."""
        return next((w for w in self.anna.status()["warnings"] if w["code"] == code), None)

    def is_kept_out(self, frame, reason):
        """The rogue sends @frame until it is counted at Anna's; her guest must not hear it."""
        self.guest.take()
        before = self.stopped(reason)

        def counted():
            self.rogue.send(frame)
            return self.stopped(reason) > before

        wait_for(counted, SETTLED_S, self.story)
        assert crosses(self.rogue, self.guest, SETTLED_S), self.story()  # whatever came before is here
        assert frame not in self.guest.listen(0.2)

    def arrives(self, frame):
        """The rogue sends @frame until Anna's guest hears it."""
        wait_for(
            lambda: self.rogue.send(frame) or self.guest.hears(lambda f: f == frame, 0.2),
            SETTLED_S,
            self.story,
        )


@pytest.fixture
def pair(lab, agents):
    """Two connected agents, with a machine each."""
    return Pair(lab, agents)


def gets_offer(machine, timeout_s):
    """Ask for an address until a server offers one; was there one?"""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        machine.send(dhcp_discover(machine.mac))
        if machine.hears(is_dhcp_offer, 0.3):
            return True
    return False


@pytest.mark.skipif(not DNSMASQ, reason="no dnsmasq")
def test_a_peers_dhcp_server_serves_here_only_while_it_is_allowed(pair, tmp_path):
    with dhcp_server(pair.bert.host, tmp_path):
        assert gets_offer(pair.rogue, SETTLED_S), "dnsmasq does not serve"

        pair.guest.take()
        assert not gets_offer(pair.guest, LONG_ENOUGH_S)
        assert pair.stopped("guard_dhcp") > 0
        fix = wait_for(lambda: pair.warning("guard-dhcp"), QUICK_S, pair.story)["fix"]

        command = shlex.split(fix.split(": ", 1)[1])
        assert command[-3:] == ["allow", "bert", "dhcp"]
        assert "dhcp" in pair.anna.host.run(*command)
        assert gets_offer(pair.guest, SETTLED_S), pair.story()
        wait_for(lambda: not pair.warning("guard-dhcp"), QUICK_S, pair.story)

        pair.anna.cli("allow", "bert", "-dhcp")
        before = pair.stopped("guard_dhcp")
        wait_for(
            lambda: gets_offer(pair.rogue, 1) and pair.stopped("guard_dhcp") > before,
            SETTLED_S,
            pair.story,
        )
        pair.guest.take()
        assert not gets_offer(pair.guest, LONG_ENOUGH_S)


@pytest.mark.parametrize(
    "what, frame",
    [
        ("ra", router_advertisement(ROGUE)),
        ("bpdu", cisco_bpdu(ROGUE)),
        ("arp", arp_reply(ROGUE, "10.9.0.7", says=GUEST)),
    ],
    ids=["ra", "bpdu", "arp"],
)
def test_a_forgery_is_kept_out_named_and_let_in_when_allowed(pair, what, frame):
    pair.is_kept_out(frame, f"guard_{what}")
    warning = wait_for(lambda: pair.warning(f"guard-{what}"), QUICK_S, pair.story)
    assert warning["text"].startswith("bert ")
    assert warning["fix"].endswith(f" allow bert {what}")
    pair.anna.cli("allow", "bert", what)
    pair.arrives(frame)
    pair.anna.cli("allow", "bert", f"-{what}")
    pair.is_kept_out(frame, f"guard_{what}")


def test_what_is_kept_out_is_logged_once_and_not_per_frame(pair):
    for _ in range(20):
        pair.is_kept_out(cisco_bpdu(ROGUE), "guard_bpdu")
    wait_for(lambda: "allow bert bpdu" in pair.anna.log(), SETTLED_S, pair.story)
    assert pair.anna.log().count("allow bert bpdu") == 1


def test_an_address_that_a_guest_uses_cannot_be_taken_from_it(pair):
    pair.guest.send(arp_reply(GUEST, "10.9.0.7"))
    wait_for(
        lambda: pair.rogue.hears(lambda f: f == arp_reply(GUEST, "10.9.0.7"), 1), 2, pair.story
    )
    pair.is_kept_out(arp_reply(ROGUE, "10.9.0.7"), "guard_arp")
    pair.arrives(arp_reply(ROGUE, "10.9.0.8"))


def warned_of(agent, *words):
    """Does one warning hold all these words?"""
    warnings = (agent.status() or {"warnings": []})["warnings"]
    return any(all(word in json.dumps(w) for word in words) for w in warnings)


@pytest.mark.parametrize(
    "speak, words",
    [
        (lambda mac: arp_reply(mac, "10.9.0.7"), ("10.9.0.7",)),
        (lambda mac: dhcp_discover(mac, b"\xff\x01\x02"), ("ff:01:02",)),
    ],
    ids=["address", "dhcp-client"],
)
def test_an_identity_in_two_places_is_a_warning_within_five_seconds(pair, speak, words):
    def both_speak_and_anna_warns():
        pair.guest.send(speak(GUEST))
        pair.rogue.send(speak(ROGUE))
        return warned_of(pair.anna, GUEST, ROGUE, "port hub", "peer bert", "machine-id", *words)

    wait_for(both_speak_and_anna_warns, QUICK_S, pair.story)
    wait_for(lambda: re.search("used by two machines", pair.anna.log()), SETTLED_S, pair.story)


def test_the_printed_command_works_as_pasted_from_any_folder(pair):
    pair.is_kept_out(cisco_bpdu(ROGUE), "guard_bpdu")
    fix = wait_for(lambda: pair.warning("guard-bpdu"), QUICK_S, pair.story)["fix"]
    done = subprocess.run(
        pair.anna.host.command("sh", "-c", fix.split(": ", 1)[1]),
        cwd="/",
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pair.arrives(cisco_bpdu(ROGUE))
