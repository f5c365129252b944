"""The definitions in deploy/crds on a real API server: they apply, the examples fit, defaults are filled in, `kubectl` shows what it should."""

import copy
import json

import pytest
import yaml

from envtest import catalogue
from envtest.control_plane import DEFINITIONS, NAMESPACE
from envtest.definitions import definitions  # noqa: F401, a fixture
from lab.api import ApiError
from lab.cluster import REPOSITORY
from lab.processes import wait_until

GROUP = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}"
PEERS = f"/apis/metallb.io/v1beta2/namespaces/{NAMESPACE}/bgppeers"


def test_every_definition_is_served_and_structural(control_plane, definitions):
    items = control_plane.api.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")["items"]
    assert len(items) == 9
    for item in items:
        conditions = {condition["type"]: condition["status"] for condition in item["status"]["conditions"]}
        assert conditions["Established"] == "True" and conditions["NamesAccepted"] == "True", item["metadata"]["name"]
        assert conditions.get("NonStructuralSchema", "False") == "False", item["status"]["conditions"]


def test_applying_again_changes_nothing_and_warns_of_nothing(control_plane, definitions):
    again = control_plane.kubectl_result("apply", "-f", DEFINITIONS)
    assert again.returncode == 0 and again.stderr == ""
    assert {line.rsplit(" ", 1)[1] for line in again.stdout.splitlines()} == {"unchanged"}


def test_every_example_applies(control_plane, definitions, recent_kubectl):
    examples = f"{REPOSITORY}/examples"
    control_plane.kubectl("apply", "-f", f"{examples}/namespaces.yaml")
    applied = control_plane.kubectl_result("apply", "--validate=strict", "-f", examples)
    assert applied.returncode == 0, applied.stderr
    assert "ipaddresspool.metallb.io/pool-1 created" in applied.stdout and "bgppeer.metallb.io/router created" in applied.stdout
    control_plane.kubectl("delete", "ipaddresspools,l2advertisements,bgpadvertisements,bgppeers", "--all", "-n", NAMESPACE)


@pytest.mark.parametrize("path, spec, expected", [
    (f"{GROUP}/ipaddresspools", {"addresses": ["192.0.2.0/24"]}, {"autoAssign": True, "avoidBuggyIPs": False}),
    (f"{GROUP}/bgpadvertisements", {}, {"aggregationLength": 32, "aggregationLengthV6": 128}),
    (PEERS, {"myASN": 64512, "peerASN": 64513, "peerAddress": "192.0.2.1"}, {"peerPort": 179, "disableMP": False, "dualStackAddressFamily": False}),
    (f"{GROUP}/l2advertisements", {}, {}),
    (f"{GROUP}/bfdprofiles", {}, {}),
    (f"{GROUP}/communities", {}, {}),
], ids=["IPAddressPool", "BGPAdvertisement", "BGPPeer", "L2Advertisement", "BFDProfile", "Community"])
def test_defaults_are_filled_in_and_what_is_unknown_is_dropped(control_plane, definitions, path, spec, expected):
    kind = next(item["kind"] for item in control_plane.api.get(path.split("/namespaces/")[0])["resources"] if item["name"] == path.rsplit("/", 1)[1])
    body = {"apiVersion": "/".join(path.split("/")[2:4]), "kind": kind, "metadata": {"name": "subject"}, "spec": {**spec, "noSuchField": 1}}
    created = control_plane.api.create(f"{path}?dryRun=All", body)
    assert created["spec"] == {**spec, **expected}


def test_get_shows_the_columns_and_explain_tells_what_to_write(control_plane, definitions, recent_kubectl):
    pool = {"kind": "IPAddressPool", "spec": {"addresses": ["192.0.2.0/24"], "serviceAllocation": {"priority": 1}}}
    peer = {"kind": "BGPPeer", "spec": {"myASN": 64512, "peerASN": 64513, "peerAddress": "192.0.2.1", "bfdProfile": "fast", "ebgpMultiHop": True}}
    with catalogue.existing(control_plane.api, [pool, peer]):
        shown = control_plane.kubectl("get", "ipaddresspools", "-n", NAMESPACE).splitlines()
        assert shown[0].split() == "NAME AUTO ASSIGN AVOID BUGGY IPS ADDRESSES".split()
        assert shown[1].split() == ["subject", "true", "false", '["192.0.2.0/24"]']
        shown = control_plane.kubectl("get", "bgppeers", "-n", NAMESPACE).splitlines()
        assert shown[0].split() == "NAME ADDRESS ASN BFD PROFILE MULTI HOPS".split()
        assert shown[1].split() == ["subject", "192.0.2.1", "64513", "fast", "true"]
    told = control_plane.kubectl("explain", "bgppeers.spec.holdTime", "--api-version=metallb.io/v1beta2")
    assert "such as `90s`" in " ".join(told.split())


@pytest.mark.real_only("server-side apply")
def test_a_condition_is_applied_beside_others(control_plane, definitions):
    """Server-side apply of one condition by its own manager, as reporters do it."""
    def condition(type_, status):
        return {"type": type_, "status": status, "reason": "Reconciled", "message": "", "lastTransitionTime": "2026-01-31T12:00:00Z"}
    with catalogue.existing(control_plane.api, [{"kind": "ConfigurationState"}]):
        for manager, type_ in (("one", "poolReconcilerValid"), ("two", "configReconcilerValid")):
            body = {"apiVersion": "metallb.io/v1beta1", "kind": "ConfigurationState", "metadata": {"name": "subject"},
                    "status": {"conditions": [condition(type_, "True")]}}
            control_plane.api.request("PATCH", f"{GROUP}/configurationstates/subject/status?fieldManager={manager}&force=true", body,
                                      "application/apply-patch+yaml")
        stored = control_plane.api.get(f"{GROUP}/configurationstates/subject")
        assert [entry["type"] for entry in stored["status"]["conditions"]] == ["poolReconcilerValid", "configReconcilerValid"]


def without_rules(schema):
    """As the original's definitions were, or older ones: the shape, and nothing about values."""
    if isinstance(schema, list):
        return [without_rules(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: without_rules(value) for key, value in schema.items()
            if key not in ("x-kubernetes-validations", "enum", "minimum", "maximum", "maxLength", "maxItems")}


@pytest.mark.real_only("CEL, and changes of objects that were wrong before")
def test_stored_objects_that_rules_would_refuse_can_still_be_changed(control_plane, definitions):
    """Whoever comes from the original must be able to label and mend what is there."""
    lenient = []
    for name in ("ipaddresspools", "bgppeers"):
        with open(f"{DEFINITIONS}/{name}.yaml") as file:
            definition = yaml.safe_load(file)
        for version in definition["spec"]["versions"]:
            version["schema"] = without_rules(copy.deepcopy(version["schema"]))
        lenient.append(definition)
    api = control_plane.api
    pool = {"kind": "IPAddressPool", "spec": {"addresses": ["192.0.2.0/24", "192.0.3.5"], "serviceAllocation": {"serviceSelectors": [
        {"matchExpressions": [{"key": "app", "operator": "Equals", "values": ["web"]}]}]}}}
    peer = {"kind": "BGPPeer", "spec": {"myASN": 0, "peerAddress": "router", "holdTime": "1s", "password": "a", "passwordSecret": {"name": "b"}}}

    def accepts_the_pool() -> bool:
        return catalogue.attempt(api, {"manifest": pool}) is None

    try:
        control_plane.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": lenient}))
        wait_until(accepts_the_pool, 30, "the lenient definitions to be in force")
        wait_until(lambda: catalogue.attempt(api, {"manifest": peer}) is None, 30, "the lenient definitions to be in force")
        with catalogue.existing(api, [pool, peer]):
            control_plane.kubectl("apply", "-f", DEFINITIONS)
            wait_until(lambda: not accepts_the_pool(), 30, "the rules to be in force")
            wait_until(lambda: catalogue.attempt(api, {"manifest": peer}), 30, "the rules to be in force")
            for path in (f"{GROUP}/ipaddresspools/subject", f"{PEERS}/subject"):
                api.merge(path, {"metadata": {"labels": {"seen": "yes"}, "finalizers": ["metallb.io/test"]}})
                api.merge(path, {"metadata": {"finalizers": []}})
            api.merge(f"{GROUP}/ipaddresspools/subject", {"spec": {"autoAssign": False}})
            with pytest.raises(ApiError, match="a single address is written"):
                api.merge(f"{GROUP}/ipaddresspools/subject", {"spec": {"addresses": ["192.0.3.6"]}})
            mended = {"spec": {"myASN": 64512, "peerASN": 64513, "peerAddress": "192.0.2.1", "holdTime": "9s", "password": None}}
            api.merge(f"{PEERS}/subject", mended)
    finally:
        control_plane.kubectl("apply", "-f", DEFINITIONS)
