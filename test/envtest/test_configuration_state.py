"""ConfigurationState as `kubectl get configurationstates` shows it, and what stays in force beside a bad object: rows tU7-tU16 of the
controller specification, section 7.11, with a controller and two speakers on a real API server."""

import pytest

from envtest import catalogue, services
from envtest.component import Controller, Speaker
from envtest.control_plane import NAMESPACE
from lab.processes import wait_until

STATES = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/configurationstates"
NODES = ("node-a", "node-b")
EVERYBODY = {"controller", *(f"speaker-{node}" for node in NODES)}
PEER = {"myASN": 64512, "peerASN": 64513, "peerAddress": "192.0.2.1"}


class Cluster:
    """A control plane with both components in it, started with the Pods that own what they write."""

    def __init__(self, control_plane, processes):
        self.plane = control_plane
        self.api = control_plane.api
        self.processes = processes

    def states(self) -> dict[str, dict]:
        return {item["metadata"]["name"]: item for item in self.api.get(STATES)["items"]}

    def results(self) -> dict[str, str | None]:
        return {name: item.get("status", {}).get("result") for name, item in self.states().items()}

    def summary(self, name: str) -> str:
        return self.states()[name]["status"].get("errorSummary", "")

    def wait_for(self, condition, what: str) -> None:
        try:
            wait_until(condition, 30, what)
        except TimeoutError as failure:
            tails = "\n".join(component.process.log_tail(15) for component in self.processes)
            raise TimeoutError(f"{failure}\n{self.states()}\n{tails}") from None

    def wait_until_invalid(self, *names: str) -> None:
        wanted = {name: "Invalid" if name in names else "Valid" for name in EVERYBODY}
        self.wait_for(lambda: self.results() == wanted, f"exactly {names or 'nobody'} to be invalid")


def pod(name: str) -> dict:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"containers": [{"name": "metallb", "image": "metallb"}]}}


@pytest.fixture(scope="module")
def running(isolated_control_plane, binary):
    plane = isolated_control_plane
    plane.apply_definitions()
    for node in NODES:
        plane.api.create("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node, "labels": {"kubernetes.io/hostname": node}}})
    for name in ("controller-0", *(f"speaker-{node}" for node in NODES)):
        plane.api.create(f"/api/v1/namespaces/{NAMESPACE}/pods", pod(name))
    with Controller(plane, "--pod-name=controller-0") as controller, \
            Speaker(plane, NODES[0], f"--pod-name=speaker-{NODES[0]}") as one, Speaker(plane, NODES[1], f"--pod-name=speaker-{NODES[1]}") as two:
        yield Cluster(plane, (controller, one, two))
        assert all(component.process.running() for component in (controller, one, two))


@pytest.fixture
def cluster(running):
    """Valid before and after."""
    running.wait_until_invalid()
    yield running
    services.delete_all(running.plane)
    for kind in ("bgppeers", "bgpadvertisements", "communities", "bfdprofiles", "l2advertisements"):
        running.plane.kubectl("delete", kind, "--all", "-n", NAMESPACE)
    running.wait_until_invalid()


def create(cluster, kind: str, name: str, **spec) -> None:
    manifest = catalogue.completed({"kind": kind, "metadata": {"name": name}, "spec": spec})
    cluster.api.create(catalogue.collection(manifest), manifest)


def edit(cluster, kind: str, name: str, **spec) -> None:
    manifest = catalogue.completed({"kind": kind, "metadata": {"name": name}})
    cluster.api.merge(catalogue.place(manifest), {"spec": spec})


def events_about(cluster, name: str) -> list[dict]:
    return [event for event in cluster.api.get(f"/api/v1/namespaces/{NAMESPACE}/events")["items"] if event["involvedObject"]["name"] == name]


# -- the objects --------------------------------------------------------------------------------------------------------


def test_tu7_tu9_each_process_has_one_which_says_valid(cluster):
    for name, item in cluster.states().items():
        labels = {"metallb.io/component-type": "controller"} if name == "controller" else {
            "metallb.io/component-type": "speaker", "metallb.io/node-name": name.removeprefix("speaker-")}
        assert item["metadata"]["labels"] == labels
        pod_name = "controller-0" if name == "controller" else name
        uid = cluster.api.get(f"/api/v1/namespaces/{NAMESPACE}/pods/{pod_name}")["metadata"]["uid"]
        owner, = item["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["uid"]) == ("Pod", pod_name, uid)
        condition, = item["status"]["conditions"]
        assert condition["type"] == ("poolReconcilerValid" if name == "controller" else "configReconcilerValid")
        assert (condition["status"], condition["reason"], item["status"].get("errorSummary", "")) == ("True", "Reconciled", "")


def test_kubectl_shows_the_result_and_the_errors(cluster):
    services.create_pool(cluster.plane, "bad", "192.0.2.9-192.0.2.1")
    cluster.wait_until_invalid(*EVERYBODY)
    lines = cluster.plane.kubectl("get", "configurationstates", "-n", NAMESPACE).splitlines()
    assert lines[0].split() == ["NAME", "RESULT", "ERRORSUMMARY", "AGE"]
    assert len(lines) == 4
    for line in lines[1:]:
        assert line.split()[0] in EVERYBODY and line.split()[1] == "Invalid" and '"192.0.2.9-192.0.2.1"' in line


@pytest.mark.parametrize("broken", [False, True], ids=["valid", "tU14-invalid"])
def test_deleted_ones_come_back_and_say_the_same(cluster, broken):
    if broken:
        services.create_pool(cluster.plane, "bad", "192.0.2.9-192.0.2.1")
    invalid = EVERYBODY if broken else set()
    cluster.wait_until_invalid(*invalid)
    before = {name: (item["metadata"]["uid"], item["status"].get("errorSummary", "")) for name, item in cluster.states().items()}
    cluster.plane.kubectl("delete", "configurationstates", "--all", "-n", NAMESPACE)
    cluster.wait_until_invalid(*invalid)
    after = cluster.states()
    for name, (uid, summary) in before.items():
        assert after[name]["metadata"]["uid"] != uid
        cluster.wait_for(lambda name=name, summary=summary: cluster.summary(name) == summary, "the errors to be told again")


# -- whose fault it is --------------------------------------------------------------------------------------------------


def test_tu10_all_errors_are_told_and_go_with_their_cause(cluster):
    """One for each object, also where the original stops at the first."""
    services.create_pool(cluster.plane, "first", "192.0.2.9-192.0.2.1")
    services.create_pool(cluster.plane, "second", "198.51.100.9-198.51.100.1")
    mistakes = ('"192.0.2.9-192.0.2.1"', '"198.51.100.9-198.51.100.1"')
    for name in EVERYBODY:
        cluster.wait_for(lambda name=name: all(mistake in cluster.summary(name) for mistake in mistakes), f"all errors from {name}")
        condition, = cluster.states()[name]["status"]["conditions"]
        assert (condition["status"], condition["reason"]) == ("False", "ConfigurationError")
    services.edit_pool(cluster.plane, "first", "192.0.3.0/24")
    cluster.wait_for(lambda: all("192.0.2.9-192.0.2.1" not in cluster.summary(name) and '"198.51.100.9-198.51.100.1"' in cluster.summary(name)
                                 for name in EVERYBODY), "the mended pool to be left out")
    services.edit_pool(cluster.plane, "second", "198.51.100.0/24")
    cluster.wait_until_invalid()
    assert {cluster.summary(name) for name in EVERYBODY} == {""}


def test_tu15_a_missing_profile_of_one_nodes_peer_is_that_speakers_alone(cluster):
    create(cluster, "BGPPeer", "router", **PEER, bfdProfile="fast", nodeSelectors=[{"matchLabels": {"kubernetes.io/hostname": NODES[0]}}])
    cluster.wait_until_invalid(f"speaker-{NODES[0]}")
    assert "fast" in cluster.summary(f"speaker-{NODES[0]}") and "router" in cluster.summary(f"speaker-{NODES[0]}")
    create(cluster, "BFDProfile", "fast")
    cluster.wait_until_invalid()


def test_tu16_a_missing_alias_is_the_speakers_until_it_is_there(cluster):
    services.create_pool(cluster.plane, "pool", "192.0.2.0/24")
    create(cluster, "BGPAdvertisement", "all", communities=["gold"])
    cluster.wait_until_invalid(*(f"speaker-{node}" for node in NODES))
    assert "gold" in cluster.summary(f"speaker-{NODES[0]}")
    create(cluster, "Community", "names", communities=[{"name": "gold", "value": "64512:1"}])
    cluster.wait_until_invalid()


# -- what stays in force ------------------------------------------------------------------------------------------------


def test_beside_a_bad_pool_others_are_used_and_it_keeps_its_last_valid_version(cluster):
    plane = cluster.plane
    services.create_pool(plane, "edited", "192.0.2.10-192.0.2.19")
    services.create(plane, "before", {"metallb.io/address-pool": "edited"})
    cluster.wait_for(lambda: services.addresses(plane, "before"), "an address before the mistake")
    kept = services.addresses(plane, "before")
    services.edit_pool(plane, "edited", "192.0.2.9-192.0.2.1")
    cluster.wait_until_invalid(*EVERYBODY)
    services.create_pool(plane, "new", "198.51.100.0/28")
    services.create(plane, "in-new", {"metallb.io/address-pool": "new"})
    services.create(plane, "in-edited", {"metallb.io/address-pool": "edited"})
    cluster.wait_for(lambda: services.addresses(plane, "in-new") and services.addresses(plane, "in-edited"), "addresses beside the mistake")
    assert services.addresses(plane, "before") == kept
    assert services.addresses(plane, "in-new")[0].startswith("198.51.100.") and services.addresses(plane, "in-edited")[0].startswith("192.0.2.1")
    cluster.wait_for(lambda: "InvalidConfiguration" in {event["reason"] for event in events_about(cluster, "edited")}, "the event on the pool")
    services.edit_pool(plane, "edited", "192.0.2.10-192.0.2.29")
    cluster.wait_until_invalid()
    assert services.addresses(plane, "before") == kept


def test_of_two_overlapping_pools_the_one_that_changed_last_steps_back(cluster):
    plane = cluster.plane
    services.create_pool(plane, "old", "192.0.2.0/28")
    # It is in force, not merely on its way: of two that are new at once, in one second, the name decides.
    pool = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/ipaddresspools/old"
    cluster.wait_for(lambda: cluster.api.get(pool).get("status", {}).get("availableIPv4") == 16, "the counters of the older pool")
    services.create_pool(plane, "a-new", "192.0.2.8/29")
    cluster.wait_until_invalid(*EVERYBODY)
    services.create(plane, "web", {"metallb.io/loadBalancerIPs": "192.0.2.9"})
    cluster.wait_for(lambda: services.addresses(plane, "web") == ["192.0.2.9"], "an address of the older pool")
    assert services.get(plane, "web")["metadata"]["annotations"]["metallb.io/ip-allocated-from-pool"] == "old"
    assert "a-new" in cluster.summary("controller") and "old" in cluster.summary("controller")


def test_a_bad_advertisement_is_the_speakers_affair_and_gets_an_event_from_each_node(cluster):
    services.create_pool(cluster.plane, "pool", "192.0.2.0/26")
    create(cluster, "BGPAdvertisement", "wide", aggregationLength=24)
    cluster.wait_until_invalid(*(f"speaker-{node}" for node in NODES))
    cluster.wait_for(lambda: {event["source"].get("host") for event in events_about(cluster, "wide") if event["reason"] == "InvalidConfiguration"}
                     == set(NODES), "an event from each node")
    edit(cluster, "BGPAdvertisement", "wide", aggregationLength=26)
    cluster.wait_until_invalid()


def test_the_rights_of_the_service_accounts_are_enough(cluster):
    assert cluster.plane.refused("controller") == []
    # Whether the original has left an FRRConfiguration is only told where frr-k8s' rights were granted.
    assert [request for request in cluster.plane.refused("speaker") if "/frrk8s.metallb.io/" not in request] == []


@pytest.mark.real_only("rights")
def test_pools_that_cannot_be_read_are_an_infra_error_until_they_can(cluster):
    """Row 17 of section 8.1, after a role was lost; a server that is started again for other reasons is not told."""
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    roles = [f"{rbac}/clusterroles/{NAMESPACE}:controller", *(f"{rbac}/namespaces/{NAMESPACE}/roles/{name}" for name in ("controller", "pod-lister"))]
    before = {path: cluster.api.get(path)["rules"] for path in roles}
    try:
        for path, rules in before.items():
            left = [{**rule, "resources": [resource for resource in rule["resources"] if resource != "ipaddresspools"]} for rule in rules]
            cluster.api.merge(path, {"rules": left})
        cluster.plane.restart_api_server()

        def told() -> bool:
            conditions = [item.get("status", {}).get("conditions", [{}])[0] for item in cluster.states().values()]
            return all(condition.get("reason") == "InfraError" for condition in conditions) and len(conditions) == len(EVERYBODY)
        wait_until(told, 120, "the trouble to be told")
        assert set(cluster.results().values()) == {"Unknown"}
        assert all("cannot read ipaddresspools" in cluster.summary(name) and "forbidden" in cluster.summary(name) for name in EVERYBODY)
    finally:
        for path, rules in before.items():
            cluster.api.merge(path, {"rules": rules})
    cluster.wait_until_invalid()
