"""What has no effect is told where people look: `kubectl describe`, `kubectl get configurationstate`; with the rule by which the controller
sees all namespaces, without it, and where it may not even list all kinds of its own."""

import json

import pytest
import yaml

from envtest import catalogue
from envtest.component import Controller
from envtest.control_plane import NAMESPACE
from envtest.definitions import definitions  # noqa: F401, a fixture
from lab.processes import wait_until

KINDS = ("ipaddresspools", "l2advertisements", "bgpadvertisements", "bgppeers", "bfdprofiles", "communities")
RBAC = "/apis/rbac.authorization.k8s.io/v1"
CLUSTER_ROLE = f"{RBAC}/clusterroles/{NAMESPACE}:controller"
STATE = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/configurationstates/controller"
PATIENCE = 60  # it takes ten seconds
POOL = {"kind": "IPAddressPool", "metadata": {"name": "pool"}, "spec": {"addresses": ["192.0.2.0/24"]}}
EVERYTHING = {"kind": "L2Advertisement", "metadata": {"name": "everything"}}
STRAY = {"kind": "BGPAdvertisement", "metadata": {"name": "stray"}, "spec": {"peers": ["nobody"]}}
ELSEWHERE = {"kind": "BFDProfile", "metadata": {"name": "elsewhere", "namespace": "default"}, "spec": {}}


@pytest.fixture(scope="module")
def plane(control_plane, binary, definitions):
    return control_plane


@pytest.fixture
def apply(plane):
    """Each call is one `kubectl apply -f` of several objects, in this order. They go with the test."""
    applied = []

    def apply(*manifests: dict) -> None:
        documents = [catalogue.completed(manifest) for manifest in manifests]
        plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(documents))
        applied.extend(documents)
    yield apply
    for manifest in reversed(applied):
        plane.kubectl("delete", "--ignore-not-found", "-f", "-", stdin=json.dumps(manifest))


def told(plane, namespace: str = NAMESPACE) -> dict[str, list[str]]:
    """The messages of the events, by the name of their object."""
    out: dict[str, list[str]] = {}
    for event in plane.api.get(f"/api/v1/namespaces/{namespace}/events")["items"]:
        if event["reason"] == "NoEffect":
            assert event["type"] == "Warning" and event["source"]["component"] == "metallb-controller", event
            out.setdefault(event["involvedObject"]["name"], []).append(event["message"])
    return out


def forget(plane) -> None:
    for namespace in (NAMESPACE, "default"):
        plane.kubectl("delete", "events", "--all", "-n", namespace)
    plane.kubectl("delete", "configurationstates", "--all", "-n", NAMESPACE)


def condition(plane) -> dict | None:
    states = plane.api.get(STATE.rpartition("/")[0])["items"]
    found = [state["status"]["conditions"] for state in states if state["metadata"]["name"] == "controller" and state.get("status", {}).get("conditions")]
    return found[0][0] if found else None


def test_what_has_no_effect_is_on_the_object_and_in_the_configuration_state(plane, apply):
    forget(plane)
    with Controller(plane) as controller:
        apply(POOL)
        controller.wait_for(lambda: condition(plane) and condition(plane)["reason"] == "ReconciledWithWarnings", PATIENCE, "the warning in the ConfigurationState")
        state = plane.api.get(STATE)
        since = condition(plane)["lastTransitionTime"]
        assert condition(plane)["status"] == "True" and state["status"]["result"] == "Valid" and not state["status"].get("errorSummary")
        assert condition(plane)["message"].startswith(f'warning: IPAddressPool {NAMESPACE}/pool: no L2Advertisement or BGPAdvertisement includes IPAddressPool "pool"')
        assert "ReconciledWithWarnings" in plane.kubectl("get", "configurationstate", "controller", "-n", NAMESPACE, "-o", "yaml")

        def described():
            return plane.kubectl("describe", "ipaddresspool", "pool", "-n", NAMESPACE)
        controller.wait_for(lambda: "NoEffect" in described(), PATIENCE, "the event")
        assert "nobody announces them until one does" in described()
        assert '"an object may not do what is meant"' in controller.log()

        apply(EVERYTHING)
        controller.wait_for(lambda: condition(plane)["reason"] == "Reconciled", PATIENCE, "the warning to go")
        assert not condition(plane).get("message") and condition(plane)["lastTransitionTime"] == since
        assert controller.errors() == []


def test_of_objects_that_are_applied_together_each_finds_the_others(plane, apply):
    forget(plane)
    with Controller(plane) as controller:
        controller.wait_for(lambda: condition(plane), PATIENCE, "the controller to work")
        peer = {"kind": "BGPPeer", "metadata": {"name": "router"}, "spec": {"myASN": 64512, "peerASN": 64513, "peerAddress": "192.0.2.1"}}
        routes = {"kind": "BGPAdvertisement", "metadata": {"name": "routes"}, "spec": {"ipAddressPools": ["pool"], "peers": ["router"]}}
        apply(routes, POOL, peer)
        # Applied last, so that all the others have stood at least as long when it is told.
        apply(STRAY)
        controller.wait_for(lambda: told(plane).get("stray"), PATIENCE, "the one that is alone to be told")
        assert told(plane) == {"stray": ['spec.peers[0]: there is no BGPPeer "nobody" (yet): check the name, or create it']}


def test_objects_in_other_namespaces_are_told_there(plane, apply):
    forget(plane)
    with Controller(plane) as controller:
        apply(ELSEWHERE)
        controller.wait_for(lambda: told(plane, "default").get("elsewhere"), PATIENCE, "the event in its namespace")
        assert told(plane, "default")["elsewhere"] == [f"it has no effect, since only those in {NAMESPACE} are looked at: create it there"]
        assert "other namespaces" not in controller.log()
    assert plane.refused("controller") == []


@pytest.fixture
def without(plane):
    """Takes the rights on resources out of roles, for the length of the test."""
    before = {}

    def without(resources: tuple[str, ...], scope: tuple[str, ...], *roles: str) -> None:
        for path in roles:
            rules = before.setdefault(path, plane.api.get(path)["rules"])
            kept = [{**rule, "resources": [name for name in rule["resources"] if name not in resources]} for rule in rules]
            plane.api.merge(path, {"rules": [rule for rule in kept if rule["resources"]]})

        def may(resource: str) -> str:
            return plane.kubectl_result("auth", "can-i", "list", f"{resource}.metallb.io", *scope, identity="controller").stdout.strip()
        wait_until(lambda: {may(resource) for resource in resources} == {"no"}, 30, "the rights to be gone")
    yield without
    for path, rules in before.items():
        plane.api.merge(path, {"rules": rules})


@pytest.mark.real_only("rights")
def test_with_the_originals_rights_it_tells_of_its_own_namespace_and_asks_once_for_the_others(plane, apply, without):
    forget(plane)
    without(KINDS, ("-A",), CLUSTER_ROLE)
    since = len(plane.requests("controller"))
    with Controller(plane) as controller:
        apply(ELSEWHERE, POOL)
        controller.wait_for(lambda: told(plane).get("pool"), PATIENCE, "the pool to be told")
        assert told(plane, "default") == {}
        lines = [line for line in controller.log().splitlines() if "list and watch ipaddresspools" in line]
        assert len(lines) == 1 and '"level":"info"' in lines[0]
        assert controller.errors() == []
    refused = sorted(plane.refused("controller", since))
    assert refused == sorted(f"list /apis/metallb.io/{'v1beta2' if kind == 'bgppeers' else 'v1beta1'}/{kind}?limit=500 403" for kind in KINDS)


@pytest.mark.real_only("rights")
def test_what_it_may_not_list_at_all_costs_the_advice_that_needs_it(plane, apply, without):
    forget(plane)
    without(KINDS, ("-A",), CLUSTER_ROLE)
    without(("l2advertisements",), ("-n", NAMESPACE), *(f"{RBAC}/namespaces/{NAMESPACE}/roles/{role}" for role in ("controller", "pod-lister")))
    since = len(plane.requests("controller"))
    with Controller(plane) as controller:
        apply(POOL)
        # Applied last, so that the pool has stood at least as long when it is told. It is about another pool.
        apply({"kind": "BGPAdvertisement", "metadata": {"name": "lost"}, "spec": {"ipAddressPools": ["none"]}})
        controller.wait_for(lambda: told(plane).get("lost"), PATIENCE, "what can be known to be told")
        assert set(told(plane)) == {"lost"}
        assert controller.errors() == []
    assert len([request for request in plane.refused("controller", since) if "l2advertisements" in request]) == 2
