"""One host, several users: an agent that runs as a service, and machines of others."""

import os
import shutil
import socket
import stat
import subprocess
import tempfile

import pytest

from agent import RELEASE, Agent
from machine import Machine, crosses
from netns import wait_for
from other_user import NetworkBoot, OtherUser, QEMU, as_user
from plugs import DgramPlug, config, descriptors, drops, port, ports_of, settled

SERVICE, OWNER, STRANGER = 64001, 64002, 64003  # users: of the agent, of machines, and another
USERS = 100  # the group "users", where both are
SETTLED_S = 20
SEEN_S = 20
BOOTED_S = 60  # about three seconds on an idle computer
NOT_HEARD_S = 1
HUB_MAC = "02:00:00:00:00:01"
MAC = "02:00:00:00:00:0a"
OTHER_MAC = "02:00:00:00:00:0b"
MACHINE = as_user(OWNER, [USERS], umask=0o007)
CARELESS = as_user(OWNER, [USERS], umask=0o022)


@pytest.fixture
def place():
    """A folder that everybody may enter, with a path short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="lw") as made:
        os.chmod(made, 0o755)
        yield made


def make_folder(path, user, group, mode):
    """As systemd, or an administrator, makes one."""
    os.mkdir(path)
    os.chown(path, user, group)
    os.chmod(path, mode)
    return path


def in_folders(text, place):
    """A line of agent.conf, or of QEMU's, with the folders of service()."""
    return text.replace("RUN/", f"{place}/run/").replace("VMS/", f"{place}/vms/")


@pytest.fixture
def service(lab, place):
    """A function that starts an agent as a service manager does: a user of its own, who can write
    nothing but what systemd gives it, and not its own configuration. A port's "RUN/" is its
    runtime directory, "VMS/" a folder for machines' sockets."""
    made = []

    def start(*ports, groups=(USERS,), agent_lines=""):
        run, state = f"{place}/run", f"{place}/state"
        for path in (run, state):
            make_folder(path, SERVICE, SERVICE, 0o755)
        make_folder(f"{place}/vms", OWNER, USERS, 0o2770)
        make_folder(f"{place}/etc", SERVICE, SERVICE, 0o755)
        environment = ["env", f"RUNTIME_DIRECTORY={run}", f"STATE_DIRECTORY={state}"]
        agent = Agent(
            lab.host("anna"), f"{place}/etc/longwire", binary=shutil.copy(RELEASE, place),
            prefix=as_user(SERVICE, groups) + environment,
        )
        lines = [(*p[:2], *(in_folders(line, place) for line in p[2:])) for p in ports]
        agent.init(config(*lines).replace("[vlan", agent_lines + "[vlan", 1))
        for folder in (agent.folder, f"{agent.folder}/peers"):
            os.chmod(folder, 0o555)
        made.append(agent)
        return settled(agent.up())

    yield start
    for agent in made:
        agent.stop()


MACHINES = ("machines", "dgram", "local = RUN/machines.sock", "group = users")
PORTS = [
    MACHINES,
    ("pair", "dgram", "local = RUN/pair.sock", "remote = VMS/pair.sock", "group = users"),
    ("unix", "stream", "listen = RUN/unix.sock", "group = users"),
]
# name: the port in status; QEMU's line
ATTACHMENTS = {
    "hub": ("hub", "socket,mcast=230.0.0.1:33000,localaddr=127.0.0.1"),
    "stream": ("unix/1", "stream,server=off,addr.type=unix,addr.path=RUN/unix.sock"),
    "pair": (
        "pair",
        "dgram,local.type=unix,local.path=VMS/pair.sock,"
        "remote.type=unix,remote.path=RUN/pair.sock",
    ),
    "shared": (
        "machines/anna",
        "dgram,local.type=unix,local.path=VMS/anna.sock,"
        "remote.type=unix,remote.path=RUN/machines.sock",
    ),
}


@pytest.mark.skipif(not shutil.which(QEMU), reason=f"needs {QEMU}")
def test_qemu_of_another_user_plugs_into_an_agent_that_runs_as_a_service(service, place):
    anna = service(*PORTS)
    asker = Machine(anna.host, HUB_MAC)
    for number, (name, (where, netdev)) in enumerate(ATTACHMENTS.items()):
        kind, _, rest = netdev.partition(",")
        rest = in_folders(rest, place)
        mac = f"02:00:00:00:01:{number:02x}"
        qemu = NetworkBoot(anna.host, mac, f"{kind},id=lw,{rest}", MACHINE)
        assert qemu.answers(asker, BOOTED_S), f"{name}: {anna.story()}"
        assert port(anna, where)["rx_frames"] > 0 and port(anna, where)["state"] == "forwarding"
        qemu.close()


def other_machine(agent, place, prefix, path="vms/vm.sock"):
    """A stand-in at MACHINES."""
    return OtherUser(agent.host, MAC, f"{place}/{path}", f"{place}/run/machines.sock", prefix)


def test_a_machine_whose_socket_shuts_the_agent_out_is_heard_and_status_says_what_to_do(
    service, place
):
    anna = service(MACHINES)
    machine, listener = other_machine(anna, place, CARELESS), Machine(anna.host, HUB_MAC)
    assert crosses(machine, listener, SETTLED_S), anna.story()
    assert port(anna, "machines/vm")["state"] == "down"
    detail = port(anna, "machines/vm")["detail"]
    assert f"the agent may not write to {place}/vms/vm.sock" in detail and "umask 007" in detail
    os.chmod(f"{place}/vms/vm.sock", 0o660)
    assert crosses(machine, listener, SETTLED_S) and crosses(listener, machine, SETTLED_S)
    os.chmod(f"{place}/vms", 0o700)
    machine.say(1)
    wait_for(
        lambda: machine.say(1)
        or f"may not look into the folder of {place}/vms" in port(anna, "machines/vm")["detail"],
        SEEN_S, anna.story,
    )


def test_whoever_is_not_in_the_group_gets_nowhere(service, place):
    anna = service(MACHINES)
    path = f"{place}/run/machines.sock"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o660 and os.stat(path).st_gid == USERS
    done = anna.host.run(
        *as_user(STRANGER), "/usr/bin/python3", "-c",
        "import socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM);"
        f"print(s.connect_ex({path!r}))",
    )
    assert done.strip() == "13"


def test_nothing_an_agent_makes_is_open_to_others_for_a_moment(service):
    anna = service(MACHINES)
    with open(f"/proc/{anna.process.pid}/status", encoding="ascii") as status:
        assert "Umask:\t0077\n" in status.read()  # bind() makes the file; chmod() comes later


def test_an_agent_that_is_no_member_of_the_group_says_so(service):
    anna = service(MACHINES, groups=())
    assert "cannot be given to the group 'users'" in port(anna, "machines")["detail"]
    assert "the agent's user has to be a member of it" in port(anna, "machines")["detail"]


# ---- what a machine of another user cannot have the agent do ----


@pytest.fixture
def anna(lab, agents, place):
    """An agent that is root, with a socket for everybody."""
    ports = ("machines", "dgram", f"local = {place}/lan.sock", "mode = 0666")
    return settled(agents(lab.host("anna"), config=config(ports)).up())


def test_a_machine_cannot_have_the_agent_write_to_the_socket_of_another_user(anna, place):
    """Its path is its own word: one that it has bound elsewhere may lead to another's from here."""
    hers = make_folder(f"{place}/hers", OWNER, OWNER, 0o700)
    victim = DgramPlug(anna.host, OTHER_MAC, f"{place}/private.sock", f"{place}/lan.sock")
    listener = Machine(anna.host, HUB_MAC)
    thief = OtherUser(
        anna.host, MAC, "private.sock", f"{place}/lan.sock", CARELESS, folder=hers
    )
    assert crosses(thief, listener, SETTLED_S)
    assert crosses(listener, victim, NOT_HEARD_S) is None
    assert crosses(listener, victim, NOT_HEARD_S, target=MAC) is None
    lane = port(anna, "machines/private")
    assert lane["state"] == "down"
    assert f"{place}/private.sock is another user's socket" in lane["detail"]
    # whose it is plugs in beside it
    assert crosses(victim, listener, SETTLED_S) and crosses(listener, victim, SETTLED_S)
    assert "machines/private.2" in ports_of(anna)


def test_a_path_that_came_to_lead_to_another_users_socket_is_not_followed(anna, place):
    hers = make_folder(f"{place}/hers", OWNER, OWNER, 0o755)
    victim = DgramPlug(anna.host, OTHER_MAC, f"{place}/private.sock", f"{place}/lan.sock")
    listener = Machine(anna.host, HUB_MAC)
    thief = OtherUser(anna.host, MAC, f"{hers}/vm.sock", f"{place}/lan.sock", CARELESS)
    assert crosses(thief, listener, SETTLED_S) and crosses(listener, thief, SETTLED_S)
    for make in (os.symlink, os.link):
        os.unlink(f"{hers}/vm.sock")
        make(f"{place}/private.sock", f"{hers}/vm.sock")
        wait_for(
            lambda: thief.say(1) or (port(anna, "machines/vm") or {}).get("state") == "down",
            SEEN_S, anna.story,
        )
        assert crosses(listener, victim, NOT_HEARD_S) is None
        victim.take()


def test_descriptors_that_come_with_a_frame_stay_out(anna, place):
    machine = DgramPlug(anna.host, MAC, f"{place}/vm.sock", f"{place}/lan.sock")
    listener = Machine(anna.host, HUB_MAC)
    assert crosses(machine, listener, SETTLED_S)
    before, heard = descriptors(anna), port(anna, "machines/vm")["rx_frames"]
    machine.socket.connect(f"{place}/lan.sock")
    for _ in range(10):
        socket.send_fds(machine.socket, [bytes(60)], [0, 1, 2])
    wait_for(
        lambda: port(anna, "machines/vm")["rx_frames"] >= heard + 10, SEEN_S, anna.story
    )
    wait_for(lambda: descriptors(anna) == before, SEEN_S, anna.story)
    assert drops(anna, "machines/vm", "bad_source_mac") == 10


# ---- who is in the group of the control socket ----


def as_member(agent, *arguments):
    """The command line, run by a member of the group who is not the agent's user."""
    command = agent.host.command(
        *as_user(OWNER, [USERS]), *agent.prefix[agent.prefix.index("env"):], agent.binary,
        "-C", agent.folder, *arguments,
    )
    return subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60
    )


def test_a_member_plugs_what_he_could_open_himself_and_nothing_with_the_agents_rights(service):
    anna = service(agent_lines="group = users\n")
    assert as_member(anna, "plug", "mine", "mcast,group=230.0.0.2:33001").returncode == 0
    assert "mine" in ports_of(anna)
    for words in ("tap,name=lw0", f"dgram,local={anna.folder}/x", "stream,connect=/run/x"):
        done = as_member(anna, "plug", "other", words)
        assert done.returncode == 1 and "for the agent's own user and root" in done.stderr
    done = as_member(anna, "unplug", "hub")
    assert done.returncode == 1 and "which is in agent.conf" in done.stderr
    assert ports_of(anna) == ["hub", "mine"]
    assert as_member(anna, "unplug", "mine").returncode == 0
    assert ports_of(anna) == ["hub"]
    anna.cli("plug", "sock", f"stream,listen={anna.folder}/../../run/x.sock")
    anna.cli("unplug", "hub")  # the owner does as he likes
    assert ports_of(anna) == ["sock"]
