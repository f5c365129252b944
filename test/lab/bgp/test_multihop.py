"""A peer one hop behind the router, at its loopback addresses, with multi-hop BFD."""

import pytest

from lab import objects
from lab.bgp.conftest import needs
from lab.bgp_lab import MY_ASN, ROUTER_ASN, hops4, hops6
from lab.routers import Bfd, Description, Frr, Neighbour

pytestmark = needs("frr")
PREFIX4, PREFIX6 = "203.0.113.74/32", "fd00:203:113::74/128"


@pytest.fixture(scope="module")
def far(lab):
    host = lab.cluster.lan.add_far()
    peers = [Neighbour(asn=MY_ASN, address=node.address4, multihop=True, source=host.address4, bfd=Bfd(100, 100, 3))
             for node in lab.cluster.lan.nodes.values()]
    peers += [Neighbour(asn=MY_ASN, address=node.address6, multihop=True, source=host.address6, families=("ipv6",))
              for node in lab.cluster.lan.nodes.values()]
    with Frr(host.namespace, Description(ROUTER_ASN, host.address4, tuple(peers))) as router:
        lab.apply(objects.bfd_profile("far", 100, 3), objects.bgp_advertisement("all"),
                  objects.bgp_peer("far4", peerAddress=host.address4, ebgpMultiHop=True, bfdProfile="far"),
                  objects.bgp_peer("far6", peerAddress=host.address6, ebgpMultiHop=True))
        lab.service("app", PREFIX4.partition("/")[0], PREFIX6.partition("/")[0])
        yield router
        lab.clear()


def test_sessions_come_up_over_the_hop_and_carry_both_prefixes(lab, far):
    far.wait_for_sessions()
    far.wait_for_routes({PREFIX4: hops4(lab.cluster), PREFIX6: hops6(lab.cluster)}, as_path=(MY_ASN,), origin="IGP")


def test_bfd_is_up_over_the_hop(lab, far):
    far.wait_for_sessions({hop: {"bfd": "up"} for hop in hops4(lab.cluster)})
    assert all(told["multihop"] for told in far.bfd_sessions().values())


def test_a_peer_that_may_not_be_far_is_not_reached(lab, far):
    """An external session without ebgpMultiHop sends with a TTL of 1."""
    far.wait_for_sessions()
    peer = objects.bgp_peer("far4", peerAddress=lab.cluster.lan.far.address4, bfdProfile="far")
    lab.patch(peer, ebgpMultiHop=False)
    try:
        far.wait_for_sessions({hop: {"established": False} for hop in hops4(lab.cluster)} | {hop: {"established": True} for hop in hops6(lab.cluster)})
    finally:
        lab.patch(peer, ebgpMultiHop=True)
    far.wait_for_sessions()
    far.wait_for_routes({PREFIX4: hops4(lab.cluster)})
