"""Two controllers and one Lease: one works. A crash, a clean stop and a long pause of it are each followed by a take-over by the other
one, which moves no address. The times are printed (pytest -s, or -rP)."""

import http.client
import os
import re
import ssl
import urllib.request

import pytest

from lab.cluster import NAMESPACE, stopwatch
from lab.conftest import BINARY, EXAMPLES, start
from lab.processes import Process, wait_until

LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/metallb-controller"
SERVICES = "/api/v1/namespaces/default/services"
TAKE_OVER = 20.0  # seconds; a machine at rest needs a third of it
METRICS_PORT = {"a": 7001, "b": 7002}


class Pair:
    """Controllers `a` and `b`, and the Services that they have served. There are no speakers: what they announce is what the API shows."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.api = cluster.api
        self.known: dict[str, list[str]] = {}
        cluster.apply(os.path.join(EXAMPLES, "namespaces.yaml"))
        self.create_pool("pool", "192.0.2.0/24")
        self.controllers = {name: self._controller(name) for name in METRICS_PORT}

    def _controller(self, name: str) -> Process:
        self.api.create(f"/api/v1/namespaces/{NAMESPACE}/pods",
                        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"controller-{name}"},
                         "spec": {"containers": [{"name": "controller", "image": "metallb"}]}})
        command = [BINARY, "controller", f"--kubeconfig={self.cluster.kubeconfig}", f"--namespace={NAMESPACE}", f"--pod-name=controller-{name}",
                   "--webhook-mode=disabled", f"--port={METRICS_PORT[name]}", "--health-probe-port=0", "--ml-secret-name="]
        return Process(f"controller-{name}", self.cluster.lan.control.namespace, command, self.cluster.log_path(f"controller-{name}"))

    def lease(self) -> dict:
        return self.api.get(LEASE)["spec"]

    def leader(self, other_than: str | None = None, timeout: float = TAKE_OVER) -> str:
        """Its name, once a controller that runs holds the Lease."""
        def holder():
            leases = self.api.get(LEASE.rpartition("/")[0])["items"]
            name = leases[0]["spec"]["holderIdentity"].removeprefix("controller-").partition("_")[0] if leases else ""
            return name if name in self.controllers and name != other_than and self.controllers[name].running() else None
        return wait_until(holder, timeout, "a controller that holds the Lease")

    @staticmethod
    def other(name: str) -> str:
        return "b" if name == "a" else "a"

    def leading(self) -> list[str]:
        """Who says so itself. Who has just been started takes its time to answer."""
        running = [name for name, process in self.controllers.items() if process.running()]
        says = {}

        def complete():
            says.update({name: self.leads(name) for name in running})
            return None not in says.values()
        wait_until(complete, 10, "the metrics of all that run")
        return [name for name in running if says[name]]

    def metric(self, name: str, metric: str) -> float | None:
        request = urllib.request.Request(f"https://127.0.0.1:{METRICS_PORT[name]}/metrics", headers={"Authorization": "Bearer any"})
        with self.cluster.lan.control.namespace.entered():
            with urllib.request.urlopen(request, timeout=5, context=ssl._create_unverified_context()) as answer:
                found = re.search(rf"^{re.escape(metric)} (\S+)$", answer.read().decode(), re.M)
        return float(found.group(1)) if found else None

    def leads(self, name: str) -> bool | None:
        """As it says itself; None while it does not answer."""
        try:
            return self.metric(name, "metallb_controller_leading") == 1
        except (OSError, http.client.HTTPException):
            return None

    def create_pool(self, name: str, addresses: str) -> None:
        self.api.create(f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/ipaddresspools",
                        {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": {"name": name, "namespace": NAMESPACE},
                         "spec": {"addresses": [addresses]}})

    def create(self, name: str, pool: str | None = None) -> None:
        annotations = {"metallb.io/address-pool": pool} if pool else {}
        self.api.create(SERVICES, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "annotations": annotations},
                                   "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": name}}})

    def served(self, *names: str, timeout: float = TAKE_OVER) -> None:
        """Waits until these have addresses; then no Service that had one before has another one, and none is given twice."""
        for name in names:
            wait_until(lambda name=name: self.cluster.ingress("default", name), timeout, f"an address for {name}", interval=0.005)
        self.check()

    def check(self) -> None:
        now = {item["metadata"]["name"]: [entry["ip"] for entry in item.get("status", {}).get("loadBalancer", {}).get("ingress", [])]
               for item in self.api.get(SERVICES)["items"] if item["spec"].get("type") == "LoadBalancer"}
        assert {name: now[name] for name in self.known} == self.known, "an address has changed"
        shown = [address for addresses in now.values() for address in addresses]
        assert len(shown) == len(set(shown)), "an address is given twice"
        self.known = {name: addresses for name, addresses in now.items() if addresses}

    def told(self) -> set[str]:
        """Of which Services an event says that they were given an address."""
        return {event["involvedObject"]["name"] for event in self.api.get("/api/v1/namespaces/default/events")["items"]
                if event["reason"] == "IPAllocated"}

    def close(self) -> None:
        for process in self.controllers.values():
            process.resume()
            process.stop()


@pytest.fixture(scope="module")
def pair():
    with start(nodes=1) as cluster:
        controllers = Pair(cluster)
        try:
            yield controllers
        finally:
            controllers.close()


def test_one_of_two_works_and_holds_the_lease(pair):
    leader = pair.leader()
    for name in ("one", "two", "three"):
        pair.create(name)
    pair.served("one", "two", "three")
    assert pair.leading() == [leader]
    follower = pair.other(leader)
    wait_until(lambda: "another replica holds the lease" in pair.controllers[follower].log_tail(200), 10, "the other one to say that it waits")
    assert pair.metric(leader, 'metallb_allocator_addresses_in_use_total{pool="pool"}') == 3
    assert pair.metric(follower, 'metallb_allocator_addresses_in_use_total{pool="pool"}') is None


def test_after_a_crash_the_other_one_takes_over_and_moves_no_address(pair):
    leader = pair.leader()
    before = pair.lease()
    elapsed = stopwatch()
    pair.controllers[leader].kill()
    pair.create("after-crash")
    pair.served("after-crash")
    print(f"kill -9: the other one has given an address after {elapsed() / 1000:.2f} s")
    assert pair.leader() == pair.other(leader)
    assert pair.lease()["leaseTransitions"] == before["leaseTransitions"] + 1
    pair.controllers[leader].start()
    wait_until(lambda: pair.leads(leader) is False, 10, "the one that crashed to be back, and to follow")
    pair.create("after-return")
    pair.served("after-return")
    assert pair.leading() == [pair.other(leader)]


def test_a_clean_stop_hands_over_at_once(pair):
    leader = pair.leader()
    identity = pair.lease()["holderIdentity"]
    pair.create("during-stop")
    elapsed = stopwatch()
    assert pair.controllers[leader].stop(grace=10) == 0
    print(f"SIGTERM: ended after {elapsed() / 1000:.2f} s")
    assert pair.lease()["holderIdentity"] != identity, "the Lease has not been given back"
    pair.create("after-stop")
    pair.served("during-stop", "after-stop")
    print(f"SIGTERM: the other one has given an address after {elapsed() / 1000:.2f} s")
    assert pair.leader() == pair.other(leader)
    pair.controllers[leader].start()


def test_a_leader_that_is_paused_for_longer_than_its_lease_steps_back_and_writes_nothing_wrong(pair):
    """It is stopped in the middle of its work, with decisions made and requests not sent."""
    leader = pair.leader()
    burst = [f"burst-{number:02}" for number in range(100)]
    for name in burst:
        pair.create(name, pool="late")
    pair.create_pool("late", "198.51.100.0/25")
    wait_until(lambda: pair.cluster.ingress("default", burst[0]), TAKE_OVER, "the first of many addresses", interval=0.001)
    elapsed = stopwatch()
    pair.controllers[leader].suspend()
    pair.check()
    print(f"SIGSTOP: {sum(name in pair.known for name in burst)} of {len(burst)} had their addresses")
    pair.create("in-between")
    pair.served("in-between", *burst)
    print(f"SIGSTOP: the other one has served everybody after {elapsed() / 1000:.2f} s")
    successor = pair.leader(other_than=leader)
    transitions = pair.lease()["leaseTransitions"]
    pair.controllers[leader].resume()
    wait_until(lambda: pair.leads(leader) is False, 10, "the old one to step back")
    pair.create("afterwards")
    pair.served("afterwards")
    assert pair.leading() == [successor]
    assert pair.lease()["leaseTransitions"] == transitions and pair.leader() == successor
    served = {"in-between", "afterwards", *burst}
    wait_until(lambda: served <= pair.told(), 20, "the events")
    pair.check()
