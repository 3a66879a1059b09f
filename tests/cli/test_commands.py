"""The commands that need no agent: init, card, add, remove, check; each with good and wrong input."""

import os
import re
import shlex
import stat
import subprocess

import pytest

BINARY = os.environ.get("LONGWIRE", "longwire")
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:")
ENVIRONMENT = {
    key: value
    for key, value in os.environ.items()
    if key not in ("LONGWIRE_DIR", "RUNTIME_DIRECTORY", "XDG_CONFIG_HOME")
}
KEY = re.compile(r"lw1[a-z0-9]{58}")
PHRASE = re.compile(r"(?:\d{5} ){5}\d{5}")
MAC = re.compile(r"02(:[0-9a-f]{2}){5}")


def run(*arguments, text=None, folder=None, **options):
    """longwire with these arguments; the CompletedProcess."""
    command = [BINARY, *(["-C", str(folder)] if folder else []), *arguments]
    given = {"input": text} if text is not None else {"stdin": subprocess.DEVNULL}
    options.setdefault("env", ENVIRONMENT)
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, **given, **options
    )
    assert not SANITIZER.search(done.stderr), done.stderr
    return done


def good(*arguments, **options):
    """It must succeed, and name the folder; the CompletedProcess."""
    done = run(*arguments, **options)
    assert done.returncode == 0, done.stderr
    if options.get("folder"):
        assert f"folder: {options['folder']}\n" in done.stderr
    return done


def refused(*arguments, code=1, **options):
    """It must fail with one line on standard error, and nothing that looks like success; the line."""
    done = run(*arguments, **options)
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr.startswith("longwire: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr.strip()


def misused(*arguments, **options):
    """Wrong arguments: exit code 2; what was said."""
    done = run(*arguments, **options)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    return done.stderr


class Folder:
    """One person's folder."""

    def __init__(self, path, name):
        self.path = path
        good("init", "--name", name, folder=path)

    def good(self, *arguments, **options):
        """A command that succeeds here; what it printed."""
        return good(*arguments, folder=self.path, **options).stdout

    def refused(self, *arguments, **options):
        """A command that fails here; its line."""
        return refused(*arguments, folder=self.path, **options)

    def card(self, *arguments):
        """The card, as printed."""
        return self.good("card", *arguments)

    def key(self):
        """The public key."""
        return KEY.search(self.card())[0]

    def write(self, name, text, mode=0o600):
        """Write a file of the folder."""
        path = self.path / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def peers(self):
        """The files in peers/."""
        return sorted(os.listdir(self.path / "peers"))


@pytest.fixture
def anna(tmp_path):
    """Anna's folder."""
    return Folder(tmp_path / "anna", "anna")


@pytest.fixture
def bert(tmp_path):
    """Bert's folder; its path needs quoting."""
    return Folder(tmp_path / "bert's folder", "bert")


@pytest.fixture
def carl(tmp_path):
    """Carl's folder."""
    return Folder(tmp_path / "carl", "carl")


# ---- the program ----


def test_help_lists_every_command_and_version_is_printed():
    done = run("--help")
    assert done.returncode == 0
    for command in ("init", "card", "add", "allow", "remove", "check"):
        assert re.search(rf"^  {command} ", done.stdout, re.M), command
        assert run(command, "--help").returncode == 0
    assert re.fullmatch(r"longwire \d+\.\d+\.\d+\n", run("--version").stdout)


def test_unknown_commands_are_refused_with_the_one_that_was_meant():
    assert "there is no command 'chek'; did you mean 'longwire check'?" in misused("chek")
    assert "there is no command 'frobnicate'; 'longwire --help' lists them" in misused("frobnicate")
    assert "no command given" in misused()


def test_wrong_options_are_usage(anna):
    assert "--colour" in misused("init", "--colour", folder=anna.path)
    assert "Too many arguments" in misused("check", "x", folder=anna.path)
    assert "more than one name" in misused("remove", "a", "b", folder=anna.path)
    assert "whom?" in misused("remove", folder=anna.path)
    assert "more than one file" in misused("add", "a", "b", folder=anna.path)


def test_the_folder_may_come_before_and_after_the_command_and_from_the_environment(anna, tmp_path):
    key = anna.key()
    assert key in good("card", "-C", str(anna.path)).stdout
    assert key in good("card", env={**ENVIRONMENT, "LONGWIRE_DIR": str(anna.path)}).stdout
    assert key in good("-C", "anna", "card", cwd=tmp_path).stdout
    assert f"folder: {anna.path}" in good("-C", "anna", "card", cwd=tmp_path).stderr
    assert "-C needs the path" in refused("-C", "", "card")


# ---- init ----


def test_init_makes_everything_with_the_right_modes(anna):
    assert sorted(os.listdir(anna.path)) == ["agent.conf", "identity.key", "peers"]
    assert stat.S_IMODE((anna.path / "identity.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(anna.path.stat().st_mode) == 0o700
    assert "agent anna, lw1" in anna.good("check")


def test_init_makes_folders_above_too(tmp_path):
    good("init", folder=tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c" / "identity.key").exists()


def test_a_second_init_changes_nothing_and_says_so(anna):
    before = {name: (anna.path / name).read_bytes() for name in ("agent.conf", "identity.key")}
    output = anna.good("init", "--name", "other")
    assert output.count("was there, left as it is") == 3
    for name, content in before.items():
        assert (anna.path / name).read_bytes() == content


def test_init_completes_what_is_missing(anna):
    key = anna.key()
    (anna.path / "agent.conf").unlink()
    (anna.path / "peers").rmdir()
    assert anna.good("init").count("made") == 2
    assert anna.key() == key


def test_init_refuses_what_is_there_and_broken(anna):
    anna.write("identity.key", "garbage\n")
    assert "identity.key:1: this is no identity" in anna.refused("init")


def test_init_refuses_a_name_that_is_none_and_a_folder_that_is_a_file(tmp_path):
    line = refused("init", "--name", "../x", folder=tmp_path / "x", code=2)
    assert "'../x' is a path and not a name" in line
    assert not (tmp_path / "x").exists()
    (tmp_path / "file").write_text("")
    assert "is there and is no folder" in refused("init", folder=tmp_path / "file")
    assert "cannot make the folder" in refused("init", folder=tmp_path / "file" / "x")


def test_commands_that_init_prints_work_as_pasted_from_any_folder(bert):
    output = bert.good("init")
    command = re.search(r"others: (.*)", output)[1]
    done = subprocess.run(
        command, shell=True, cwd="/", capture_output=True, text=True, check=True, env=ENVIRONMENT
    )
    assert done.stdout == bert.card()


def test_printed_commands_need_no_variable_of_the_terminal_that_printed_them(tmp_path):
    folder = tmp_path / "by variable"
    output = good("init", env={**ENVIRONMENT, "LONGWIRE_DIR": str(folder)}).stdout
    command = re.search(r"others: (.*)", output)[1]
    done = subprocess.run(
        command, shell=True, cwd="/", capture_output=True, text=True, check=True, env=ENVIRONMENT
    )
    assert f"folder: {folder}\n" in done.stderr


def test_commands_without_a_folder_say_how_to_make_one(tmp_path):
    nowhere = tmp_path / "no where"
    for command in (["card"], ["check"], ["add"]):
        line = refused(*command, folder=nowhere, text="")
        fix = line.split("with: ")[1]
        assert shlex.split(fix)[1:] == ["-C", str(nowhere), "init"]


# ---- card ----


def test_card_is_what_the_manual_shows(anna):
    assert re.fullmatch(
        r"; longwire card - safe to post, holds no secret\n\[peer\]\nname = anna\nkey  = lw1\w{58}\n"
        r"at   = anna.example:19543, \[2001:db8::7\]:7\n",
        anna.card("--at", "anna.example,[2001:db8::7]:7"),
    )
    assert "at " not in anna.card()


def test_card_shows_what_agent_conf_says(anna):
    config = (anna.path / "agent.conf").read_text()
    anna.write("agent.conf", config.replace("; at     =", "at ="))
    assert "at   = my-host.example:19543\n" in anna.card()
    assert "at   = other.example:19543\n" in anna.card("--at", "other.example")


def test_card_in_one_line_is_one_word(anna):
    line = anna.card("--uri", "--at", "[::1]:7")
    assert re.fullmatch(r"longwire:lw1\w{58}\?name=anna&at=%5B::1%5D:7\n", line)


def test_card_refuses_addresses_that_are_none(anna):
    line = anna.refused("card", "--at", "nowhere:99999", code=2)
    assert "--at: 'nowhere:99999': the port" in line


def test_macs_are_stable_and_differ_by_machine_and_identity(anna, bert):
    mac = anna.good("card", "--mac").strip()
    assert MAC.fullmatch(mac)
    assert anna.good("card", "--mac", "--machine", "1").strip() == mac
    assert anna.good("card", "--machine", "2").strip() != mac
    assert bert.good("card", "--mac").strip() != mac
    assert "'0' is no number" in misused("card", "--machine", "0", folder=anna.path)
    assert "--mac prints no card" in misused("card", "--mac", "--uri", folder=anna.path)


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
