"""The basic topology, once with each router: the router in the middle, four nodes, a session of each family with every node."""

import pytest

from lab import objects
from lab.bgp.conftest import needs
from lab.bgp_lab import MY_ASN, description, hops4, hops6, neighbours, settle, wait_for_nodes
from lab.kernel_routes import kernel_routes
from lab.processes import wait_until
from lab.routers import SOFTWARE, Router

KEY = "key-of-the-lab"  # FRR takes no blanks
FIRST4, FIRST6 = "203.0.113.70", "fd00:203:113::70"
SECOND4 = "203.0.113.71"


class Peering:
    """One router, with Services that stay for all its tests."""

    def __init__(self, lab, router: Router):
        self.lab, self.cluster, self.router = lab, lab.cluster, router
        self.peer4 = objects.bgp_peer("router4", peerAddress=self.cluster.lan.router.address4)
        self.advertisement = objects.bgp_advertisement("all")
        lab.apply(objects.password_secret("router6", KEY), self.peer4, self.advertisement,
                  objects.bgp_peer("router6", peerAddress=self.cluster.lan.router.address6, passwordSecret={"name": "router6"}))
        lab.service("first", FIRST4, FIRST6)

    def established(self, **over_ipv4) -> dict:
        wanted = {hop: {"established": True, **over_ipv4} for hop in hops4(self.cluster)}
        return self.router.wait_for_sessions(wanted | {hop: {"established": True, "families": frozenset({"ipv6"})} for hop in hops6(self.cluster)})

    def all_there(self) -> None:
        self.router.wait_for_routes({f"{FIRST4}/32": hops4(self.cluster), f"{FIRST6}/128": hops6(self.cluster)})

    def times_established(self) -> dict[str, int]:
        return {key: session.times_established for key, session in self.router.sessions().items()}


@pytest.fixture(scope="module", params=[pytest.param(name, marks=needs(name)) for name in SOFTWARE])
def peering(lab, request):
    peers = (*neighbours(lab.cluster, families=("ipv4", "ipv6")), *neighbours(lab.cluster, "ipv6", password=KEY))
    with SOFTWARE[request.param](lab.cluster.lan.router.namespace, description(lab.cluster, *peers)) as router:
        yield Peering(lab, router)
        lab.clear()


def test_sessions_of_both_families_come_up_one_with_a_key(peering):
    sessions = peering.established(families=frozenset({"ipv4"}))
    assert all(session.remote_asn in (MY_ASN, None) for session in sessions.values())
    assert {sessions[hop].remote_router_id for hop in hops4(peering.cluster)} == hops4(peering.cluster)


def test_every_node_is_a_next_hop_of_each_address(peering):
    peering.all_there()
    routes = peering.router.routes("ipv4") | peering.router.routes("ipv6")
    for path in routes[f"{FIRST4}/32"] + routes[f"{FIRST6}/128"]:
        assert path.origin == "IGP" and path.as_path == (MY_ASN,) and not path.communities and not path.large_communities
    if not peering.router.installs_routes:
        return
    wanted = {f"{FIRST4}/32": hops4(peering.cluster), f"{FIRST6}/128": hops6(peering.cluster)}
    wait_until(lambda: kernel_routes(peering.router.namespace) == wanted, 5, "the kernel has all next hops")
    for address in (FIRST4, FIRST6):
        wait_for_nodes(peering.lab, address, set(peering.cluster.lan.nodes))


def test_communities_of_both_kinds_arrive_and_are_taken_back(peering):
    alias = objects.community("lab", far="65000:200")
    peering.lab.apply(alias)
    peering.lab.patch(peering.advertisement, communities=["65000:100", "far", "large:1:2:4294967295"])
    peering.router.wait_for_routes({f"{FIRST4}/32": hops4(peering.cluster), f"{FIRST6}/128": hops6(peering.cluster)},
                                   communities=frozenset({"65000:100", "65000:200"}), large_communities=frozenset({"1:2:4294967295"}))
    peering.lab.patch(peering.advertisement, communities=None)
    peering.router.wait_for_routes({f"{FIRST4}/32": hops4(peering.cluster)}, communities=frozenset(), large_communities=frozenset())


def test_a_service_that_goes_takes_its_route_along_and_no_other(peering):
    before = peering.times_established()
    body = peering.lab.service("second", SECOND4)
    peering.router.wait_for_routes({f"{SECOND4}/32": hops4(peering.cluster)})
    peering.lab.delete(body)
    peering.router.wait_for_routes({f"{SECOND4}/32": set(), f"{FIRST4}/32": hops4(peering.cluster)})
    assert peering.times_established() == before


def test_both_families_travel_over_one_session(peering):
    peering.lab.patch(peering.peer4, dualStackAddressFamily=True)
    peering.established(families=frozenset({"ipv4", "ipv6"}))
    own = hops4(peering.cluster)

    def over_ipv4() -> set[str]:
        paths = peering.router.routes("ipv6").get(f"{FIRST6}/128", [])
        return {path.next_hop for path in paths if path.neighbour in own}

    wait_until(lambda: over_ipv4() == hops6(peering.cluster), 10, "the IPv6 prefix comes over the IPv4 sessions, with IPv6 next hops")
    peering.all_there()
    peering.lab.patch(peering.peer4, dualStackAddressFamily=False)
    peering.established(families=frozenset({"ipv4"}))
    peering.all_there()


def test_a_speaker_that_stops_and_starts_again_disturbs_no_other_node(peering):
    peering.all_there()
    before = peering.times_established()
    node = peering.cluster.lan.nodes["worker1"]
    speaker = peering.cluster.speakers["worker1"]
    assert speaker.stop() == 0
    peering.router.wait_for_routes({f"{FIRST4}/32": hops4(peering.cluster) - {node.address4},
                                    f"{FIRST6}/128": hops6(peering.cluster) - {node.address6}})
    speaker.start()
    peering.established()
    peering.all_there()
    after = peering.times_established()
    moved = {key for key in after if after[key] != before[key]}
    assert moved <= {node.address4, node.address6}


def test_a_router_that_starts_again_learns_everything_again(peering):
    peering.router.stop()
    settle(0.2)
    peering.router.start()
    peering.established()
    peering.all_there()
