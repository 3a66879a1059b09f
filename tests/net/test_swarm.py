"""Eight machines on each side of a hub, all sending at once in both directions.

Every frame must be heard exactly once by everybody who should hear it, and by nobody else.
"""

import os
import subprocess

from agent import CONFIG, RELEASE, introduce
from hosts import LONG
from netns import prefer

SWARM = os.environ.get("LONGWIRE_SWARM", "swarm")
LOUD = CONFIG + "broadcast = off\n"


def swarm(agent, side, frames, rate):
    """Start the eight machines of one host; they wait for a line on standard input."""
    process = agent.host.start(
        "setsid", SWARM, side, frames, rate, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    prefer(process)
    return process


def run_swarms(agents_of_both, frames, rate):
    """Let both swarms go at once; the two lines that they report."""
    both = [swarm(agent, side, frames, rate) for side, agent in enumerate(agents_of_both)]
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate(timeout=300)[0].strip() for process in both]


def expected(frames):
    """What a swarm that missed nothing reports."""
    heard = 8 * 8 * frames + 8 * 8 * sum(1 for n in range(frames) if n % 4 != 3)
    return f"sent {8 * frames} heard {heard} lost 0 duplicate 0 leaked 0 overflow 0"


def pair(lab, agents, **options):
    """Two connected agents."""
    both = [agents(lab.host(name), prefix=["setsid"], **options) for name in ("anna", "bert")]
    introduce(*both)
    if options.get("config") == LOUD:
        both[0].local("bert", "broadcast = off")
        both[1].local("anna", "broadcast = off")
    for agent in both:
        agent.up()
        prefer(agent.process)
    both[0].wait_up("bert")
    both[1].wait_up("anna")
    for agent in both:
        agent.wait_forwarding()
    return both


def test_sixteen_machines_20_ms_apart_lose_and_double_nothing(lab, agents):
    both = pair(lab, agents)
    reports = run_swarms(both, frames=500, rate=400)
    assert reports == [expected(500)] * 2, both[0].story() + both[1].story()


def test_twenty_thousand_frames_a_second_are_heard_exactly_once(lab, agents):
    seconds = 60 if LONG or os.environ.get("CI") == "true" else 15
    both = pair(lab, agents, binary=RELEASE, config=LOUD)
    frames = 10000 * seconds // 8
    reports = run_swarms(both, frames=frames, rate=10000)
    assert reports == [expected(frames)] * 2, both[0].story() + both[1].story()
