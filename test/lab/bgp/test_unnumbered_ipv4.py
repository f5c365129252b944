"""A cable with a subnet of two IPv4 addresses, whose router does not advertise itself."""

from lab import objects
from lab.bgp.conftest import needs
from lab.bgp_lab import MY_ASN, description
from lab.routers import Frr, Neighbour

pytestmark = needs("frr")
PREFIX = "203.0.113.75/32"


def test_an_interface_of_two_ipv4_addresses_is_peered_over_ipv4_where_no_router_advertises_itself(lab):
    """With --unnumbered-ipv4: the other address of the subnet, after ten seconds (bgp spec 4.11)."""
    cables = lab.cluster.lan.add_direct_cables()
    node, ends = "worker1", ("198.51.100.0", "198.51.100.1")
    lab.cluster.lan.nodes[node].namespace.run("ip", "address", "add", f"{ends[0]}/31", "dev", "eth1")
    lab.cluster.lan.router.namespace.run("ip", "address", "add", f"{ends[1]}/31", "dev", cables[node])
    peer = Neighbour(address=ends[0], asn=MY_ASN, families=("ipv4",))
    with Frr(lab.cluster.lan.router.namespace, description(lab.cluster, peer)) as router:
        lab.cluster.speakers[node].stop()
        lab.cluster.start_speaker(node, extra=["--unnumbered-ipv4"])
        lab.apply(objects.bgp_advertisement("all"),
                  objects.bgp_peer("cable", interface="eth1", peer_asn=None, dynamicASN="external",
                                   nodeSelectors=[{"matchLabels": {"kubernetes.io/hostname": node}}]))
        lab.service("app", PREFIX.partition("/")[0])
        router.wait_for_sessions({ends[0]: {"established": True, "families": frozenset({"ipv4"})}})
        router.wait_for_routes({PREFIX: {ends[0]}})
