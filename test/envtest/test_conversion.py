"""BGPPeer in both versions through the conversion webhook (controller specification, section 6.5, rows tW16-tW18; docs/modules/admission.md)."""

import json

import pytest

from envtest.control_plane import NAMESPACE
from envtest.webhooks import Admission, agree, judged, registered  # noqa: F401, a fixture
from lab.api import ApiError

pytestmark = pytest.mark.real_only("conversion webhooks")
OLD = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/bgppeers"
NEW = f"/apis/metallb.io/v1beta2/namespaces/{NAMESPACE}/bgppeers"
KEPT = "metallb.io/v1beta2-fields"
REQUIRED = {"myASN": 64512, "peerASN": 64513, "peerAddress": "192.0.2.1"}
DEFAULTS = {"peerPort": 179, "disableMP": False, "dualStackAddressFamily": False}
ONLY_NEW = {"connectTime": "10s", "localASN": 64600, "passwordSecret": {"name": "router"}, "enableGracefulRestart": True, "vrf": "red",
            "dualStackAddressFamily": True, "nodeSelectors": [{"matchExpressions": [{"key": "rack", "operator": "Exists"}]}]}


@pytest.fixture(scope="module")
def cluster(registered, binary):
    with Admission(registered) as controller:
        controller.wait_for(lambda: agree(registered) and judged(registered), 60, "the webhooks to judge")
        yield registered
        assert controller.process.running()
    assert registered.refused("controller") == []


@pytest.fixture
def api(cluster):
    """Without BGPPeers in the end."""
    yield cluster.api
    for item in cluster.api.get(NEW)["items"]:
        cluster.api.delete(f"{NEW}/{item['metadata']['name']}")


def peer(version: str, spec: dict, name: str = "router") -> dict:
    return {"apiVersion": f"metallb.io/{version}", "kind": "BGPPeer", "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"a": "b"}},
            "spec": spec}


def test_tw16_what_both_versions_have_is_copied_as_it_is_written(api):
    common = {**REQUIRED, "sourceAddress": "192.0.2.2", "peerPort": 1179, "routerID": "192.0.2.3", "password": "secret", "bfdProfile": "fast",
              "ebgpMultiHop": True, "holdTime": "1m30s", "keepaliveTime": "30s"}
    selectors = [{"matchLabels": {"zone": "a"}, "matchExpressions": [{"key": "rack", "operator": "In", "values": ["r1", "r2"]}]}]
    api.create(OLD, peer("v1beta1", {**common, "nodeSelectors": selectors}))
    new, old = api.get(f"{NEW}/router"), api.get(f"{OLD}/router")
    assert new["spec"] == {**DEFAULTS, **common, "nodeSelectors": selectors}
    assert old["spec"] == {**common, "nodeSelectors": selectors}
    assert {key: new["metadata"][key] for key in ("uid", "labels", "resourceVersion")} == {key: old["metadata"][key] for key in ("uid", "labels", "resourceVersion")}
    assert KEPT not in new["metadata"].get("annotations", {})


def test_tw18_timers_that_are_left_out_stay_out(api):
    api.create(OLD, peer("v1beta1", REQUIRED))
    assert api.get(f"{NEW}/router")["spec"] == {**DEFAULTS, **REQUIRED}


def test_tw17_a_secret_is_not_shown_in_the_spec_of_the_older_version(api):
    api.create(NEW, peer("v1beta2", {**REQUIRED, "passwordSecret": {"name": "router"}}))
    spec = api.get(f"{OLD}/router")["spec"]
    assert "passwordSecret" not in spec and {key: spec[key] for key in REQUIRED} == REQUIRED


def by_replacement(cluster, changes: dict) -> None:
    found = cluster.api.get(f"{OLD}/router")
    found["spec"].update(changes)
    cluster.api.request("PUT", f"{OLD}/router", found)


def by_patch(cluster, changes: dict) -> None:
    cluster.api.merge(f"{OLD}/router", {"spec": changes})


def by_kubectl_edit(cluster, changes: dict) -> None:
    """What `kubectl edit` and scripts do: the whole text goes through a file."""
    found = json.loads(cluster.kubectl("get", "bgppeers.v1beta1.metallb.io", "router", "-n", NAMESPACE, "-o", "json"))
    found["spec"].update(changes)
    cluster.kubectl("replace", "-f", "-", stdin=json.dumps(found))


def by_server_side_apply(cluster, changes: dict) -> None:
    cluster.kubectl("apply", "--server-side", "--field-manager=somebody", "--force-conflicts", "-f", "-",
                    stdin=json.dumps(peer("v1beta1", {**REQUIRED, **changes})))


@pytest.mark.parametrize("change", [by_replacement, by_patch, by_kubectl_edit, by_server_side_apply])
def test_what_the_older_version_lacks_survives_a_change_made_in_it(cluster, api, change):
    written = {**REQUIRED, **ONLY_NEW, "nodeSelectors": [{"matchLabels": {"zone": "a"}}]}
    api.create(NEW, peer("v1beta2", written))
    before = api.get(f"{NEW}/router")["spec"]
    change(cluster, {"holdTime": "30s", "ebgpMultiHop": True})
    after = api.get(f"{NEW}/router")
    assert after["spec"] == {**before, "holdTime": "30s", "ebgpMultiHop": True}
    assert KEPT not in after["metadata"].get("annotations", {})


def test_what_is_said_in_the_older_version_wins(api):
    api.create(NEW, peer("v1beta2", {"myASN": 64512, "dynamicASN": "external", "interface": "eth1", "vrf": "red"}))
    found = api.get(f"{OLD}/router")
    assert (found["spec"]["peerASN"], found["spec"]["peerAddress"]) == (0, "")
    api.merge(f"{OLD}/router", {"spec": {"peerASN": 64513, "peerAddress": "192.0.2.1"}})
    spec = api.get(f"{NEW}/router")["spec"]
    assert {key: spec.get(key) for key in ("peerASN", "peerAddress", "vrf", "dynamicASN", "interface")} == {
        "peerASN": 64513, "peerAddress": "192.0.2.1", "vrf": "red", "dynamicASN": None, "interface": None}


def test_lists_and_deletions_go_through_either_version(api):
    api.create(OLD, peer("v1beta1", {**REQUIRED, "peerAddress": "192.0.2.1"}, "one"))
    api.create(NEW, peer("v1beta2", {**REQUIRED, "peerAddress": "192.0.2.2"}, "two"))
    for path, version in ((OLD, "v1beta1"), (NEW, "v1beta2")):
        items = api.get(path)["items"]
        assert {(item["metadata"]["name"], item["apiVersion"]) for item in items} == {("one", f"metallb.io/{version}"), ("two", f"metallb.io/{version}")}
    api.delete(f"{OLD}/two")
    assert [item["metadata"]["name"] for item in api.get(NEW)["items"]] == ["one"]


def test_the_older_version_is_judged_as_well(api):
    api.create(OLD, peer("v1beta1", REQUIRED, "one"))
    with_colliding_address = peer("v1beta1", REQUIRED, "two")
    with pytest.raises(ApiError, match="denied the request") as refused:
        api.create(OLD, with_colliding_address)
    assert "one" in str(refused.value)
