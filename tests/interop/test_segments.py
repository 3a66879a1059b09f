"""Segment reports and answers: the second implementation against the vectors that the agent's own
code is held to (tests/unit/test_segment_vectors.c), and two Python peers. These need no agent.
"""

import json
import pathlib

import pytest

import records
import segments
from wire import Drop
from world import World, connect, quiet

VECTORS = pathlib.Path(__file__).parent.parent / "vectors" / "segments.json"


def vectors(kind):
    """The vectors of one kind, each with its name."""
    with open(VECTORS, encoding="utf-8") as file:
        return [pytest.param(vector, id=vector["name"]) for vector in json.load(file)[kind]]


def segment_of(vector):
    """A Segment as a vector has it."""
    fields = dict(vector, token=int(vector["token"], 16))
    for ids in ("own", "heard"):
        fields[ids] = [bytes.fromhex(number) for number in vector[ids]]
    return segments.Segment(**fields)


@pytest.mark.parametrize("vector", vectors("reports"))
def test_reports_are_written_and_read_as_the_vectors_say(vector):
    body, generation = bytes.fromhex(vector["body"]), vector["generation"]
    listed = [segment_of(segment) for segment in vector["segments"]]
    assert segments.report(generation, listed) == body
    assert segments.parse(body) == ("report", generation, listed)


@pytest.mark.parametrize("vector", vectors("answers"))
def test_answers_are_written_and_read_as_the_vectors_say(vector):
    body, generation = bytes.fromhex(vector["body"]), vector["generation"]
    roles = [(role["number"], role["standby"]) for role in vector["roles"]]
    names = [(bytes.fromhex(name["id"]), name["name"]) for name in vector["names"]]
    assert segments.answer(generation, roles, names) == body
    assert segments.parse(body) == ("answer", generation, roles, names)


@pytest.mark.parametrize("vector", vectors("refused"))
def test_what_the_vectors_refuse_is_dropped_as_they_say(vector):
    with pytest.raises(Drop, match=f"^{vector['counter']}$"):
        segments.parse(bytes.fromhex(vector["body"]))


@pytest.mark.parametrize("vector", vectors("later"))
def test_what_later_versions_add_changes_nothing(vector):
    later, plain = bytes.fromhex(vector["body"]), bytes.fromhex(vector["same_as"])
    assert later != plain and segments.parse(later) == segments.parse(plain)


@pytest.mark.parametrize("vector", vectors("reports") + vectors("answers"))
def test_every_truncation_is_a_bad_record(vector):
    body = bytes.fromhex(vector["body"])
    for size in range(len(body)):
        with pytest.raises(Drop, match="^bad_record$"):
            segments.parse(body[:size])


def test_the_longest_fit_a_datagram():
    bodies = [bytes.fromhex(v.values[0]["body"]) for v in vectors("reports") + vectors("answers")]
    assert max(map(len, bodies)) == 954  # PROTOCOL.md 6.6: six times 158, and 6
    assert all(len(records.record(records.SEGMENTS, body)) <= records.ROOM for body in bodies)


def test_reports_cross_and_are_no_sending_that_the_timers_see():
    world = World()
    one, two = connect(world)
    body = segments.report(1, [segments.Segment(3, own=[bytes(8)])])
    pings = []
    ping, one.ping = one.ping, lambda now: pings.append(now) or ping(now)
    for _ in range(59):
        one.send(world.now, records.record(records.SEGMENTS, body))
        world.run(1.0)
    assert len(two.segments) == 59
    assert len(pings) == 2  # after 20 s and 40 s, as without reports
    assert quiet(one, two)
