"""The agent's core: reload without disturbing anybody, the control socket, start and stop."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

from agent import BINARY, CONFIG, RELEASE, introduce
from netns import wait_for

SETTLED_S = 30
NOBODY = 65534
NO_CORE = {"no-core", "not-dumpable", "no-new-privs"}


def trio(lab, agents, **options):
    """Anna, who knows Bert and Carl; all up, and connected with her."""
    anna, bert, carl = (agents(lab.host(name), **options) for name in ("anna", "bert", "carl"))
    introduce(anna, bert)
    introduce(anna, carl)
    for agent in (anna, bert, carl):
        agent.up()
    anna.wait_up("bert", "carl")
    return anna, bert, carl


def ask(agent, *lines, timeout_s=SETTLED_S):
    """Send raw lines to the control socket; the answers as objects."""
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    control.settimeout(timeout_s)
    control.connect(os.path.join(agent.folder, "agent.sock"))
    answers = []
    with control, control.makefile("rb") as stream:
        for line in lines:
            control.sendall(line + b"\n")
            answers.append(json.loads(stream.readline()))
    return answers


def card_path(agent, name):
    """Where the card of @name lies."""
    return os.path.join(agent.folder, "peers", f"{name}.card")


def undisturbed(agent, name):
    """For use around a change: the session with @name is the same one after it."""
    before, start = agent.peer(name)["handshake_age_s"], time.monotonic()

    def check():
        peer = agent.peer(name)
        assert peer["state"] == "up", agent.story()
        assert peer["handshake_age_s"] >= before + int(time.monotonic() - start) - 1

    return check


def test_removing_a_card_ends_that_session_within_a_second_and_no_other(lab, agents):
    anna, bert, _ = trio(lab, agents, binary=RELEASE)
    check = undisturbed(anna, "carl")
    os.unlink(card_path(anna, "bert"))
    gone_by = time.monotonic() + 1
    wait_for(lambda: anna.peer("bert") is None, SETTLED_S, anna.story)
    assert time.monotonic() < gone_by, anna.story()
    wait_for(lambda: not bert.is_up("anna"), SETTLED_S, bert.story)
    check()


def test_a_card_that_comes_back_is_up_again_at_once(lab, agents):
    anna, bert, _ = trio(lab, agents, binary=RELEASE)
    check = undisturbed(anna, "carl")
    os.rename(card_path(anna, "bert"), anna.folder + "/bert.away")
    wait_for(lambda: anna.peer("bert") is None, SETTLED_S, anna.story)
    os.rename(anna.folder + "/bert.away", card_path(anna, "bert"))
    anna.wait_up("bert", timeout_s=5)
    bert.wait_up("anna", timeout_s=5)
    check()


def test_a_new_address_in_a_card_disturbs_not_even_its_own_session(lab, agents):
    anna, bert, _ = trio(lab, agents)
    checks = [undisturbed(anna, name) for name in ("bert", "carl")]
    anna.cli("add", "--replace", text=bert.card(f"{bert.endpoint()}, 127.0.0.1:9"))
    wait_for(lambda: "bert: card or settings changed" in anna.log(), SETTLED_S, anna.story)
    for check in checks:
        check()


def test_a_renamed_card_is_the_same_session_under_another_name(lab, agents):
    anna, _, _ = trio(lab, agents)
    check = undisturbed(anna, "bert")
    check()
    os.rename(card_path(anna, "bert"), card_path(anna, "robert"))
    wait_for(lambda: anna.is_up("robert"), SETTLED_S, anna.story)
    assert "bert is down" not in anna.log()


def test_a_trust_folder_that_is_replaced_is_read_and_watched_on(lab, agents):
    anna, _, _ = trio(lab, agents)
    peers, away = os.path.join(anna.folder, "peers"), anna.folder + ".away"
    shutil.copytree(peers, away)
    os.unlink(os.path.join(away, "bert.card"))
    shutil.rmtree(peers)
    os.rename(away, peers)
    wait_for(lambda: anna.peer("bert") is None and anna.is_up("carl"), SETTLED_S, anna.story)
    os.unlink(card_path(anna, "carl"))
    wait_for(lambda: anna.peer("carl") is None, SETTLED_S, anna.story)


def test_a_psk_on_one_side_only_is_said_and_on_both_sides_connects(lab, agents):
    anna, bert = agents(lab.host("anna")), agents(lab.host("bert"))
    introduce(anna, bert)
    anna.local("bert", "psk = " + "00" * 31 + "01")
    os.chmod(os.path.join(anna.folder, "peers", "bert.local"), 0o600)
    anna.up()
    bert.up()

    def said():
        return "psk" in (anna.peer("bert")["detail"] + bert.peer("anna")["detail"])

    wait_for(said, SETTLED_S, lambda: anna.story() + bert.story())
    assert not anna.is_up("bert")
    bert.local("anna", "psk = " + "00" * 31 + "01")
    os.chmod(os.path.join(bert.folder, "peers", "anna.local"), 0o600)
    bert.wait_up("anna")
    anna.wait_up("bert")


def test_a_bad_agent_conf_on_sighup_is_said_and_changes_nothing(lab, agents):
    anna, _, _ = trio(lab, agents)
    checks = [undisturbed(anna, name) for name in ("bert", "carl")]
    good = CONFIG.format(name="anna", port=anna.port)
    anna.configure(good.replace("id = 1", "id = 1\ncolour = red"))
    anna.process.send_signal(signal.SIGHUP)

    def warnings():
        return [w for w in anna.status()["warnings"] if w["code"] == "config-not-applied"]

    warning = wait_for(warnings, SETTLED_S, anna.story)[0]
    assert re.search(r"agent\.conf:\d+: .*colour", warning["text"]), warning
    assert warning["fix"]
    assert anna.log().count("colour") == 1
    anna.configure(good)
    wait_for(lambda: not warnings(), SETTLED_S, anna.story)
    for check in checks:
        check()


def test_a_new_port_in_agent_conf_is_listened_on_at_once(lab, agents):
    anna, bert, _ = trio(lab, agents)
    anna.configure(CONFIG.format(name="anna", port=20777))
    wait_for(lambda: "20777" in str(anna.status()["agent"]["listen"]), SETTLED_S, anna.story)
    wait_for(lambda: "20777" in str(bert.peer("anna")["path"]), SETTLED_S, bert.story)


def test_a_second_agent_in_the_same_folder_is_refused_in_one_sentence(lab, agents):
    anna = agents(lab.host("anna")).up()
    done = anna.cli("up", check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and anna.folder in done.stderr
    assert anna.status() is not None


def test_a_killed_agent_starts_again_within_two_seconds(lab, agents):
    anna, _, _ = trio(lab, agents, binary=RELEASE)
    anna.kill()
    start = time.monotonic()
    anna.start()
    wait_for(lambda: anna.status() and anna.is_up("bert"), SETTLED_S, anna.story)
    assert time.monotonic() - start < 2, anna.story()


def test_a_damaged_state_file_is_said_and_survived(lab, agents):
    anna, bert = agents(lab.host("anna")), agents(lab.host("bert"))
    introduce(anna, bert)
    with open(os.path.join(anna.folder, "state"), "w", encoding="utf-8") as state:
        state.write('{"timestamp_ceiling_ns": 12, "pe')
    anna.up()
    bert.up()
    anna.wait_up("bert")
    assert "damaged" in anna.log()
    with open(os.path.join(anna.folder, "state"), encoding="utf-8") as state:
        assert json.load(state)["timestamp_ceiling_ns"] > 12


def test_a_clean_stop_says_goodbye_and_removes_the_socket(lab, agents):
    anna, bert, _ = trio(lab, agents)
    bert.stop()
    wait_for(lambda: "stopped" in anna.peer("bert")["detail"], 5, anna.story)
    assert not os.path.exists(os.path.join(bert.folder, "agent.sock"))


def test_sigterm_ends_it_cleanly_too(lab, agents):
    anna = agents(lab.host("anna")).up()
    anna.process.send_signal(signal.SIGTERM)
    assert anna.process.wait(SETTLED_S) == 0


def test_garbage_on_the_control_socket_is_answered_and_counted(lab, agents):
    anna = agents(lab.host("anna")).up()
    answers = ask(anna, b"GET / HTTP/1.1", b"", b"[]", b'{"id": 7}', b"\xff\x00{}")
    assert [a["ok"] for a in answers] == [False] * 5
    assert answers[3]["id"] == 7
    assert anna.status()["drops"] == {"control_bad": 5}


def test_a_datagram_longer_than_any_of_ours_is_counted_and_dropped(lab, agents):
    anna = agents(lab.host("anna")).up()
    with anna.host.inside():
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sender:
        sender.sendto(bytes(10000), ("127.0.0.1", anna.port))
    wait_for(lambda: anna.status()["drops"], SETTLED_S, anna.story)
    assert anna.status()["drops"] == {"tunnel_truncated": 1}


def test_what_the_kernel_had_no_room_for_is_counted(lab, agents):
    anna = agents(lab.host("anna")).up()
    anna.process.send_signal(signal.SIGSTOP)
    with anna.host.inside():
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sender:
        for _ in range(20000):  # some four times what the buffer holds
            sender.sendto(bytes(1200), ("127.0.0.1", anna.port))
    anna.process.send_signal(signal.SIGCONT)
    wait_for(lambda: anna.status()["drops"].get("tunnel_overflow"), SETTLED_S, anna.story)
    drops = anna.status()["drops"]
    assert drops["tunnel_overflow"] + drops["bad_type"] == 20000


def test_what_the_own_firewall_refuses_is_counted_for_the_peer_and_said(lab, agents):
    anna, bert = agents(lab.host("anna")), agents(lab.host("bert"))
    introduce(anna, bert)
    anna.host.nft(
        "add table inet fw;"
        "add chain inet fw out { type filter hook output priority 0; };"
        "add rule inet fw out udp dport 19543 drop;"
    )
    anna.up()
    wait_for(lambda: anna.peer("bert")["drops"], SETTLED_S, anna.story)
    assert set(anna.peer("bert")["drops"]) == {"tunnel_send"}
    assert "refused by this host's firewall" in anna.peer("bert")["detail"]


def test_an_unknown_command_is_refused_in_a_sentence_and_is_no_garbage(lab, agents):
    anna = agents(lab.host("anna")).up()
    answer = ask(anna, b'{"id": "x", "cmd": "dance"}')[0]
    assert answer == {"id": "x", "ok": False, "error": "this agent knows no command 'dance'"}
    assert anna.status()["drops"] == {}


def as_nobody(path, request):
    """What somebody else gets for @request: the answer, or the reason for none."""
    # who is refused at the door gets the answer before having asked, and cannot write any more
    code = (
        "import contextlib, socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
        "with contextlib.suppress(OSError): s.sendall(sys.argv[2].encode() + b'\\n')\n"
        "print(s.makefile().readline())"
    )
    command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    command += ["/usr/bin/python3", "-c", code, path, request]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_a_control_request_by_another_user_is_refused(lab, agents, tmp_path):
    anna = agents(lab.host("anna"))
    path = f"/tmp/longwire-test-{os.getpid()}.sock"
    anna.configure(CONFIG.format(name="anna", port=anna.port).replace(
        "[vlan", f"control = {path}\n[vlan", 1))
    anna.up()
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert "Permission" in as_nobody(path, '{"cmd":"status"}')
    os.chmod(path, 0o666)  # the file's mode is not what it relies on
    answer = json.loads(as_nobody(path, '{"cmd":"status"}'))
    assert not answer["ok"] and "root" in answer["error"]
    assert anna.status() is not None


def test_the_group_may_ask_but_not_touch_trust(lab, agents):
    anna = agents(lab.host("anna"))
    path = f"/tmp/longwire-test-{os.getpid()}.sock"
    anna.configure(CONFIG.format(name="anna", port=anna.port).replace(
        "[vlan", f"control = {path}\ngroup = nogroup\n[vlan", 1))
    anna.up()
    assert os.stat(path).st_mode & 0o777 == 0o660
    assert json.loads(as_nobody(path, '{"cmd":"status"}'))["ok"]
    assert json.loads(as_nobody(path, '{"cmd":"dump"}')) == {"id": None, "ok": True, "stream": 1}
    plug = '{"cmd":"plug","name":"hub2","port":"mcast,group=230.0.0.2:33001"}'
    assert json.loads(as_nobody(path, plug))["ok"]
    refused = json.loads(as_nobody(path, '{"cmd":"reload"}'))
    assert not refused["ok"] and "root" in refused["error"]
    assert ask_path(path, b'{"cmd":"reload"}')["ok"]


def ask_path(path, line):
    """One request to the socket at @path."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
        control.connect(path)
        control.sendall(line + b"\n")
        return json.loads(control.makefile().readline())


def test_ping_measures_and_fails_with_the_reason(lab, agents):
    anna, bert, _ = trio(lab, agents)
    done = anna.cli("ping", "-c", "1", "bert")
    assert re.search(r"^bert: \d+\.\d+ ms$", done.stdout, re.M)
    assert "1 sent, 1 answered" in done.stdout
    bert.kill()
    wait_for(
        lambda: anna.cli("ping", "-c", "1", "bert", check=False).returncode == 1,
        SETTLED_S, anna.story,
    )
    done = anna.cli("ping", "nosuch", check=False)
    assert done.returncode == 1 and "nosuch" in done.stderr


def test_send_refuses_what_is_no_frame_in_a_sentence(lab, agents):
    anna = agents(lab.host("anna")).up()
    for text, word in (("ff", "14 bytes"), ("xy" * 14, "hexadecimal"), ("ff" * 9217, "max_frame")):
        done = anna.cli("send", text, check=False)
        assert done.returncode == 1 and word in done.stderr, done.stderr
        assert done.stderr.count("\n") == 1
    assert anna.cli("send", "--vlan", "nosuch", "ff" * 14, check=False).returncode == 1
    assert anna.cli("send", check=False).returncode == 2


def test_send_puts_a_frame_on_the_far_lan_from_arguments_and_from_input(lab, agents):
    anna, bert, _ = trio(lab, agents)
    frame = "ff:ff:ff:ff:ff:ff 02:00:00:00:00:01 88b5 1234"
    before = bert.peer("anna")["rx_frames"]
    anna.cli("send", *frame.split())
    anna.cli("send", "--vlan", "lan", "-", text=frame + "\n")
    wait_for(lambda: bert.peer("anna")["rx_frames"] >= before + 2, SETTLED_S, bert.story)


def test_watching_status_ends_cleanly_on_ctrl_c(lab, agents):
    anna = agents(lab.host("anna")).up()
    watching = subprocess.Popen(
        [BINARY, "-C", anna.folder, "status", "--watch"], stdout=subprocess.PIPE, text=True
    )
    assert watching.stdout.readline() == "Peers\n"
    watching.send_signal(signal.SIGINT)
    assert watching.wait(SETTLED_S) == 0
    watching.stdout.close()


def test_without_an_agent_the_command_to_start_it_is_said(lab, agents):
    anna = agents(lab.host("anna"))
    for command in (["status"], ["ping", "bert"], ["send", "ff" * 14]):
        done = anna.cli(*command, check=False)
        assert done.returncode == 1
        assert f"longwire -C {anna.folder} up" in done.stderr


def test_a_service_managers_runtime_directory_needs_no_variable_elsewhere(lab, agents, tmp_path):
    runtime = tmp_path / "run"
    runtime.mkdir()
    anna = agents(lab.host("anna"), prefix=["env", f"RUNTIME_DIRECTORY={runtime}"])
    anna.up()
    anna.prefix = []  # a shell that knows nothing of it
    assert anna.status()["agent"]["name"] == "anna"
    assert (runtime / "agent.sock").is_socket()
    anna.kill()
    anna.up()  # where a killed agent left its link, and no service manager is about
    assert not os.path.islink(os.path.join(anna.folder, "agent.sock"))


def test_an_agent_without_an_identity_says_how_to_make_one(lab, agents):
    anna = agents(lab.host("anna"))
    os.unlink(os.path.join(anna.folder, "identity.key"))
    done = anna.cli("up", check=False)
    assert done.returncode == 1
    assert f"make one with: {os.path.realpath(BINARY)} -C {anna.folder} init" in done.stderr


def test_status_has_every_key_of_the_contract(lab, agents):
    anna, bert, _ = trio(lab, agents)
    bert.kill()
    wait_for(lambda: not anna.is_up("bert"), 120, anna.story)
    status = anna.status()
    assert set(status) == {
        "schema", "agent", "peers", "vlans", "knocks", "dumps", "drops", "warnings"}
    assert set(status["agent"]) == {
        "name", "key", "version", "folder", "uptime_s", "listen", "wakeups", "sandbox"}
    assert NO_CORE <= set(status["agent"]["sandbox"])
    counters = {"rx_frames", "tx_frames", "rx_bytes", "tx_bytes", "drops"}
    for peer in status["peers"]:
        assert set(peer) == counters | {
            "name", "key", "state", "detail", "cipher", "vlans", "path", "paths",
            "handshake_age_s"}
    down, live = sorted(status["peers"], key=lambda p: p["state"] == "up")
    assert down["path"] is None and down["cipher"] is None and down["detail"]
    assert set(live["path"]) == {"kind", "endpoint", "via", "rtt_ms", "mtu_bytes"}
    assert set(live["paths"][0]) == {
        "kind", "endpoint", "local", "state", "rtt_ms", "mtu_bytes", "why", "source"}
    assert live["paths"][0]["state"] == "active"
    assert live["paths"][0]["endpoint"] == live["path"]["endpoint"]
    vlan = status["vlans"][0]
    assert set(vlan) == {"name", "id", "ports", "macs"}
    assert set(vlan["ports"][0]) == counters | {"name", "type", "state", "detail", "plugged"}
