"""Graceful restart: a speaker goes and comes back, and the router forwards all the while."""

import time

import pytest

from lab import objects
from lab.bgp.conftest import needs
from lab.bgp_lab import description, hops4, settle, wait_for_nodes
from lab.kernel_routes import RouteMonitor
from lab.outage import Watcher
from lab.processes import wait_until
from lab.routers import Frr

pytestmark = needs("frr")
ADDRESS = "203.0.113.76"
PREFIX = f"{ADDRESS}/32"
NODE = "worker1"


@pytest.fixture(scope="module")
def router(lab):
    with Frr(lab.cluster.lan.router.namespace, description(lab.cluster, graceful_restart=True)) as running:
        lab.apply(objects.bgp_advertisement("all"),
                  objects.bgp_peer("router", peerAddress=lab.cluster.lan.router.address4, enableGracefulRestart=True))
        lab.service("app", ADDRESS)
        yield running
        lab.clear()


def stale(router, hop: str) -> list[bool]:
    return [path.stale for path in router.routes("ipv4").get(PREFIX, []) if path.neighbour == hop]


def test_the_router_is_told_that_it_may_wait(lab, router):
    router.wait_for_sessions({hop: {"established": True, "graceful_restart": True} for hop in hops4(lab.cluster)})


@pytest.mark.parametrize("way", ["stopped", "killed"])
def test_a_speaker_that_restarts_loses_no_request(lab, router, way):
    router.wait_for_sessions()
    router.wait_for_routes({PREFIX: hops4(lab.cluster)}, stale=False)
    wait_for_nodes(lab, ADDRESS, set(lab.cluster.lan.nodes))
    hop = lab.cluster.lan.nodes[NODE].address4
    speaker = lab.cluster.speakers[NODE]
    with RouteMonitor(router.namespace) as monitor, Watcher(lab.cluster.lan.client, None, [ADDRESS]) as watcher:
        began = settle(0.3)
        speaker.stop() if way == "stopped" else speaker.kill()
        wait_until(lambda: stale(router, hop) == [True], 10, "the router keeps the path, as a stale one")
        wait_for_nodes(lab, ADDRESS, set(lab.cluster.lan.nodes))
        speaker.start()
        router.wait_for_sessions()
        router.wait_for_routes({PREFIX: hops4(lab.cluster)}, stale=False)
        ended = settle(0.5)
        record = watcher.finish()
        assert all(hops == hops4(lab.cluster) for _, hops in monitor.changes_of(PREFIX, began))
    requests = record.requests(ADDRESS, began, ended)
    assert len(requests) > 50 and [request for request in requests if request[2] is not None] == []


def test_without_services_known_nothing_is_forgotten_too_early(lab, router):
    """A speaker that starts while the API server is away says no End-of-RIB: the router keeps what it has."""
    router.wait_for_sessions()
    router.wait_for_routes({PREFIX: hops4(lab.cluster)}, stale=False)
    hop = lab.cluster.lan.nodes[NODE].address4
    speaker = lab.cluster.speakers[NODE]
    speaker.kill()
    wait_until(lambda: stale(router, hop) == [True], 10, "the router keeps the path, as a stale one")
    lab.cluster.api_server.suspend()
    try:
        speaker.start()
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            assert stale(router, hop) in ([True], [False])
            time.sleep(0.1)
    finally:
        lab.cluster.api_server.resume()
    router.wait_for_sessions()
    router.wait_for_routes({PREFIX: hops4(lab.cluster)}, stale=False)
