"""The control plane itself, and the controller on it: a pool and a Service give an address on a real API server, with the rights of rbac.yaml."""

import json

import pytest

from envtest.component import Controller
from envtest.control_plane import NAMESPACE

POOL = {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": {"name": "pool", "namespace": NAMESPACE},
        "spec": {"addresses": ["192.0.2.10-192.0.2.19", "2001:db8::10-2001:db8::19"]}}
KINDS = {"IPAddressPool": ["v1beta1"], "L2Advertisement": ["v1beta1"], "BGPAdvertisement": ["v1beta1"], "BGPPeer": ["v1beta2", "v1beta1"],
         "BFDProfile": ["v1beta1"], "Community": ["v1beta1"], "ServiceL2Status": ["v1beta1"], "ServiceBGPStatus": ["v1beta1"],
         "ConfigurationState": ["v1beta1"]}


def plural(kind: str) -> str:
    return {"Community": "communities"}.get(kind, kind.lower() + ("es" if kind.endswith("s") else "s"))


def bare_definition(kind: str, versions: list[str]) -> dict:
    """A definition that accepts everything: what the schemas demand is not the matter here."""
    schema = {"type": "object", "properties": {part: {"type": "object", "x-kubernetes-preserve-unknown-fields": True} for part in ("spec", "status")}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{plural(kind)}.metallb.io"},
            "spec": {"group": "metallb.io", "scope": "Namespaced",
                     "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural(kind), "singular": kind.lower()},
                     "versions": [{"name": version, "served": True, "storage": version == versions[0], "subresources": {"status": {}},
                                   "schema": {"openAPIV3Schema": schema}} for version in versions]}}


@pytest.fixture(scope="module")
def definitions(control_plane):
    items = [bare_definition(kind, versions) for kind, versions in KINDS.items()]
    control_plane.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", *(f"crd/{item['metadata']['name']}" for item in items))


@pytest.fixture
def controller(control_plane, binary, definitions):
    with Controller(control_plane) as running:
        yield running


def service(control_plane, name: str) -> dict:
    return control_plane.api.get(f"/api/v1/namespaces/default/services/{name}")


def addresses(control_plane, name: str) -> list[str]:
    return [entry["ip"] for entry in service(control_plane, name)["status"]["loadBalancer"].get("ingress", [])]


def refused(control_plane, account: str) -> list[str]:
    """What the binary asked for in vain. 429: for a moment after a definition is established, watches are put off."""
    return [request for request in control_plane.requests(account) if request[-3] == "4" and not request.endswith("429")]


def create_service(control_plane, name: str, **spec) -> dict:
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": name}, **spec}}
    return control_plane.api.create("/api/v1/namespaces/default/services", body)


def test_client_and_server_tell_the_pinned_version(control_plane):
    versions = json.loads(control_plane.kubectl("version", "-o", "json"))
    assert versions["serverVersion"]["gitVersion"] == versions["clientVersion"]["gitVersion"]
    assert versions["serverVersion"]["gitVersion"].startswith("v1.")


def test_a_load_balancer_gets_cluster_addresses_of_both_families(control_plane):
    created = create_service(control_plane, "both", ipFamilyPolicy="RequireDualStack")
    assert created["spec"]["clusterIPs"][0].startswith("10.96.") and created["spec"]["clusterIPs"][1].startswith("fd00:10:96::")


@pytest.mark.parametrize("identity, verb, resource, allowed", [
    ("admin", "delete", "nodes", "yes"),
    ("controller", "patch", "services/status", "yes"),
    ("controller", "update", "services", "no"),
    ("controller", "update", "ipaddresspools.metallb.io/status", "yes"),
    ("controller", "patch", "ipaddresspools.metallb.io/status", "no"),
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
    create_service(control_plane, "one")
    create_service(control_plane, "two", ipFamilyPolicy="RequireDualStack")
    controller.wait_for(lambda: len(addresses(control_plane, "one")) == 1, 30, "an address for one")
    controller.wait_for(lambda: len(addresses(control_plane, "two")) == 2, 30, "two addresses for two")
    assert service(control_plane, "one")["metadata"]["annotations"] == {"metallb.io/ip-allocated-from-pool": "pool"}
    assert service(control_plane, "one")["status"]["loadBalancer"]["ingress"][0]["ipMode"] == "VIP"

    def counters():
        return control_plane.api.get(f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/ipaddresspools/pool").get("status")
    # `both` from above counts too.
    controller.wait_for(lambda: counters() == {"assignedIPv4": 3, "assignedIPv6": 2, "availableIPv4": 7, "availableIPv6": 8}, 30, "the counters")

    def reasons():
        return {event["reason"] for event in control_plane.api.get("/api/v1/namespaces/default/events")["items"]}
    controller.wait_for(lambda: "IPAllocated" in reasons(), 30, "the event")
    create_service(control_plane, "gone")
    controller.wait_for(lambda: addresses(control_plane, "gone"), 30, "an address for gone")
    freed = addresses(control_plane, "gone")
    control_plane.api.delete("/api/v1/namespaces/default/services/gone")
    create_service(control_plane, "heir", loadBalancerIP=freed[0])
    controller.wait_for(lambda: addresses(control_plane, "heir") == freed, 30, "the freed address")
    assert [line for line in controller.log().splitlines() if '"level":"error"' in line] == []
    assert refused(control_plane, "controller") == []
