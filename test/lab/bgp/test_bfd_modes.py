"""BFD's other modes with FRR's bfdd: echo, passive ends, the least time to live over several hops."""

import contextlib
import dataclasses
import time

import pytest

from lab import objects
from lab.bgp.conftest import needs
from lab.bgp_lab import ROUTER_ASN, hops4, neighbours, settle
from lab.kernel_routes import RouteMonitor
from lab.processes import wait_until
from lab.routers import Bfd, Description, Frr

pytestmark = needs("frr")
NODE = "worker1"
ADDRESS = "203.0.113.88"
PREFIX = f"{ADDRESS}/32"
_NOTICED = 1.5  # seconds; the machine may be busy
_SLOW = 1000    # milliseconds: three of these are clearly more


class Modes:
    """NODE's session with a router, and what both ends say of its BFD."""

    def __init__(self, lab, router: Frr, profile: dict, peer_address: str, **peer):
        self.lab, self.cluster, self.router, self.address = lab, lab.cluster, router, peer_address
        self.node = self.cluster.lan.nodes[NODE]
        self.advertisement = objects.bgp_advertisement("all")
        lab.apply(profile, self.advertisement, objects.bgp_peer("router", peerAddress=peer_address, bfdProfile=profile["metadata"]["name"], **peer))
        lab.service("app", ADDRESS)

    def all_up(self) -> dict:
        sessions = self.router.wait_for_sessions({hop: {"established": True, "bfd": "up"} for hop in hops4(self.cluster)})
        self.router.wait_for_routes({PREFIX: hops4(self.cluster)})
        return sessions

    def told(self) -> dict:
        return self.lab.view(NODE)["router"]

    def series(self, name: str) -> float:
        return self.lab.metrics(NODE).get(f'metallb_bfd_{name}{{peer="{self.address}",vrf="default"}}', 0)

    def echo_failures(self) -> int:
        """That the speaker has logged."""
        with open(self.cluster.speakers[NODE].log_path) as log:
            return log.read().count('"reason":"echo function failed"')

    def cut_and_noticed(self) -> float:
        """Seconds until the router has no route over NODE any more. The cable is whole again afterwards, and all sessions are up."""
        self.all_up()
        with RouteMonitor(self.router.namespace) as monitor:
            monitor.wait_for(PREFIX, hops4(self.cluster), 10)
            cut = time.monotonic()
            self.node.cut_cable()
            try:
                gone = monitor.wait(PREFIX, lambda hops: self.node.address4 not in hops, 15, cut)
                wait_until(lambda: self.told()["state"] != "Established", 5, "the speaker has noticed, too")
            finally:
                self.node.plug_cable()
        self.all_up()
        return gone - cut


@contextlib.contextmanager
def packets(namespace, rule: str):
    """What happens to packets that come into the namespace."""
    namespace.run("nft", "-f", "-", stdin=f"table inet lost {{\nchain arriving {{\ntype filter hook prerouting priority -400\n{rule}\n}}\n}}\n")
    try:
        yield
    finally:
        namespace.run("nft", "delete", "table", "inet", "lost")


@dataclasses.dataclass(frozen=True)
class Kind:
    """How both ends are set up. `far`: the router is one hop behind the LAN's router."""

    router: Bfd | None
    profile: dict
    far: bool = False


KINDS = {
    # Control packets come so slowly at both ends that only echo can notice anything soon.
    "echo": Kind(Bfd(_SLOW, _SLOW, 3, echo=50), {"interval": _SLOW, "echoMode": True, "echoInterval": 50}),
    "router without BFD": Kind(None, {"passiveMode": True}),
    "passive speaker": Kind(Bfd(), {"passiveMode": True}),
    "passive router": Kind(Bfd(passive=True), {}),
    # Packets arrive with a time to live of 254.
    "far": Kind(Bfd(100, 100, 3), {"interval": 100, "minimumTtl": 254}, far=True),
}


def only(*names: str):
    return pytest.mark.parametrize("modes", names, indirect=True)


@pytest.fixture(scope="module")
def modes(lab, request):
    kind, lan = KINDS[request.param], lab.cluster.lan
    host = (lan.far or lan.add_far()) if kind.far else lan.router
    options = {"multihop": True, "source": host.address4} if kind.far else {}
    peers = neighbours(lab.cluster, bfd=kind.router, **options)
    with Frr(host.namespace, Description(ROUTER_ASN, host.address4, peers)) as router:
        yield Modes(lab, router, objects.bfd_profile("special", **kind.profile), host.address4, ebgpMultiHop=kind.far)
        lab.clear()


@only("echo")
def test_echo_packets_run_both_ways(modes):
    modes.all_up()
    wait_until(lambda: modes.told()["bfd"].get("echo"), 5, "the speaker sends echo packets")
    before = modes.series("echo_packet_input"), modes.router.bfd_counters()[modes.node.address4]["echo-packet-input"]
    settle(1.0)
    ours = modes.series("echo_packet_input") - before[0]
    theirs = modes.router.bfd_counters()[modes.node.address4]["echo-packet-input"] - before[1]
    # Twenty a second; less would not do for three at 50 ms.
    assert ours > 10 and theirs > 10, (ours, theirs)


@only("echo")
def test_a_cut_cable_is_noticed_by_echo_alone(modes):
    """The router by its echo packets, the speaker by its link: its own packets do not leave, which is not held against the router. That
    it notices lost ones is tested below."""
    assert modes.cut_and_noticed() < _NOTICED


@only("echo")
def test_echo_packets_that_get_lost_end_the_session(modes):
    """Although control packets go on: the way that packets take is what echo watches."""
    before, failures = modes.all_up(), modes.echo_failures()
    wait_until(lambda: modes.told()["bfd"].get("echo"), 5, "the speaker sends echo packets")
    settle(0.5)
    # More than three in a row, and few enough for one failure.
    with packets(modes.router.namespace, f"ip saddr {modes.node.address4} udp dport 3785 limit rate 1/hour burst 5 packets drop"):
        modes.router.wait_for_sessions({modes.node.address4: {"established": False}}, timeout=5)
        modes.all_up()
    assert modes.echo_failures() > failures
    settle(1.0)
    after = modes.all_up()
    assert {hop for hop in after if after[hop].times_established != before[hop].times_established} == {modes.node.address4}


@only("router without BFD")
def test_a_passive_speaker_is_silent_until_it_is_spoken_to(modes):
    """And BGP does not wait for BFD."""
    modes.router.wait_for_sessions()
    modes.router.wait_for_routes({PREFIX: hops4(modes.cluster)})

    def silent() -> bool:
        before = modes.series("control_packet_output")
        settle(1.5)
        return modes.series("control_packet_output") == before

    # The session that the test before had says good-bye for a while, at its own pace.
    wait_until(silent, 15, "nothing is sent")
    assert modes.told()["bfd"]["state"] == "down"


@only("passive speaker", "passive router")
def test_one_passive_end_comes_up_and_a_cut_cable_is_noticed(modes):
    assert modes.cut_and_noticed() < _NOTICED


@only("far")
def test_packets_over_as_many_hops_as_allowed_are_believed(modes):
    modes.all_up()
    assert modes.told()["bfd"]["multihop"]


@only("far")
def test_packets_over_more_hops_than_allowed_are_not(modes):
    modes.all_up()
    discarded = 'metallb_bfd_packets_discarded_total{reason="time_to_live"}'
    assert modes.lab.metrics(NODE).get(discarded, 0) == 0
    # One less when it is forwarded.
    with packets(modes.cluster.lan.router.namespace, f"ip daddr {modes.node.address4} udp dport 4784 ip ttl set 254"):
        wait_until(lambda: modes.told()["bfd"]["state"] != "up", 10, "BFD goes down")
        wait_until(lambda: modes.lab.metrics(NODE)[discarded] > 0, 5, "what came too far is counted")
        modes.router.wait_for_routes({PREFIX: hops4(modes.cluster) - {modes.node.address4}})
    modes.all_up()
