"""Assigning addresses on a real API server: how it is written, what the rights decide, and what survives the ends of both sides."""

import time

import pytest

from envtest import services
from envtest.component import Controller
from envtest.control_plane import NAMESPACE, RIGHTS
from envtest.definitions import definitions  # noqa: F401, a fixture
from lab.processes import wait_until

EMPTY = {"assignedIPv4": 0, "assignedIPv6": 0, "availableIPv4": 0, "availableIPv6": 0}
POOL_ANNOTATION = "metallb.io/ip-allocated-from-pool"
WANTED, POOL_WANTED, SHARING = "metallb.io/loadBalancerIPs", "metallb.io/address-pool", "metallb.io/allow-shared-ip"


@pytest.fixture
def cluster(control_plane, binary, definitions):
    """Empty of Services and pools."""
    yield control_plane
    services.delete_all(control_plane)


@pytest.fixture
def controller(cluster):
    since = len(cluster.requests("controller"))
    with Controller(cluster) as running:
        yield running
    assert cluster.refused("controller", since) == []


def all_assigned(cluster, count: int = 1):
    """True once every Service has so many addresses."""
    return lambda: all(len(found) == count for found in services.assigned(cluster).values())


def writes(cluster, since: int) -> list[tuple[str, str, str]]:
    """The requests about single Services, as verb, name and code."""
    found = []
    for request in cluster.requests("controller")[since:]:
        verb, path, code = request.split(" ")
        if path.startswith(services.SERVICES + "/"):
            found.append((verb, path.split("?")[0].removeprefix(services.SERVICES + "/"), code))
    return found


# -- writing ------------------------------------------------------------------------------------------------------------


@pytest.mark.real_only("an audit log")
def test_one_patch_of_the_status_carries_the_addresses_and_the_annotation(cluster, controller):
    since = len(cluster.requests("controller"))
    services.create_pool(cluster, "pool", "192.0.2.0/24")
    names = [f"web-{number}" for number in range(20)]
    for name in names:
        services.create(cluster, name)
    controller.wait_for(all_assigned(cluster), 30, "an address for each")
    for item in services.balancers(cluster).values():
        assert item["metadata"]["annotations"] == {POOL_ANNOTATION: "pool"}
    # A change that concerns nobody's address makes the controller look at all of them once more.
    services.edit_pool(cluster, "pool", "192.0.2.0/24", "198.51.100.0/24")
    services.create(cluster, "last")
    controller.wait_for(lambda: services.addresses(cluster, "last"), 30, "an address for the last one")
    controller.wait_for(lambda: pool_status(cluster) == {**EMPTY, "assignedIPv4": 21, "availableIPv4": 491}, 30, "the counters of the larger pool")
    assert sorted(writes(cluster, since)) == sorted(("patch", f"{name}/status", "200") for name in [*names, "last"])


def pool_status(cluster) -> dict:
    return cluster.api.get(f"{services.POOLS}/pool").get("status", {})


def allow(cluster, rights: str, answer: str) -> None:
    """Applies the rights; `answer`: may the controller patch statuses then?"""
    cluster.kubectl("apply", "-f", "-", stdin=rights)

    def may(resource: str) -> str:
        return cluster.kubectl_result("auth", "can-i", "patch", resource, "--subresource=status", "-n", NAMESPACE, identity="controller").stdout.strip()
    wait_until(lambda: {may("services"), may("ipaddresspools.metallb.io")} == {answer}, 30, "the rights to be in force")


@pytest.mark.real_only("rights")
def test_with_the_originals_rights_one_refusal_leads_to_get_and_put(cluster):
    with open(RIGHTS) as file:
        ours = file.read()
    try:
        allow(cluster, ours.replace("verbs: [update, patch]", "verbs: [update]"), "no")
        since = len(cluster.requests("controller"))
        services.create_pool(cluster, "pool", "192.0.2.0/24")
        services.create(cluster, "first")
        with Controller(cluster) as controller:
            controller.wait_for(all_assigned(cluster), 30, "an address for the first")
            for name in ("second", "third"):
                services.create(cluster, name)
            controller.wait_for(all_assigned(cluster), 30, "an address for each")
            controller.wait_for(lambda: pool_status(cluster).get("assignedIPv4") == 3, 30, "the counters of the pool")
        assert services.get(cluster, "third")["metadata"]["annotations"] == {POOL_ANNOTATION: "pool"}
        assert sorted(writes(cluster, since)) == sorted([("patch", "first/status", "403")] + [
            (verb, f"{name}{part}", "200") for name in ("first", "second", "third") for verb, part in (("get", ""), ("update", "/status"))])
        assert sorted(cluster.refused("controller", since)) == [
            f"patch {services.SERVICES}/first/status 403", f"patch {services.POOLS}/pool/status 403"]
    finally:
        allow(cluster, ours, "yes")


# -- choosing -----------------------------------------------------------------------------------------------------------


def test_families_as_the_policy_and_the_pools_have_them(cluster, controller):
    services.create_pool(cluster, "pool", "192.0.2.10-192.0.2.19", "2001:db8::10-2001:db8::19")
    services.create(cluster, "v4")
    services.create(cluster, "v6", ipFamilies=["IPv6"])
    services.create(cluster, "both", ipFamilyPolicy="RequireDualStack")
    services.create(cluster, "rather", ipFamilyPolicy="PreferDualStack", ipFamilies=["IPv6", "IPv4"])
    counts = {"v4": 1, "v6": 1, "both": 2, "rather": 2}
    controller.wait_for(lambda: {name: len(found) for name, found in services.assigned(cluster).items()} == counts, 30, "the families")
    found = services.assigned(cluster)
    assert found["v4"][0].startswith("192.0.2.1") and found["v6"][0].startswith("2001:db8::1")
    for name in ("both", "rather"):
        assert [":" in address for address in found[name]] == [False, True]
    assert len({address for pair in found.values() for address in pair}) == 6


def test_a_second_family_arrives_with_the_pool_and_the_first_stays(cluster, controller):
    services.create_pool(cluster, "pool", "192.0.2.10-192.0.2.19")
    services.create(cluster, "rather", ipFamilyPolicy="PreferDualStack")
    services.create(cluster, "both", ipFamilyPolicy="RequireDualStack")
    controller.wait_for(lambda: services.addresses(cluster, "rather"), 30, "one address")
    controller.wait_for(lambda: "AllocationFailed" in services.reasons(cluster, "both"), 30, "the event about the pair")
    first = services.addresses(cluster, "rather")
    services.edit_pool(cluster, "pool", "192.0.2.10-192.0.2.19", "2001:db8::10-2001:db8::19")
    controller.wait_for(all_assigned(cluster, 2), 30, "two addresses each")
    assert services.addresses(cluster, "rather")[:1] == first


def test_requested_addresses_and_pools_in_every_spelling(cluster, controller):
    services.create_pool(cluster, "pool", "192.0.2.10-192.0.2.19", "2001:db8::10-2001:db8::19")
    services.create_pool(cluster, "manual", "198.51.100.0/30", autoAssign=False)
    services.create(cluster, "annotated", {WANTED: "192.0.2.15"})
    services.create(cluster, "old-spelling", {"metallb.universe.tf/loadBalancerIPs": "192.0.2.16"})
    services.create(cluster, "field", loadBalancerIP="192.0.2.17")
    services.create(cluster, "pair", {WANTED: "2001:db8::15, 192.0.2.18"}, ipFamilyPolicy="RequireDualStack")
    services.create(cluster, "by-pool", {POOL_WANTED: "manual"})
    expected = {"annotated": ["192.0.2.15"], "old-spelling": ["192.0.2.16"], "field": ["192.0.2.17"],
                "pair": ["2001:db8::15", "192.0.2.18"], "by-pool": ["198.51.100.0"]}
    controller.wait_for(lambda: services.assigned(cluster) == expected, 30, "the addresses asked for")
    controller.wait_for(lambda: "deprecatedAnnotation" in services.reasons(cluster, "old-spelling"), 30, "the reminder")

    services.create(cluster, "late", {WANTED: "192.0.2.15"})
    services.create(cluster, "nowhere", {WANTED: "203.0.113.1"})
    services.create(cluster, "unclear", {WANTED: "192.0.2"})
    for name in ("late", "nowhere", "unclear"):
        controller.wait_for(lambda name=name: "AllocationFailed" in services.reasons(cluster, name), 30, f"the event about {name}")
        assert services.addresses(cluster, name) == []
    cluster.api.delete(f"{services.SERVICES}/annotated")
    controller.wait_for(lambda: services.addresses(cluster, "late") == ["192.0.2.15"], 30, "the address that became free")


def test_an_address_is_shared_by_key_and_port(cluster, controller):
    services.create_pool(cluster, "pool", "192.0.2.10-192.0.2.11")
    shared = {SHARING: "dns", WANTED: "192.0.2.10"}
    services.create(cluster, "tcp", shared, ports=[{"port": 53, "protocol": "TCP"}])
    services.create(cluster, "udp", shared, ports=[{"port": 53, "protocol": "UDP"}])
    controller.wait_for(lambda: services.assigned(cluster) == {"tcp": ["192.0.2.10"], "udp": ["192.0.2.10"]}, 30, "the shared address")
    services.create(cluster, "same-port", shared, ports=[{"port": 53, "protocol": "UDP"}])
    services.create(cluster, "other-key", {**shared, SHARING: "mail"}, ports=[{"port": 25}])
    for name in ("same-port", "other-key"):
        controller.wait_for(lambda name=name: "AllocationFailed" in services.reasons(cluster, name), 30, f"the event about {name}")
        assert services.addresses(cluster, name) == []
    cluster.api.merge(f"{services.SERVICES}/other-key", {"metadata": {"annotations": {SHARING: "dns"}}})
    controller.wait_for(lambda: services.addresses(cluster, "other-key") == ["192.0.2.10"], 30, "the address, with the right key")


def test_a_smaller_pool_moves_only_those_outside_of_it(cluster, controller):
    services.create_pool(cluster, "pool", "192.0.2.10-192.0.2.19")
    for number in range(8):
        services.create(cluster, f"web-{number}")
    controller.wait_for(all_assigned(cluster), 30, "an address for each")
    before = services.assigned(cluster)
    staying = {name: found for name, found in before.items() if found[0] <= "192.0.2.14"}
    services.edit_pool(cluster, "pool", "192.0.2.10-192.0.2.14", "192.0.2.100-192.0.2.109")
    controller.wait_for(lambda: not [found for found in services.assigned(cluster).values() if "192.0.2.15" <= found[0] <= "192.0.2.19"] if
                        all_assigned(cluster)() else False, 30, "addresses of the smaller pool")
    after = services.assigned(cluster)
    assert len(staying) == 5 and staying.items() <= after.items()
    assert len({found[0] for found in after.values()}) == 8
    moved = next(name for name in after if name not in staying)
    controller.wait_for(lambda: "ClearAssignment" in services.reasons(cluster, moved), 30, "the event about who moved")


# -- ends and new starts ------------------------------------------------------------------------------------------------


def populate(cluster, controller) -> dict[str, dict]:
    """Services of every sort, and some that wait; what they look like once all is decided."""
    services.create_pool(cluster, "pool", "192.0.2.10-192.0.2.19", "2001:db8::10-2001:db8::19")
    services.create(cluster, "wanted", {WANTED: "192.0.2.17"})
    services.create(cluster, "both", ipFamilyPolicy="RequireDualStack")
    for number in range(3):
        services.create(cluster, f"shared-{number}", {SHARING: "key", WANTED: "192.0.2.19"}, ports=[{"port": 8000 + number}])
    for number in range(7):
        services.create(cluster, f"plain-{number}")
    services.create(cluster, "waiting")
    controller.wait_for(lambda: sum(len(found) for found in services.assigned(cluster).values()) == 13, 30, "all addresses to be given out")
    controller.wait_for(lambda: any("AllocationFailed" in services.reasons(cluster, name) for name, found in services.assigned(cluster).items()
                                    if not found), 30, "the event about who waits")
    return services.balancers(cluster)


def test_nothing_changes_when_the_controller_is_killed_and_started_again(cluster):
    with Controller(cluster) as controller:
        before = populate(cluster, controller)
        controller.process.kill()
        services.create(cluster, "meanwhile", ipFamilies=["IPv6"])
        controller.process.start()
        controller.wait_for(lambda: services.addresses(cluster, "meanwhile"), 30, "an address for who came meanwhile")
        after = services.balancers(cluster)
        after.pop("meanwhile")
        assert after == before
        assert [line for line in controller.errors() if "IP allocation failed" not in line] == []


def test_nothing_changes_when_the_api_server_is_killed_and_started_again(cluster):
    with Controller(cluster) as controller:
        before = populate(cluster, controller)
        cluster.restart_api_server()
        services.create(cluster, "afterwards", ipFamilies=["IPv6"])
        started = time.monotonic()
        controller.wait_for(lambda: services.addresses(cluster, "afterwards"), 60, "an address for who came afterwards")
        assert time.monotonic() - started < 30
        after = services.balancers(cluster)
        after.pop("afterwards")
        assert after == before
        assert controller.process.running()
