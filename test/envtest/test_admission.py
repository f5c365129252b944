"""The validating webhooks on a real API server: the catalogue of wrong manifests, warnings, and the rows tW of the controller
specification, section 7.12, that need a server. Conversion and certificates: test_conversion.py, test_certificates.py."""

import json

import pytest

from envtest import catalogue
from envtest.control_plane import NAMESPACE
from envtest.webhooks import MANIFEST, REGISTRATION, Admission, agree, judged, registered  # noqa: F401, a fixture
from lab.cluster import REPOSITORY
from lab.processes import wait_until

pytestmark = pytest.mark.real_only("webhooks")
GROUP = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}"
EXAMPLES = f"{REPOSITORY}/examples"
PEER = {"myASN": 64512, "peerASN": 64513, "peerAddress": "192.0.2.1"}


@pytest.fixture(scope="module")
def cluster(registered, binary):
    with Admission(registered) as controller:
        controller.wait_for(lambda: agree(registered) and judged(registered), 60, "the webhooks to judge")
        yield registered
        assert controller.process.running()
    assert registered.refused("controller") == []


@pytest.mark.parametrize("row", catalogue.named(catalogue.wrong("admission")))
def test_admission_refuses_and_says_why(cluster, row):
    refused = catalogue.attempt(cluster.api, row)
    assert refused is not None, "it was accepted"
    assert refused.status == 403 and "denied the request" in str(refused), refused
    assert [fragment for fragment in row["message"] if fragment not in str(refused)] == [], refused


@pytest.mark.parametrize("row", catalogue.named(catalogue.accepted()))
def test_admission_is_no_stricter_than_the_original(cluster, row):
    assert catalogue.attempt(cluster.api, row) is None


def test_every_example_applies_and_applies_again(cluster):
    cluster.kubectl("apply", "-f", f"{EXAMPLES}/namespaces.yaml")
    try:
        applied = cluster.kubectl_result("apply", "--validate=strict", "-f", EXAMPLES)
        assert applied.returncode == 0, applied.stderr
        assert "ipaddresspool.metallb.io/pool-1 created" in applied.stdout and "bgppeer.metallb.io/router created" in applied.stdout
        again = cluster.kubectl_result("apply", "-f", EXAMPLES)
        assert again.returncode == 0, again.stderr
        assert {line.rsplit(" ", 1)[1] for line in again.stdout.splitlines()} == {"unchanged"}
    finally:
        cluster.kubectl("delete", "ipaddresspools,l2advertisements,bgpadvertisements,bgppeers", "--all", "-n", NAMESPACE)


def told(cluster, manifest: dict, *, verb: str = "apply") -> tuple[int, str]:
    """kubectl's exit code and what it said to the user, warnings among it; nothing is stored."""
    result = cluster.kubectl_result(verb, "--dry-run=server", "-f", "-", stdin=json.dumps(catalogue.completed(manifest)))
    return result.returncode, result.stderr


@pytest.mark.parametrize("given, manifest, warning", [
    pytest.param([], {"kind": "BGPPeer", "spec": {**PEER, "bfdProfile": "later"}}, "later", id="tW7-a-missing-BFDProfile"),
    pytest.param([], {"kind": "BGPPeer", "spec": {**PEER, "passwordSecret": {"name": "later"}}}, "later", id="a-missing-Secret"),
    pytest.param([], {"kind": "BGPAdvertisement", "spec": {"communities": ["later"]}}, "later", id="a-missing-alias"),
    pytest.param([{"kind": "IPAddressPool", "metadata": {"name": "p"}, "spec": {"addresses": ["192.0.2.0/24"]}}],
                 {"kind": "L2Advertisement", "spec": {"ipAddressPools": ["later"]}}, "later", id="a-missing-pool"),
    pytest.param([], {"kind": "IPAddressPool", "spec": {"addresses": ["192.0.2.0/24"]}}, "nobody announces",
                 id="a-pool-that-nobody-advertises"),
    pytest.param([], {"kind": "BGPPeer", "spec": {**PEER, "disableMP": True}}, "disable", id="tW13-disableMP"),
    pytest.param([{"kind": "IPAddressPool", "metadata": {"name": "p"}, "spec": {"addresses": ["192.0.2.0/24"]}},
                  {"kind": "BGPAdvertisement", "metadata": {"name": "wide"}, "spec": {"aggregationLength": 24}}],
                 {"kind": "IPAddressPool", "metadata": {"name": "p"}, "spec": {"addresses": ["192.0.2.0/28"]}}, "wide",
                 id="tW14-a-pool-that-breaks-an-aggregate"),
])
def test_what_may_not_do_as_meant_is_admitted_with_a_warning(cluster, given, manifest, warning):
    with catalogue.existing(cluster.api, given):
        code, said = told(cluster, manifest)
    assert code == 0 and "Warning: " in said and warning in said


@pytest.mark.parametrize("manifest, refusal", [
    pytest.param({"kind": "BGPPeer", "metadata": {"namespace": "default"}, "spec": {**PEER, "disableMP": True}}, "must be created in",
                 id="tW13-disableMP-elsewhere"),
    pytest.param({"kind": "BGPPeer", "spec": {**PEER, "password": "a", "passwordSecret": {"name": "b"}}}, "password", id="tW15-two-passwords"),
])
def test_what_the_original_lets_through_is_refused(cluster, manifest, refusal):
    code, said = told(cluster, manifest)
    assert code != 0 and refusal in said


def test_tw20_a_namesake_of_a_used_profile_elsewhere_may_be_deleted(cluster):
    peer = {"kind": "BGPPeer", "spec": {**PEER, "bfdProfile": "fast"}}
    profile = {"kind": "BFDProfile", "metadata": {"name": "fast"}, "spec": {}}
    with catalogue.existing(cluster.api, [profile, peer]):
        unregister(cluster)
        cluster.api.create("/apis/metallb.io/v1beta1/namespaces/default/bfdprofiles",
                           catalogue.completed({"kind": "BFDProfile", "metadata": {"name": "fast", "namespace": "default"}, "spec": {}}))
        register_again(cluster)
        cluster.api.delete("/apis/metallb.io/v1beta1/namespaces/default/bfdprofiles/fast")


def unregister(cluster) -> None:
    """The API server goes on asking for a moment."""
    cluster.api.merge(REGISTRATION, {"webhooks": []})
    wait_until(lambda: not judged(cluster), 30, "the webhooks to be asked no more")


def register_again(cluster) -> None:
    """As after an upgrade with manifests: the controller puts its CA bundle in again."""
    cluster.kubectl("apply", "-f", MANIFEST, "--force-conflicts", "--server-side")
    wait_until(lambda: agree(cluster) and judged(cluster), 30, "the webhooks to judge again")


def test_tw19_who_mends_one_thing_need_not_mend_all(cluster):
    """Objects that were stored while no webhook ran."""
    unregister(cluster)
    bad = {"kind": "IPAddressPool", "metadata": {"name": "bad"}, "spec": {"addresses": ["192.0.2.9-192.0.2.1"]}}
    with catalogue.existing(cluster.api, [bad]):
        register_again(cluster)
        code, said = told(cluster, {"kind": "L2Advertisement", "spec": {}})
        assert code == 0 and 'Warning: ' in said and '192.0.2.9-192.0.2.1' in said
        code, said = told(cluster, {"kind": "IPAddressPool", "spec": {"addresses": ["198.51.100.0/24"]}})
        assert code == 0, said
        # It may be labelled as it is, but not be changed into something else that is wrong.
        cluster.api.merge(f"{GROUP}/ipaddresspools/bad", {"metadata": {"annotations": {"seen": "yes"}}})
        code, said = told(cluster, {**bad, "spec": {"addresses": ["192.0.2.8-192.0.2.1"]}})
        assert code != 0 and "192.0.2.8-192.0.2.1" in said
