"""What the benchmark does to the API server and reads from it, cheaply: client, API server and etcd share the processors with what is measured."""

import contextlib
import http.client
import json
import os
import re
import threading
import time

from envtest.control_plane import ControlPlane

SERVICES = "/api/v1/namespaces/default/services"
_CONNECTIONS = 16
_NAME = re.compile(rb'"metadata":\{"name":"(web-\d+)"')
_INGRESS = re.compile(rb'"ingress":\[\{"ip":"([^"]+)"')


def create_services(plane: ControlPlane, count: int) -> float:
    """All of them at once, on several connections. Seconds until the last one was answered."""
    started = time.monotonic()
    failures: list[str] = []

    def share(numbers: range) -> None:
        connection = plane.api.connect(timeout=120)
        try:
            for number in numbers:
                connection.request("POST", SERVICES, _creation(number), {"Content-Type": "application/json"})
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 201:
                    raise RuntimeError(f"{answer.status} {body[:300]!r}")
        except (OSError, RuntimeError, http.client.HTTPException) as problem:
            failures.append(str(problem))
        finally:
            connection.close()

    threads = [threading.Thread(target=share, args=(range(first, count, _CONNECTIONS),)) for first in range(min(_CONNECTIONS, count))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"a Service could not be created: {failures[0]}")
    return time.monotonic() - started


def _creation(number: int) -> bytes:
    return json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"web-{number}"},
                       "spec": {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "ports": [{"port": 80}],
                                "selector": {"app": f"web-{number}"}}}).encode()


class AddressWatch:
    """Follows the Services' addresses."""

    def __init__(self, plane: ControlPlane, version: str):
        self.addresses: dict[bytes, bytes] = {}
        self.ended = ""
        self._changed = threading.Condition()
        self._connection = plane.api.connect(timeout=3600)
        self._connection.request("GET", f"{SERVICES}?watch=1&resourceVersion={version}&timeoutSeconds=3600")
        self._answer = self._connection.getresponse()
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            while line := self._answer.readline():
                name, address = _NAME.search(line), _INGRESS.search(line)
                if name and address:
                    with self._changed:
                        self.addresses[name[1]] = address[1]
                        self._changed.notify()
        with self._changed:
            self.ended = "the watch has ended"
            self._changed.notify()

    def wait_until(self, condition, seconds: float, what: str) -> float:
        """Until `condition(addresses)`; returns the moment."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.ended or condition(self.addresses), seconds) or self.ended:
                raise TimeoutError(f"not within {seconds:g} s: {what}; {len(self.addresses)} Services have addresses {self.ended}")
        return time.monotonic()


class HealthPolling:
    """Asks a process for /healthz over and over while the block runs. `longest` is the longest time between two answers, less the pause
    between them (ms); `own` is by how much a pause itself came out too long at worst, which is the machine's doing."""

    PAUSE = 0.002

    def __init__(self, plane: ControlPlane, port: int):
        self.longest: float | None = None
        self.own = 0.0
        self._ended = threading.Event()
        with plane.place.entered():
            self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            self._connection.connect()
        self._thread = threading.Thread(target=self._poll)

    def __enter__(self) -> "HealthPolling":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._ended.set()
        self._thread.join()
        self._connection.close()

    def _poll(self) -> None:
        answered = self._ask()
        longest = 0.0
        while not self._ended.is_set():
            before = time.monotonic()
            time.sleep(self.PAUSE)
            self.own = max(self.own, (time.monotonic() - before - self.PAUSE) * 1000)
            now = self._ask()
            longest = max(longest, (now - answered - self.PAUSE) * 1000)
            answered = now
        self.longest = longest

    def _ask(self) -> float:
        self._connection.request("GET", "/healthz")
        self._connection.getresponse().read()
        return time.monotonic()


def requests(plane: ControlPlane) -> dict[str, int]:
    """What API servers count: "PATCH services/status" -> how many have been answered well."""
    out: dict[str, int] = {}
    for line in plane.api.text("/metrics").splitlines():
        if line.startswith("apiserver_request_total{"):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
            if labels["code"].startswith("2") and labels["verb"] != "WATCH":
                what = "/".join(part for part in (labels["resource"], labels["subresource"]) if part)
                out[f"{labels['verb']} {what}"] = out.get(f"{labels['verb']} {what}", 0) + int(float(line.rsplit(" ", 1)[1]))
    return out


def cpu_seconds(pid: int) -> float:
    """User and system time of the process, of threads that have ended as well."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid: int) -> dict[str, float]:
    with open(f"/proc/{pid}/status") as status:
        fields = dict(line.split(":", 1) for line in status)
    return {name: int(fields[key].split()[0]) / 1024 for name, key in (("now", "VmRSS"), ("peak", "VmHWM"))}


def wait_for_quiet(*pids: int, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    before = sum(map(cpu_seconds, pids))
    while time.monotonic() < deadline:
        time.sleep(2)
        now = sum(map(cpu_seconds, pids))
        if now - before < 0.03:
            return
        before = now
    raise TimeoutError("the programs do not come to rest")
