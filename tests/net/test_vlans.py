"""Several LANs over the same peers: what is on one is on no other."""

from agent import CONFIG, introduce
from machine import Machine, crosses
from netns import wait_for

SETTLED_S = 30
NOT_HEARD_S = 2
GROUPS = {"lan": "230.0.0.1", "games": "230.0.0.2"}
TWO_VLANS = CONFIG + """
[vlan games]
id = 2

[port games]
vlan  = games
type  = mcast
group = 230.0.0.2:33000
"""


def pair(lab, agents):
    """Two agents with both vlans, who trust each other and have not said what for."""
    anna = agents(lab.host("anna"), config=TWO_VLANS)
    bert = agents(lab.host("bert"), config=TWO_VLANS)
    introduce(anna, bert)
    return anna, bert


def machines(agent, number):
    """One on each hub of a host."""
    return {
        name: Machine(agent.host, f"02:00:00:00:0{place}:0{number}", group=group)
        for place, (name, group) in enumerate(GROUPS.items())
    }


def test_with_two_vlans_a_peer_joins_none_until_its_local_file_says_which(lab, agents):
    anna, bert = pair(lab, agents)
    done = anna.cli("check", check=False)
    assert done.returncode == 1
    assert f"{anna.folder}/peers/bert.local: there are 2 vlans" in done.stderr
    anna.up()
    bert.up()
    anna.wait_up("bert")
    assert anna.peer("bert")["vlans"] == []
    assert any("bert.local" in w["text"] and w["fix"] for w in anna.status()["warnings"])


def test_two_lans_cross_beside_each_other_and_never_into_each_other(lab, agents):
    anna, bert = pair(lab, agents)
    anna.local("bert", "vlans = lan, games")
    bert.local("anna", "vlans = lan, games")
    anna.up()
    bert.up()
    anna.wait_up("bert")
    here, there = machines(anna, 1), machines(bert, 2)
    for name in GROUPS:
        assert crosses(here[name], there[name], SETTLED_S), anna.story()
        assert crosses(there[name], here[name], SETTLED_S), anna.story()
    assert crosses(here["lan"], there["games"], NOT_HEARD_S) is None
    assert crosses(here["games"], there["lan"], NOT_HEARD_S) is None


def test_a_vlan_that_only_one_side_grants_is_refused_and_counted(lab, agents):
    anna, bert = pair(lab, agents)
    anna.local("bert", "vlans = lan, games")
    bert.local("anna", "vlans = lan")
    anna.up()
    bert.up()
    bert.wait_up("anna")
    here, there = machines(anna, 1), machines(bert, 2)
    assert crosses(here["lan"], there["lan"], SETTLED_S), anna.story()
    assert crosses(here["games"], there["games"], NOT_HEARD_S) is None
    assert set(bert.peer("anna")["drops"]) == {"vlan_not_allowed"}
    bert.local("anna", "vlans = lan, games")  # while both run
    wait_for(lambda: bert.peer("anna")["vlans"] == ["lan", "games"], SETTLED_S, bert.story)
    assert crosses(here["games"], there["games"], SETTLED_S), bert.story()
