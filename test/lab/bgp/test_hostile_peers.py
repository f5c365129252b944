"""Hostile peers: whatever one does ends its own session at most. A router beside it keeps session and routes, and memory stays bounded."""

import contextlib
import ipaddress
import socket
import time

import pytest

from lab import objects
from lab.bgp.conftest import needs
from lab.bgp_lab import ROUTER_ASN, description, hops4
from lab.hostile_acts import FAULTS, HALF_OPEN, Flood, FloodOfRequests, extended, faulty, never_reads, sound
from lab.scripted_peer import ScriptedPeer, changes
from lab.kernel_routes import RouteMonitor
from lab.plain_speaker import UPDATE
from lab.processes import wait_until
from lab.routers import Frr

pytestmark = needs("frr")
NODE = "worker1"
ADDRESS = "203.0.113.86"
PREFIX = f"{ADDRESS}/32"
_FIRST_PORT = 10179
_MORE_KIB = 8192
_FLOOD = 4.0  # seconds: longer than the hold time of the router beside it


class Victim:
    """The speaker of NODE, with a router that behaves and a host on the LAN for those that do not."""

    def __init__(self, lab, router, monitor):
        self.lab, self.cluster, self.router, self.monitor = lab, lab.cluster, router, monitor
        self.speaker = self.cluster.speakers[NODE]
        self.host = self.cluster.lan.add_host("hostile", 66)
        lab.apply(objects.bgp_advertisement("all", peers=["router"], ipAddressPools=["bgp-pool"]),
                  objects.bgp_peer("router", peerAddress=self.cluster.lan.router.address4, holdTime="3s"))
        lab.service("app", ADDRESS)
        self.settled()

    def settled(self) -> dict:
        self.monitor.wait_for(PREFIX, hops4(self.cluster), 15)
        return self.router.wait_for_sessions()

    @contextlib.contextmanager
    def unharmed(self):
        """What happens inside leaves the router's sessions and routes alone, and the speaker about as large as it was."""
        before, began, memory = self.settled(), time.monotonic(), self.speaker.memory()["rss"]
        yield self
        assert self.monitor.changes_of(PREFIX, began) == []
        took = time.monotonic() - began
        for key, session in self.router.sessions().items():
            assert session.established and session.times_established == before[key].times_established
            assert session.uptime > before[key].uptime + took - 1
        self.check_memory(memory)

    def check_memory(self, before: int) -> None:
        grown = self.speaker.memory()["rss"] - before
        assert grown < _MORE_KIB, f"the speaker grew by {grown} KiB"

    @contextlib.contextmanager
    def peers(self, acts: dict, **options):
        """A hostile peer for each of these, by name. They and their BGPPeers are gone afterwards."""
        with contextlib.ExitStack() as stack:
            running = {}
            for number, (name, act) in enumerate(acts.items()):
                running[name] = stack.enter_context(ScriptedPeer(self.host.namespace, self.host.address4, _FIRST_PORT + number, act, ROUTER_ASN, **options))
            bodies = {name: objects.bgp_peer(name.lower().replace(" ", "-"), peerAddress=self.host.address4, peerPort=peer.port,
                                             nodeSelectors=[{"matchLabels": {"kubernetes.io/hostname": NODE}}]) for name, peer in running.items()}
            stack.callback(self.lab.delete, *bodies.values())
            self.lab.apply(*bodies.values())
            yield running

    def series(self, peer: ScriptedPeer, name: str) -> float | None:
        return self.lab.metrics(NODE).get(f'metallb_bgp_{name}{{peer="{self.host.address4}:{peer.port}",vrf="default"}}')

    def told(self, name: str) -> dict:
        """What the speaker tells of its session with this one."""
        return self.lab.view(NODE)[name.lower().replace(" ", "-")]


@pytest.fixture(scope="module")
def victim(lab):
    namespace = lab.cluster.lan.router.namespace
    with Frr(namespace, description(lab.cluster)) as router, RouteMonitor(namespace) as monitor:
        yield Victim(lab, router, monitor)
        lab.clear()


def test_what_is_wrong_ends_that_session_with_the_right_word(victim):
    with victim.unharmed(), victim.peers(FAULTS) as peers:
        wait_until(lambda: all(peer.ended for peer in peers.values()), 20, "all peers have had their answer")
        answers = {name: peer.ended[0] for name, peer in peers.items()}
        assert answers == {name: (fault.code, fault.subcode) for name, fault in FAULTS.items()}
        for name, peer in peers.items():
            assert victim.told(name)["lastError"].startswith(f"sent {FAULTS[name].code}/{FAULTS[name].subcode} ("), victim.told(name)
            assert victim.series(peer, "notifications_sent") >= 1
            # One that came up is asked anew after a second, and may be up again by now.
            assert FAULTS[name].established or victim.series(peer, "session_up") == 0, name
            assert (victim.series(peer, "session_drops_total") >= 1) == FAULTS[name].established, name


def test_faulty_routes_are_counted_and_the_session_goes_on(victim):
    wrong = faulty(ROUTER_ASN)

    def act(connection) -> None:
        connection.establish(bytes([6, 0]))  # RFC 8654
        connection.send(*wrong.values(), sound(ROUTER_ASN), extended(ROUTER_ASN), sound(ROUTER_ASN))

    with victim.unharmed(), victim.peers({"careless": act}) as peers:
        peer = peers["careless"]
        wait_until(lambda: victim.series(peer, "updates_total_received") == len(wrong) + 3, 10, "all UPDATEs are counted")
        assert victim.series(peer, "faulty_updates_total") == len(wrong)
        assert victim.series(peer, "received_nlri_total") > 16000  # those of the longest one, too
        assert victim.series(peer, "session_up") == 1 and victim.series(peer, "session_drops_total") == 0
        assert victim.told("careless")["lastError"] == ""


def test_who_gets_no_further_than_a_connection_is_not_asked_for_ever(victim):
    with victim.unharmed(), victim.peers(HALF_OPEN) as peers:
        wait_until(lambda: all(peer.ended for peer in peers.values()), 10, "the speaker has connected to all")
        time.sleep(3)
        for name, peer in peers.items():
            tried = victim.series(peer, "connection_attempts_total")
            assert victim.series(peer, "session_up") == 0
            # With a connect time of one second, shortened by a quarter at most.
            assert tried <= 6 if name in ("closes", "resets") else tried == 1, f"{name}: {tried} attempts"
        states = {name: victim.told(name)["state"] for name in ("silent", "in-open", "unconfirmed")}
        assert states == {"silent": "OpenSent", "in-open": "OpenSent", "unconfirmed": "OpenConfirm"}
        assert victim.told("closes")["lastError"] == "the peer closed the connection"
        assert victim.told("resets")["lastError"].endswith("Connection reset by peer")  # while connecting, or after


def test_nobody_can_connect_to_a_speaker(victim):
    """It only connects: many connections to port 179 of a node are many refusals."""
    with victim.unharmed(), victim.host.namespace.entered():
        for node in victim.cluster.lan.nodes.values():
            for _ in range(50):
                with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as attempt, pytest.raises(ConnectionRefusedError):
                    attempt.connect((node.address4, 179))


@pytest.mark.parametrize("flood", [Flood(_FLOOD), FloodOfRequests(_FLOOD)], ids=["of routes", "of requests"])
def test_a_flood_keeps_nobody_waiting(victim, flood):
    with victim.unharmed(), victim.peers({"flood": flood}) as peers:
        memory = victim.speaker.memory()["rss"]
        wait_until(lambda: flood.sent > 0, 10, "the flood has begun")
        body = victim.lab.service("meanwhile", "203.0.113.87")
        victim.monitor.wait_for("203.0.113.87/32", hops4(victim.cluster), 10)
        assert not peers["flood"].ended, "the route came during the flood"
        while not peers["flood"].ended:
            victim.check_memory(memory)
            time.sleep(0.05)
        assert flood.sent > 1 << 20
        victim.lab.delete(body)
        victim.monitor.wait_for("203.0.113.87/32", set(), 10)


class Wide:
    """Services whose routes fill many messages for the one peer that gets them: each is announced with many lengths, none of which
    shares a message with another, and each with communities that make it long."""

    LENGTHS = range(16, 33)

    def __init__(self, lab, peer: str):
        self._lab = lab
        lab.apply(objects.pool("wide", "10.64.0.0/16"))
        lab.apply(*(objects.bgp_advertisement(f"wide-{length}", ipAddressPools=["wide"], peers=[peer], aggregationLength=length,
                                              communities=[f"large:64512:{length}:{n}" for n in range(60)]) for length in self.LENGTHS))

    def service(self, number: int) -> dict:
        return self._lab.service(f"wide-{number}", f"10.64.{number}.1")

    def prefixes(self, *numbers: int) -> set[str]:
        return {str(ipaddress.ip_network(f"10.64.{number}.1/{length}", strict=False)) for number in numbers for length in self.LENGTHS}


def window_is_closed(victim) -> bool:
    """The kernel probes whether it has opened again."""
    return "timer:(persist" in victim.cluster.lan.nodes[NODE].namespace.run("ss", "-Hton", "dst", victim.host.address4)


def test_who_never_reads_is_told_the_newest_when_it_does(victim):
    """Services come and go meanwhile. What it was not told yet is not kept for it either."""
    wide = Wide(victim.lab, "slow")
    with victim.unharmed(), victim.peers({"slow": never_reads}, receive_buffer=4096) as peers:
        wide.service(0)
        wait_until(lambda: peers["slow"].ended, 10, "the session is up")
        for number in range(1, 40):
            body = wide.service(number)
            if number != 39:
                victim.lab.delete(body)
        wait_until(lambda: window_is_closed(victim), 10, "the peer's window is closed")
        assert victim.series(peers["slow"], "session_up") == 1
        table, octets = set(), 0
        connection = peers["slow"].connections[0]
        while table != wide.prefixes(0, 39):
            kind, body = connection.read()
            octets += len(body)
            if kind == UPDATE:
                withdrawn, announced = changes(body)
                table = (table | set(announced)) - set(withdrawn)
        assert octets < 256 << 10, "the routes of each Service alone are about 13 KiB"


def test_a_speaker_stops_in_time_though_a_peer_never_reads(victim):
    wide = Wide(victim.lab, "slow")
    with victim.peers({"slow": never_reads}, receive_buffer=4096):
        for number in range(4):
            wide.service(number)
        wait_until(lambda: window_is_closed(victim), 10, "the peer's window is closed")
        began = time.monotonic()
        assert victim.speaker.stop() == 0
        assert time.monotonic() - began < 3
    victim.speaker.start()
    victim.settled()
