"""A router that sends a full table: 200,000 routes, which the speakers count and forget."""

import re

import pytest

from lab import objects
from lab.bgp.conftest import needs
from lab.bgp_lab import description, hops4
from lab.kernel_routes import kernel_routes
from lab.processes import wait_until
from lab.routers import Bird, Route

pytestmark = needs("bird")
ROUTES = 200_000
_MORE_KIB = 4096


def table() -> tuple[Route, ...]:
    """Networks of /24 from 16.0.0.0 upwards."""
    return tuple(Route(f"{16 + (n >> 16)}.{n >> 8 & 255}.{n & 255}.0/24") for n in range(ROUTES))


@pytest.fixture(scope="module")
def router(lab):
    with Bird(lab.cluster.lan.router.namespace, description(lab.cluster, routes=table())) as running:
        yield running
        lab.clear()


def sent(router) -> list[int]:
    """Routes that the router has told each established neighbour."""
    text = "\n".join(router.command("show protocols all"))
    return [int(number) for number in re.findall(r"Routes: +\d+ imported, (\d+) exported", text) if int(number) >= ROUTES]


def received(lab, node: str) -> float:
    """Prefixes that the speaker has counted; 0 while it has none."""
    return sum(value for name, value in lab.metrics(node).items() if name.startswith("metallb_bgp_received_nlri_total"))


def test_a_full_table_neither_grows_the_speakers_nor_ends_a_session(lab, router):
    before = {name: speaker.memory()["rss"] for name, speaker in lab.cluster.speakers.items()}
    lab.apply(objects.bgp_advertisement("all"), objects.bgp_peer("router", peerAddress=lab.cluster.lan.router.address4))
    lab.service("app", "203.0.113.80")
    router.wait_for_sessions(timeout=60)
    wait_until(lambda: len(sent(router)) == len(lab.cluster.lan.nodes), 90, "the router has told everybody everything", interval=0.2)
    for name in lab.cluster.lan.nodes:
        wait_until(lambda: received(lab, name) >= ROUTES, 60, f"{name} has counted {ROUTES} prefixes", interval=0.2)
    router.wait_for_routes({"203.0.113.80/32": hops4(lab.cluster)})
    for name, speaker in lab.cluster.speakers.items():
        grown = speaker.memory()["rss"] - before[name]
        assert grown < _MORE_KIB, f"the speaker of {name} grew by {grown} KiB"
        assert kernel_routes(lab.cluster.lan.nodes[name].namespace) == {}
    assert [session.times_established for session in router.sessions().values()] == [1] * len(lab.cluster.lan.nodes)


def test_services_come_and_go_as_before(lab, router):
    body = lab.service("later", "203.0.113.81")
    router.wait_for_routes({"203.0.113.81/32": hops4(lab.cluster)})
    lab.delete(body)
    router.wait_for_routes({"203.0.113.81/32": set(), "203.0.113.80/32": hops4(lab.cluster)})
