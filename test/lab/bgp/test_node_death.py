"""A whole node goes down: its cable, its speaker and its pods at once, and much later Kubernetes hears of it. Then it comes back."""

import pytest

from lab import objects
from lab.api import ApiError
from lab.bgp.conftest import needs
from lab.bgp_lab import description, hops4, neighbours, requests_over_nodes, settle, wait_for_nodes
from lab.deaths import strike
from lab.kernel_routes import RouteMonitor
from lab.processes import wait_until
from lab.routers import Bfd, Frr

pytestmark = needs("frr")
NODE = "worker1"  # with one of the two pods
ADDRESS, LOCAL = "203.0.113.90", "203.0.113.91"
PREFIX, LOCAL_PREFIX = f"{ADDRESS}/32", f"{LOCAL}/32"
_PODS = "/api/v1/namespaces/default/pods"


class Mortal:
    def __init__(self, lab, router: Frr, monitor: RouteMonitor, bfd: bool):
        self.lab, self.cluster, self.router, self.monitor = lab, lab.cluster, router, monitor
        self.node = self.cluster.lan.nodes[NODE]
        self.noticed = 1.5 if bfd else 5.0  # seconds; the machine may be busy
        self.up = {"established": True} | ({"bfd": "up"} if bfd else {})
        how = {"bfdProfile": "fast"} if bfd else {"holdTime": "3s"}
        lab.apply(objects.bfd_profile("fast", 50, 3), objects.bgp_advertisement("all"),
                  objects.bgp_peer("router", peerAddress=self.cluster.lan.router.address4, **how))
        lab.service("app", ADDRESS)
        lab.service("local", LOCAL, externalTrafficPolicy="Local")

    def settled(self) -> dict[str, int]:
        sessions = self.router.wait_for_sessions({hop: self.up for hop in hops4(self.cluster)})
        self.monitor.wait_for(PREFIX, hops4(self.cluster), 15)
        self.monitor.wait_for(LOCAL_PREFIX, hops4(self.cluster, NODE, "worker2"), 15)
        return {key: session.times_established for key, session in sessions.items()}

    def pods(self) -> list[dict]:
        """Those of NODE."""
        return [pod for pod in self.cluster.api.get(_PODS)["items"] if pod["spec"]["nodeName"] == NODE]

    def dies(self) -> float:
        """Nobody says good-bye. The objects stay as they are."""
        cut = strike(self.cluster, "cut", NODE)
        strike(self.cluster, "kill", NODE)
        return cut

    def reported(self) -> None:
        """What node controller and garbage collector do in the end."""
        self.cluster.api.merge(f"/api/v1/nodes/{NODE}/status", {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}})
        for pod in self.pods():
            self.cluster.api.delete(f"{_PODS}/{pod['metadata']['name']}")

    def returns(self, pods: list[dict]) -> None:
        self.node.plug_cable()
        self.cluster.speakers[NODE].start()
        self.cluster.api.merge(f"/api/v1/nodes/{NODE}/status", {"status": {"conditions": [{"type": "Ready", "status": "True"}]}})
        for pod in pods:
            meta = {key: pod["metadata"][key] for key in ("name", "namespace", "labels")}
            try:
                self.cluster.api.create(_PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": pod["spec"]})
            except ApiError as error:
                if error.status != 409:  # it was not reported yet
                    raise


@pytest.fixture(scope="module", params=[False, True], ids=["hold time of 3 s", "BFD"])
def mortal(lab, request):
    namespace = lab.cluster.lan.router.namespace
    peers = neighbours(lab.cluster, bfd=Bfd(50, 50, 3) if request.param else None)
    with Frr(namespace, description(lab.cluster, *peers)) as router, RouteMonitor(namespace) as monitor:
        yield Mortal(lab, router, monitor, request.param)
        lab.clear()


def test_a_node_that_dies_is_no_next_hop_and_its_traffic_moves(mortal):
    before, pods = mortal.settled(), mortal.pods()
    assert len(pods) == 1
    wait_for_nodes(mortal.lab, ADDRESS, set(mortal.cluster.lan.nodes))
    others = set(mortal.cluster.lan.nodes) - {NODE}
    died = mortal.dies()
    try:
        for prefix, left in ((PREFIX, hops4(mortal.cluster, *others)), (LOCAL_PREFIX, hops4(mortal.cluster, "worker2"))):
            gone = mortal.monitor.wait(prefix, lambda hops, left=left: hops == left, 15, died)
            assert gone - died < mortal.noticed
        # The pods that are left answer for policy Local, whether Kubernetes has heard of it or not.
        wait_until(lambda: len(requests_over_nodes(mortal.cluster, LOCAL, 10)) == 10, 5, "each request to policy Local is answered")
        mortal.reported()
        wait_for_nodes(mortal.lab, ADDRESS, others)
        wait_until(lambda: len(requests_over_nodes(mortal.cluster, ADDRESS, 20)) == 20, 10, "each request is answered")
        settle()
        assert mortal.monitor.hops(PREFIX) == hops4(mortal.cluster, *others)
        assert mortal.monitor.changes_of(PREFIX, gone + 0.1) == [], "nothing else moved when Kubernetes heard of it"
    finally:
        mortal.returns(pods)
    after = mortal.settled()
    assert {key for key in after if after[key] != before[key]} == {mortal.node.address4}
    wait_for_nodes(mortal.lab, ADDRESS, set(mortal.cluster.lan.nodes))
    callers = {node for node, _, _ in requests_over_nodes(mortal.cluster, ADDRESS, 40)}
    assert callers == set(mortal.cluster.lan.nodes)
