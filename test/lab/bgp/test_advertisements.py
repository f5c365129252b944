"""What a prefix says of Services and nodes: aggregates, the statuses, the source of a session, and the speaker's own account of it all."""

import pytest

from lab import objects
from lab.bgp.conftest import needs
from lab.bgp_lab import MY_ASN, description, hops4, neighbours, settle
from lab.processes import wait_until
from lab.routers import Frr, Neighbour

pytestmark = needs("frr")
NODE = "worker1"
OTHER_SOURCE = "192.168.1.203"
AGGREGATE = "203.0.113.96/28"


class Told:
    def __init__(self, lab, router: Frr):
        self.lab, self.cluster, self.router = lab, lab.cluster, router
        self.peer = objects.bgp_peer("router", peerAddress=self.cluster.lan.router.address4)
        self.advertisement = objects.bgp_advertisement("all")
        lab.apply(self.peer, self.advertisement)
        self.router.wait_for_sessions(sorted(hops4(self.cluster)))

    def updates(self) -> dict[str, tuple[int, int]]:
        return {key: (s.times_established, s.updates_received) for key, s in self.router.sessions().items() if s.established}


@pytest.fixture(scope="module")
def told(lab):
    """One node has a second address, over which the router expects it, too."""
    lab.cluster.lan.nodes[NODE].namespace.run("ip", "address", "add", f"{OTHER_SOURCE}/24", "dev", "eth0")
    peers = (*neighbours(lab.cluster), Neighbour(asn=MY_ASN, address=OTHER_SOURCE))
    with Frr(lab.cluster.lan.router.namespace, description(lab.cluster, *peers)) as router:
        yield Told(lab, router)
        lab.clear()
    lab.cluster.lan.nodes[NODE].namespace.run("ip", "address", "delete", f"{OTHER_SOURCE}/24", "dev", "eth0")


def test_an_aggregate_stays_until_its_last_service_goes(told):
    told.lab.patch(told.advertisement, aggregationLength=28)
    try:
        first, second = told.lab.service("one", "203.0.113.97"), told.lab.service("two", "203.0.113.98")
        told.router.wait_for_routes({AGGREGATE: hops4(told.cluster), "203.0.113.97/32": set(), "203.0.113.98/32": set()})
        settle()
        before = told.updates()
        told.lab.delete(first)
        settle(1.0)
        assert told.updates() == before and {path.next_hop for path in told.router.routes("ipv4")[AGGREGATE]} == hops4(told.cluster)
        told.lab.delete(second)
        told.router.wait_for_routes({AGGREGATE: set()})
    finally:
        told.lab.patch(told.advertisement, aggregationLength=None)


def test_the_status_follows_the_endpoints(told):
    """It names the nodes that announce, and goes with the Service."""
    told.lab.service("status", "203.0.113.112", externalTrafficPolicy="Local")
    wait_until(lambda: told.lab.status("status") == {name: ["router"] for name in ("worker1", "worker2")}, 10, "both nodes with pods")
    told.lab.patch(objects.service("status"), externalTrafficPolicy="Cluster")
    wait_until(lambda: told.lab.status("status") == {name: ["router"] for name in told.cluster.lan.nodes}, 10, "all nodes")
    told.lab.delete(objects.service("status"))
    wait_until(lambda: told.lab.status("status") == {}, 10, "the status is gone")


def test_a_session_comes_from_the_source_that_is_configured(told):
    """Beside the other one with the same router, which goes on."""
    before = told.updates()
    body = objects.bgp_peer("other-source", peerAddress=told.cluster.lan.router.address4, sourceAddress=OTHER_SOURCE,
                            nodeSelectors=[{"matchLabels": {"kubernetes.io/hostname": NODE}}])
    service = told.lab.service("source", "203.0.113.113")
    told.lab.apply(body)
    told.router.wait_for_sessions([*hops4(told.cluster), OTHER_SOURCE])
    told.router.wait_for_routes({"203.0.113.113/32": hops4(told.cluster) | {OTHER_SOURCE}})
    told.lab.delete(body)
    told.router.wait_for_routes({"203.0.113.113/32": hops4(told.cluster)})
    told.lab.delete(service)
    assert {key: times for key, (times, _) in told.updates().items()} == {key: times for key, (times, _) in before.items()}


def test_the_speaker_tells_what_the_router_holds(told):
    service = told.lab.service("view", "203.0.113.114")
    told.lab.patch(told.advertisement, communities=["65000:7", "large:1:2:3"])
    try:
        told.router.wait_for_routes({"203.0.113.114/32": hops4(told.cluster)}, communities=frozenset({"65000:7"}))
        session = told.lab.view(NODE)["router"]
        assert session["state"] == "Established" and session["held"] == ""
        assert session["advertised"] == {"count": 1, "prefixes": [{"prefix": "203.0.113.114/32", "communities": ["65000:7", "large:1:2:3"]}]}
        agreed = session["agreed"]
        assert agreed["peerASN"] == told.router.description.asn and agreed["peerRouterID"] == told.router.description.router_id
        assert agreed["families"] == ["ipv4Unicast"] and agreed["fourOctetASN"] and agreed["holdTimeSeconds"] == 90
    finally:
        told.lab.patch(told.advertisement, communities=None)
        told.lab.delete(service)
