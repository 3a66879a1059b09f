"""A real machine moves between two hosts while it runs, and a third host's machines find it."""

import threading
import time

from agent import introduce
from frames import arp_request, is_arp_reply
from machine import Machine
from netns import wait_for
from qmp import Qmp

MAC, ADDRESS = "02:00:00:00:01:01", "10.9.0.1"
ASKER, ASKER_ADDRESS = "02:00:00:00:01:03", "10.9.0.3"
STEP_S = 0.05
SETTLED_S = 60
REACHED_S = 3.5


class Asker:
    """A machine that asks for an address all the time, by unicast, and remembers what it heard."""

    def __init__(self, host):
        self.machine = Machine(host, ASKER)
        self.heard = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        question = bytes.fromhex(MAC.replace(":", "")) + arp_request(
            ASKER, ASKER_ADDRESS, ADDRESS
        )[6:]
        while not self.stop.is_set():
            self.machine.send(question)
            frames = self.machine.listen(STEP_S)
            self.heard += [time.monotonic() for f in frames if is_arp_reply(f, ADDRESS)]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        self.machine.close()


def move(source, target, by):
    """Migrate the running machine; when it had arrived."""
    source.ask("migrate", uri=f"unix:{by}")
    wait_for(
        lambda: source.ask("query-migrate").get("status") == "completed", SETTLED_S, "it migrates"
    )
    arrived = time.monotonic()
    wait_for(lambda: target.ask("query-status")["running"], SETTLED_S, "it goes on")
    return arrived


def test_a_running_guest_that_migrates_is_reached_at_its_new_host_within_seconds(
    lab, agents, guests, tmp_path
):
    anna, bert, carl = trio = [agents(lab.host(name)) for name in ("anna", "bert", "carl")]
    introduce(*trio)
    for agent in trio:
        agent.up()
    for agent in trio:
        agent.wait_up(*(other.name for other in trio if other is not agent))
    by, control = tmp_path / "migration", [tmp_path / "from", tmp_path / "to"]
    before = guests(anna.host, ADDRESS, MAC, extra=Qmp.options(control[0])).boot()
    guests(
        bert.host, ADDRESS, MAC, extra=[*Qmp.options(control[1]), "-incoming", f"unix:{by}"]
    )
    with Qmp(control[0]) as source, Qmp(control[1]) as target, Asker(carl.host) as asker:
        wait_for(lambda: asker.heard, SETTLED_S, lambda: before.text + carl.story())
        arrived = move(source, target, by)
        sure = arrived + 2 * STEP_S  # that it is no answer of before, read late
        wait_for(lambda: asker.heard[-1] > sure, SETTLED_S, carl.story)
        took = next(when for when in asker.heard if when > sure) - arrived
        assert took <= REACHED_S, f"{took} s\n{carl.story()}"
        print(f"reached after {took} s")
        macs = carl.status()["vlans"][0]["macs"]
        assert next(m["peer"] for m in macs if m["mac"] == MAC) == "bert"
