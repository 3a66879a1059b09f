"""The guests themselves, on one hub and without an agent: what they can do there, they must be
able to do across two hosts."""

from guest import answers_of, pings, sends_by_tcp, who_answers


def test_two_guests_on_one_hub_ping_transfer_and_answer_broadcasts(lab, guests):
    host = lab.host("anna")
    one = guests(host, "10.9.0.1", "02:00:00:00:01:01")
    two = guests(host, "10.9.0.2", "02:00:00:00:01:02")
    one.boot()
    two.boot()
    assert pings(one, two)
    sends_by_tcp(one, two)
    assert who_answers(one, two) == [answers_of(two), answers_of(one)]
