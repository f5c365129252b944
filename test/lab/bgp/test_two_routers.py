"""Two routers side by side, FRR and BIRD, each with ECMP over all nodes, and a client that uses both."""

import pytest

from lab import objects
from lab.bgp.conftest import needs
from lab.bgp_lab import ROUTER_ASN, description, hops4, hops6, neighbours, wait_for_nodes
from lab.kernel_routes import kernel_routes
from lab.processes import wait_until
from lab.routers import Bird, Description, Frr

pytestmark = needs("frr", "bird")
ADDRESS4, ADDRESS6 = "203.0.113.79", "fd00:203:113::79"
SECOND_ASN = 64514


class Pair:
    def __init__(self, lab, frr: Frr, bird: Bird):
        self.lab, self.cluster, self.frr, self.bird = lab, lab.cluster, frr, bird
        lan, second = self.cluster.lan, self.cluster.lan.second_router
        self.peers = {"one4": (ROUTER_ASN, lan.router.address4), "one6": (ROUTER_ASN, lan.router.address6),
                      "two4": (SECOND_ASN, second.address4), "two6": (SECOND_ASN, second.address6)}
        lab.apply(objects.bgp_advertisement("all"),
                  *(objects.bgp_peer(name, peer_asn=asn, peerAddress=address) for name, (asn, address) in self.peers.items()))
        lab.service("app", ADDRESS4, ADDRESS6)

    def wanted(self) -> dict[str, set[str]]:
        return {f"{ADDRESS4}/32": hops4(self.cluster), f"{ADDRESS6}/128": hops6(self.cluster)}

    def kernels_have_all(self) -> None:
        for router in (self.frr, self.bird):
            wait_until(lambda: kernel_routes(router.namespace) == self.wanted(), 15, f"the kernel of {router.software} has all next hops")


@pytest.fixture(scope="module")
def pair(lab):
    lan = lab.cluster.lan
    second = lan.add_second_router()
    peers = (*neighbours(lab.cluster), *neighbours(lab.cluster, "ipv6"))
    with Frr(lan.router.namespace, description(lab.cluster, *peers)) as frr, Bird(second.namespace, Description(SECOND_ASN, second.address4, peers)) as bird:
        yield Pair(lab, frr, bird)
        lab.clear()
    lan.remove_second_router()


def test_both_routers_spread_over_all_nodes(pair):
    pair.frr.wait_for_sessions()
    pair.bird.wait_for_sessions()
    pair.kernels_have_all()
    for address in (ADDRESS4, ADDRESS6):
        wait_for_nodes(pair.lab, address, set(pair.cluster.lan.nodes))


def test_the_status_names_all_peers_on_each_node(pair):
    wanted = {name: sorted(pair.peers) for name in pair.cluster.lan.nodes}
    wait_until(lambda: pair.lab.status("app") == wanted, 10, "each node's ServiceBGPStatus names all peers")


def test_an_advertisement_may_be_for_one_router_only(pair):
    """Its own Service, with a community, to the second router; everything else stays where it was."""
    before = {key: session.times_established for key, session in pair.frr.sessions().items()}
    pair.lab.apply(objects.pool("second-only", "198.18.0.0/28"))
    pair.lab.patch(objects.bgp_advertisement("all"), ipAddressPools=["bgp-pool"])
    pair.lab.apply(objects.bgp_advertisement("second", ipAddressPools=["second-only"], peers=["two4"], communities=["65531:65281"]))
    body = pair.lab.service("second", "198.18.0.1")
    pair.bird.wait_for_routes({"198.18.0.1/32": hops4(pair.cluster)}, communities=frozenset({"65531:65281"}))
    assert "198.18.0.1/32" not in pair.frr.routes("ipv4")
    pair.lab.delete(body)
    pair.bird.wait_for_routes({"198.18.0.1/32": set()})
    pair.lab.patch(objects.bgp_advertisement("all"), ipAddressPools=None)
    pair.kernels_have_all()
    assert {key: session.times_established for key, session in pair.frr.sessions().items()} == before


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_a_router_that_restarts_leaves_the_other_one_alone(pair, way):
    pair.kernels_have_all()
    before = {key: session.times_established for key, session in pair.bird.sessions().items()}
    getattr(pair.frr, way)()
    pair.frr.start()
    pair.frr.wait_for_sessions()
    pair.kernels_have_all()
    assert {key: session.times_established for key, session in pair.bird.sessions().items()} == before
    wait_for_nodes(pair.lab, ADDRESS4, set(pair.cluster.lan.nodes))
