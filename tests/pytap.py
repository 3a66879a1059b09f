#!/usr/bin/env python3
"""pytap.py - run pytest and report every test case as a line of TAP

meson knows TAP: it then shows and counts single cases instead of whole files. TAP goes to
standard output; everything that pytest and the tests print goes to standard error.

Usage: pytap.py [--at-once N] [pytest arguments] FILE...

--at-once N runs N cases at a time, where pytest-xdist is there: for files whose cases mostly wait.
"""

import importlib.util
import os
import signal
import sys

import pytest


class Tap:
    """The pytest plugin: one TAP line per finished case, the plan at the end."""

    def __init__(self, out):
        self.out = out
        self.count = 0

    def emit(self, good, name, directive=""):
        """Write one result; # would start a directive, so the name may not hold it."""
        self.count += 1
        word = "ok" if good else "not ok"
        tail = f" # {directive}" if directive else ""
        self.out.write(f"{word} {self.count} - {name.replace('#', '')}{tail}\n")

    def pytest_collectreport(self, report):
        """A file that cannot be imported is a failure, not an absence of tests."""
        if report.failed:
            self.emit(False, f"{report.nodeid} cannot be collected")

    def pytest_runtest_logreport(self, report):
        """The call decides; set-up and tear-down only speak when they skip or fail."""
        name = report.nodeid.split("::", 1)[-1]
        if report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            self.emit(True, name, f"SKIP {reason}")
        elif report.failed:
            self.emit(False, name if report.when == "call" else f"{name} ({report.when})")
        elif report.when == "call":
            self.emit(True, name)

    def pytest_sessionfinish(self):
        """The plan comes last: only now is the number known."""
        self.out.write(f"1..{self.count}\n")


def with_workers(arguments):
    """Ours in front of pytest's: --at-once becomes what xdist calls it, or nothing."""
    if arguments[:1] != ["--at-once"]:
        return arguments
    at_once = int(arguments[1])
    workers = ["-n", str(at_once)] if at_once > 1 and importlib.util.find_spec("xdist") else []
    return [*workers, *arguments[2:]]


def main():
    """Run pytest; 0 unless pytest itself broke: TAP has told meson about failures."""
    # meson's time limit is a SIGTERM: fixtures must get to remove what they made
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    arguments = ["-p", "no:cacheprovider", "-q", "-rA", "--tb=short"]
    arguments += with_workers(sys.argv[1:])
    status = pytest.main(arguments, plugins=[Tap(out)])
    out.flush()
    told = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
    return 0 if status in told else 1


if __name__ == "__main__":
    sys.exit(main())
