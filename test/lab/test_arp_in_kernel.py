"""ARP answered in the kernel ends with the speaker's health, its life and its ownership: nobody answers in its name."""

import json
import subprocess
import time

import pytest

from lab.conftest import populate, start
from lab.deaths import Ward
from lab.processes import wait_until

ADDRESS = "192.168.1.200"
OWNER = "master1"


@pytest.fixture(scope="module")
def alone():
    """Two nodes without membership, so that nobody takes over: whoever answers for the owner's address is the owner."""
    with start(2, membership=None) as cluster:
        running = populate(cluster, pods_on="master2")
        if gauge(cluster) == 0:
            pytest.skip("this kernel cannot answer ARP by program: " + cluster.speakers[OWNER].log_tail())
        yield running


def metrics(cluster, node=OWNER) -> dict[str, float]:
    text = cluster.lan.nodes[node].namespace.run("curl", "-sk", "--max-time", "5", "-H", "Authorization: Bearer any",
                                                 "https://127.0.0.1:9120/metrics", check=False)
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line and line[0] != "#"}


def gauge(cluster) -> float:
    series = 'metallb_layer2_arp_in_kernel{interface="eth0"}'
    return wait_until(lambda: metrics(cluster).get(series) is not None and [metrics(cluster)[series]], 10, series)[0]


def in_kernel(cluster) -> None:
    wait_until(lambda: gauge(cluster) == 1, 10, "the program is at work on eth0")


def programs() -> set[int]:
    """Of this kind, on the whole machine: what no process holds any more and is attached nowhere is gone."""
    listed = json.loads(subprocess.run(["bpftool", "--json", "prog", "show"], capture_output=True, text=True, check=True).stdout)
    return {program["id"] for program in listed if program.get("name") == "answer_arp"}


def answers(lab, timeout=0.05) -> bool:
    return bool(lab.prober.who_has(ADDRESS, timeout))


def test_a_request_has_one_answer_and_is_counted(alone):
    in_kernel(alone.cluster)
    mac = alone.cluster.lan.nodes[OWNER].mac()
    series = f'metallb_layer2_responses_sent{{ip="{ADDRESS}"}}'
    before = metrics(alone.cluster)[series]
    given = [[found for found, _ in alone.prober.who_has(ADDRESS, 0.05, first_only=False)] for _ in range(50)]
    assert all(answer in ([mac], []) for answer in given), given
    assert [mac] in given
    expected = before + given.count([mac])
    wait_until(lambda: metrics(alone.cluster)[series] >= expected, 5, f"{expected:.0f} answers in the metrics")
    received = metrics(alone.cluster)
    assert received[f'metallb_layer2_requests_received{{ip="{ADDRESS}"}}'] == received[series]


def test_a_frozen_speaker_answers_no_more_and_comes_back(alone):
    in_kernel(alone.cluster)
    speaker = alone.cluster.speakers[OWNER]
    for _ in range(3):
        wait_until(lambda: answers(alone), 10, "an answer")
        speaker.suspend()
        try:
            frozen = time.monotonic()
            last = frozen
            while time.monotonic() < frozen + 1.5:
                asked = time.monotonic()
                if answers(alone, 0.01):
                    last = asked
            assert last - frozen < 0.25, f"answered {1e3 * (last - frozen):.0f} ms after it was frozen"
        finally:
            speaker.resume()
        wait_until(lambda: answers(alone), 10, "an answer again")


def test_what_changed_during_the_freeze_holds_afterwards(alone):
    in_kernel(alone.cluster)
    speaker = alone.cluster.speakers[OWNER]
    alone.service("brief", annotations={"metallb.io/loadBalancerIPs": "192.168.1.204"})  # master1's, too
    wait_until(lambda: alone.answering_nodes("192.168.1.204") == [OWNER], 10, "an answer for 192.168.1.204")
    speaker.suspend()
    try:
        alone.delete_service("brief")
        time.sleep(1)
    finally:
        speaker.resume()
    wait_until(lambda: alone.answering_nodes(ADDRESS) == [OWNER], 10, "an answer again")
    wait_until(lambda: alone.answering_nodes("192.168.1.204") == [], 10, "silence about the deleted Service's address")
    for _ in range(20):
        assert alone.answering_nodes("192.168.1.204", 0.02) == []


def test_a_released_address_is_silent_while_others_are_answered(alone):
    alone.service("brief", annotations={"metallb.io/loadBalancerIPs": "192.168.1.204"})
    wait_until(lambda: alone.answering_nodes("192.168.1.204") == [OWNER], 10, "an answer for 192.168.1.204")
    alone.delete_service("brief")
    wait_until(lambda: alone.answering_nodes("192.168.1.204") == [], 10, "silence about the deleted Service's address")
    assert alone.answering_nodes(ADDRESS) == [OWNER]


def test_a_killed_speaker_leaves_nothing_behind(alone):
    in_kernel(alone.cluster)
    speaker = alone.cluster.speakers[OWNER]
    before = programs()
    assert before
    speaker.kill()
    try:
        assert not any(answers(alone, 0.02) for _ in range(25))
        wait_until(lambda: before - programs(), 10, "its program is gone")
    finally:
        speaker.start()
    wait_until(lambda: answers(alone), 20, "the new speaker answers")
    in_kernel(alone.cluster)


def test_two_nodes_never_answer_when_one_freezes():
    with start(4) as cluster:
        populate(cluster, pods_on="worker2")
        ward = Ward(cluster)
        try:
            ward.settled([ADDRESS])
            speaker = cluster.speakers[OWNER]
            with ward.watch([ADDRESS]) as watcher:
                time.sleep(0.5)
                frozen = time.monotonic()
                speaker.suspend()
                wait_until(lambda: OWNER not in (owners := ward.owners(ADDRESS)) and owners, 10, "another node takes over")
                time.sleep(1)
                woken = time.monotonic()
                record = watcher.finish()
            speaker.resume()
        finally:
            ward.close()
    figures = record.figures(ADDRESS, frozen, woken)
    assert figures.questions_with_two_answers == 0, figures
