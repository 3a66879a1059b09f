#!/usr/bin/python3
"""micro.py - count the instructions of the hot functions, here and in the parent commit

Usage: micro.py [--build DIR] [--against REV] [--show]

--build DIR    a release build of this tree; its compiler and options are the parent's too
               (default: $LONGWIRE_RELEASE's; else one is made)
--against REV  what to compare with (default: HEAD^, its first parent; HEAD where something is not
               committed yet)
--show         compare with nothing

Valgrind's callgrind counts instructions, which depend on neither the machine's load nor its speed.
Counted are those of our own libraries; those of libsodium and the others are told apart. A
benchmark that costs more than 5 % more than in the parent fails, unless a commit in between says
so (README.md).

Output is TAP: one case for each benchmark. Exit status 0 unless a benchmark failed.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import compare
import counts
import trees

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))


class Unable(Exception):
    """Nothing can be measured or compared, and why: said, and passed."""


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", help="a release build of this tree")
    parser.add_argument(
        "--against", help="a revision; default: HEAD^, or HEAD if it is not all committed"
    )
    parser.add_argument("--show", action="store_true", help="compare with nothing")
    return parser.parse_args()


def release_build():
    """The folder of the build that deploy/test measures, or None."""
    folder = os.path.dirname(os.path.dirname(os.environ.get("LONGWIRE_RELEASE", "")))
    return folder if os.path.isdir(os.path.join(folder, "meson-info")) else None


def measure_here(options, work):
    """Build and count this tree. Return its folder too: the parent's options come from there."""
    if not shutil.which("valgrind"):
        raise Unable("valgrind is not installed")
    folder = options.build or release_build()
    if not folder:
        folder = os.path.join(work, "here")
        trees.setup(ROOT, folder, ["-Dbuildtype=release"], {})
    said = trees.build(folder)
    programs = trees.programs(folder)
    missing = [name for name, path in programs.items() if not os.path.exists(path)]
    if missing or not programs:
        raise SystemExit(
            f"{said}micro: {', '.join(missing) or 'no program'} cannot be built in {folder}"
        )
    here = {}
    for path in programs.values():
        here.update(counts.count(path))
    return folder, here


def measure_parent(folder, rev, work):
    """Count the parent: by this tree's benchmarks, or by its own where they do not fit it."""
    source = os.path.join(work, "parent")
    trees.extract(ROOT, rev, source)
    found = {}
    for tests in (os.path.join(ROOT, "tests"), os.path.join(source, "tests.own")):
        if not os.path.isdir(os.path.join(tests, "bench", "micro")):
            continue
        build = os.path.join(work, "build-" + os.path.basename(tests))
        for path in trees.build_parent(source, tests, build, folder).values():
            counted = counts.count(path, may_fail=True)
            found.update({name: cost for name, cost in counted.items() if name not in found})
    if not found:
        raise Unable(f"nothing of {rev} can be built or counted")
    return found


def against(options):
    """The revision to compare with."""
    rev = options.against or ("HEAD" if trees.is_changed(ROOT) else "HEAD^")
    if not trees.has(ROOT, rev):
        raise Unable(
            f"{rev} is not in this clone (it is shallow, or the first commit, or no clone)"
        )
    return rev


def run(options, work):
    """Measure, compare, tell. Return: whether all is well"""
    folder, here = measure_here(options, work)
    if options.show:
        compare.show(here)
        return True
    try:
        rev = against(options)
        if trees.is_same_code(ROOT, rev):
            compare.show(here)
            print(f"ok 1 - what is counted is built of the same files as in {rev}\n1..1")
            return True
        before = measure_parent(folder, rev, work)
    except Unable as reason:
        compare.show(here)
        print(f"ok 1 - nothing is compared: {reason}\n1..1")
        return True
    return compare.tell(here, before, trees.accepted(ROOT, rev), rev)


def main():
    """Exit status 0 unless a benchmark failed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.stdout.reconfigure(line_buffering=True)
    with tempfile.TemporaryDirectory(prefix="longwire-micro-") as work:
        try:
            return 0 if run(arguments(), work) else 1
        except Unable as reason:
            print(f"ok 1 - nothing is measured # SKIP {reason}\n1..1")
            return 0
        except subprocess.CalledProcessError as error:
            print(f"micro: {' '.join(error.cmd)} failed\n{error.output or ''}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
