"""Which nodes a router sees: traffic policy, selectors, nodes that are drained, cut off or unfit, and configuration that is wrong."""

import time

import pytest

from lab import objects
from lab.bgp.conftest import needs
from lab.bgp_lab import description, hops4, requests_over_nodes, settle, wait_for_nodes
from lab.kernel_routes import RouteMonitor
from lab.outage import Watcher
from lab.processes import wait_until
from lab.routers import Frr

pytestmark = needs("frr")
ADDRESS, LOCAL = "203.0.113.83", "203.0.113.84"
PREFIX, LOCAL_PREFIX = f"{ADDRESS}/32", f"{LOCAL}/32"
_EXCLUDED = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}


class NodesLab:
    def __init__(self, lab, router):
        self.lab, self.cluster, self.router = lab, lab.cluster, router
        self.peer = objects.bgp_peer("router", peerAddress=self.cluster.lan.router.address4, holdTime="3s")
        self.advertisement = objects.bgp_advertisement("all")
        lab.apply(self.peer, self.advertisement)
        lab.service("app", ADDRESS)
        lab.service("local", LOCAL, externalTrafficPolicy="Local")

    def hops(self, *names: str) -> set[str]:
        return hops4(self.cluster, *names)

    def settled(self) -> dict[str, int]:
        """How often each session was established, once all is as it should be."""
        self.router.wait_for_sessions()
        self.router.wait_for_routes({PREFIX: self.hops(), LOCAL_PREFIX: self.hops("worker1", "worker2")})
        return self.times_established()

    def times_established(self) -> dict[str, int]:
        return {key: session.times_established for key, session in self.router.sessions().items()}

    def node(self, name: str, body: dict) -> None:
        self.cluster.api.merge(f"/api/v1/nodes/{name}", body)


@pytest.fixture(scope="module")
def nodes(lab):
    with Frr(lab.cluster.lan.router.namespace, description(lab.cluster)) as router:
        yield NodesLab(lab, router)
        lab.clear()


def test_policy_local_is_announced_where_pods_run(nodes):
    nodes.settled()
    wait_for_nodes(nodes.lab, ADDRESS, set(nodes.cluster.lan.nodes))
    callers = {caller for _, _, caller in requests_over_nodes(nodes.cluster, LOCAL, 20)}
    assert callers == {nodes.cluster.lan.client.address4}, "with policy Local the pods see the client itself"


def test_a_node_without_network_is_no_next_hop(nodes):
    before = nodes.settled()
    ready = {"type": "Ready", "status": "True"}
    path = "/api/v1/nodes/master1/status"
    nodes.cluster.api.merge(path, {"status": {"conditions": [ready, {"type": "NetworkUnavailable", "status": "True"}]}})
    try:
        nodes.router.wait_for_routes({PREFIX: nodes.hops("master2", "worker1", "worker2")})
    finally:
        nodes.cluster.api.merge(path, {"status": {"conditions": [ready]}})
    assert nodes.settled() == before


def test_selectors_of_an_advertisement_choose_nodes(nodes):
    before = nodes.settled()
    nodes.lab.patch(nodes.advertisement, nodeSelectors=[{"matchLabels": {"kubernetes.io/hostname": name}} for name in ("master1", "worker1")])
    nodes.router.wait_for_routes({PREFIX: nodes.hops("master1", "worker1"), LOCAL_PREFIX: nodes.hops("worker1")})
    nodes.lab.patch(nodes.advertisement, nodeSelectors=None)
    assert nodes.settled() == before


def test_selectors_of_a_peer_choose_sessions(nodes):
    nodes.settled()
    master = nodes.hops("master1")
    nodes.lab.patch(nodes.peer, nodeSelectors=[{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "NotIn", "values": ["master1"]}]}])
    try:
        nodes.router.wait_for_sessions({hop: {"established": hop not in master} for hop in nodes.hops()})
        nodes.router.wait_for_routes({PREFIX: nodes.hops() - master})
    finally:
        nodes.lab.patch(nodes.peer, nodeSelectors=None)
    nodes.settled()


def test_a_drained_node_loses_no_request(nodes):
    """Its speaker goes on, its load is led away: the label that excludes it from load balancers withdraws its routes."""
    before = nodes.settled()
    with Watcher(nodes.cluster.lan.client, None, [ADDRESS]) as watcher:
        began = settle(0.3)
        nodes.node("worker2", {"metadata": {"labels": _EXCLUDED}})
        try:
            nodes.router.wait_for_routes({PREFIX: nodes.hops("master1", "master2", "worker1")})
            settle()
        finally:
            nodes.node("worker2", {"metadata": {"labels": {key: None for key in _EXCLUDED}}})
        nodes.settled()
        ended = settle()
        requests = watcher.finish().requests(ADDRESS, began, ended)
    assert len(requests) > 50 and [request for request in requests if request[2] is not None] == []
    assert nodes.settled() == before


def test_a_clean_stop_loses_no_request(nodes):
    nodes.settled()
    speaker = nodes.cluster.speakers["worker1"]
    with RouteMonitor(nodes.router.namespace) as monitor, Watcher(nodes.cluster.lan.client, None, [ADDRESS]) as watcher:
        began = settle(0.3)
        assert speaker.stop() == 0
        monitor.wait(PREFIX, lambda hops: nodes.cluster.lan.nodes["worker1"].address4 not in hops, 5, began)
        settle()
        speaker.start()
        nodes.settled()
        ended = settle()
        requests = watcher.finish().requests(ADDRESS, began, ended)
    assert len(requests) > 50 and [request for request in requests if request[2] is not None] == []


def test_a_cut_link_is_noticed_within_the_hold_time(nodes):
    nodes.settled()
    node = nodes.cluster.lan.nodes["worker1"]
    with RouteMonitor(nodes.router.namespace) as monitor:
        cut = time.monotonic()
        node.cut_cable()
        try:
            gone = monitor.wait(PREFIX, lambda hops: node.address4 not in hops, 10, cut)
            assert gone - cut < 5.0
        finally:
            node.plug_cable()
    nodes.settled()
    wait_for_nodes(nodes.lab, ADDRESS, set(nodes.cluster.lan.nodes))


@pytest.mark.parametrize("body", [
    objects.bgp_peer("wrong", peerAddress="192.168.1.250", bfdProfile="nowhere"),
    objects.bgp_peer("wrong", my_asn=0, peerAddress="192.168.1.250"),
    objects.bgp_peer("wrong", peerAddress="192.168.1.250", passwordSecret={"name": "nowhere"}),
    objects.bgp_advertisement("wrong", communities=["nobody-knows-this-name"]),
    objects.bgp_advertisement("wrong", localPref=77),
], ids=["unknown BFD profile", "ASN 0", "missing Secret", "unknown community", "conflicting local preference"])
def test_wrong_configuration_leaves_sessions_alone_and_is_told(nodes, body):
    before = nodes.settled()
    nodes.lab.apply(body)
    try:

        def told() -> bool:
            for namespace in (objects.NAMESPACE, "default"):
                for event in nodes.cluster.api.get(f"/api/v1/namespaces/{namespace}/events")["items"]:
                    if event["type"] == "Warning" and (event["involvedObject"]["name"] == "wrong" or "wrong" in event["message"]):
                        return True
            return False

        wait_until(told, 10, "a warning event that concerns the object")
        assert nodes.settled() == before
    finally:
        nodes.lab.delete(body)
    settle(0.3)
    assert nodes.settled() == before
