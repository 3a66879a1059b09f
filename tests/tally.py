#!/usr/bin/env python3
"""tally.py LOG... - count single test cases in meson's testlog.json and say so in one line

Reads the logs of `meson test`: one JSON object a line, one per test program. A program that
speaks TAP counts by its cases, any other as one case. A program that failed without a failing
case (a crash, a leak found at exit, a timeout) counts as one failure more.

Prints the failures, then as the last line "N passed, N failed, N skipped".
Exit status: 0 if something passed and nothing failed, 1 otherwise.
"""

import json
import re
import sys

TAP_LINE = re.compile(r"(?P<no>not )?ok\b *\d* *(?:- )?(?P<name>[^#]*)(?P<rest>#.*)?$")
GOOD = {"OK", "EXPECTEDFAIL"}
SKIPPED = {"SKIP"}


def verdict_of(match):
    """What one TAP line says: passed, failed or skipped."""
    directive = (match["rest"] or "").lstrip("# ").upper()
    if directive.startswith("SKIP"):
        return "skipped"
    return "failed" if match["no"] and not directive.startswith("TODO") else "passed"


def cases_of(stdout):
    """The TAP lines as a list of (verdict, text); text holds the comments that follow a case."""
    cases = []
    for line in (stdout or "").splitlines():
        match = TAP_LINE.match(line)
        if match:
            text = match["name"].strip() + " " + (match["rest"] or "")
            cases.append((verdict_of(match), text.strip()))
        elif line.startswith("# ") and cases:
            verdict, text = cases[-1]
            cases[-1] = (verdict, f"{text}\n    {line}")
    return cases


def verdicts_of(program):
    """The verdicts of one test program, as a list of (verdict, name)."""
    cases = cases_of(program["stdout"])
    result = program["result"]
    if result in GOOD:
        return cases or [("passed", program["name"])]
    if result in SKIPPED:
        return cases or [("skipped", program["name"])]
    if not any(verdict == "failed" for verdict, _ in cases):
        cases.append(("failed", f"{result.lower()}, exit status {program['returncode']}"))
    return cases


def count_log(path, count):
    """Add the log at @path to @count; print its failed and skipped cases."""
    with open(path, encoding="utf-8") as log:
        for line in log:
            program = json.loads(line)
            for verdict, name in verdicts_of(program):
                count[verdict] += 1
                if verdict != "passed":
                    print(f"{verdict}: {program['name']}: {name}")


def main(paths):
    """Print the failed and skipped cases of all logs and the count of all."""
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for path in paths:
        count_log(path, count)
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**count))
    return 0 if count["passed"] and not count["failed"] else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except FileNotFoundError:
        print("0 passed, 0 failed, 0 skipped")
        sys.exit(1)
