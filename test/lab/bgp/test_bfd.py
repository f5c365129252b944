"""BFD at 3 x 50 ms with FRR and BIRD: a cut cable is noticed at once, and the session returns with the cable."""

import time

import pytest

from lab import objects
from lab.bgp.conftest import needs
from lab.bgp_lab import description, hops4, neighbours, settle, wait_for_nodes
from lab.kernel_routes import RouteMonitor
from lab.processes import wait_until
from lab.routers import SOFTWARE, Bfd, Router

ADDRESS = "203.0.113.72"
PREFIX = f"{ADDRESS}/32"
_NOTICED = 1.0  # seconds; the machine may be busy: scripts/demo --bgp --kills measures


class BfdLab:
    def __init__(self, lab, router: Router, monitor: RouteMonitor):
        self.lab, self.cluster, self.router, self.monitor = lab, lab.cluster, router, monitor
        self.peer = objects.bgp_peer("router", peerAddress=self.cluster.lan.router.address4, bfdProfile="fast")
        lab.apply(objects.bfd_profile("fast", 50, 3), objects.bgp_advertisement("all"), self.peer)
        lab.service("app", ADDRESS)

    def all_up(self) -> None:
        self.router.wait_for_sessions({hop: {"established": True, "bfd": "up"} for hop in hops4(self.cluster)})
        self.monitor.wait_for(PREFIX, hops4(self.cluster), 10)


@pytest.fixture(scope="module", params=[pytest.param(name, marks=needs(name)) for name in ("frr", "bird")])
def fast(lab, request):
    namespace = lab.cluster.lan.router.namespace
    wanted = description(lab.cluster, *neighbours(lab.cluster, bfd=Bfd(50, 50, 3)))
    with SOFTWARE[request.param](namespace, wanted) as router, RouteMonitor(namespace) as monitor:
        yield BfdLab(lab, router, monitor)
        lab.clear()


def test_bfd_sessions_come_up_with_the_profiles_timing(fast):
    fast.all_up()
    if fast.router.software == "frr":
        told = fast.router.bfd_sessions()
        for hop in hops4(fast.cluster):
            assert (told[hop]["remote-receive-interval"], told[hop]["remote-transmit-interval"], told[hop]["remote-detect-multiplier"]) == (50, 50, 3)


def test_a_cut_cable_moves_the_traffic_at_once_and_back_again(fast):
    fast.all_up()
    node = fast.cluster.lan.nodes["worker1"]
    before = {key: session.times_established for key, session in fast.router.sessions().items()}
    cut = time.monotonic()
    node.cut_cable()
    try:
        gone = fast.monitor.wait(PREFIX, lambda hops: node.address4 not in hops, 10, cut)
        assert gone - cut < _NOTICED
        assert fast.monitor.hops(PREFIX) == hops4(fast.cluster) - {node.address4}
    finally:
        node.plug_cable()
    fast.all_up()
    after = {key: session.times_established for key, session in fast.router.sessions().items()}
    assert {key for key in after if after[key] != before[key]} == {node.address4}
    wait_for_nodes(fast.lab, ADDRESS, set(fast.cluster.lan.nodes))


def test_a_new_service_does_not_disturb_bfd(fast):
    fast.all_up()
    before = {key: session.times_established for key, session in fast.router.sessions().items()}
    body = fast.lab.service("more", "203.0.113.73")
    fast.monitor.wait_for("203.0.113.73/32", hops4(fast.cluster), 10)
    fast.lab.delete(body)
    settle()
    fast.all_up()
    assert {key: session.times_established for key, session in fast.router.sessions().items()} == before


def test_bfd_metrics_tell_what_the_router_sees(fast):
    fast.all_up()
    peer = f'peer="{fast.cluster.lan.router.address4}",vrf="default"'

    def up() -> bool:
        series = fast.lab.metrics("master1")
        return series.get(f"metallb_bfd_session_up{{{peer}}}") == 1 and series.get(f"metallb_bfd_control_packet_input{{{peer}}}", 0) > 0

    wait_until(up, 5, "the speaker's metrics show the BFD session up")
