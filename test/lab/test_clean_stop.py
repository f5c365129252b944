"""SIGTERM: how long a speaker goes on answering, when it ends, and with which exit code. What a client loses: test_failover."""

import time

import pytest

from lab.conftest import populate, start
from lab.deaths import Ward
from lab.processes import wait_until

ADDRESS = "192.168.1.200"  # master1 > master2, and either may have it
KEPT = "192.168.1.201"     # its only pod is on master1, and its traffic policy is Local: nobody else may have it
OWNER = "master1"
_FAREWELL = 1.0  # seconds that a successor is waited for


class StopLab:
    def __init__(self, cluster):
        self.cluster = cluster
        self.lab = populate(cluster, pods_on=OWNER)
        self.ward = Ward(cluster)
        self.lab.service("kept", annotations={"metallb.io/loadBalancerIPs": KEPT}, externalTrafficPolicy="Local")
        self.speaker = cluster.speakers[OWNER]

    def ready(self) -> None:
        """master1 runs, and has both addresses."""
        if not self.speaker.running():
            self.speaker.start()
        self.ward.settled([ADDRESS])
        wait_until(lambda: self.ward.owners(KEPT) == [OWNER], 10, f"{OWNER} answers for {KEPT}")

    def ask_to_stop(self) -> float:
        """SIGTERM, until the speaker has seen it. Returns when it was sent."""
        began = time.monotonic()
        self.speaker.ask_to_stop()
        wait_until(self._stopping, 5, "the speaker says that it stops", interval=0.001)
        return began

    def _stopping(self) -> bool:
        with open(self.speaker.log_path, "rb") as log:
            log.seek(self.speaker.log_start)
            return b"starting shutdown" in log.read()

    def wait_for_end(self, timeout: float) -> float:
        """Returns when."""
        wait_until(lambda: not self.speaker.running(), timeout, "the speaker ends", interval=0.001)
        return time.monotonic()


@pytest.fixture(scope="module")
def two():
    with start(2) as cluster:
        yield StopLab(cluster)


def test_a_speaker_that_nobody_may_succeed_answers_for_a_second_and_ends(two):
    two.ready()
    with two.ward.watch([ADDRESS, KEPT]) as watcher:
        time.sleep(0.3)
        asked = two.ask_to_stop()
        ended = two.wait_for_end(3)
        time.sleep(0.3)
        record = watcher.finish()
    assert two.speaker.exit_code() == 0
    assert ended - asked >= _FAREWELL
    # It answered as long as it lived, though what somebody else could have was gone at once.
    figures = record.figures(KEPT, asked, ended)
    assert figures.silence_ms is not None and figures.silence_ms < 300 and figures.taken_over_ms is None, figures
    assert two.cluster.lan.node_of_mac(record.last_owner(ADDRESS, asked, ended)) == "master2"
    assert two.ward.owners(KEPT) == []


def test_a_second_signal_ends_a_speaker_at_once(two):
    two.ready()
    asked = two.ask_to_stop()
    time.sleep(0.05)
    assert two.speaker.running(), "it waits for a successor"
    again = time.monotonic()
    two.speaker.ask_to_stop()
    ended = two.wait_for_end(3)
    assert two.speaker.exit_code() == 1
    assert ended - again < 0.5 * _FAREWELL and ended - asked < 0.8 * _FAREWELL


def test_a_speaker_in_a_cluster_of_its_own_ends_without_waiting():
    with start(1) as cluster:
        alone = StopLab(cluster)
        seconds = []
        for _ in range(3):
            alone.ready()
            asked = alone.ask_to_stop()
            seconds.append(alone.wait_for_end(3) - asked)
            assert alone.speaker.exit_code() == 0
            assert alone.ward.owners(ADDRESS) == []
        # The machine may be busy once, and not each time.
        assert min(seconds) < 0.8 * _FAREWELL, seconds
