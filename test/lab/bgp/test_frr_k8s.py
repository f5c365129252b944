"""Where frr-k8s still runs, the node's speaker holds its sessions, says so, and begins when it is gone (docs/compatibility.md, BGP mode)."""

import pytest

from lab import objects
from lab.bgp.conftest import needs
from lab.bgp_lab import description, hops4, settle
from lab.processes import wait_until
from lab.routers import Frr

pytestmark = needs("frr")
NODE = "worker1"
PREFIX = "203.0.113.89/32"
_PODS = f"/api/v1/namespaces/{objects.NAMESPACE}/pods"


def daemon_pod(node: str, phase: str = "Running") -> dict:
    """As the DaemonSet of frr-k8s makes them."""
    return {"apiVersion": "v1", "kind": "Pod", "status": {"phase": phase},
            "metadata": {"name": f"frr-k8s-{node}", "namespace": objects.NAMESPACE, "labels": {"app.kubernetes.io/component": "frr-k8s"}},
            "spec": {"nodeName": node, "hostNetwork": True, "containers": [{"name": "controller", "image": "frr-k8s"}]}}


class Beside:
    """A cluster whose nodes all have their sessions, before anything of frr-k8s is there."""

    def __init__(self, lab, router: Frr):
        self.lab, self.cluster, self.router = lab, lab.cluster, router
        self.hop = self.cluster.lan.nodes[NODE].address4
        lab.apply(objects.bgp_advertisement("all"), objects.bgp_peer("router", peerAddress=self.cluster.lan.router.address4))
        lab.service("app", PREFIX.partition("/")[0])
        self.settled()

    def settled(self) -> dict[str, int]:
        self.router.wait_for_routes({PREFIX: hops4(self.cluster)})
        return {key: session.times_established for key, session in self.router.wait_for_sessions().items()}

    def create(self, pod: dict) -> None:
        self.cluster.api.create(_PODS, pod)

    def delete(self, pod: dict) -> None:
        self.cluster.api.delete(f"{_PODS}/{pod['metadata']['name']}")

    def restart(self, *arguments: str) -> None:
        self.cluster.speakers[NODE].stop()
        self.cluster.start_speaker(NODE, extra=list(arguments))

    def held(self) -> str:
        return self.lab.view(NODE).get("router", {}).get("held", "")

    def events(self) -> list[str]:
        found = self.cluster.api.get("/api/v1/namespaces/default/events")["items"]
        return [event["message"] for event in found if event["reason"] == "bgpHeld" and event["involvedObject"]["name"] == NODE]

    def logged(self, event: str) -> list[str]:
        """Lines of the speaker since it started."""
        speaker = self.cluster.speakers[NODE]
        with open(speaker.log_path) as log:
            log.seek(speaker.log_start)
            return [line for line in log if f'"event":"{event}"' in line]


@pytest.fixture(scope="module")
def beside(lab):
    with Frr(lab.cluster.lan.router.namespace, description(lab.cluster)) as router:
        yield Beside(lab, router)
        lab.clear()


def test_the_sessions_of_that_node_wait_until_the_pod_is_gone(beside):
    before, pod = beside.settled(), daemon_pod(NODE)
    beside.create(pod)
    try:
        beside.restart()
        wait_until(lambda: pod["metadata"]["name"] in beside.held(), 15, "/bgp says that the session is held, and for what")
        wait_until(lambda: any(pod["metadata"]["name"] in message and "--allow-frr-k8s" in message for message in beside.events()), 5, "the event")
        # It looks again every five seconds.
        settle(6)
        assert len(beside.logged("frrK8sFound")) == 1 and beside.logged("frrK8sGone") == []
        assert not beside.router.sessions()[beside.hop].established
        beside.router.wait_for_routes({PREFIX: hops4(beside.cluster) - {beside.hop}})
    finally:
        beside.delete(pod)
    after = beside.settled()
    assert beside.held() == "" and len(beside.logged("frrK8sGone")) == 1
    assert {key for key in after if after[key] != before[key]} == {beside.hop}


@pytest.mark.parametrize("pod", [daemon_pod("worker2"), daemon_pod(NODE, "Succeeded")], ids=["on another node", "that has ended"])
def test_a_pod_that_does_not_run_there_holds_nobody(beside, pod):
    before = beside.settled()
    beside.create(pod)
    try:
        beside.restart()
        beside.router.wait_for_sessions({beside.hop: {"established": True, "times_established": before[beside.hop] + 1}}, timeout=10)
        beside.settled()
        assert beside.logged("frrK8sFound") == []
    finally:
        beside.delete(pod)


def test_who_wants_both_gets_both(beside):
    before, pod = beside.settled(), daemon_pod(NODE)
    beside.create(pod)
    try:
        beside.restart("--allow-frr-k8s")
        beside.router.wait_for_sessions({beside.hop: {"established": True, "times_established": before[beside.hop] + 1}}, timeout=10)
        beside.settled()
        assert beside.held() == "" and beside.logged("frrK8sFound") == []
    finally:
        beside.delete(pod)
        beside.restart()
    beside.settled()
