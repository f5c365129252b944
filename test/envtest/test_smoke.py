"""The control plane itself, and the controller on it: a pool and a Service give an address on a real API server, with the rights of rbac.yaml."""

import json

import pytest

from envtest import services
from envtest.component import Controller
from envtest.control_plane import NAMESPACE
from envtest.definitions import definitions  # noqa: F401, a fixture

POOL = {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": {"name": "pool", "namespace": NAMESPACE},
        "spec": {"addresses": ["192.0.2.10-192.0.2.19", "2001:db8::10-2001:db8::19"]}}


@pytest.fixture
def controller(control_plane, binary, definitions):
    with Controller(control_plane) as running:
        yield running


@pytest.mark.real_only("a pinned version")
def test_client_and_server_tell_the_pinned_version(control_plane):
    versions = json.loads(control_plane.kubectl("version", "-o", "json"))
    assert versions["serverVersion"]["gitVersion"] == versions["clientVersion"]["gitVersion"]
    assert versions["serverVersion"]["gitVersion"].startswith("v1.")


def test_a_load_balancer_gets_cluster_addresses_of_both_families(control_plane):
    created = services.create(control_plane, "both", ipFamilyPolicy="RequireDualStack")
    first, second = created["spec"]["clusterIPs"]
    assert first.startswith("10.") and second.startswith("fd")


@pytest.mark.real_only("rights")
@pytest.mark.parametrize("identity, verb, resource, allowed", [
    ("admin", "delete", "nodes", "yes"),
    ("controller", "patch", "services/status", "yes"),
    ("controller", "update", "services", "no"),
    ("controller", "update", "ipaddresspools.metallb.io/status", "yes"),
    ("controller", "patch", "ipaddresspools.metallb.io/status", "yes"),
    ("controller", "update", "ipaddresspools.metallb.io", "no"),
    ("controller", "watch", "nodes", "no"),
    ("speaker", "watch", "nodes", "yes"),
    ("speaker", "update", "services/status", "no"),
    ("speaker", "create", "servicel2statuses.metallb.io", "yes"),
], ids=lambda value: value.replace(".metallb.io", ""))
def test_each_identity_has_the_rights_of_the_manifests_and_no_more(control_plane, definitions, identity, verb, resource, allowed):
    resource, _, subresource = resource.partition("/")
    options = [f"--subresource={subresource}"] if subresource else []
    answer = control_plane.kubectl_result("auth", "can-i", verb, resource, *options, "-n", NAMESPACE, identity=identity)
    assert answer.stdout.strip() == allowed, answer.stderr


def test_a_pool_and_services_give_addresses(control_plane, controller):
    control_plane.api.create(f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/ipaddresspools", POOL)
    services.create(control_plane, "one")
    services.create(control_plane, "two", ipFamilyPolicy="RequireDualStack")
    controller.wait_for(lambda: len(services.addresses(control_plane, "one")) == 1, 30, "an address for one")
    controller.wait_for(lambda: len(services.addresses(control_plane, "two")) == 2, 30, "two addresses for two")
    assert services.get(control_plane, "one")["metadata"]["annotations"] == {"metallb.io/ip-allocated-from-pool": "pool"}
    assert services.get(control_plane, "one")["status"]["loadBalancer"]["ingress"][0]["ipMode"] == "VIP"

    def counters():
        return control_plane.api.get(f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/ipaddresspools/pool").get("status")
    # `both` from above counts too.
    controller.wait_for(lambda: counters() == {"assignedIPv4": 3, "assignedIPv6": 2, "availableIPv4": 7, "availableIPv6": 8}, 30, "the counters")

    def reasons():
        return {event["reason"] for event in control_plane.api.get("/api/v1/namespaces/default/events")["items"]}
    controller.wait_for(lambda: "IPAllocated" in reasons(), 30, "the event")
    services.create(control_plane, "gone")
    controller.wait_for(lambda: services.addresses(control_plane, "gone"), 30, "an address for gone")
    freed = services.addresses(control_plane, "gone")
    control_plane.api.delete("/api/v1/namespaces/default/services/gone")
    services.create(control_plane, "heir", loadBalancerIP=freed[0])
    controller.wait_for(lambda: services.addresses(control_plane, "heir") == freed, 30, "the freed address")
    assert controller.errors() == []
    assert control_plane.refused("controller") == []
