"""The command check: what would run, and every fault with its place."""

import pytest

from folder import good, run

# ---- check ----


def test_check_says_what_would_run(anna, bert):
    anna.good("add", text=bert.card("--at", "bert.example"))
    output = anna.good("check")
    assert f"agent anna, {anna.key()}\nUDP port 19543, control socket {anna.path}/agent.sock" in output
    assert "vlan lan, id 1\n  port hub: mcast, group 230.0.0.1:33000, interface auto" in output
    assert "  peer bert: at bert.example:19543\n" in output


def test_check_tells_every_fault_on_a_line_of_its_own(anna, bert):
    anna.good("add", text=bert.card())
    anna.write("agent.conf", "[agent]\ncolour = red\n")
    (anna.path / "identity.key").chmod(0o644)
    anna.write("peers/carl.card", "[peer]\nname = carl\n")
    done = run("check", folder=anna.path)
    assert done.returncode == 1 and done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    assert f"{anna.path}/agent.conf:2: there is no key 'colour' in [agent]" in lines[0]
    assert f"chmod 600 {anna.path}/identity.key" in lines[1]
    assert f"{anna.path}/peers/carl.card:1: the card has no key" in lines[2]


BAD_FILES = [
    ("agent.conf", "[vlan a]\nid = 1\n[vlan b]\nid = 1\n", ":3: [vlan b] has id 1"),
    ("agent.conf", "[vlan a]\nid = 1\n[vlan a]\n", ":3: [vlan a] is here a second time, after line 1"),
    ("agent.conf", "[vlan a]\nid = 1\n[port h]\ntype = mcast\ngroup = 1.2.3:4\n", ":5: '1.2.3:4' is no"),
    ("agent.conf", "[agent]\ngroup = no-such-group-here\n[vlan a]\nid = 1\n", "there is no group"),
    ("agent.conf", "[vlan a]\nid = 1\nnonsense\n", ":3: no '=' in this line"),
    ("peers/bert.local", "[local]\nvlans = nosuch\n", ":2: there is no vlan 'nosuch'"),
    ("peers/bert.local", "[local]\nroam = maybe\n", ":2: 'roam' is neither yes nor no"),
    ("peers/bert.local", "[local]\nroam = no\n", ":2: 'roam = no' keeps bert at the addresses"),
    ("peers/bert.local", "[local]\nallow = dns\n", ":2: 'dns' is nothing that can be allowed"),
    ("peers/bert.local", "[local]\npsk = hunter2\n", ":2: the preshared key is not 32 bytes"),
    ("peers/bert.card", "[peer]\nkey = lw1oops\n", ":2: the key has 'o' as character 4"),
    ("peers/b r.card", "[peer]\n", ": 'b r' is no name"),
]


def test_check_tells_the_ciphers_and_whose_code_they_are(anna):
    assert "ChaCha20-Poly1305 (libsodium)\n" in anna.good("check")
    conf = anna.path / "agent.conf"
    text = conf.read_text().replace("[agent]\n", "[agent]\ncipher = chacha20-poly1305\n", 1)
    anna.write("agent.conf", text)
    assert "\nciphers ChaCha20-Poly1305 (libsodium)\n" in anna.good("check")


@pytest.mark.parametrize("name,text,message", BAD_FILES)
def test_check_refuses_a_bad_file_with_its_line(anna, bert, name, text, message):
    anna.good("add", text=bert.card())
    anna.write(name, text)
    line = anna.refused("check")
    assert f"{anna.path}/{name}" in line and message in line, line
    assert "hunter2" not in line


def test_roam_and_relay_of_a_local_file_are_nothing_wrong(anna, bert):
    anna.good("add", text=bert.card("--at", "bert.example"))
    for text in ("roam = yes\nrelay = yes\n", "roam = no\nrelay = no\n"):
        anna.write("peers/bert.local", "[local]\n" + text)
        done = good("check", folder=anna.path)
        assert "warning" not in done.stderr and "  peer bert: at bert.example:19543" in done.stdout


def test_one_mac_pinned_to_two_peers_is_told_with_both_lines(anna, bert, carl):
    anna.good("add", text=bert.card())
    anna.write("peers/bert.local", "[local]\npin = 52:54:00:12:34:56\n")
    anna.write("peers/carl.local", "[local]\nrate = 1M\npin = 02:00:00:00:00:01, 52:54:00:12:34:56\n")
    told = (
        f"{anna.path}/peers/carl.local:3: the MAC 52:54:00:12:34:56 is pinned to bert, too, "
        "in bert.local:2; a MAC has one owner"
    )
    assert "Not in effect yet: " + told in anna.good("add", text=carl.card())
    assert told in anna.refused("check")
    anna.write("peers/bert.local", "[local]\n")
    anna.good("check")


def test_check_warns_of_what_has_no_effect(anna):
    anna.write("peers/carl.local", "[local]\nvlans = lan\n")
    with open(anna.path / "agent.conf", "a", encoding="utf-8") as conf:
        conf.write("[port far]\ntype = mcast\ngroup = 230.0.0.1:33001\ninterface = nosuch0\n")
    errors = good("check", folder=anna.path).stderr
    assert "warning: " in errors and "carl.local has no effect" in errors
    assert "[port far] waits for the interface nosuch0" in errors
    assert "nobody is trusted yet" in errors


def test_a_psk_that_others_can_read_is_refused(anna, bert):
    anna.good("add", text=bert.card())
    anna.write("peers/bert.local", "[local]\npsk = " + "01" * 32 + "\n", mode=0o644)
    assert f"chmod 600 {anna.path}/peers/bert.local" in anna.refused("check")
    (anna.path / "peers" / "bert.local").chmod(0o600)
    anna.good("check")


def test_an_unreadable_identity_is_refused(anna):
    (anna.path / "identity.key").unlink()
    (anna.path / "identity.key").symlink_to("/dev/null")
    assert "identity.key is a symbolic link" in anna.refused("check")
