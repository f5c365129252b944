"""One autonomous system: FRR reflects the nodes' routes to a BIRD, with their local preference."""

import pytest

from lab import objects
from lab.bgp.conftest import needs
from lab.bgp_lab import MY_ASN, description, hops4, neighbours
from lab.routers import Bird, Description, Frr, Neighbour

pytestmark = needs("frr", "bird")
ADDRESS, PLAIN = "203.0.113.77", "203.0.113.78"


@pytest.fixture(scope="module")
def routers(lab):
    """The reflector in the middle, and its other client."""
    lan = lab.cluster.lan
    second = lan.add_second_router()
    clients = neighbours(lab.cluster, asn="internal", reflector_client=True)
    other = Neighbour(asn="internal", address=second.address4, reflector_client=True)
    learner = Description(MY_ASN, second.address4, (Neighbour(asn="internal", address=lan.router.address4, passive=False),))
    with Frr(lan.router.namespace, description(lab.cluster, *clients, other, asn=MY_ASN)) as reflector, Bird(second.namespace, learner) as bird:
        lab.apply(objects.bgp_peer("reflector", peer_asn=MY_ASN, peerAddress=lan.router.address4),
                  objects.bgp_advertisement("preferred", localPref=300, serviceSelectors=[{"matchLabels": {"tier": "gold"}}]),
                  objects.bgp_advertisement("plain", serviceSelectors=[{"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}]))
        lab.service("gold", ADDRESS, labels={"tier": "gold"})
        lab.service("plain", PLAIN)
        yield reflector, bird
        lab.clear()
    lan.remove_second_router()


def test_the_reflector_has_every_node_with_the_local_preference(lab, routers):
    reflector, _ = routers
    reflector.wait_for_sessions()
    reflector.wait_for_routes({f"{ADDRESS}/32": hops4(lab.cluster)}, local_pref=300, as_path=())
    reflector.wait_for_routes({f"{PLAIN}/32": hops4(lab.cluster)}, local_pref=100, as_path=())


def test_its_client_learns_the_best_path_with_the_preference_and_the_nodes_next_hop(lab, routers):
    reflector, bird = routers
    bird.wait_for_sessions()
    reflector.wait_for_routes({f"{ADDRESS}/32": hops4(lab.cluster)})
    best = min(lab.cluster.lan.nodes.values(), key=lambda node: node.number).address4  # lowest router ID
    bird.wait_for_routes({f"{ADDRESS}/32": {best}}, local_pref=300, as_path=())
    bird.wait_for_routes({f"{PLAIN}/32": {best}}, local_pref=100)


def test_a_changed_preference_replaces_the_old_one_without_a_new_session(lab, routers):
    reflector, bird = routers
    before = {key: session.times_established for key, session in reflector.wait_for_sessions().items()}
    advertisement = objects.bgp_advertisement("preferred")
    lab.patch(advertisement, localPref=250)
    reflector.wait_for_routes({f"{ADDRESS}/32": hops4(lab.cluster)}, local_pref=250)
    lab.patch(advertisement, localPref=300)
    reflector.wait_for_routes({f"{ADDRESS}/32": hops4(lab.cluster)}, local_pref=300)
    assert {key: session.times_established for key, session in reflector.sessions().items()} == before
