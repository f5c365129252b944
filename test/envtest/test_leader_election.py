"""The Lease of the controller on a real API server: with the rule that it needs, and without it."""

import json

import pytest

from envtest import services
from envtest.component import Controller
from envtest.control_plane import NAMESPACE
from envtest.definitions import definitions  # noqa: F401, a fixture
from lab.processes import wait_until

LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
ROLE = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/roles/controller"
POOL = {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": {"name": "pool", "namespace": NAMESPACE},
        "spec": {"addresses": ["192.0.2.0/24"]}}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "controller-1", "namespace": NAMESPACE},
       "spec": {"containers": [{"name": "controller", "image": "metallb"}]}}


@pytest.fixture(scope="module")
def plane(control_plane, binary, definitions):
    control_plane.api.create(f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/ipaddresspools", POOL)
    control_plane.api.create(f"/api/v1/namespaces/{NAMESPACE}/pods", POD)
    return control_plane


def lease(plane) -> dict | None:
    found = [item for item in plane.api.get(LEASES)["items"] if item["metadata"]["name"] == "metallb-controller"]
    return found[0]["spec"] if found else None


def served(plane, controller, name: str) -> None:
    services.create(plane, name)
    controller.wait_for(lambda: services.addresses(plane, name), 30, f"an address for {name}")


def test_with_the_right_two_controllers_work_by_turns(plane):
    with Controller(plane, name="first") as first, Controller(plane, name="second") as second:
        first.wait_for(lambda: lease(plane), 30, "the Lease")
        served(plane, first, "one")
        leader, follower = (first, second) if '"this replica leads"' in first.log() else (second, first)
        follower.wait_for(lambda: "another replica holds the lease" in follower.log(), 30, "the other one to say that it waits")
        leader.process.kill()
        served(plane, follower, "two")
        assert lease(plane)["leaseTransitions"] == 1
        assert follower.errors() == []
    assert lease(plane)["holderIdentity"] == "", "given back at the end"
    assert plane.refused("controller") == []


@pytest.mark.real_only("rights")
def test_without_the_right_one_works_and_says_so(plane):
    rules = plane.api.get(ROLE)["rules"]
    kept = [rule for rule in rules if rule["apiGroups"] != ["coordination.k8s.io"]]
    assert len(kept) == len(rules) - 1
    plane.api.merge(ROLE, {"rules": kept})
    wait_until(lambda: plane.kubectl_result("auth", "can-i", "get", "leases.coordination.k8s.io", "-n", NAMESPACE,
                                            identity="controller").stdout.strip() == "no", 30, "the right to be gone")
    before = lease(plane)
    with Controller(plane, "--pod-name=controller-1", name="unelected") as controller:
        served(plane, controller, "three")
        assert "works without leader election; run one only" in controller.log()

        def told():
            events = plane.api.get(f"/api/v1/namespaces/{NAMESPACE}/events")["items"]
            return [event for event in events if event["reason"] == "LeaseRefused" and event["involvedObject"]["name"] == "controller-1"]
        event = controller.wait_for(told, 30, "the event")[0]
        assert event["type"] == "Warning" and "coordination.k8s.io" in event["message"], json.dumps(event)
        assert controller.errors() == []
    assert lease(plane) == before
