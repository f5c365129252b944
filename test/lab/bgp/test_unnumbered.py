"""Unnumbered peering: a cable of its own from each node to the router, known by its interface only."""

import time

import pytest

from lab import objects
from lab.bgp.conftest import needs
from lab.bgp_lab import description, wait_for_nodes
from lab.kernel_routes import kernel_routes
from lab.processes import wait_until
from lab.routers import Bfd, Frr, Neighbour

pytestmark = needs("frr")
PREFIX4, PREFIX6 = "203.0.113.75/32", "fd00:203:113::75/128"


@pytest.fixture(scope="module")
def cables(lab):
    """The router's interface towards each node."""
    return lab.cluster.lan.add_direct_cables()


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "with BFD and a key"])
def router(lab, cables, request):
    extras = {"bfd": Bfd(50, 50, 3), "password": "key-of-the-lab"} if request.param else {}
    peers = [Neighbour(asn="external", interface=interface, families=("ipv4", "ipv6"), **extras) for interface in cables.values()]
    with Frr(lab.cluster.lan.router.namespace, description(lab.cluster, *peers)) as running:
        extras = {"bfdProfile": "fast", "password": "key-of-the-lab"} if request.param else {}
        lab.apply(objects.bfd_profile("fast", 50, 3), objects.bgp_advertisement("all"),
                  objects.bgp_peer("cable", interface="eth1", peer_asn=None, dynamicASN="external", **extras))
        lab.service("app", PREFIX4.partition("/")[0], PREFIX6.partition("/")[0])
        yield running
        lab.clear()


def link_locals(lab) -> set[str]:
    found = set()
    for node in lab.cluster.lan.nodes.values():
        words = node.namespace.run("ip", "-6", "-o", "address", "show", "dev", "eth1", "scope", "link").split()
        found.add(words[words.index("inet6") + 1].partition("/")[0])
    return found


def test_sessions_of_both_families_come_up_by_interface(lab, cables, router):
    wanted = {"established": True, "families": frozenset({"ipv4", "ipv6"})} | ({"bfd": "up"} if router.description.neighbours[0].bfd else {})
    router.wait_for_sessions({interface: wanted for interface in cables.values()})


def test_both_prefixes_lead_over_the_nodes_link_local_addresses(lab, cables, router):
    router.wait_for_sessions()
    hops = link_locals(lab)
    router.wait_for_routes({PREFIX4: hops, PREFIX6: hops})
    wait_until(lambda: kernel_routes(router.namespace) == {PREFIX4: hops, PREFIX6: hops}, 5, "the kernel has all next hops")
    for prefix in (PREFIX4, PREFIX6):
        wait_for_nodes(lab, prefix.partition("/")[0], set(lab.cluster.lan.nodes))


def test_a_link_that_goes_and_comes_takes_its_session_along(lab, cables, router):
    router.wait_for_sessions()
    lab.cluster.lan.router.namespace.set_link(cables["worker2"], False)
    try:
        router.wait_for_sessions({cables["worker2"]: {"established": False}, cables["worker1"]: {"established": True}})
    finally:
        lab.cluster.lan.router.namespace.set_link(cables["worker2"], True)
    router.wait_for_sessions()
    router.wait_for_routes({PREFIX4: link_locals(lab)})


def test_a_link_that_is_back_in_no_time_brings_its_session_back_each_time(lab, cables, router):
    """FRR takes a neighbour in and forgets it when its advertisement comes amid the link's own news; the speaker must not be so quick."""
    router.wait_for_sessions()
    for away in (0.02, 0.1, 0.5, 0.1):
        lab.cluster.lan.router.namespace.set_link(cables["worker2"], False)
        time.sleep(away)
        lab.cluster.lan.router.namespace.set_link(cables["worker2"], True)
        time.sleep(0.3)  # FRR ends the session within that
        router.wait_for_sessions()
