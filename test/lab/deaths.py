"""How nodes die and come back in the lab, and what a client notices of it."""

import dataclasses
import hashlib
import statistics
import time

from .cluster import Cluster
from .network import Host
from .outage import Figures, Record, Watcher
from .probe import Prober
from .processes import wait_until

KINDS = {"stop": "stopped cleanly", "kill": "killed", "cut": "cut off"}
_BEFORE = 0.3  # seconds of watching before the blow
_AFTER = 1.0   # ... and after another node answers


def ranking(address: str, names: list[str]) -> list[str]:
    """Node names in the order in which they are to own the address (layer2 spec 2.2)."""
    return sorted(names, key=lambda name: hashlib.sha256(f"{name}#{address}".encode()).digest())


@dataclasses.dataclass(frozen=True)
class Death:
    kind: str
    victim: str
    successors: dict[str, str | None]  # by address, the node that answered last before the healing; None: the victim, or a stranger
    exit_code: int | None              # of a speaker that was stopped
    outage: dict[str, Figures]         # by address, from the blow until the victim is healed
    homecoming: dict[str, Figures]     # ... and from there until the victim has its address back
    record: Record

    @property
    def successor(self) -> str | None:
        """The one node that took over all addresses; None when it did not take over each of them for good."""
        heirs = set(self.successors.values())
        ended = all(figures.silence_ms is not None for figures in self.outage.values())
        return heirs.pop() if ended and len(heirs) == 1 else None

    def no_request_lost(self) -> bool:
        """From the blow until the victim has its address back. One that was sent again and then answered is not lost."""
        return all(figures.requests > 0 and figures.failed() == 0 for figures in self.spells())

    def spells(self) -> list[Figures]:
        return [*self.outage.values(), *self.homecoming.values()]


def strike(cluster: Cluster, kind: str, victim: str) -> float:
    """"stop", "kill" or "cut". Returns when."""
    began = time.monotonic()
    if kind == "stop":
        cluster.speakers[victim].ask_to_stop()
    elif kind == "kill":
        cluster.speakers[victim].kill()
    else:
        cluster.lan.nodes[victim].cut_cable()
    return began


def heal(cluster: Cluster, kind: str, victim: str) -> int | None:
    """Returns the exit code of a speaker that was stopped."""
    if kind == "cut":
        cluster.lan.nodes[victim].plug_cable()
        return None
    code = cluster.speakers[victim].stop()
    cluster.speakers[victim].start()
    return code


class Ward:
    """Lets nodes die, measures, and heals them. `addresses` of a death: of one Service, the one that the election goes by first."""

    def __init__(self, cluster: Cluster):
        self._cluster = cluster
        self._asker = cluster.lan.add_asker()
        # Its own questions come from elsewhere, so that they are not taken for the watcher's.
        self._prober = Prober(cluster.lan.router)

    def close(self) -> None:
        self._prober.close()

    @property
    def asker(self) -> Host:
        return self._asker

    def watch(self, addresses: list[str]) -> Watcher:
        return Watcher(self._cluster.lan.client, self._asker, addresses)

    def owners(self, address: str, timeout: float = 0.1) -> list[str]:
        """Whoever answers one question: nodes by name, strangers by MAC."""
        macs = {mac for mac, _ in self._prober.who_has(address, timeout, first_only=False)}
        return sorted(self._cluster.lan.node_of_mac(mac) or mac for mac in macs)

    def settled(self, addresses: list[str], timeout: float = 30.0) -> str:
        """Waits until every speaker sees every other one and exactly the rightful owner answers, and says who that is."""
        names = list(self._cluster.lan.nodes)
        owner = ranking(addresses[0], names)[0]
        wait_until(self._cluster.all_joined, timeout, "every speaker sees every other one", interval=0.05)
        for address in addresses:
            wait_until(lambda: all(self.owners(address) == [owner] for _ in range(3)), timeout, f"{owner} alone answers for {address}")
        return owner

    def death(self, kind: str, addresses: list[str], timeout: float = 30.0) -> Death:
        """The owner of `addresses` dies, and is healed as soon as it has been succeeded. `timeout`: for that, and for the return."""
        victim = self.settled(addresses, timeout)
        with self.watch(addresses) as watcher:
            time.sleep(_BEFORE)
            struck = strike(self._cluster, kind, victim)

            def succeeded() -> bool:
                return all((owners := self.owners(address)) and victim not in owners for address in addresses)

            try:
                wait_until(succeeded, timeout, "another node answers")
                time.sleep(_AFTER)
            except TimeoutError:
                pass  # `successor` and the figures say so
            healed = time.monotonic()
            code = heal(self._cluster, kind, victim)
            self.settled(addresses, timeout)
            time.sleep(_AFTER)
            ended = time.monotonic()
            record = watcher.finish()
        return Death(kind, victim, {a: self._successor(record.last_owner(a, struck, healed), victim) for a in addresses},
                     code if kind == "stop" else None,
                     {a: record.figures(a, struck, healed) for a in addresses},
                     {a: record.figures(a, healed, ended) for a in addresses}, record)

    def _successor(self, mac: str | None, victim: str) -> str | None:
        node = mac and self._cluster.lan.node_of_mac(mac)
        return node if node != victim else None

    def forget(self, addresses: list[str]) -> None:
        """All speakers start afresh. A member that died before is watched with more patience for ten minutes, so without this
        the second death of a node would be another experiment than the first."""
        for speaker in self._cluster.speakers.values():
            speaker.kill()
        for speaker in self._cluster.speakers.values():
            speaker.start()
        self.settled(addresses)


def spread(figures: list[Figures]) -> dict[str, object]:
    """Many deaths of one kind in a row of numbers."""
    ended = sorted(f.silence_ms for f in figures if f.silence_ms is not None)
    failures = [f.failed() for f in figures]
    return {
        "samples": len(figures), "never_succeeded": len(figures) - len(ended),
        "silence_ms": {"median": round(statistics.median(ended), 1), "max": ended[-1]} if ended else None,
        "both_answered_ms_max": max(f.both_answered_ms for f in figures),
        "lost_requests": {"median": statistics.median(failures), "max": max(failures), "sum": sum(failures)},
        "failing_ms_max": max(f.failing_ms for f in figures),
        "watcher_late_ms_max": max(f.late_ms for f in figures),
    }
