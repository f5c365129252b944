"""What a client notices when a node dies: how long nobody answered for the address, and which requests were lost."""

import dataclasses
import json
import os
import subprocess
import sys

from .network import Host
from .processes import die_with_parent
from .watcher import PERIOD

_TEST_FOLDER = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))


@dataclasses.dataclass(frozen=True)
class Figures:
    """About one address and one spell of time. Milliseconds; None where the thing never happened."""

    silence_ms: float | None          # longest time without an answer to the questions asked every 10 ms; None: it did not end
    taken_over_ms: float | None       # from the beginning to the first answer by another MAC than the first one
    both_answered_ms: float           # from the first to the last question that two MACs answered
    questions_with_two_answers: int
    requests: int
    lost: int                         # without an answer within the time-out
    broken: int                       # refused, or reset twice or under way
    sent_again: int                   # reset before any answer, and answered at the second try
    failing_ms: float                 # from the beginning of the first to that of the last request that failed
    announcements: int                # gratuitous frames
    late_ms: float                    # by how much the watcher itself was late at worst: above some milliseconds, doubt the rest

    def failed(self) -> int:
        return self.lost + self.broken

    def as_json(self) -> dict[str, object]:
        return dataclasses.asdict(self)


class Record:
    """All that a watcher saw. Times are those of time.monotonic(), the same in every process."""

    def __init__(self, document: dict):
        self._document = document

    def answers(self, address: str) -> list[tuple[float, str, int]]:
        """When, which MAC, to which question."""
        return [tuple(answer) for answer in self._document["answers"].get(address, [])]

    def announcements(self, address: str, begin: float, end: float) -> list[tuple[float, str]]:
        return [(when, mac) for when, mac in self._document["announcements"].get(address, []) if begin <= when < end]

    def requests(self, address: str, begin: float, end: float) -> list[tuple[float, float | None, str | None, str, int]]:
        """Those that began in the spell or were under way when it began: (when begun, seconds, failure, first line, times sent)."""

        def concerned(request) -> bool:
            began, seconds = request[:2]
            return begin <= began < end or (began < begin and began + (PERIOD if seconds is None else seconds) >= begin)

        return [tuple(r) for r in self._document["requests"][address] if concerned(r)]

    def last_owner(self, address: str, begin: float, end: float) -> str | None:
        """The MAC that gave the last answer."""
        return max(((when, mac) for when, mac, _ in self.answers(address) if begin <= when < end), default=(0.0, None))[1]

    def figures(self, address: str, begin: float, end: float) -> Figures:
        answers = sorted(self.answers(address))
        before = [answer for answer in answers if answer[0] <= begin]
        within = [answer for answer in answers if begin < answer[0] < end]
        owner = before[-1][1] if before else None
        successor = next((when for when, mac, _ in within if mac != owner), None)
        requests = self.requests(address, begin, end)
        failed = [r for r in requests if r[2] is not None]
        doubles = _asked_with_two_answers(within, self._document["asked"])
        return Figures(
            silence_ms=_longest_silence([answer[0] for answer in [*before[-1:], *within]], end),
            taken_over_ms=None if successor is None else _milliseconds(successor - begin),
            both_answered_ms=_milliseconds(doubles[-1] - doubles[0]) if doubles else 0.0,
            questions_with_two_answers=len(doubles),
            requests=len(requests),
            lost=sum(r[2] == "TIMEOUT" for r in failed),
            broken=sum(r[2] != "TIMEOUT" for r in failed),
            sent_again=sum(r[2] is None and r[4] > 1 for r in requests),
            failing_ms=_milliseconds(max(r[0] for r in failed) - min(r[0] for r in failed)) if failed else 0.0,
            announcements=len(self.announcements(address, begin, end)),
            late_ms=_milliseconds(self._document["late"]),
        )


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000.0, 1)


def _longest_silence(times: list[float], end: float) -> float | None:
    """None when it lasted until the end, which half a second without an answer is taken for."""
    if not times or end - times[-1] > 0.5:
        return None
    return _milliseconds(max((later - earlier for earlier, later in zip(times, times[1:])), default=0.0))


def _asked_with_two_answers(answers: list[tuple[float, str, int]], asked: list[float]) -> list[float]:
    """When those questions were asked that two MACs answered."""
    macs: dict[int, set[str]] = {}
    for _, mac, question in answers:
        macs.setdefault(question, set()).add(mac)
    return [asked[question] for question in sorted(macs) if len(macs[question]) > 1]


class Watcher:
    """A running watch: a context manager, or start and `finish()`. Without an asker there are requests only."""

    def __init__(self, client: Host, asker: Host | None, addresses: list[str], port: int = 80):
        sources = {"4": asker.all_addresses4, "6": asker.all_addresses6} if asker else {"4": [], "6": []}
        argument = {"asker": asker.namespace.name if asker else "", "client": client.namespace.name, "mac": asker.mac() if asker else "",
                    "addresses": addresses, "port": port, "sources": sources}
        self._child = subprocess.Popen([sys.executable, "-m", "lab.watcher", json.dumps(argument)], cwd=_TEST_FOLDER,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        if self._child.stdout.readline() != "ready\n":
            self._child.wait()
            raise RuntimeError("the watcher did not start (its reason stands above)")

    def finish(self) -> Record:
        self._child.stdin.close()
        document = self._child.stdout.read()
        if self._child.wait() != 0:
            raise RuntimeError(f"the watcher ended with exit code {self._child.returncode}")
        return Record(json.loads(document))

    def close(self) -> None:
        """Without a record; also after finish()."""
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        self._child.stdin.close()
        self._child.stdout.close()

    def __enter__(self) -> "Watcher":
        return self

    def __exit__(self, *_) -> None:
        self.close()
