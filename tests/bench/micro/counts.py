"""counts.py - run a program beneath callgrind and read what each of its benchmarks cost

A benchmark ends with a dump of its own, named after it (micro.c). Of what is in the program
itself, all is ours but for the benchmark's code: that alone has debugging information, so that
callgrind knows its file.
"""

import collections
import glob
import os
import re
import subprocess
import sys
import tempfile

Cost = collections.namedtuple("Cost", "own libraries")
Cost.__doc__ = "Instructions each: in our libraries, and in those that they call."

COST = re.compile(r"[-+*0-9]")
TRIGGER = "desc: Trigger: Client Request: "
CALLGRIND = ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", "--compress-strings=no"]


def is_harness(source):
    """Is a file that callgrind knows the benchmark's own?"""
    return "/tests/" in source


def read_dump(lines, program):
    """The benchmark's name, and the instructions that are ours and the libraries'; the last dump
    has no name."""
    name, inside, harness, skip = None, False, False, False
    own = libraries = 0
    for line in lines:
        if line.startswith(TRIGGER):
            name = line[len(TRIGGER) :].strip()
        elif line.startswith("ob="):
            inside = line[3:].strip() == program
        elif line.startswith("fl="):
            harness = is_harness(line[3:])
        elif line.startswith("calls="):
            skip = True  # the next line is what the called function cost
        elif COST.match(line) and skip:
            skip = False
        elif COST.match(line):
            cost = int(line.split()[-1])
            own += cost if inside and not harness else 0
            libraries += cost if not inside else 0
    return name, own, libraries


def read_dumps(folder, program, each):
    """All dumps of a program, as {benchmark: Cost}. @each: by how much to divide, by name."""
    costs = {}
    for path in glob.glob(os.path.join(folder, "out.*")):
        with open(path, encoding="utf-8") as lines:
            name, own, libraries = read_dump(lines, program)
        if name in each:
            costs[name] = Cost(own / each[name], libraries / each[name])
    return {name: costs[name] for name in each}


def count(program, may_fail=False):
    """Run @program. Return: {benchmark: Cost}; of one that fails, what it counted until then"""
    program = os.path.realpath(program)
    with tempfile.TemporaryDirectory(prefix="longwire-callgrind-") as folder:
        command = CALLGRIND + [f"--callgrind-out-file={folder}/out", program]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=not may_fail)
        if done.returncode:
            print(f"# {os.path.basename(program)} ended with {done.returncode}", file=sys.stderr)
        each = {
            name: int(times) for name, times in (line.split() for line in done.stdout.splitlines())
        }
        return read_dumps(folder, program, each)
