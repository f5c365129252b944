"""BGP mode's figures: what the router's kernel shows after a Service was created or a speaker ended, beside what FRR needs by itself."""

import dataclasses
import time

from . import objects
from .bgp_lab import MY_ASN
from .cluster import Cluster
from .deaths import heal, strike
from .kernel_routes import RouteMonitor
from .measure import summary
from .network import LAN4
from .outage import Watcher
from .plain_speaker import PlainSpeaker
from .routers import Router

_FLOOR_PREFIX = "198.18.255.1/32"
_TIMEOUT = 30.0
_QUIET = 0.15  # seconds between samples, so that none begins in the work that the last one left
_AFTER = 0.6   # seconds of watching after a death


def floor_address(number: int) -> str:
    """The further address of a node from which a plain speaker peers. `number`: the node's, from 1."""
    return f"{LAN4}.{170 + number}"


class Floor:
    """Plain speakers on the nodes, beside ours: the same router, the same number of next hops."""

    def __init__(self, cluster: Cluster, monitor: RouteMonitor):
        self._cluster = cluster
        self._monitor = monitor
        self._speakers: list[PlainSpeaker] = []
        for node in cluster.lan.nodes.values():
            node.namespace.run("ip", "address", "add", f"{floor_address(node.number)}/24", "dev", "eth0")
        for node in cluster.lan.nodes.values():
            self._speakers.append(self._connect(node))

    def _connect(self, node) -> PlainSpeaker:
        speaker = PlainSpeaker(node.namespace, floor_address(node.number), self._cluster.lan.router.address4, MY_ASN)
        if not speaker.established.wait(_TIMEOUT):
            raise TimeoutError(f"the router takes no session from {speaker.source}")
        return speaker

    def close(self) -> None:
        for speaker in self._speakers:
            speaker.drop()
        for node in self._cluster.lan.nodes.values():
            node.namespace.run("ip", "address", "del", f"{floor_address(node.number)}/24", "dev", "eth0", check=False)

    def measure(self, count: int) -> dict[str, dict[str, float]]:
        figures: dict[str, list[float]] = {"update_to_route_ms": [], "withdrawal_to_route_end_ms": [], "session_loss_to_route_end_ms": []}
        everybody = {speaker.source for speaker in self._speakers}
        nodes = list(self._cluster.lan.nodes.values())
        for number in range(count):
            figures["update_to_route_ms"].append(self._announce(everybody))
            leaver = number % len(self._speakers)
            speaker = self._speakers[leaver]
            figures["withdrawal_to_route_end_ms"].append(self._until_gone(speaker, lambda: speaker.withdraw(_FLOOR_PREFIX)))
            time.sleep(_QUIET)
            speaker.announce(_FLOOR_PREFIX)
            self._monitor.wait_for(_FLOOR_PREFIX, everybody, _TIMEOUT)
            time.sleep(_QUIET)
            figures["session_loss_to_route_end_ms"].append(self._until_gone(speaker, speaker.drop))
            self._speakers[leaver] = self._connect(nodes[leaver])
            for other in self._speakers:
                other.withdraw(_FLOOR_PREFIX)
            self._monitor.wait_for(_FLOOR_PREFIX, set(), _TIMEOUT)
            time.sleep(_QUIET)
        return {name: summary(values) for name, values in figures.items()}

    def _announce(self, everybody: set[str]) -> float:
        began = time.monotonic()
        for speaker in self._speakers:
            speaker.announce(_FLOOR_PREFIX)
        return (self._monitor.wait(_FLOOR_PREFIX, lambda hops: hops == everybody, _TIMEOUT, began) - began) * 1e3

    def _until_gone(self, speaker: PlainSpeaker, act) -> float:
        began = time.monotonic()
        act()
        return (self._monitor.wait(_FLOOR_PREFIX, lambda hops: speaker.source not in hops, _TIMEOUT, began) - began) * 1e3


def create_to_route_milliseconds(cluster: Cluster, monitor: RouteMonitor, count: int, free: list[str]) -> dict[str, dict[str, float]]:
    """POST of a Service (selector of running pods) to its route with all next hops in the router's kernel, and DELETE to the route's
    end. The lab's stand-in for the endpoint controller is on the first path."""
    everybody = {node.address4 for node in cluster.lan.nodes.values()}
    created, deleted = [], []
    for number in range(count):
        address = free[number % len(free)]
        prefix = f"{address}/32"
        body = objects.service(f"figure-{number}", address)
        began = time.monotonic()
        cluster.api.create(objects.collection(body), body)
        created.append((monitor.wait(prefix, lambda hops: hops == everybody, _TIMEOUT, began) - began) * 1e3)
        time.sleep(_QUIET)
        began = time.monotonic()
        cluster.api.delete(f"{objects.collection(body)}/{body['metadata']['name']}")
        deleted.append((monitor.wait(prefix, lambda hops: not hops, _TIMEOUT, began) - began) * 1e3)
        time.sleep(_QUIET)
    return {"create_to_route_ms": summary(created), "delete_to_route_end_ms": summary(deleted)}


@dataclasses.dataclass(frozen=True)
class Death:
    victim: str
    gone_ms: float         # until the victim was no next hop any more
    back_ms: float         # from the healing until it was one again
    exit_code: int | None  # of a speaker that was stopped
    requests: int
    failed: int
    failing_ms: float      # from the first to the last request that failed
    failed_after: int      # requests that failed during the homecoming

    def as_json(self) -> dict[str, object]:
        return dataclasses.asdict(self)


class Deaths:
    """Lets speakers and nodes die, and heals them."""

    def __init__(self, cluster: Cluster, router: Router, monitor: RouteMonitor, address: str):
        self._cluster = cluster
        self._router = router
        self._monitor = monitor
        self._address = address
        self._prefix = f"{address}/32"

    def all_hops(self) -> set[str]:
        return {node.address4 for node in self._cluster.lan.nodes.values()}

    def settled(self) -> None:
        self._monitor.wait_for(self._prefix, self.all_hops(), 60.0)
        time.sleep(_QUIET)

    def death(self, kind: str, victim: str, with_bfd: bool = False) -> Death:
        """The victim dies, and is healed once the traffic has moved."""
        self.settled()
        hop = self._cluster.lan.nodes[victim].address4
        if with_bfd:
            self._router.wait_for_sessions({hop: {"established": True, "bfd": "up"}}, 60.0)
        with Watcher(self._cluster.lan.client, None, [self._address]) as watcher:
            time.sleep(0.3)
            struck = strike(self._cluster, kind, victim)
            gone = self._monitor.wait(self._prefix, lambda hops: hop not in hops, 200.0, struck)
            time.sleep(_AFTER)
            healed = time.monotonic()
            code = heal(self._cluster, kind, victim)
            back = self._monitor.wait(self._prefix, lambda hops: hop in hops, 200.0, healed)
            time.sleep(_AFTER)
            ended = time.monotonic()
            record = watcher.finish()
        outage, home = record.figures(self._address, struck, healed), record.figures(self._address, healed, ended)
        return Death(victim, round((gone - struck) * 1e3, 1), round((back - healed) * 1e3, 1), code if kind == "stop" else None,
                     outage.requests, outage.failed(), outage.failing_ms, home.failed())


def spread(deaths: list[Death]) -> dict[str, object]:
    failed = sorted(death.failed for death in deaths)
    return {"gone_ms": summary([death.gone_ms for death in deaths]), "back_ms": summary([death.back_ms for death in deaths]),
            "lost_requests": summary([float(number) for number in failed]) | {"sum": sum(failed)},
            "lost_at_the_return": sum(death.failed_after for death in deaths)}
