"""Fixtures of the lab tests. A missing privilege, program or kernel feature is a skip with its reason, never a pass."""

import os
import re
import shutil
import subprocess

import pytest

from lab.cluster import REPOSITORY, Cluster
from lab.probe import Prober
from lab.processes import wait_until

BINARY = os.environ.get("METALLB_BINARY", os.path.join(REPOSITORY, "build", "release", "metallb"))
EXAMPLES = os.path.join(REPOSITORY, "examples")


def missing() -> str | None:
    if os.geteuid() != 0:
        return "root is needed for network namespaces"
    for program in ("ip", "nft", "kubectl", "unshare", "curl"):
        if shutil.which(program) is None:
            return f"the program {program} is not installed"
    if not os.path.exists(BINARY):
        return f"{BINARY} has not been built"
    probe = f"mlb{os.getpid()}-probe"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True)
    subprocess.run(["ip", "netns", "delete", probe], capture_output=True)
    return None if made.returncode == 0 else f"network namespaces cannot be made here: {made.stderr.strip()}"


def pytest_collection_modifyitems(items):
    reason = missing()
    if reason:
        for item in items:
            item.add_marker(pytest.mark.skip(reason=reason))


class RunningCluster:
    """A cluster with controller, speakers and the example's pool, plus a prober on the client."""

    def __init__(self, cluster: Cluster):
        self.cluster = cluster
        self.prober = Prober(cluster.lan.client)

    def service(self, name: str, namespace: str = "default", annotations: dict | None = None, **spec) -> dict:
        body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "annotations": annotations or {}},
                "spec": {"type": "LoadBalancer", "ports": [{"port": 80, "targetPort": 8080}], "selector": {"app": "myapp"}, **spec}}
        return self.cluster.api.create(f"/api/v1/namespaces/{namespace}/services", body)

    def delete_service(self, name: str, namespace: str = "default") -> None:
        self.cluster.api.delete(f"/api/v1/namespaces/{namespace}/services/{name}")

    def answering_nodes(self, address: str, timeout: float = 0.3) -> list[str | None]:
        """Every node that answers one question about the address."""
        macs = {mac for mac, _ in self.prober.who_has(address, timeout, first_only=False)}
        return sorted(str(self.cluster.lan.node_of_mac(mac)) for mac in macs)

    def events(self, reason: str, namespace: str = "default") -> list[dict]:
        return [e for e in self.cluster.api.get(f"/api/v1/namespaces/{namespace}/events")["items"] if e["reason"] == reason]


def start(nodes: int = 4, **options) -> Cluster:
    return Cluster(BINARY, nodes, **options)


def populate(cluster: Cluster, pods_on: str | None = None) -> RunningCluster:
    """The example cluster, whose first nodes exist; `pods_on`: one node for all pods."""
    for name in ("namespaces.yaml", "cluster.yaml"):
        cluster.apply(os.path.join(EXAMPLES, name))
    cluster.start_stand_ins()
    cluster.start_controller()
    cluster.start_speakers()
    cluster.apply(os.path.join(EXAMPLES, "pool-layer2.yaml"))
    move = (lambda text: re.sub(r"nodeName: \S+", f"nodeName: {pods_on}", text)) if pods_on else None
    cluster.apply(os.path.join(EXAMPLES, "myapp.yaml"), move)
    cluster.wait_for_ingress("default", "myapp")
    wait_until(cluster.all_joined, 20, "every speaker to see every other one")
    running = RunningCluster(cluster)
    address = cluster.ingress("default", "myapp")[0]
    wait_until(lambda: len(running.answering_nodes(address)) == 1, 10, f"one node that answers for {address}")
    return running


@pytest.fixture(scope="module")
def lab():
    """One cluster for the tests of a module that leave it as they found it."""
    with start() as cluster:
        yield populate(cluster)


@pytest.fixture
def fresh_lab(tmp_path):
    """A cluster of its own, for tests that break things. Its API server keeps its objects over a stop, as a real one on disk."""
    data = str(tmp_path / "objects.json")
    with start(api_arguments=["--data", data]) as cluster:
        yield populate(cluster)
