"""The lab's cluster with Kubernetes' own programs: etcd, kube-apiserver, kube-controller-manager, and a kube-proxy on every node. The lab
plays only the scheduler and the kubelets."""

import http.client
import os
import time

from lab.cluster import Cluster
from lab.kubelet import Kubelet
from lab.network import Node
from lab.processes import wait_until
from lab.scheduler import Scheduler

from .control_plane import ControlPlane

_PODS = "10.42.0.0/16,fd42::/16"
_PROXY_HEALTH = 10256
_PROXY_METRICS = 10249


class RealCluster(Cluster):
    """`programs`: the directory with all of them."""

    proxy_name = "kube-proxy's rules"

    def __init__(self, binary: str, programs: str, **options):
        super().__init__(binary, **options)
        self._programs = programs
        self._kubectl = os.path.join(programs, "kubectl")
        self.control_plane: ControlPlane | None = None

    def kubeconfig_of(self, identity: str) -> str:
        return self.control_plane.kubeconfig(identity)

    def _start_control_plane(self) -> None:
        self._on_progress("starting etcd, kube-apiserver and kube-controller-manager")
        control = self.lan.control
        self.control_plane = ControlPlane(self._programs, self._api_arguments, control.namespace, address=control.address4,
                                          controllers=True)
        self.control_plane.__enter__()
        self.api = self.control_plane.api
        self.api_server = self.control_plane.processes["kube-apiserver"]
        self.control_plane.apply_definitions()

    def start_stand_ins(self) -> None:
        """Kubelet, scheduler, and a real kube-proxy on every node. To be called once the Nodes exist."""
        for node in self.lan.nodes.values():
            self._report(node)
        self._roles += [Scheduler(self.api), Kubelet(self.api, self.lan, self.directory)]
        kubeconfig = self.control_plane.issue("kube-proxy", "system:kube-proxy")
        for node in self.lan.nodes.values():
            self._start_proxy(node, kubeconfig)
        wait_until(self._accounts_exist, 60, "an account for Pods in each namespace", interval=0.1)
        for node in self.lan.nodes.values():
            wait_until(lambda: self._is_proxy_ready(node), 60, f"kube-proxy on {node.name} is healthy", interval=0.1)

    def _report(self, node: Node) -> None:
        """What a kubelet tells of its node. It tells it once: the controller that would miss its heartbeat does not run."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "the lab plays the kubelet",
                 "lastHeartbeatTime": now, "lastTransitionTime": now}
        room = {"cpu": "2", "memory": "4Gi", "pods": "200"}
        self.api.merge(f"/api/v1/nodes/{node.name}/status", {"status": {
            "addresses": [{"type": "InternalIP", "address": node.address4}, {"type": "Hostname", "address": node.name}],
            "conditions": [ready], "capacity": room, "allocatable": room,
            "nodeInfo": {"kubeletVersion": "lab", "osImage": "a network namespace"}}})

    def _start_proxy(self, node: Node, kubeconfig: str) -> None:
        self.control_plane.run(f"kube-proxy-{node.name}", node.namespace, [
            os.path.join(self._programs, "kube-proxy"), f"--kubeconfig={kubeconfig}", f"--hostname-override={node.name}",
            "--proxy-mode=nftables", f"--cluster-cidr={_PODS}",
            f"--healthz-bind-address=127.0.0.1:{_PROXY_HEALTH}", f"--metrics-bind-address=127.0.0.1:{_PROXY_METRICS}",
            # The machine's limits of connection tracking stay as they are.
            "--conntrack-max-per-core=0", "--conntrack-min=0",
            "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0"])

    def _accounts_exist(self) -> bool:
        self.control_plane.check_running()
        accounts = self.api.get("/api/v1/serviceaccounts?fieldSelector=metadata.name%3Ddefault")["items"]
        namespaces = self.api.get("/api/v1/namespaces")["items"]
        return {item["metadata"]["namespace"] for item in accounts} == {item["metadata"]["name"] for item in namespaces}

    def _is_proxy_ready(self, node: Node) -> bool:
        self.control_plane.check_running()
        connection = http.client.HTTPConnection("127.0.0.1", _PROXY_HEALTH, timeout=2)
        try:
            with node.namespace.entered():
                connection.connect()
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _stop_control_plane(self) -> None:
        if self.control_plane is not None:
            self.control_plane.close()
