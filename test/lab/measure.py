"""The figures that the demo reports. Nothing here passes or fails: a noisy machine must not turn a figure into an error."""

import statistics
import time

from .cluster import NAMESPACE, Cluster
from .probe import Prober


def summary(values: list[float], digits: int = 1) -> dict[str, float]:
    ordered = sorted(values)
    return {"median": round(statistics.median(ordered), digits), "min": round(ordered[0], digits), "max": round(ordered[-1], digits),
            "samples": len(ordered)}


def arp_reply_microseconds(prober: Prober, address: str, count: int = 200) -> dict[str, float]:
    """Request to reply as a Python prober on the client sees it."""
    times = []
    for _ in range(count):
        found = prober.who_has(address, timeout=0.5)
        if found:
            times.append(found[0][1] * 1e6)
        time.sleep(0.002)
    return summary(times) if times else {"samples": 0}


def create_to_arp_milliseconds(cluster: Cluster, prober: Prober, count: int, expected: list[str]) -> dict[str, dict[str, float]]:
    """POST of a Service (selector of running pods) to the first ARP answer for its address; `expected` are free addresses, asked
    for one by one, so that the prober knows what to ask the LAN. The lab's stand-in for the endpoint controller is on the path."""
    to_arp, to_status = [], []
    for number in range(count):
        address = expected[number % len(expected)]
        name = f"figure-{number}"
        service = {"apiVersion": "v1", "kind": "Service",
                   "metadata": {"name": name, "annotations": {"metallb.io/loadBalancerIPs": address}},
                   "spec": {"type": "LoadBalancer", "ports": [{"port": 80, "targetPort": 8080}], "selector": {"app": "myapp"}}}
        started = time.perf_counter()
        cluster.api.create("/api/v1/namespaces/default/services", service)
        found = []
        while not found and time.perf_counter() - started < 5:
            prober.ask(address)
            found = prober.answers(address, timeout=0.001, first_only=True)
        if found:
            to_arp.append((time.perf_counter() - started) * 1e3)
        cluster.wait_for_ingress("default", name)
        to_status.append((time.perf_counter() - started) * 1e3)
        cluster.api.delete(f"/api/v1/namespaces/default/services/{name}")
        deadline = time.monotonic() + 5
        while prober.who_has(address, timeout=0.02) and time.monotonic() < deadline:
            time.sleep(0.02)
    return {"create_to_arp_ms": summary(to_arp) if to_arp else {"samples": 0}, "create_to_arp_and_status_seen_ms": summary(to_status)}


def memory_mebibytes(cluster: Cluster) -> dict[str, dict[str, float]]:
    """Resident memory per process, the speakers' maximum as one row."""

    def row(rss: int, anonymous: int) -> dict[str, float]:
        return {"rss": round(rss / 1024, 1), "anonymous": round(anonymous / 1024, 1)}

    speakers = [speaker.memory() for speaker in cluster.speakers.values()]
    figures = {"speaker_max": row(max(m["rss"] for m in speakers), max(m["anonymous"] for m in speakers))}
    for name, process in (("controller", cluster.controller), ("apiserver", cluster.api_server)):
        memory = process.memory()
        figures[name] = row(memory["rss"], memory["anonymous"])
    return figures


__all__ = ["NAMESPACE", "arp_reply_microseconds", "create_to_arp_milliseconds", "memory_mebibytes", "summary"]
