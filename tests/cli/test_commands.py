"""The program itself, and the commands for a folder of one's own: init, card."""

import os
import re
import shlex
import stat
import subprocess

from folder import ENVIRONMENT, MAC, good, misused, refused, run

# ---- the program ----


def test_help_lists_every_command_and_version_is_printed():
    done = run("--help")
    assert done.returncode == 0
    for command in (
        "init", "card", "add", "allow", "remove", "check", "dump", "plug", "run", "unplug",
    ):
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


# ---- run ----


def program(path, *lines):
    """A shell script at @path; its path."""
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)
    return str(path)


def test_run_wants_a_command_line(anna):
    assert "which machine?" in misused("run", folder=anna.path)
    assert "which machine?" in misused("run", "--vlan", "lan", "--", folder=anna.path)
    assert "--colour" in misused("run", "--colour", "qemu-system-i386", folder=anna.path)


def test_run_starts_nothing_that_is_no_qemu(anna, tmp_path):
    said = anna.refused("run", "--", "/nonexistent/qemu-system-i386", "-m", "64")
    assert "/nonexistent/qemu-system-i386 cannot be started: No such file or directory" in said
    said = anna.refused("run", "--", "nice", "/nonexistent/qemu-system-i386")
    assert "/nonexistent/qemu-system-i386 cannot be started: nice: " in said
    said = anna.refused("run", "--", program(tmp_path / "other", "echo usage: other"))
    assert "does not answer as QEMU" in said and "got 'usage: other'" in said
    left = tmp_path / "left"
    said = anna.refused("run", "--", program(tmp_path / "text", "exit 0"), "touch", str(left))
    assert "expected a list of netdev backend types from -netdev help, and got ''" in said
    assert not left.exists()


def test_run_refuses_what_would_leave_the_machine_without_its_wire(anna, tmp_path):
    asked = tmp_path / "asked"
    qemu = program(tmp_path / "qemu", f"touch {asked}")
    for arguments, message in (
        (["-daemonize"], "take that out, and end the line with '&'"),
        (["-netdev", "user,id=lw"], "the netdev 'lw' is what run adds"),
        (["-device", "e1000,netdev=lw", "-device", "pcnet,netdev=lw"], "which is one cable"),
    ):
        assert message in anna.refused("run", "--", qemu, *arguments)
    assert not asked.exists()


def test_run_needs_an_identity_for_a_machine_with_a_name(tmp_path):
    qemu = program(tmp_path / "qemu", "echo netdev backend types: dgram")
    said = refused("run", "--", qemu, "-name", "a", folder=tmp_path / "none")
    assert "has no identity.key; make one with: " in said
