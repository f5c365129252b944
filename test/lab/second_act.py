"""The demo's second act: owners of addresses die in three ways, and a stranger takes an address. What the client notices is told."""

import dataclasses
import json
import typing

from .cluster import Cluster, stopwatch
from .deaths import KINDS, Death, Ward, ranking, spread
from .processes import wait_until
from .story import Story
from .stranger import Stranger

_FREE = {False: [f"192.168.1.{octet}" for octet in (201, 202, 203, 204, 206, 207, 208, 209, 210)],
         True: [f"192.168.1.{octet}" for octet in range(231, 240)]}
_SAYING = {
    "stop": "The speaker of {victim} is stopped cleanly (SIGTERM), as an upgrade does it",
    "kill": "The speaker of {victim} is killed (SIGKILL): no chance to say good-bye",
    "cut": "The cable of {victim} is cut: the node, its pods and its way to the API server are gone",
}
_HEALING = {"stop": "started again", "kill": "started again", "cut": "plugged in again"}


@dataclasses.dataclass(frozen=True)
class Target:
    """A Service that is watched while its owner dies."""

    name: str
    addresses: list[str]  # the first decides who owns them all
    owner: str


def choose(names: list[str], free: list[str], sheltered: str) -> dict[str, list[tuple[str, str]]]:
    """For each kind of death the (address, owner) that may be taken, distinct owners first. The node that carries the pods is not cut
    off: requests that die with the only pods would say nothing about the address."""
    owners = [(address, ranking(address, names)[0]) for address in free]
    taken: set[str] = set()
    chosen = {}
    # A node that died before is watched with more patience, and a clean stop is no death: it may share.
    for kind in ("cut", "kill", "stop"):
        allowed = [pair for pair in owners if kind != "cut" or pair[1] != sheltered]
        chosen[kind] = sorted(allowed, key=lambda pair: (pair[1] in taken, pair[1] == sheltered))
        if chosen[kind]:
            taken.add(chosen[kind][0][1])
    return chosen


class SecondAct:
    def __init__(self, cluster: Cluster, story: Story, kubectl: typing.Callable[..., str], ipv6: bool, kills: int):
        self._cluster = cluster
        self._story = story
        self._kubectl = kubectl
        self._ipv6 = ipv6
        self._kills = kills
        self._names = list(cluster.lan.nodes)
        self._targets: dict[str, list[Target]] = {}
        self._deaths: dict[str, list[Death]] = {kind: [] for kind in KINDS}
        self._ward: Ward | None = None

    def play(self) -> None:
        self._ward = Ward(self._cluster)
        try:
            if len(self._names) < 2:
                self._story.chapter("Nobody to take over")
                self._story.say("a node alone has no successor: the deaths need --nodes 2 or more")
            else:
                self._prepare()
                for kind in KINDS:
                    self._die(kind)
                self._report()
            self._stranger()
        finally:
            self._ward.close()

    # -- deaths ---------------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        self._story.chapter("The second act: nodes die")
        sheltered = self._names[-1]
        chosen = choose(self._names, _FREE[self._ipv6], sheltered)
        several = self._kills > 1
        self._story.say(f"pods on {sheltered}, which keeps its cable, and Services on them that other nodes announce")
        items = [self._pod(f"web-{number}", sheltered) for number in (1, 2)]
        services: dict[str, Target] = {}
        for kind, pairs in chosen.items():
            self._targets[kind] = []
            for address, owner in pairs if several else pairs[:1]:
                six = address.replace("192.168.1.", "fd00:168:1::")
                target = Target(f"web-{address.rpartition('.')[2]}", [address, six] if self._ipv6 else [address], owner)
                services[target.name] = target
                self._targets[kind].append(target)
        items += [self._service(target) for target in services.values()]
        output = self._cluster.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        self._story.command(f"kubectl apply -f -     # 2 pods and {len(services)} Services", output)
        for target in services.values():
            self._cluster.wait_for_ingress("default", target.name, count=len(target.addresses))
        self._kubectl("get", "services", "-l", "act=two")
        for target in services.values():
            for address in target.addresses:
                self._cluster.curl_until_answered(f"http://[{address}]/" if ":" in address else f"http://{address}/")
        self._story.say("from now on the client asks for the watched address every 10 ms, and sends it an HTTP request every 10 ms")

    @staticmethod
    def _pod(name: str, node: str) -> dict:
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default", "labels": {"app": "web"}},
                "spec": {"nodeName": node, "containers": [{"name": "web", "image": "nginxdemos/hello", "ports": [{"containerPort": 8080}]}]}}

    def _service(self, target: Target) -> dict:
        return {"apiVersion": "v1", "kind": "Service",
                "metadata": {"name": target.name, "namespace": "default", "labels": {"act": "two"},
                             "annotations": {"metallb.io/loadBalancerIPs": ",".join(target.addresses)}},
                "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}],
                         "ipFamilyPolicy": "RequireDualStack" if self._ipv6 else "SingleStack"}}

    def _die(self, kind: str) -> None:
        targets = self._targets[kind]
        for number in range(self._kills):
            target = targets[number % len(targets)]
            if self._kills > 1:
                self._ward.forget(target.addresses)
            if number == 0:
                self._story.chapter(_SAYING[kind].format(victim=target.owner if self._kills == 1 else "the owner")
                                    + (f", {self._kills} times" if self._kills > 1 else ""))
            death = self._ward.death(kind, target.addresses)
            self._deaths[kind].append(death)
            self._tell(death, target) if self._kills == 1 else self._tell_shortly(death, target)
        successors = [death.successor for death in self._deaths[kind]]
        self._story.check("another node took over each time" if self._kills > 1 else "another node took over", None not in successors,
                          "" if self._kills > 1 else str(successors[0]))
        if kind == "stop":
            figures = [f for death in self._deaths[kind] for f in death.spells()]
            self._story.check("no request was lost", all(death.no_request_lost() for death in self._deaths[kind]),
                              f"{sum(f.failed() for f in figures)} of {sum(f.requests for f in figures)}")
            codes = {death.exit_code for death in self._deaths[kind]}
            self._story.check("the speaker ended of its own accord", codes == {0}, f"exit code {', '.join(map(str, sorted(codes)))}")
        now = [(target.owner, self._ward.owners(address)) for target in targets for address in target.addresses]
        self._story.check("afterwards exactly one node answers, and the rightful one", all(owners == [owner] for owner, owners in now),
                          ", ".join(dict.fromkeys(owner for _, owners in now for owner in owners)))

    def _tell(self, death: Death, target: Target) -> None:
        for address in target.addresses:
            self._story.say(f"{address}: {in_words(death.outage[address])}")
        self._story.say(f"{_HEALING[death.kind]}, {death.victim} has its address back: "
                        + "; ".join(in_words(death.homecoming[address]) for address in target.addresses))

    def _tell_shortly(self, death: Death, target: Target) -> None:
        told = "; ".join(in_words(death.outage[address]) for address in target.addresses)
        self._story.say(f"{target.addresses[0]} {death.victim} -> {death.successor}: {told}")

    def _report(self) -> None:
        figures: dict[str, dict] = {}
        for kind, deaths in self._deaths.items():
            figures[kind] = {}
            for family in ("arp", "ndp") if self._ipv6 else ("arp",):
                figures[kind][family] = {
                    name: spread([f for death in deaths for address, f in getattr(death, name).items() if (":" in address) == (family == "ndp")])
                    for name in ("outage", "homecoming")}
            figures[kind]["each"] = [{"victim": death.victim, "successor": death.successor,
                                      "outage": {a: f.as_json() for a, f in death.outage.items()},
                                      "homecoming": {a: f.as_json() for a, f in death.homecoming.items()}} for death in deaths]
        self._story.figure("deaths", figures)
        if self._kills > 1:
            self._story.chapter(f"{self._kills} deaths of each kind, {len(self._names)} nodes")
            for line in table(figures):
                self._story.say(line)

    # -- a stranger -----------------------------------------------------------------------------------------------------

    def _stranger(self) -> None:
        address = self._cluster.ingress("default", "myapp")[0]
        self._story.chapter(f"A stranger's device takes {address}")
        owner = self._ward.settled([address])
        self._cluster.curl_until_answered(f"http://{address}/")
        stranger = Stranger(self._cluster)
        try:
            with self._ward.watch([address]) as watcher:
                self._conflict(stranger, address)
                record = watcher.finish()
        finally:
            stranger.leave()
        requests = record.requests(address, 0, float("inf"))
        strays = [request for request in requests if request[3] == "pod: stranger"]
        span = (strays[-1][0] - strays[0][0]) * 1000 if strays else 0.0
        self._story.figure("stranger", {"requests": len(requests), "reached_the_stranger": len(strays), "for_ms": round(span, 1),
                                        "failed": sum(request[2] is not None for request in requests)},
                           f"of {len(requests)} requests {len(strays)} reached the stranger, within {span:.0f} ms, until {owner} spoke up")
        self._ward.settled([address])
        # A client that had learned the stranger's MAC asks anew only after its kernel has probed that in vain: five seconds and three probes.
        answer = self._cluster.curl_until_answered(f"http://{address}/", timeout=30.0)
        self._story.check("the stranger is gone, and the client reaches the Service", answer.startswith("pod: myapp-"), answer.splitlines()[0])

    def _conflict(self, stranger: Stranger, address: str) -> None:
        elapsed = stopwatch()
        stranger.take(address)
        event = wait_until(lambda: self._conflict_event(stranger.mac()), 10, "an AddressConflict event that names the stranger")
        self._story.check("an event on the Service names the device and where it was seen", "eth0" in event["message"], f"{elapsed():.0f} ms later")
        self._kubectl("get", "events", "--field-selector", "reason=AddressConflict", "-o", "custom-columns=TYPE:.type,MESSAGE:.message")
        answering = self._ward.owners(address)
        self._story.say(f"whoever asks the LAN now gets the answers of {' and '.join(answering)} ({stranger.mac()} is the stranger)")
        self._story.command(f"curl http://{address}/        # on the client", self._cluster.curl(f"http://{address}/"))

    def _conflict_event(self, mac: str) -> dict | None:
        events = self._cluster.api.get("/api/v1/namespaces/default/events")["items"]
        found = [e for e in events if e["reason"] == "AddressConflict" and e["involvedObject"]["name"] == "myapp" and mac in e["message"]]
        return found[0] if found else None


def in_words(figures) -> str:
    """One outage in one line."""
    if figures.silence_ms is None:
        text = "nobody answers any more"
    else:
        text = f"nobody answered for {figures.silence_ms:.0f} ms"
    if figures.questions_with_two_answers:
        text += f", two nodes for {figures.both_answered_ms:.0f} ms"
    text += f"; {figures.failed()} of {figures.requests} requests lost"
    if figures.failed():
        text += f", begun within {figures.failing_ms:.0f} ms"
    if figures.sent_again:
        text += f", {figures.sent_again} sent twice"
    return text


def table(figures: dict[str, dict]) -> list[str]:
    """What the statistics are asked for: the silence, and the requests."""
    lines = [f"{'':12} {'':4} {'deaths':>6}   {'silence, ms':>18}   {'lost requests':>18}   {'two owners, ms':>14}",
             f"{'':12} {'':4} {'':>6}   {'median':>9}{'worst':>9}   {'median':>9}{'worst':>9}   {'worst':>14}"]
    for kind, families in figures.items():
        for family in [name for name in ("arp", "ndp") if name in families]:
            row = families[family]["outage"]
            silence = row["silence_ms"] or {"median": float("inf"), "max": float("inf")}
            worst = float("inf") if row["never_succeeded"] else silence["max"]
            lost = row["lost_requests"]
            lines.append(f"{KINDS[kind]:12} {family.upper():4} {row['samples']:6}   {silence['median']:9.0f}{worst:9.0f}   "
                         f"{lost['median']:9.0f}{lost['max']:9}   {row['both_answered_ms_max']:14.0f}")
    return lines
