"""What a router sees while Services come, change and go: no session ends, and no UPDATE goes out that is not needed."""

import collections

import pytest

from lab import objects
from lab.bgp.conftest import needs
from lab.bgp_lab import ROUTER_ASN, description, hops4, settle
from lab.kernel_routes import RouteMonitor, kernel_routes
from lab.plain_speaker import KEEPALIVE, UPDATE, message
from lab.processes import wait_until
from lab.routers import Frr
from lab.scripted_peer import Connection, ScriptedPeer, changes

pytestmark = needs("frr")
COUNT = 1000
_ANOTHER_PROXY = {"service.kubernetes.io/service-proxy-name": "none"}  # the lab's proxy need not carry them


class Counted:
    def __init__(self, lab, router):
        self.lab, self.cluster, self.router = lab, lab.cluster, router

    def sessions(self) -> dict[str, tuple[int, int]]:
        """Times established and UPDATEs received, by node."""
        return {key: (s.times_established, s.updates_received) for key, s in self.router.wait_for_sessions().items()}

    def sent_since(self, before: dict[str, tuple[int, int]]) -> list[int]:
        """UPDATEs of each node since then; no session may have ended."""
        now = self.sessions()
        assert {key: times for key, (times, _) in now.items()} == {key: times for key, (times, _) in before.items()}
        return [now[key][1] - before[key][1] for key in before]


@pytest.fixture(scope="module")
def counted(lab):
    with Frr(lab.cluster.lan.router.namespace, description(lab.cluster)) as router:
        lab.apply(objects.pool("many", "10.99.0.0/21"), objects.bgp_advertisement("all"),
                  objects.bgp_peer("router", peerAddress=lab.cluster.lan.router.address4))
        lab.service("first", "203.0.113.82")
        router.wait_for_sessions()
        router.wait_for_routes({"203.0.113.82/32": hops4(lab.cluster)})
        settle(1.0)  # End-of-RIB
        yield Counted(lab, router)
        lab.clear()


def address(number: int) -> str:
    return f"10.99.{number >> 8}.{number & 255}"


def many(number: int) -> list[dict]:
    """A Service without a selector, and its endpoint."""
    name = f"many-{number}"
    service = objects.service(name, address(number), labels=_ANOTHER_PROXY)
    del service["spec"]["selector"]
    return [service, objects.endpoint_slice(name, name, "worker1")]


def test_changes_that_concern_no_route_send_nothing(counted):
    before = counted.sessions()
    lab = counted.lab
    first = objects.service("first", "203.0.113.82")
    api, path = lab.cluster.api, f"{objects.collection(first)}/first"
    api.merge(path, {"metadata": {"labels": {"colour": "green"}, "annotations": {"note": "of no concern"}}})
    api.merge(path, {"spec": {"ports": [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "more", "port": 81, "targetPort": 8080}]}})
    api.merge("/api/v1/nodes/worker1", {"metadata": {"labels": {"rack": "a"}}})
    lab.apply(objects.pool("spare", "198.18.1.0/28"), objects.community("unused", far="65000:1"))
    idle = objects.service("idle", "10.99.7.1", selector={"app": "nobody"})
    lab.apply(idle)
    lab.cluster.wait_for_ingress("default", "idle")
    settle(1.0)
    assert counted.sent_since(before) == [0, 0, 0, 0]
    lab.delete(idle)


def test_two_services_that_share_an_address_are_one_route(counted):
    before = counted.sessions()
    api = counted.cluster.api
    api.merge(f"{objects.collection(objects.service('first'))}/first", {"metadata": {"annotations": {"metallb.io/allow-shared-ip": "key"}}})
    sharing = objects.service("sharing", "203.0.113.82", ports=[{"port": 8000, "targetPort": 8080}])
    sharing["metadata"]["annotations"]["metallb.io/allow-shared-ip"] = "key"
    counted.lab.apply(sharing)
    counted.cluster.wait_for_ingress("default", "sharing")
    settle()
    counted.lab.delete(sharing)
    settle()
    assert counted.sent_since(before) == [0, 0, 0, 0]
    assert {path.next_hop for path in counted.router.routes("ipv4")["203.0.113.82/32"]} == hops4(counted.cluster)


class Record:
    """A peer that counts how often each prefix is announced and withdrawn. FRR counts messages only."""

    def __init__(self):
        self.announced, self.withdrawn = collections.Counter(), collections.Counter()

    def __call__(self, connection: Connection) -> None:
        connection.establish()
        while (found := connection.read()) is not None:
            kind, body = found
            connection.send(message(KEEPALIVE))  # an UPDATE may stand for the speaker's own
            if kind == UPDATE:
                withdrawn, announced = changes(body)
                self.announced.update(announced)
                self.withdrawn.update(withdrawn)


@pytest.fixture
def record(counted):
    """Of what worker1 says; it has heard of the first Service."""
    record, router = Record(), counted.cluster.lan.router
    body = objects.bgp_peer("record", peerAddress=router.address4, peerPort=1179,
                            nodeSelectors=[{"matchLabels": {"kubernetes.io/hostname": "worker1"}}])
    with ScriptedPeer(router.namespace, router.address4, 1179, record, ROUTER_ASN):
        counted.lab.apply(body)
        wait_until(lambda: record.announced, 10, "its session is up")
        yield record
        counted.lab.delete(body)


def test_a_thousand_services_come_and_go(counted, record):
    lab, monitor = counted.lab, RouteMonitor(counted.router.namespace)
    once = {f"{address(number)}/32": 1 for number in range(COUNT)}
    with monitor:
        before = counted.sessions()
        began = settle(0)
        bodies = [body for number in range(COUNT) for body in many(number)]
        lab.apply(*bodies)
        wait_until(lambda: len(kernel_routes(counted.router.namespace)) == COUNT + 1, 60, f"{COUNT} routes in the router's kernel", interval=0.1)
        settle()
        created = counted.sent_since(before)
        assert all(0 < updates <= COUNT for updates in created), created
        assert record.announced == {"203.0.113.82/32": 1, **once} and not record.withdrawn
        lab.delete(*bodies)
        wait_until(lambda: len(kernel_routes(counted.router.namespace)) == 1, 60, "the routes are gone", interval=0.1)
        settle()
        sent = counted.sent_since(before)
        assert all(updates <= 2 * COUNT for updates in sent), sent
        assert record.announced == {"203.0.113.82/32": 1, **once} and record.withdrawn == once
        assert monitor.changes_of("203.0.113.82/32", began) == []
