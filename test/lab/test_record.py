"""What a watcher's record is taken to mean. The record is made up; times are seconds."""

from lab.deaths import Death
from lab.frames import announcements, claim_of, packed, question
from lab.outage import Record

A, B = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
ADDRESS = "192.168.1.200"
SIX = "fd00:168:1::200"


def record(answers, requests=(), announced=(), asked=None):
    asked = asked or [question / 100 for question in range(1000)]
    return Record({"late": 0.001, "asked": asked, "answers": {ADDRESS: [list(a) for a in answers]},
                   "announcements": {ADDRESS: [list(a) for a in announced]}, "requests": {ADDRESS: [list(r) for r in requests]}})


def answered(mac, first, last):
    """This MAC answers all questions from `first` to `last`, each after a millisecond."""
    return [(number / 100 + 0.001, mac, number) for number in range(first, last + 1)]


def test_silence_lasts_from_the_last_answer_of_one_to_the_first_of_the_other():
    figures = record(answered(A, 0, 100) + answered(B, 121, 300)).figures(ADDRESS, 1.005, 3.0)
    assert figures.silence_ms == 210.0
    assert figures.taken_over_ms == 206.0
    assert figures.both_answered_ms == 0 and figures.questions_with_two_answers == 0


def test_silence_that_does_not_end_is_none():
    assert record(answered(A, 0, 100)).figures(ADDRESS, 1.005, 3.0).silence_ms is None
    assert record([]).figures(ADDRESS, 1.0, 3.0).silence_ms is None


def test_silence_before_the_spell_and_after_it_is_not_its_own():
    seen = record(answered(A, 0, 50) + answered(A, 90, 200) + answered(A, 260, 400))
    assert seen.figures(ADDRESS, 1.0, 2.005).silence_ms == 10.0


def test_two_owners_are_those_that_answer_the_same_question():
    figures = record(answered(A, 0, 150) + answered(B, 120, 300)).figures(ADDRESS, 1.0, 3.0)
    assert figures.questions_with_two_answers == 31 and figures.both_answered_ms == 300.0
    # An answer that comes late, after another node has answered the next question, is none of two.
    figures = record(answered(A, 0, 99) + [(1.019, A, 100)] + answered(B, 101, 300)).figures(ADDRESS, 0.9, 3.0)
    assert figures.questions_with_two_answers == 0


def test_requests_count_when_they_began_in_the_spell_or_were_under_way():
    requests = [(0.5, 0.002, None, "pod: x", 1),         # over before
                (0.999, 0.002, None, "pod: x", 1),       # under way
                (0.995, None, "TIMEOUT", "", 1),         # under way, and lost
                (1.2, None, "TIMEOUT", "", 1), (1.3, None, "ECONNREFUSED", "", 1), (1.4, 0.003, None, "pod: x", 2),
                (3.2, None, "TIMEOUT", "", 1)]           # after
    figures = record(answered(A, 0, 400), requests).figures(ADDRESS, 1.0, 3.0)
    assert (figures.requests, figures.lost, figures.broken, figures.sent_again) == (5, 2, 1, 1)
    assert figures.failing_ms == 305.0


def test_announcements_of_the_spell_are_counted():
    figures = record(answered(A, 0, 400), announced=[(0.9, A), (1.1, B), (1.1, B), (3.5, B)]).figures(ADDRESS, 1.0, 3.0)
    assert figures.announcements == 2


def test_the_last_owner_is_who_answered_last_in_the_spell():
    seen = record(answered(A, 0, 150) + answered(B, 120, 300) + answered(A, 310, 400))
    assert seen.last_owner(ADDRESS, 1.0, 3.05) == B
    assert seen.last_owner(ADDRESS, 1.0, 4.5) == A
    assert seen.last_owner(ADDRESS, 5.0, 6.0) is None


def death(four, six, successors=("worker1", "worker1")):
    """Of a dual-stack Service, with its blow at 1 s, its healing at 2 s, and its end at 3 s."""
    outage = {ADDRESS: four.figures(ADDRESS, 1.0, 2.0), SIX: six.figures(ADDRESS, 1.0, 2.0)}
    homecoming = {ADDRESS: four.figures(ADDRESS, 2.0, 3.0), SIX: six.figures(ADDRESS, 2.0, 3.0)}
    return Death("stop", "master1", dict(zip(outage, successors)), 0, outage, homecoming, four)


def test_a_death_has_a_successor_when_one_node_took_over_every_address():
    taken, lost = record(answered(A, 0, 100) + answered(B, 121, 300)), record(answered(A, 0, 100))
    assert death(taken, taken).successor == "worker1"
    assert death(taken, lost).successor is None and death(lost, taken).successor is None
    assert death(taken, taken, ("worker1", "worker2")).successor is None
    # It goes on answering, as a node does that was to stop and did not.
    assert death(taken, taken, ("worker1", None)).successor is None


def test_no_request_is_lost_when_each_was_answered_and_there_were_some():
    answers = answered(A, 0, 300)
    good = [(1.2, 0.002, None, "pod: x", 1), (1.3, 0.004, None, "pod: x", 2), (2.2, 0.002, None, "pod: x", 1)]
    fine, none, early = record(answers, good), record(answers), record(answers, good[:2])
    timeout, reset = record(answers, [*good, (1.4, None, "TIMEOUT", "", 1)]), record(answers, [*good, (2.4, None, "ECONNRESET", "", 2)])
    assert death(fine, fine).no_request_lost()
    for other in (none, early, timeout, reset):
        assert not death(fine, other).no_request_lost() and not death(other, fine).no_request_lost()


def test_frames_are_told_apart():
    request, reply = announcements(A, ADDRESS)
    for frame in (request, reply):
        assert claim_of(frame)[:2] == (packed(ADDRESS), A) and claim_of(frame).announcement
    assert claim_of(question(A, "192.168.1.51", ADDRESS)) is None
    assert claim_of(question(A, "fd00::51", "fd00::200")) is None
    (advertisement,) = announcements(A, "fd00::200")
    assert claim_of(advertisement)[:2] == (packed("fd00::200"), A) and claim_of(advertisement).announcement
    # The answer to a client's request (layer2 spec 3.7).
    answer = claim_of(bytes.fromhex("02000000009902000000000108060001080006040002020000000001c0a801f0020000000099c0a80123" + "00" * 18))
    assert answer == (packed("192.168.1.240"), "02:00:00:00:00:01", packed("192.168.1.35"), False)
