"""What goes wrong is said in status, in a sentence, with the fix."""

import json
import re

from agent import CONFIG, PORT, introduce
from capture import Capture
from machine import BROADCAST, Machine, crosses, ethernet
from netns import wait_for

QEMU_DEFAULT_MAC = "52:54:00:12:34:56"
QUICK_S = 5
SETTLED_S = 30
HEARD_S = 10  # for so long an agent thinks that a machine is where it was heard


def warns(agent, *words):
    """Does a warning in status hold all these words?"""
    warnings = (agent.status() or {"warnings": []})["warnings"]
    return any(all(word in json.dumps(w) for word in words) for w in warnings)


def pair(lab, agents):
    """Two connected agents."""
    anna, bert = agents(lab.host("anna")), agents(lab.host("bert"))
    introduce(anna, bert)
    anna.up()
    bert.up()
    anna.wait_up("bert")
    bert.wait_up("anna")
    return anna, bert


def test_a_firewall_that_eats_the_hub_is_named_with_the_command_that_opens_it(lab, agents):
    agent = agents(lab.host("anna"))
    agent.host.nft(
        "add table inet fw;"
        "add chain inet fw in { type filter hook input priority 0; };"
        "add rule inet fw in ip daddr 230.0.0.1 drop;"
    )
    agent.up()
    wait_for(lambda: warns(agent, "firewall"), SETTLED_S, agent.story)
    texts = " ".join(f"{w['text']} {w['fix']}" for w in agent.status()["warnings"])
    assert re.search(r"nft|ufw|firewall-cmd", texts)


def test_without_a_firewall_there_is_no_warning(lab, agents):
    anna, bert = pair(lab, agents)
    one, two = Machine(anna.host, "02:00:00:00:00:01"), Machine(bert.host, "02:00:00:00:00:02")
    assert crosses(one, two, SETTLED_S)
    assert crosses(two, one, SETTLED_S)
    assert anna.status()["warnings"] == []
    assert bert.status()["warnings"] == []


def test_qemus_default_mac_on_both_hosts_is_a_warning_within_five_seconds(lab, agents):
    anna, bert = pair(lab, agents)
    one, two = Machine(anna.host, QEMU_DEFAULT_MAC), Machine(bert.host, QEMU_DEFAULT_MAC)

    def both_speak_and_both_warn():
        one.say(1)
        two.say(1)
        return warns(anna, QEMU_DEFAULT_MAC, "bert", "hub", "mac=") and warns(
            bert, QEMU_DEFAULT_MAC, "anna", "hub", "mac="
        )

    wait_for(both_speak_and_both_warn, QUICK_S, lambda: anna.story() + bert.story())


def test_a_machine_without_localaddr_is_a_warning_that_names_the_fix(lab, agents):
    anna, bert = pair(lab, agents)
    one = Machine(anna.host, "02:00:00:00:00:01", localaddr=None)
    two = Machine(bert.host, "02:00:00:00:00:02")
    assert crosses(one, two, SETTLED_S)
    wait_for(lambda: warns(anna, "eth0", "localaddr=127.0.0.1"), SETTLED_S, anna.story)
    wait_for(lambda: "localaddr=127.0.0.1" in anna.log(), SETTLED_S, anna.story)


def test_with_the_plain_mcast_line_only_qemus_own_frames_are_in_clear(lab, agents, tmp_path):
    anna, bert = pair(lab, agents)
    secret = b"Attack at dawn, from the left bank"
    one = Machine(anna.host, "02:00:00:00:00:01", localaddr=None)
    two = Machine(bert.host, "02:00:00:00:00:02", localaddr=None)
    from_one, from_two = (
        ethernet(mac, BROADCAST, secret + end)
        for mac, end in (("02:00:00:00:00:01", b"1"), ("02:00:00:00:00:02", b"2"))
    )
    with Capture(anna.host, tmp_path / "wire.pcap") as wire:
        heard = [None, None]
        while None in heard:
            one.send(from_one)
            two.send(from_two)
            heard = [two.hears(lambda f: f == from_one, 1), one.hears(lambda f: f == from_two, 1)]
    group = bytes((230, 0, 0, 1))
    in_clear = [p for p in wire.packets() if secret in p]
    assert in_clear  # QEMU's own, by the machine on this host
    assert all(p[30:34] == group and from_one in p for p in in_clear)
    wait_for(lambda: warns(anna, "eth0", "localaddr=127.0.0.1"), SETTLED_S, anna.story)


def test_an_unknown_key_gets_no_answer_but_shows_under_knocks(lab, agents):
    anna, bert = agents(lab.host("anna")), agents(lab.host("bert"))
    bert.add(anna, anna.endpoint())
    anna.up()
    bert.up()
    knock = wait_for(lambda: anna.status()["knocks"], SETTLED_S, anna.story)[0]
    assert knock["key"] in bert.card()
    assert bert.host.address() in knock["from"]
    assert re.fullmatch(r"\d{5}([ -]\d{5}){5}", knock["phrase"])
    assert anna.status()["peers"] == []


def test_a_peer_that_is_not_there_is_told_with_facts_first(lab, agents):
    anna, bert = agents(lab.host("anna")), agents(lab.host("bert"))
    anna.add(bert, bert.endpoint())
    anna.up()
    detail = wait_for(lambda: anna.peer("bert")["detail"], SETTLED_S, anna.story)
    assert bert.host.address() in wait_for(
        lambda: (d := anna.peer("bert")["detail"]) and "refused" in d and d, SETTLED_S, anna.story
    ), detail


def test_a_name_that_does_not_resolve_is_a_fact_as_well(lab, agents):
    anna, bert = agents(lab.host("anna")), agents(lab.host("bert"))
    anna.add(bert, f"nowhere.invalid:{PORT}")
    anna.up()
    wait_for(
        lambda: "nowhere.invalid" in (anna.peer("bert")["detail"] or ""), SETTLED_S, anna.story
    )


def test_the_hub_on_lo_only_hears_nothing_from_a_machine_on_eth0(lab, agents):
    anna = agents(lab.host("anna"), config=CONFIG + "interface = lo\n")
    bert = agents(lab.host("bert"))
    introduce(anna, bert)
    anna.up()
    bert.up()
    anna.wait_up("bert")
    lo, far = Machine(anna.host, "02:00:00:00:00:01"), Machine(bert.host, "02:00:00:00:00:02")
    assert crosses(lo, far, SETTLED_S)
    outside = Machine(anna.host, "02:00:00:00:00:03", localaddr=anna.host.address())
    assert crosses(outside, far, 2) is None


TWO_HUBS = (
    CONFIG
    + """
[vlan other]
id = 2

[port other]
vlan  = other
type  = mcast
group = 230.0.0.1:33001
"""
)


def test_a_machine_in_clear_is_a_warning_of_its_own_hub_and_for_as_long_as_it_is_there(lab, agents):
    agent = agents(lab.host("anna"), config=TWO_HUBS).up()
    macs = ["02:00:00:00:00:01", "02:00:00:00:00:02"]
    quiet = [Machine(agent.host, mac, port=33000 + n) for n, mac in enumerate(macs)]
    loud = Machine(agent.host, "02:00:00:00:00:03", localaddr=agent.host.address())
    loud.say(1)
    wait_for(lambda: warns(agent, "clear-multicast", ":33000"), SETTLED_S, agent.story)
    loud.listen(HEARD_S + 5)  # it says nothing, but may at any time
    assert warns(agent, "clear-multicast", ":33000")
    assert not warns(agent, ":33001")
    loud.close()
    wait_for(lambda: not warns(agent, "clear-multicast"), SETTLED_S, agent.story)
    for machine in quiet:
        machine.close()
