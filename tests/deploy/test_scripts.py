"""The scripts of deploy/, with stand-ins for apt, sudo, meson and longwire: no network, no root."""

import json
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).parents[2]
QUICKSTART = ROOT / "deploy" / "quickstart"
TALLY = ROOT / "tests" / "tally.py"
LIMIT_S = 30

# What the scripts use of an ordinary system; everything else is a stand-in or missing.
ORDINARY = """awk bash cat chmod cut dirname env false grep head id kill mkdir mktemp printf realpath
rm sed seq sleep sort tail tr true""".split()

# A longwire as far as quickstart is concerned; "up" leaves a file while it runs.
LONGWIRE = r"""#!/bin/bash
shift; dir=$1; shift
case $1 in
init) mkdir -p "$dir"; echo secret >"$dir/identity.key"
      printf '[agent]\ngroup = users\nlisten = 4321 ; ours\n[port hub]\ngroup = 230.0.0.9:33009\n' >"$dir/agent.conf" ;;
card) case ${2:-} in
      --mac) echo 02:11:22:33:44:ff ;;
      --at) printf '[peer]\nname = x\nkey = lw1x\nat = %s\n' "$3" ;;
      *) printf '[peer]\nname = x\nkey = lw1x\n' ;;
      esac ;;
status) [[ -e $dir/running ]] ;;
up) [[ -e $dir/broken ]] && { echo "port 4321 is in use" >&2; exit 1; }
    trap 'rm -f "$dir/running"; exit 0' INT TERM
    echo $$ >"$dir/running"
    while :; do sleep 0.05; done ;;
esac
"""


def script(path, text):
    """Write an executable script."""
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


class System:
    """A system of stand-ins: a PATH, a log of what was called, a build folder."""

    def __init__(self, folder):
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.calls = folder / "calls"
        self.calls.touch()
        self.build = folder / "build"
        (self.build / "agent").mkdir(parents=True)
        (self.build / "build.ninja").touch()
        script(self.build / "agent" / "longwire", LONGWIRE)
        self.folder = folder / "my folder"
        for tool in ORDINARY:
            real = shutil.which(tool)
            if real:
                (self.bin / tool).symlink_to(real)
        self.stand_in("ninja", "true")
        self.stand_in("ip", "true")

    def stand_in(self, name, action):
        """Add a command that logs how it was called, then does @action."""
        (self.bin / name).unlink(missing_ok=True)
        script(self.bin / name, f'#!/bin/bash\necho "{name} $*" >>{self.calls}\n{action}\n')

    def with_apt(self, installed, arch="amd64"):
        """A Debian on which these packages are installed."""
        lines = "".join(f"echo 'installed {package}';" for package in installed)
        complete = set(packages("build", arch=arch)) <= set(installed)
        self.stand_in("dpkg", f"echo {arch}")
        self.stand_in("dpkg-query", lines + ("true" if complete else "exit 1"))
        self.stand_in("apt-get", "true")
        self.stand_in("sudo", 'exec "$@"')
        return self

    def start(self):
        """Start quickstart from another folder; its output is in one pipe."""
        setting = {
            "PATH": str(self.bin),
            "HOME": str(self.folder),
            "LONGWIRE_DIR": str(self.folder),
            "LONGWIRE_BUILD": str(self.build),
        }
        return subprocess.Popen(
            [QUICKSTART], cwd="/", env=setting, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )

    def run(self):
        """Run quickstart; when it says that it runs, press Ctrl-C. Its exit status and output."""
        process = self.start()
        said = ""
        for line in process.stdout:
            said += line
            if "Ctrl-C ends the agent" in line:
                process.send_signal(signal.SIGINT)
        return process.wait(LIMIT_S), said

    def called(self, name):
        """How the stand-in was called, a line each."""
        lines = self.calls.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if line.split()[0] == name]


def packages(*purposes, arch="amd64"):
    """The packages of deploy/packages for these purposes on such a machine."""
    lines = (ROOT / "deploy" / "packages").read_text(encoding="utf-8").splitlines()
    wanted = {*purposes, *(f"{purpose}/{arch}" for purpose in purposes)}
    return [line.split()[1] for line in lines if line.split()[0] in wanted]


@pytest.fixture
def system(tmp_path):
    """A system without apt."""
    return System(tmp_path)


def test_with_everything_installed_apt_is_not_called(system):
    status, said = system.with_apt(packages("build")).run()
    assert status == 0, said
    assert not system.called("apt-get") and not system.called("sudo")


def test_what_is_missing_is_installed_and_nothing_else(system):
    have = packages("build")
    have.remove("libuv1-dev")
    status, said = system.with_apt(have).run()
    assert status == 0, said
    call = system.called("apt-get")[-1].split()
    assert "install" in call and call[-1] == "libuv1-dev" and "libsodium-dev" not in call


def test_what_debian_has_for_one_architecture_is_wanted_there_alone(system):
    elsewhere = packages("build", arch="arm64")
    assert set(packages("build")) - set(elsewhere) == {"libipsec-mb-dev"}
    status, said = system.with_apt(elsewhere, arch="arm64").run()
    assert status == 0, said
    assert not system.called("apt-get")
    status, said = system.with_apt(elsewhere).run()
    assert status == 0, said
    assert system.called("apt-get")[-1].split()[-1] == "libipsec-mb-dev"


def test_an_ordinary_user_installs_with_sudo(system):
    system.with_apt(packages("build")[1:])
    system.stand_in("id", "echo 1000")
    status, said = system.run()
    assert status == 0, said
    assert "apt-get" in system.called("sudo")[-1] and "gcc" in system.called("sudo")[-1]


def test_an_ordinary_user_without_sudo_is_told_the_command_for_root(system):
    system.with_apt([])
    (system.bin / "sudo").unlink()
    system.stand_in("id", "echo 1000")
    status, said = system.run()
    assert status == 1
    assert "apt-get install gcc" in said and "root" in said


def test_without_apt_the_packages_are_named_and_nothing_happens(system):
    status, said = system.run()
    assert status == 1
    assert all(package in said for package in packages("build"))
    assert not system.folder.exists()


def test_the_second_start_changes_nothing_and_takes_about_a_second(system):
    system.with_apt(packages("build"))
    system.run()
    (system.folder / "identity.key").write_text("kept", encoding="utf-8")
    start = time.monotonic()
    status, _ = system.run()
    assert status == 0 and time.monotonic() - start < 2
    assert (system.folder / "identity.key").read_text(encoding="utf-8") == "kept"


def test_ctrl_c_ends_the_agent_as_well(system):
    status, _ = system.with_apt(packages("build")).run()
    assert status == 0
    assert not (system.folder / "running").exists()


def test_an_agent_that_does_not_start_is_a_failure_and_nothing_is_promised(system):
    system.with_apt(packages("build")).run()
    (system.folder / "broken").touch()
    status, said = system.run()
    assert status == 1
    assert "4321 is in use" in said and "-netdev" not in said


def test_a_running_agent_is_left_alone(system):
    system.with_apt(packages("build")).run()
    (system.folder / "running").touch()
    status, said = system.run()
    assert status == 0 and "already running" in said and "-netdev" in said


def test_what_it_prints_follows_the_configuration(system):
    system.with_apt(packages("build"))
    system.stand_in("ip", "[[ $* == *route* ]] && echo '192.0.2.1 dev e0 src 203.0.113.5' ||"
                    " echo '2: e0 inet 203.0.113.5/24 scope global e0'")
    _, said = system.run()
    assert "at = 203.0.113.5:4321" in said
    assert "UDP port 4321" in said
    assert "-netdev socket,id=lw,mcast=230.0.0.9:33009," in said
    assert "mac=02:11:22:33:44:ff" in said and "02:11:22:33:44:00" in said
    quoted = str(system.folder).replace(" ", "\\ ")
    assert f"{system.build}/agent/longwire -C {quoted} add\n" in said


def test_the_agent_ends_with_quickstart_when_nobody_reads_on(system):
    process = system.with_apt(packages("build")).start()
    running = system.folder / "running"
    process.stdout.readline()
    process.stdout.close()  # as `quickstart | head` does
    process.wait(LIMIT_S)
    deadline = time.monotonic() + LIMIT_S
    while running.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    left = running.exists()
    if left:
        os.kill(int(running.read_text()), signal.SIGKILL)
    assert not left


def test_every_reason_for_a_drop_is_documented():
    header = (ROOT / "proto/include/proto/drop.h").read_text(encoding="utf-8")
    names = {name.lower() for name in re.findall(r"^\tDROP_(\w+)", header, re.M)}
    protocol = (ROOT / "proto/PROTOCOL.md").read_text(encoding="utf-8")
    manual = (ROOT / "deploy/man/longwire-control.7.scd").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(\w+)`", protocol)) | set(re.findall(r"\*(\w+)\*", manual))
    assert names - {"none", "count"} <= documented


def tally(tmp_path, *programs):
    """Run tally.py on a log with these programs; exit status, lines."""
    log = tmp_path / "testlog.json"
    keys = ("name", "result", "returncode", "stdout")
    lines = [json.dumps(dict(zip(keys, program))) + "\n" for program in programs]
    log.write_text("".join(lines), encoding="utf-8")
    done = subprocess.run([TALLY, log], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


def test_tally_counts_the_cases_of_tap_and_other_programs_as_one(tmp_path):
    tap = "1..3\nok 1 - a\nok 2 - b # SKIP no root\nok 3 - c\n"
    status, lines = tally(tmp_path, ("tap", "OK", 0, tap), ("plain", "OK", 0, "hello"))
    assert status == 0
    assert lines[-1] == "3 passed, 0 failed, 1 skipped"


def test_tally_counts_a_failing_case_once_and_shows_why(tmp_path):
    tap = "ok 1 - a\nnot ok 2 - b\n# 1 != 2\n1..2\n"
    status, lines = tally(tmp_path, ("tap", "ERROR", 1, tap))
    assert status == 1
    assert lines[-1] == "1 passed, 1 failed, 0 skipped"
    assert "# 1 != 2" in "".join(lines)


@pytest.mark.parametrize("result", ["ERROR", "TIMEOUT", "INTERRUPT"])
def test_tally_counts_a_program_that_dies_without_a_failing_case_as_a_failure(tmp_path, result):
    status, lines = tally(tmp_path, ("tap", result, 23, "ok 1 - a\n"))
    assert status == 1
    assert lines[-1] == "1 passed, 1 failed, 0 skipped"


def test_tally_adds_up_the_logs_of_several_builds(tmp_path):
    logs = []
    for name, result in (("one", "OK"), ("two", "FAIL")):
        logs.append(tmp_path / name)
        program = {"name": name, "result": result, "returncode": 1, "stdout": "ok 1 - a\n"}
        logs[-1].write_text(json.dumps(program) + "\n", encoding="utf-8")
    done = subprocess.run([TALLY, *logs], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stdout.splitlines()[-1] == "2 passed, 1 failed, 0 skipped"


def test_tally_fails_when_nothing_ran(tmp_path):
    assert tally(tmp_path) == (1, ["0 passed, 0 failed, 0 skipped"])
