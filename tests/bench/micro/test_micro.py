"""test_micro.py - what the comparison of instructions says, and how it reads callgrind"""

import pathlib
import subprocess

import compare
import counts
import pytest
import trees

DUMP = """\
desc: Trigger: Client Request: fdb_find
positions: line
events: Ir
summary: 500

ob=/usr/lib/libsodium.so.23
fl=???
fn=crypto_shorthash
0 137
ob=/b/micro_switch
fl=???
fn=fdb_find
0 9
cfn=keyed_hash
calls=1 0
0 155
+3 23
fl=/s/tests/bench/micro/micro_switch.c
fn=find_all
20 1000
fl=???
fn=keyed_hash
0 9
cob=/usr/lib/libsodium.so.23
cfi=???
cfn=crypto_shorthash
calls=1 0
0 137
"""


def cost(own):
    """A benchmark that costs so much."""
    return counts.Cost(own, 0.0)


def tell(capsys, here, before, accepted=()):
    """(whether all is well, what was said)"""
    good = compare.tell(here, before, accepted, "HEAD^")
    return good, capsys.readouterr().out


def test_our_own_instructions_are_told_from_the_benchmarks_and_the_libraries():
    assert counts.read_dump(DUMP.splitlines(), "/b/micro_switch") == ("fdb_find", 9 + 23 + 9, 137)


def test_five_percent_more_passes_and_six_fails(capsys):
    assert tell(capsys, {"fdb_find": cost(105)}, {"fdb_find": cost(100)})[0]
    good, said = tell(capsys, {"fdb_find": cost(106)}, {"fdb_find": cost(100)})
    assert not good
    assert "not ok 1 - fdb_find: 106.0 instructions, 100.0 before, +6.0 %, more than 5 %" in said
    assert "Bench-accept: fdb_find +6% the reason" in said


def test_fewer_instructions_pass(capsys):
    assert tell(capsys, {"fdb_find": cost(50)}, {"fdb_find": cost(100)})[0]


def test_what_is_new_and_what_is_gone_is_said(capsys):
    good, said = tell(capsys, {"new_one": cost(5)}, {"old_one": cost(7)})
    assert good
    assert "new_one is new: 5.0 instructions" in said
    assert "old_one is gone: 7.0 instructions before" in said
    assert "1..2" in said


def test_a_commit_may_say_that_it_has_to_be_slower_and_by_how_much(capsys):
    accepted = [("engine_*", 12.0, "checksums are finished here now")]
    here, before = {"engine_send": cost(110)}, {"engine_send": cost(100)}
    good, said = tell(capsys, here, before, accepted)
    assert good
    assert "accepted: checksums are finished here now" in said
    assert not tell(capsys, {"engine_send": cost(113)}, before, accepted)[0]
    assert not tell(capsys, {"fdb_find": cost(110)}, {"fdb_find": cost(100)}, accepted)[0]


@pytest.fixture
def clone(tmp_path):
    """A repository with one commit, and a way to add others."""

    def commit(message):
        words = [
            "-c",
            "user.name=n",
            "-c",
            "user.email=e@example.org",
            "commit",
            "-q",
            "--allow-empty",
        ]
        subprocess.run(["git", "-C", tmp_path, *words, "-m", message], check=True)

    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    commit("first")
    return str(tmp_path), commit


def test_only_code_of_the_layers_and_how_it_is_built_makes_a_difference(clone):
    root, commit = clone
    for name in ("README.md", "meson.build", "agent/fdb.c"):
        path = pathlib.Path(root, name)
        path.parent.mkdir(exist_ok=True)
        path.write_text("before")
    subprocess.run(["git", "-C", root, "add", "."], check=True)
    commit("second")
    pathlib.Path(root, "README.md").write_text("after", encoding="utf-8")
    assert trees.is_same_code(root, "HEAD")
    pathlib.Path(root, "meson.build").write_text("after", encoding="utf-8")
    assert not trees.is_same_code(root, "HEAD")
    commit("third")
    pathlib.Path(root, "meson.build").write_text("before", encoding="utf-8")
    pathlib.Path(root, "agent/fdb.c").write_text("after", encoding="utf-8")
    assert not trees.is_same_code(root, "HEAD")
    assert not trees.is_same_code(root, "HEAD^^^^")


def test_the_first_commit_has_no_parent(clone):
    root, commit = clone
    assert not trees.has(root, "HEAD^")
    commit("second")
    assert trees.has(root, "HEAD^")


def test_what_is_accepted_is_read_from_the_commits_since_and_needs_a_reason(clone):
    root, commit = clone
    commit("second\n\nBench-accept: fdb_find +99% too early")
    commit(
        "third\n\nWhy.\n\n"
        "Bench-accept: engine_* +7.5% finishes checksums\nBench-accept: fdb_find +9%"
    )
    assert trees.accepted(root, "HEAD^") == [("engine_*", 7.5, "finishes checksums")]


def test_a_tree_without_git_is_nothing_to_compare_with(tmp_path):
    assert not trees.has(str(tmp_path), "HEAD^")
    assert trees.accepted(str(tmp_path), "HEAD^") == []
