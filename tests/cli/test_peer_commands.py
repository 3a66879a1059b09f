"""The commands about peers: add, remove, allow; each with good and wrong input."""

import os
import re
import stat
import subprocess

import pytest

from folder import BINARY, ENVIRONMENT, Folder, KEY, PHRASE, good, misused, run

# ---- add ----


def test_both_sides_see_one_check_phrase(anna, bert):
    phrases = [
        PHRASE.search(one.good("add", text=other.card()))[0]
        for one, other in ((anna, bert), (bert, anna))
    ]
    assert phrases[0] == phrases[1]
    assert anna.peers() == ["bert.card"]


def test_add_takes_a_file_a_uri_and_mail(anna, bert, tmp_path):
    path = tmp_path / "bert.card"
    path.write_text(bert.card())
    assert "Added" in anna.good("add", str(path))
    assert "is there already, with this card" in anna.good("add", text=bert.card("--uri"))
    quoted = "Hi!\n\n" + "".join(f"> > {line}\n" for line in bert.card().splitlines()) + "\nBye\n"
    assert "is there already, with this card" in anna.good("add", "-", text=quoted)
    assert anna.peers() == ["bert.card"]


def test_add_takes_several_cards_or_none(anna, bert, tmp_path):
    carl = Folder(tmp_path / "carl", "carl")
    broken = carl.card()[:-4] + "\n"
    line = anna.refused("add", text=bert.card() + broken)
    assert "standard input:8: the key is cut: it has 58 of 61 characters" in line
    assert anna.peers() == []
    anna.good("add", text=bert.card() + carl.card())
    assert anna.peers() == ["bert.card", "carl.card"]


def test_add_under_another_name(anna, bert):
    anna.good("add", "--as", "robert", text=bert.card())
    assert anna.peers() == ["robert.card"]
    line = anna.refused("add", text=bert.card())
    assert "standard input:2: the key is known as 'robert' already" in line
    assert "'../x' is a path" in anna.refused("add", "--as", "../x", text=bert.card(), code=2)
    assert anna.peers() == ["robert.card"]


def test_add_names_one_card_only(anna, bert, tmp_path):
    carl = Folder(tmp_path / "carl", "carl")
    line = anna.refused("add", "--as", "x", text=bert.card() + carl.card())
    assert "standard input holds 2 cards, and --as names one" in line
    nameless = re.sub(r"name = .*\n", "", bert.card())
    assert "give it one with --as NAME" in anna.refused("add", text=nameless)
    anna.good("add", "--as", "bert", text=nameless)


def test_add_replaces_only_when_told(anna, bert, tmp_path):
    anna.good("add", text=bert.card())
    before = (anna.path / "peers" / "bert.card").read_text()
    other = Folder(tmp_path / "other", "bert")
    line = anna.refused("add", text=other.card())
    assert "standard input:2: 'bert' is there already with another key; add --replace" in line
    assert (anna.path / "peers" / "bert.card").read_text() == before
    anna.good("add", "--replace", text=other.card())
    assert other.key() in (anna.path / "peers" / "bert.card").read_text()


def test_add_refuses_our_own_card_and_secrets(anna):
    assert "standard input:2: this is our own card" in anna.refused("add", text=anna.card())
    secret = (anna.path / "identity.key").read_text()
    line = anna.refused("add", text=secret)
    assert "this is an identity.key and no card: it is secret" in line
    assert secret.split()[1] not in line


def test_add_refuses_a_low_order_key(anna):
    zero = "lw1" + "q" * 52
    alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    generator = [0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3]
    total = 1
    for value in [ord(c) >> 5 for c in "lw"] + [0] + [ord(c) & 31 for c in "lw"] + [0] * 58:
        top, total = total >> 25, (total & 0x1FFFFFF) << 5 ^ value
        for bit in range(5):
            total ^= generator[bit] if top >> bit & 1 else 0
    total ^= 0x2BC830A3
    zero += "".join(alphabet[total >> 5 * (5 - i) & 31] for i in range(6))
    line = anna.refused("add", text=f"[peer]\nname = eve\nkey = {zero}\n")
    assert "standard input:3: the key is of low order" in line


BAD_CARDS = {
    "no card": (lambda card: "hello\n", ":1: there is no card in this text"),
    "nothing": (lambda card: "", ":1: there is no card in this text"),
    "no key": (lambda card: re.sub("key .*\n", "", card), ":2: the card has no key"),
    "a cut": (lambda card: card[:-2] + "\n", ":4: the key is cut: it has 60 of 61 characters"),
    "a typo": (
        lambda card: KEY.sub(lambda key: key[0][:9] + "qp"[key[0][9] == "q"] + key[0][10:], card),
        ":4: the key has a typo",
    ),
    "mixed case": (
        lambda card: KEY.sub(lambda key: key[0][:-8] + key[0][-8:].upper(), card),
        ":4: the key mixes upper and lower case",
    ),
    "a foreign prefix": (lambda card: card.replace("lw1", "bc1"), ":4: the key begins with 'bc1'"),
    "a path": (lambda card: card.replace("= bert", "= ../bert"), ":3: '../bert' is a path"),
    "an address": (lambda card: card + "at = nowhere:99999\n", ":5: 'nowhere:99999': the port"),
    "an unknown key": (lambda card: card + "psk = 1\n", ":5: there is no such key in a card: 'psk'"),
}


@pytest.mark.parametrize("what", BAD_CARDS)
def test_add_refuses_a_bad_card_with_its_line(anna, bert, what):
    change, message = BAD_CARDS[what]
    line = anna.refused("add", text=change(bert.card()))
    assert f"standard input{message}" in line, line
    assert anna.peers() == []


def test_add_says_which_file_it_could_not_read(anna, tmp_path):
    line = anna.refused("add", str(tmp_path / "none"))
    assert f"{tmp_path / 'none'}: cannot open: No such file" in line
    (tmp_path / "long").write_text("x" * 1024 * 1024)
    assert "is longer than 1048575 bytes" in anna.refused("add", str(tmp_path / "long"))


def test_add_says_what_to_write_where_there_are_several_vlans(anna, bert):
    with open(anna.path / "agent.conf", "a", encoding="utf-8") as conf:
        conf.write("\n[vlan two]\nid = 2\n")
    assert "peers/bert.local" in anna.good("add", text=bert.card())


def test_add_at_a_terminal_says_what_to_do(anna, bert):
    here, there = os.openpty()
    with subprocess.Popen(
        [BINARY, "-C", str(anna.path), "add"], stdin=there, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
    ) as process:
        os.close(there)
        os.write(here, bert.card().encode() + b"\n\x04")
        output, errors = process.communicate(timeout=60)
    os.close(here)
    assert "Paste the card, press Enter and then Ctrl-D" in errors
    assert PHRASE.search(output)


# ---- remove ----


def test_remove_ends_the_trust(anna, bert):
    anna.good("add", text=bert.card())
    anna.write("peers/bert.local", "[local]\nvlans = lan\n")
    assert "bert is removed." in anna.good("remove", "bert")
    assert anna.peers() == []


def test_remove_names_who_was_meant(anna, bert):
    anna.good("add", text=bert.card())
    assert "did you mean 'bert'?" in anna.refused("remove", "bret")
    assert "there is no peer 'somebody'" in anna.refused("remove", "somebody")
    assert "'../anna' is a path and not a name" in anna.refused("remove", "../anna")
    assert anna.peers() == ["bert.card"]


# ---- allow ----


def test_allow_writes_a_private_file_and_says_what_is_allowed(anna, bert):
    anna.good("add", text=bert.card())
    assert "nothing that is kept out" in anna.good("allow", "bert")
    assert "beyond what everybody may: dhcp, ra.\n" in anna.good("allow", "bert", "dhcp,ra")
    local = anna.path / "peers" / "bert.local"
    assert local.read_text(encoding="utf-8") == "[local]\nallow = dhcp, ra\n"
    assert stat.S_IMODE(local.stat().st_mode) == 0o600
    assert "beyond what everybody may: dhcp, ra.\n" in anna.good("allow", "bert")
    assert "beyond what everybody may: ra, bpdu.\n" in anna.good("allow", "bert", "-dhcp", "bpdu")
    assert "nothing that is kept out" in anna.good("allow", "bert", "-ra,-bpdu")
    assert local.read_text(encoding="utf-8") == "[local]\n"
    anna.good("check")


def test_allow_takes_the_folder_anywhere(anna, bert, tmp_path):
    anna.good("add", text=bert.card())
    good("allow", "bert", "-dhcp", "-C", str(anna.path))
    good("allow", "-C", str(anna.path), "bert", "ra")
    (tmp_path / "-anna").symlink_to(anna.path)
    assert "ra.\n" in run("allow", "bert", "-C", "-anna", cwd=tmp_path).stdout
    assert "ra.\n" in anna.good("allow", "bert")


def test_allow_refuses_what_is_nothing(anna, bert):
    anna.good("add", text=bert.card())
    said = "'dns' is nothing that can be allowed; expected dhcp, ra, bpdu or arp"
    assert said in anna.refused("allow", "bert", "dns")
    assert said in anna.refused("allow", "bert", "-dns")
    assert said in anna.refused("allow", "bert", "dhcp,dns")
    assert not (anna.path / "peers" / "bert.local").exists()
    assert "whom? give the name of a peer" in misused("allow", folder=anna.path)
    misused("allow", "bert", "--dhcp", folder=anna.path)


def test_allow_names_who_was_meant(anna, bert):
    anna.good("add", text=bert.card())
    assert "there is no peer 'brt'" in anna.refused("allow", "brt", "dhcp")
    assert "did you mean 'bert'?" in anna.refused("allow", "brt", "dhcp")
    assert "is a path and not a name" in anna.refused("allow", "../x", "dhcp")


def test_allow_keeps_what_else_the_file_says(anna, bert):
    anna.good("add", text=bert.card())
    text = "; ours\n[local]\nvlans = lan\npsk = " + "01" * 32 + " ; by phone\n"
    anna.write("peers/bert.local", text, mode=0o400)
    anna.good("allow", "bert", "dhcp")
    local = anna.path / "peers" / "bert.local"
    assert local.read_text(encoding="utf-8") == text + "allow = dhcp\n"
    assert stat.S_IMODE(local.stat().st_mode) == 0o400


def test_allow_leaves_a_file_with_a_mistake_alone(anna, bert):
    anna.good("add", text=bert.card())
    anna.write("peers/bert.local", "[local]\ncolour = no\n")
    assert "bert.local:2: there is no key 'colour'" in anna.refused("allow", "bert", "dhcp")
    assert (anna.path / "peers" / "bert.local").read_text(encoding="utf-8").endswith("colour = no\n")
