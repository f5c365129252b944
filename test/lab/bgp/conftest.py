"""Fixtures of BGP mode's tests: a cluster for each module, and what its speakers logged where a test fails."""

import pytest

from lab.bgp_lab import BgpLab, RoutedLan
from lab.cluster import Cluster
from lab.conftest import BINARY, EXAMPLES
from lab.routers import SOFTWARE


def needs(*names: str):
    """Skips where one of these routers is not installed."""
    reasons = [reason for reason in (SOFTWARE[name].missing() for name in names) if reason]
    return pytest.mark.skipif(bool(reasons), reason="; ".join(reasons))


@pytest.fixture(scope="module")
def lab():
    with Cluster(BINARY, lan=RoutedLan) as cluster:
        yield BgpLab(cluster, EXAMPLES)


@pytest.fixture
def clean(lab):
    """Whatever objects a test made are gone after it."""
    yield lab
    lab.clear()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    running = next((value for value in getattr(item, "funcargs", {}).values() if isinstance(getattr(value, "lab", value), BgpLab)), None)
    if report.failed and running is not None:
        cluster = getattr(running, "lab", running).cluster
        for name, speaker in cluster.speakers.items():
            report.sections.append((f"end of the log of the speaker of {name}", speaker.log_tail(20)))
