"""trees.py - this tree and its parent, built alike

The parent is unpacked from git and gets this tree's tests/, so that the same benchmarks run on
both; its own where they do not compile there. Of it only what the benchmarks link is built.
"""

import json
import os
import re
import shutil
import subprocess

LAYERS = ("agent", "common", "keys", "proto")
# Options that make other code of the same source. Those of the project come on top.
CARRIED = re.compile(r"buildtype|optimization|debug|c_std|c_args|c_link_args|b_\w+")


def call(command, **more):
    """Run it; what it prints is shown only if it fails."""
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True, **more
    ).stdout


# ---- git


def git(root, *words):
    """Return: what git prints, or None if it fails or is not there"""
    command = ["git", "-c", f"safe.directory={root}", "-C", root, *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def has(root, rev):
    """Is the revision there, with its files?"""
    return git(root, "ls-tree", rev) is not None


def is_changed(root):
    """Is something of this tree not committed?"""
    return bool(git(root, "status", "--porcelain", "--untracked-files=no"))


def is_same_code(root, rev):
    """Is all that the libraries are built of as it was? False where that cannot be told."""
    parts = [*LAYERS, "meson.build", "meson_options.txt"]
    return git(root, "diff", "--quiet", rev, "--", *parts) is not None


def extract(root, rev, folder):
    """Unpack a revision; its tests become tests.own."""
    os.makedirs(folder)
    with subprocess.Popen(
        ["git", "-c", f"safe.directory={root}", "-C", root, "archive", rev], stdout=subprocess.PIPE
    ) as archive:
        subprocess.run(["tar", "-x", "-C", folder], stdin=archive.stdout, check=True)
    os.rename(os.path.join(folder, "tests"), os.path.join(folder, "tests.own"))


def accepted(root, rev):
    """The trailers "Bench-accept: NAME +N% REASON" since @rev, as [(pattern, percent, reason)]."""
    text = git(root, "log", "--format=%(trailers:key=Bench-accept,valueonly)", f"{rev}..HEAD") or ""
    found = re.findall(r"^\s*(\S+)\s+\+?([\d.]+)\s*%\s+(\S.*)$", text, re.M)
    return [(pattern, float(percent), reason) for pattern, percent, reason in found]


# ---- meson


def setup(source, folder, options, environment):
    """meson setup"""
    call(
        ["meson", "setup", *options, folder, source],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
    )


def introspect(folder, what):
    """What meson knows of a build."""
    return json.loads(subprocess.check_output(["meson", "introspect", f"--{what}", folder]))


def programs(folder):
    """The benchmarks' programs, as {name: path}."""
    return {
        target["name"]: target["filename"][0]
        for target in introspect(folder, "targets")
        if target["name"].startswith("micro_") and target["type"] == "executable"
    }


def build(folder):
    """Build the programs, all that compile. Return: what ninja said"""
    paths = [os.path.relpath(path, folder) for path in programs(folder).values()]
    command = ["ninja", "-k", "0", "-C", folder, *paths]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout


def compiler_of(folder):
    """The C compiler of a build, as CC has it."""
    for target in introspect(folder, "targets"):
        for sources in target["target_sources"]:
            if sources.get("language") == "c":
                return " ".join(sources["compiler"])
    return "cc"


def value_of(option):
    """An option's value on meson's command line."""
    value = option["value"]
    return str(value).lower() if isinstance(value, bool) else str(value)


def options_of(folder, source):
    """The options of a build, as far as @source has them, for meson's command line."""
    names = set()
    for name in ("meson_options.txt", "meson.options"):
        path = os.path.join(source, name)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as text:
                names.update(re.findall(r"^option\(\s*'([^']+)'", text.read(), re.M))
    listed = introspect(folder, "buildoptions")
    custom = any(o["name"] == "buildtype" and o["value"] == "custom" for o in listed)
    skipped = {"buildtype"} if custom else {"optimization", "debug"}
    return [
        f"-D{o['name']}={value_of(o)}"
        for o in listed
        if (CARRIED.fullmatch(o["name"]) or o["name"] in names)
        and o["name"] not in skipped
        and o["value"] != []
    ]


def dress(source, tests):
    """Give the parent these tests, of which meson only sees the benchmarks."""
    shutil.rmtree(os.path.join(source, "tests"), ignore_errors=True)
    shutil.copytree(tests, os.path.join(source, "tests"))
    path = os.path.join(source, "tests", "meson.build")
    with open(path, encoding="utf-8") as text:
        head = text.read().split("\nsubdir(", maxsplit=1)[0]
    with open(path, "w", encoding="utf-8") as out:
        out.write(head + "\nsubdir('bench/micro')\n")
    path = os.path.join(source, "meson.build")
    with open(path, encoding="utf-8") as text:
        whole = text.read()
    with open(path, "w", encoding="utf-8") as out:
        out.write(re.sub(r"^subdir\('deploy'\)$", "", whole, flags=re.M))


def build_parent(source, tests, folder, like):
    """Build the benchmarks in @tests on the parent's libraries. Return: {name: path}"""
    dress(source, tests)
    try:
        setup(source, folder, options_of(like, source), {"CC": compiler_of(like)})
    except subprocess.CalledProcessError as error:
        print(f"# {os.path.basename(tests)} cannot be set up on the parent:")
        print("".join(f"# {line}\n" for line in error.output.splitlines()[-3:]), end="")
        return {}
    build(folder)
    return {name: path for name, path in programs(folder).items() if os.path.exists(path)}
