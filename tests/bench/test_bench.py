"""test_bench.py - what tables and picture make of results, and what a stopped run goes on with"""

import importlib.machinery
import importlib.util
import json
import pathlib
import xml.dom.minidom

import figures
import pytest
import tables
import targets
import work_hub
from picture import draw, step_for

HERE = pathlib.Path(__file__).parent


def program(name):
    """A program of this folder as a module."""
    loader = importlib.machinery.SourceFileLoader(f"bench_{name}", str(HERE / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def tunnel(name, number, mbps, **more):
    """A row about a tunnel."""
    row = {"work": "tap", "of": "normal", "name": name, "round": number, "ab_mbps": mbps}
    return row | {"ba_mbps": mbps, "cpuA_s_per_GB": 1.0, "cpuB_s_per_GB": 1.0} | more


@pytest.fixture
def results(tmp_path):
    """A function that makes Results of rows."""

    def make(*rows):
        path = tmp_path / "results.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return figures.Results(path)

    return make


def target_of(found, work, against):
    """That row of the table."""
    return next(t for t in targets.all_targets(found) if (t.work, t.against) == (work, against))


def trial(p50, p99):
    """What a sink says."""
    return {"loss": 0, "bridge_us": p50 / 10, "lat_us": {"p50": p50, "p99": p99}}


def test_one_stall_does_not_decide_the_latency_of_hubs():
    row = work_hub.at_half([trial(70, 200), trial(90, 9000), trial(80, 180)])
    assert row == {"half_loss": 0, "half_us": 8.0, "lat_p50": 80, "lat_p99": 200}


def test_real_machines_are_compared_with_those_of_the_same_round(results):
    def row(name, number, mbps):
        both = {"tcp_mbps": mbps, "tcp_back_mbps": 2 * mbps, "udp_mbps": 1, "rtt_ms": 1}
        return {"work": "guests", "of": 0, "name": name, "round": number} | both

    rows = (row("dgram", 1, 100), row("dgram", 2, 200), row("limit-bridge", 1, 50))
    text = tables.guests_table(results(*rows, row("limit-bridge", 2, 140)))
    assert "| limit-bridge | 95 [50–140] | 190 [100–280] |" in text
    assert text.count("| 0.60 [0.50–0.70] | 0.60 [0.50–0.70] |") == 1


def test_a_ratio_compares_with_the_best_rival_of_the_same_round(results):
    found = results(
        tunnel("longwire", 1, 1000), tunnel("fastd", 1, 100), tunnel("openvpn", 1, 200),
        tunnel("longwire", 2, 3000), tunnel("fastd", 2, 500), tunnel("openvpn", 2, 250),
        tunnel("socat", 1, 5000), tunnel("limit-super-gcm", 1, 4000), tunnel("fastd", 3, 1),
    )  # fmt: skip
    target = target_of(found, "TCP A to B", targets.RIVAL)
    assert target.values == {1: 5.0, 2: 6.0}
    assert targets.holds(target, figures.median(target.values))
    assert target_of(found, "TCP A to B", "limit-super-gcm").values == {1: 0.25}


def test_what_is_not_reached_and_what_was_not_measured_is_said(results):
    said = tables.targets_table(results(tunnel("longwire", 1, 499), tunnel("fastd", 1, 100)))
    assert (
        "| TCP A to B | best Ethernet tunnel | at least 5 × | 4.99 × [4.99–4.99] | 1 | **no** |"
        in said
    )
    assert "| UDP 1400 bytes | best Ethernet tunnel | at least 2 × | – | 0 | not measured |" in said


def test_not_more_is_a_tenth_more_at_most(results):
    for p99, good in ((1.1, True), (1.2, False)):
        found = results(tunnel("longwire", 1, 1, rttl_p99=p99), tunnel("fastd", 1, 1, rttl_p99=1.0))
        target = target_of(found, "round trip under TCP, 99th percentile", targets.RIVAL)
        assert targets.holds(target, figures.median(target.values)) is good


def test_round_trips_are_what_a_tunnel_adds(results):
    def row(name, number, median_ms):
        return {"work": "idle", "of": 0, "name": name, "round": number, "rtt_med": median_ms}

    found = results(
        row("raw", 1, 0.1), row("longwire", 1, 0.3), row("fastd", 1, 0.5), row("openvpn", 1, 0.6),
        row("raw", 2, 0.3), row("longwire", 2, 0.9), row("fastd", 2, 0.6),
    )  # fmt: skip
    target = target_of(found, "round trip added, idle, median", targets.RIVAL)
    assert target.values == pytest.approx({1: 0.5, 2: 2.0})
    assert "| fastd | 0.350 [0.300–0.400] | – | 1.25 [0.50–2.00] | – |" in tables.idle_table(found)


def test_what_was_not_measured_has_no_table(results):
    said = tables.everything(results(tunnel("longwire", 1, 1000)))
    assert "### Tunnels\n" in said
    assert "### What has to hold\n" in said
    assert "### Hub to hub" not in said


def test_what_several_jobs_share_is_measured_once_a_round(monkeypatch, tmp_path):
    run, path, measured = program("run"), tmp_path / "results.jsonl", []

    def measure(names, context):
        measured.append(names)
        return {name: {"rtt_med": len(measured)} for name in names}

    monkeypatch.setattr(run.work_idle, "measure", measure)
    options = run.arguments(["--work", "idle", "--peers", "longwire,fastd", "--out", str(tmp_path)])
    context = run.Context(options)
    for number in (1, 2):
        run.run_round(number, run.jobs_of(options), context, path)
    assert measured == [["longwire", "fastd"]] * 2
    found = figures.Results(path)
    assert found.of(("idle", 0, "fastd"), "rtt_med") == {1: 1, 2: 2}


def test_a_failed_row_and_a_broken_last_line_count_for_nothing(results, tmp_path):
    results(tunnel("longwire", 1, 1000), tunnel("fastd", 1, 100) | {"failed": True})
    with open(tmp_path / "results.jsonl", "a", encoding="utf-8") as out:
        out.write('{"work": "tap", "of": "nor')
    found = figures.Results(tmp_path / "results.jsonl")
    assert found.rounds(("tap", "normal", "fastd")) == 0
    assert found.rounds(("tap", "normal", "longwire")) == 1


def test_a_stopped_run_goes_on_with_what_is_missing_or_failed(tmp_path):
    run, path, done = program("run"), tmp_path / "results.jsonl", []
    jobs = [
        ((("tap"), "normal", name), lambda c, r, n=name: done.append(n) or {}) for name in "abc"
    ]
    run.append(path, {"work": "tap", "of": "normal", "name": "a", "round": 1})
    run.append(path, {"work": "tap", "of": "normal", "name": "b", "round": 1, "failed": True})
    with open(path, "a", encoding="utf-8") as out:
        out.write('{"work": "tap", "of": "normal", "na')

    class Context:
        """All that a round asks for."""

        quick = True

    run.run_round(1, jobs, Context, path)
    assert done == ["b", "c"]
    run.run_round(1, jobs, Context, path)
    assert done == ["b", "c"]
    run.run_round(2, jobs, Context, path)
    assert done == ["b", "c", "a", "b", "c"]


def test_the_picture_is_well_formed_and_tells_every_figure(results):
    svg = draw(
        results(tunnel("longwire", 1, 1234), tunnel("longwire", 2, 1236), tunnel("fastd", 1, 7))
    )
    words = [
        node.firstChild.data
        for node in xml.dom.minidom.parseString(svg).getElementsByTagName("text")
    ]
    assert "1235 [1234–1236]" in words
    assert {"longwire", "fastd", "Mbit/s, more is better"} <= set(words)


def test_ticks_are_round_numbers():
    assert [step_for(n) for n in (3, 40, 700, 5016)] == [1, 10, 100, 1000]


def test_the_page_has_the_marks_that_the_report_fills(tmp_path):
    report, page = program("report"), tmp_path / "RESULTS.md"
    page.write_text((HERE / "RESULTS.md").read_text(encoding="utf-8"), encoding="utf-8")
    report.put_into(page, "the tables")
    report.put_into(page, "other tables")
    said = page.read_text(encoding="utf-8")
    assert "\nother tables\n" in said and "\nthe tables\n" not in said


def test_a_round_that_did_not_count_messages_leaves_their_columns_empty(results):
    old = {"a_us": 24.0, "max_pps": 121600, "best_a_us": 3.6, "best_b_us": 2.2}
    new = old | {"messages": 1.0, "busy_a_us": 10.3, "busy_messages": 0.99, "best_messages": 0.28}
    rows = [
        {"work": "curves", "of": of, "name": "shared", "round": 1} | row
        for of, row in ((1, old), (8, new))
    ]
    said = tables.shared_table(results(*rows)).splitlines()
    assert [cell == "–" for cell in said[2].split(" | ")].count(True) == 3
    assert said[2].endswith("| – |")
    assert "0.28 [0.28–0.28]" in said[3]
