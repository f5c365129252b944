"""Owners die, pause, disagree and come back. The bounds are generous, because the machine may be busy: scripts/demo --kills measures."""

import os
import re
import time

import pytest

from lab.conftest import EXAMPLES, populate, start
from lab.deaths import Ward, ranking, strike
from lab.processes import wait_until
from lab.stranger import Stranger

ADDRESS = "192.168.1.200"  # master1 > worker1 > master2 > worker2, and master1 > master2
OWNER = "master1"
DUAL = ["192.168.1.237", "fd00:168:1::237"]  # master1 > worker2, and master1 > master2
_SILENCE_MS = 1500
_TWO_OWNERS_MS = 500
_BELIEVING_MS = 500  # that the client, which is told by announcements, may go on losing requests for after the silence


class FailoverLab:
    def __init__(self, cluster):
        self.cluster = cluster
        self.lab = populate(cluster, pods_on=list(cluster.lan.nodes)[-1])
        self.ward = Ward(cluster)
        self.ward.settled([ADDRESS])
        cluster.curl_until_answered(f"http://{ADDRESS}/")

    def afresh(self) -> None:
        """No test's deaths make a node suspicious in the next one."""
        self.ward.forget([ADDRESS])

    def log(self, node: str) -> str:
        with open(self.cluster.speakers[node].log_path) as log:
            return log.read()

    def metric(self, node: str, name: str) -> float:
        """The value of one series of a speaker, 0 when there is none."""
        text = self.cluster.lan.nodes[node].namespace.run("curl", "-sk", "--max-time", "5", "-H", "Authorization: Bearer any",
                                                          "https://127.0.0.1:9120/metrics", check=False)
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found.group(1)) if found else 0.0


@pytest.fixture(scope="module", params=[4, 2], ids=["four nodes", "two nodes"])
def any_size(request):
    with start(request.param) as cluster:
        running = FailoverLab(cluster)
        cluster.apply(os.path.join(EXAMPLES, "ipv6.yaml"))  # for its pool
        running.lab.service("dual", annotations={"metallb.io/loadBalancerIPs": ",".join(DUAL)}, ipFamilyPolicy="RequireDualStack")
        assert cluster.wait_for_ingress("default", "dual", count=2) == DUAL
        for address in DUAL:
            cluster.curl_until_answered(f"http://[{address}]/" if ":" in address else f"http://{address}/")
        yield running


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    data = str(tmp_path_factory.mktemp("api") / "objects.json")
    with start(4, api_arguments=["--data", data]) as cluster:
        yield FailoverLab(cluster)


@pytest.mark.parametrize("kind", ["stop", "kill", "cut"])
def test_another_node_takes_over_soon_and_the_owner_comes_back(any_size, kind):
    any_size.afresh()
    death = any_size.ward.death(kind, DUAL)
    assert death.victim == OWNER
    assert death.successor == ranking(DUAL[0], list(any_size.cluster.lan.nodes))[1], death.successors
    for address in DUAL:
        outage, homecoming = death.outage[address], death.homecoming[address]
        assert outage.silence_ms is not None and outage.silence_ms < _SILENCE_MS, outage
        assert outage.requests > 0 and outage.failing_ms < outage.silence_ms + _BELIEVING_MS, outage
        assert homecoming.silence_ms is not None and homecoming.silence_ms < _SILENCE_MS, homecoming
        # A node that was cut off has two owners find out about each other as soon as the cable is plugged in.
        assert homecoming.both_answered_ms < _TWO_OWNERS_MS, homecoming
    if kind == "stop":
        assert death.no_request_lost(), death.spells()
        assert death.exit_code == 0


def test_a_paused_owner_neither_keeps_what_others_took_nor_raises_a_storm(four):
    """The owner is dead, its stand-in falls asleep, the owner comes back: then the sleeper wakes and believes that it is the owner."""
    four.afresh()
    speakers = four.cluster.speakers
    speakers[OWNER].kill()
    wait_until(lambda: four.ward.owners(ADDRESS) == ["worker1"], 10, "worker1 takes over")
    speakers["worker1"].suspend()
    paused = time.monotonic()
    try:
        wait_until(lambda: four.ward.owners(ADDRESS) == ["master2"], 10, "master2 takes over")
        speakers[OWNER].start()
        wait_until(lambda: four.ward.owners(ADDRESS) == [OWNER], 10, "the owner comes back")
        with four.ward.watch([ADDRESS]) as watcher:
            time.sleep(max(0.0, paused + 10 - time.monotonic()))
            woken = time.monotonic()
            speakers["worker1"].resume()
            time.sleep(6)
            record = watcher.finish()
    finally:
        speakers["worker1"].resume()
    figures = record.figures(ADDRESS, woken, float("inf"))
    assert figures.both_answered_ms < _TWO_OWNERS_MS, figures
    # Both may speak up: a burst of announcements of each, two frames a round, and no more.
    assert figures.announcements < 60, figures
    assert figures.requests > 0 and figures.failed() == 0, figures
    assert four.ward.settled([ADDRESS]) == OWNER


def test_an_owner_that_pauses_itself_is_replaced_and_returns_without_a_storm(four):
    four.afresh()
    speaker = four.cluster.speakers[OWNER]
    with four.ward.watch([ADDRESS]) as watcher:
        paused = time.monotonic()
        speaker.suspend()
        try:
            wait_until(lambda: four.ward.owners(ADDRESS) == ["worker1"], 10, "worker1 takes over")
            time.sleep(max(0.0, paused + 4 - time.monotonic()))
        finally:
            woken = time.monotonic()
            speaker.resume()
        four.ward.settled([ADDRESS])
        time.sleep(2)
        record = watcher.finish()
    outage, homecoming = record.figures(ADDRESS, paused, woken), record.figures(ADDRESS, woken, float("inf"))
    assert outage.silence_ms is not None and outage.silence_ms < _SILENCE_MS, outage
    assert homecoming.both_answered_ms < _TWO_OWNERS_MS and homecoming.announcements < 60, homecoming


def test_fail_over_needs_no_api_server(four):
    four.afresh()
    four.cluster.api_server.stop()
    try:
        with four.ward.watch([ADDRESS]) as watcher:
            time.sleep(0.5)
            struck = strike(four.cluster, "kill", OWNER)
            wait_until(lambda: four.ward.owners(ADDRESS) == ["worker1"], 10, "worker1 takes over")
            time.sleep(1)
            ended = time.monotonic()
            figures = watcher.finish().figures(ADDRESS, struck, ended)
        assert figures.silence_ms is not None and figures.silence_ms < _SILENCE_MS, figures
    finally:
        four.cluster.api_server.start()
        four.cluster.speakers[OWNER].start()
    four.ward.settled([ADDRESS], timeout=60)


def test_a_strangers_device_is_reported_by_event_and_metric(four):
    four.ward.settled([ADDRESS])
    stranger = Stranger(four.cluster)
    try:
        stranger.take(ADDRESS)

        def reported():
            return [e for e in four.lab.events("AddressConflict") if e["involvedObject"]["name"] == "myapp" and stranger.mac() in e["message"]]

        event = wait_until(reported, 10, "an AddressConflict event that names the device")[0]
        assert event["type"] == "Warning" and ADDRESS in event["message"] and "eth0" in event["message"]
        assert four.metric(OWNER, 'metallb_layer2_conflicts_total{kind="foreign"}') >= 1
        # Whatever the stranger says, our node goes on answering.
        assert four.ward.owners(ADDRESS) == sorted([OWNER, stranger.mac()])
    finally:
        stranger.leave()
    assert four.ward.settled([ADDRESS]) == OWNER


def test_all_speakers_at_once_start_anew(four):
    before = {name: speaker.pid for name, speaker in four.cluster.speakers.items()}
    four.afresh()
    assert all(speaker.running() and speaker.pid != before[name] for name, speaker in four.cluster.speakers.items())
    assert "pod: myapp" in four.cluster.curl_until_answered(f"http://{ADDRESS}/")


def test_the_secret_changes_without_a_restart(four):
    four.afresh()
    before = {name: speaker.pid for name, speaker in four.cluster.speakers.items()}
    four.cluster.write_secret(b"QUJDREVGR0hJSktMTU5PUA")
    # Whoever starts now knows the new secret only: it joins once the others have it, too.
    four.cluster.speakers["worker2"].kill()
    four.cluster.speakers["worker2"].start()
    four.ward.settled([ADDRESS], timeout=90)
    assert all(speaker.running() for speaker in four.cluster.speakers.values())
    assert {name: speaker.pid for name, speaker in four.cluster.speakers.items() if name != "worker2"} == \
        {name: pid for name, pid in before.items() if name != "worker2"}
    death = four.ward.death("kill", [ADDRESS])
    assert death.outage[ADDRESS].silence_ms is not None and death.outage[ADDRESS].silence_ms < _SILENCE_MS, death.outage


def test_a_speaker_with_the_wrong_secret_is_reported_and_crashes_nobody():
    with start(2) as cluster:
        two = FailoverLab(cluster)
        odd = cluster.directory + "/other_key/secretkey"
        cluster.write_secret(b"not-the-right-secret!!", odd)
        cluster.speakers["master2"].kill()
        cluster.start_speaker("master2", environment={"METALLB_ML_SECRET_KEY_PATH": odd.rpartition("/")[0]})
        told = [lambda node=node: re.search(r"another secret|the secrets differ", two.log(node)) for node in ("master1", "master2")]
        for node, found in zip(("master1", "master2"), told):
            wait_until(found, 15, f"{node} tells of packets that it cannot read")

        def seen():
            return cluster.members_seen_by("master1") | cluster.members_seen_by("master2")

        wait_until(lambda: not seen(), 15, "neither sees the other one alive")
        time.sleep(1)
        assert not seen()
        assert all(speaker.running() for speaker in cluster.speakers.values())


def test_speakers_with_ipv6_addresses_find_each_other_and_fail_over():
    with start(2, membership="IPv6") as cluster:
        two = FailoverLab(cluster)
        death = two.ward.death("kill", [ADDRESS])
        assert death.successor == "master2"
        assert death.outage[ADDRESS].silence_ms is not None and death.outage[ADDRESS].silence_ms < _SILENCE_MS, death.outage
