"""Fields of a peer that change while sessions run: what must not reset a session, and what resets just that one."""

import pytest

from lab import objects
from lab.bgp.conftest import needs
from lab.bgp_lab import MY_ASN, description, hops4, hops6, neighbours, settle
from lab.processes import wait_until
from lab.routers import Frr

pytestmark = needs("frr")
PREFIX4, PREFIX6 = "203.0.113.85/32", "fd00:203:113::85/128"


class PeersLab:
    def __init__(self, lab, router):
        self.lab, self.cluster, self.router = lab, lab.cluster, router
        lan = self.cluster.lan
        self.secret = objects.password_secret("key", "the-first-key")
        self.peer4 = objects.bgp_peer("four", peerAddress=lan.router.address4, passwordSecret={"name": "key"})
        self.peer6 = objects.bgp_peer("six", peerAddress=lan.router.address6)
        lab.apply(self.secret, self.peer4, self.peer6, objects.bgp_advertisement("all"))
        lab.service("app", PREFIX4.partition("/")[0], PREFIX6.partition("/")[0])

    def settled(self) -> dict[str, int]:
        sessions = self.router.wait_for_sessions()
        self.router.wait_for_routes({PREFIX4: hops4(self.cluster), PREFIX6: hops6(self.cluster)})
        return {key: session.times_established for key, session in sessions.items()}


@pytest.fixture(scope="module")
def peers(lab):
    both = (*neighbours(lab.cluster, password="the-first-key"), *neighbours(lab.cluster, "ipv6"))
    with Frr(lab.cluster.lan.router.namespace, description(lab.cluster, *both)) as router:
        yield PeersLab(lab, router)
        lab.clear()


def test_a_key_is_changed_while_the_speakers_run(peers):
    before = peers.settled()
    peers.router.configure(f"router bgp {peers.router.description.asn}",
                           *(f"neighbor {hop} password the-second-key" for hop in hops4(peers.cluster)))
    peers.lab.apply({**peers.secret, "stringData": {"password": "the-second-key"}})
    peers.router.wait_for_sessions({hop: {"established": True} for hop in hops4(peers.cluster)}, timeout=60)
    after = peers.settled()
    assert {key: after[key] for key in hops6(peers.cluster)} == {key: before[key] for key in hops6(peers.cluster)}


def test_a_wrong_key_brings_no_session(peers):
    peers.settled()
    peers.lab.apply({**peers.secret, "stringData": {"password": "a-wrong-key"}})
    peers.router.wait_for_sessions({hop: {"established": False} for hop in hops4(peers.cluster)})
    settle(2.0)
    assert not any(peers.router.sessions()[hop].established for hop in hops4(peers.cluster))
    peers.lab.apply({**peers.secret, "stringData": {"password": "the-second-key"}})
    peers.settled()


def test_what_does_not_change_the_wire_resets_nothing(peers):
    before = peers.settled()
    peers.lab.patch(peers.peer6, connectTime="7s")
    peers.cluster.api.merge(f"{objects.collection(peers.peer6)}/six", {"metadata": {"labels": {"note": "of-no-concern"}}})
    settle(1.0)
    assert peers.settled() == before
    peers.lab.patch(peers.peer6, connectTime="1s")


def test_another_hold_time_waits_for_the_next_session(peers):
    """It takes part in the OPEN, so it cannot change a session that stands; another router ID begins a new one."""
    before = peers.settled()
    peers.lab.patch(peers.peer6, holdTime="30s", keepaliveTime="10s")
    assert peers.settled() == before
    peers.lab.patch(peers.peer6, routerID="10.10.10.1")
    peers.router.wait_for_sessions({hop: {"established": True, "hold": 30, "remote_router_id": "10.10.10.1"} for hop in hops6(peers.cluster)})
    after = peers.settled()
    assert {key: after[key] for key in hops4(peers.cluster)} == {key: before[key] for key in hops4(peers.cluster)}
    peers.lab.patch(peers.peer6, holdTime=None, keepaliveTime=None, routerID=None)
    peers.settled()


def test_a_peer_that_is_deleted_says_why_it_leaves(peers):
    before = peers.settled()
    peers.lab.delete(peers.peer6)
    sessions = peers.router.wait_for_sessions({hop: {"established": False} for hop in hops6(peers.cluster)})
    assert all("Peer Unconfigured" in sessions[hop].last_reset or "Peer De-configured" in sessions[hop].last_reset for hop in hops6(peers.cluster))
    peers.router.wait_for_routes({PREFIX6: set(), PREFIX4: hops4(peers.cluster)})
    peers.lab.apply(peers.peer6)
    after = peers.settled()
    assert {key: after[key] for key in hops4(peers.cluster)} == {key: before[key] for key in hops4(peers.cluster)}


def test_another_local_as_is_all_that_the_router_sees(peers):
    """localASN in place of myASN, alone in the path; the router must expect it."""
    peers.settled()
    asn = peers.router.description.asn
    six = hops6(peers.cluster)
    peers.router.configure(f"router bgp {asn}", *(f"neighbor {hop} remote-as 64520" for hop in six))
    peers.lab.patch(peers.peer6, localASN=64520)
    peers.router.wait_for_sessions({hop: {"established": True, "remote_asn": 64520} for hop in six})
    peers.router.wait_for_routes({PREFIX6: six}, as_path=(64520,))
    peers.router.configure(f"router bgp {asn}", *(f"neighbor {hop} remote-as {MY_ASN}" for hop in six))
    peers.lab.patch(peers.peer6, localASN=None)
    peers.settled()


@pytest.fixture
def other_speaker(peers):
    """Starts master1's speaker with another METALLB_BGP_TYPE; the usual one comes back afterwards."""

    def start(value: str):
        peers.cluster.speakers["master1"].stop()
        peers.cluster.start_speaker("master1", environment={"METALLB_BGP_TYPE": value})
        return peers.cluster.speakers["master1"]

    peers.settled()
    yield start
    peers.cluster.speakers["master1"].stop()
    peers.cluster.start_speaker("master1")
    peers.settled()


@pytest.mark.parametrize("value", ["native", "frr", "frr-k8s"])
def test_every_mode_of_the_original_selects_this_engine(peers, other_speaker, value):
    node = peers.cluster.lan.nodes["master1"]
    before = peers.settled()
    other_speaker(value)
    peers.router.wait_for_sessions({key: {"established": True, "times_established": before[key] + 1} for key in (node.address4, node.address6)})
    peers.settled()


def test_an_unknown_mode_is_refused(other_speaker):
    speaker = other_speaker("cisco")
    wait_until(lambda: not speaker.running(), 10, "the speaker ends")
    assert speaker.exit_code() != 0
    assert "METALLB_BGP_TYPE" in speaker.log_tail()
