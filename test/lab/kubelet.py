"""Plays the kubelet: each Pod object of a node becomes a namespace behind it with an HTTP server, and gets its status."""

import os
import re
import sys
import time

from .api import Api, ApiError, key_of
from .netns import Namespace, connect
from .network import Lan, Node
from .processes import Process
from .role import Role

_ROOM = 240  # pods of a node
_PORTS = ["80", "8080"]  # where a pod listens that declares no port; 80 is nginxdemos/hello's own


class RunningPod:
    def __init__(self, pod: dict, node: Node, number: int, log_directory: str):
        meta = pod["metadata"]
        self.uid = meta["uid"]
        self.reported = False  # the API knows its status
        self.node = node
        self.number = number
        # Pod addresses start at .10; .1 is the node's end of the cable.
        self.address4 = str(node.pod_network4[9 + number])
        self.address6 = str(node.pod_network6[9 + number])
        self.namespace = Namespace(f"pod-{node.number}-{number}")
        gateway4, gateway6 = str(node.pod_network4[1]), str(node.pod_network6[1])
        node_side = f"veth{node.number}x{number}"
        self.namespace.sysctl(ipv6__conf__default__accept_dad=0, ipv6__conf__all__accept_dad=0)
        connect(self.namespace, "eth0", node.namespace, node_side)
        self.namespace.run("ip", "-batch", "-", stdin=f"address add {self.address4}/32 dev eth0\nroute add {gateway4} dev eth0\n"
                           f"route add default via {gateway4} dev eth0\n")
        self.namespace.run("ip", "-6", "-batch", "-", stdin=f"address add {self.address6}/128 dev eth0 nodad\n"
                           f"route add {gateway6} dev eth0\nroute add default via {gateway6} dev eth0\n")
        node.namespace.run("ip", "-batch", "-", stdin=f"address add {gateway4}/32 dev {node_side}\n"
                           f"route add {self.address4}/32 dev {node_side}\n")
        node.namespace.run("ip", "-6", "-batch", "-", stdin=f"address add {gateway6}/128 dev {node_side} nodad\n"
                           f"route add {self.address6}/128 dev {node_side}\n")
        ports = [str(port["containerPort"]) for container in pod["spec"].get("containers", [])
                 for port in container.get("ports", [])] or _PORTS
        server = os.path.join(os.path.dirname(__file__), "pod_server.py")
        self.process = Process(meta["name"], self.namespace, [sys.executable, server, meta["name"], node.name, *ports],
                               os.path.join(log_directory, f"pod-{meta['name']}.log"))
        self._wait_listening([int(port) for port in ports])

    def _wait_listening(self, ports: list[int]) -> None:
        deadline = time.monotonic() + 10
        wanted = {f":{port}" for port in ports}
        while time.monotonic() < deadline:
            listening = self.namespace.run("ss", "-Hltn", check=False)
            if all(re.search(rf"{port}\b", listening) for port in wanted):
                return
            time.sleep(0.02)

    def remove(self) -> None:
        self.process.kill()
        self.namespace.remove()


class Kubelet(Role):
    """One for all nodes. Runs pods in the order in which it learns of them."""

    def __init__(self, api: Api, lan: Lan, log_directory: str):
        self._lan = lan
        self._log_directory = log_directory
        self._running: dict[str, RunningPod] = {}
        self._numbers = {name: 0 for name in lan.nodes}
        super().__init__("kubelet", api, "/api/v1/pods")

    def _sync(self) -> None:
        pods = {key_of(pod): pod for pod in self._watched()[0] if pod["spec"].get("nodeName") in self._lan.nodes}
        for key, running in list(self._running.items()):
            if key not in pods or pods[key]["metadata"]["uid"] != running.uid or is_leaving(pods[key]):
                running.remove()
                del self._running[key]
        for key, pod in pods.items():
            if is_leaving(pod):
                self._confirm_end(pod)
            elif key not in self._running and not pod["spec"].get("hostNetwork"):  # those are the lab's own processes
                node = self._lan.nodes[pod["spec"]["nodeName"]]
                number = self._free_number(node)
                if number:
                    self._running[key] = RunningPod(pod, node, number, self._log_directory)
        for key, running in self._running.items():
            if not running.reported:
                self._report(pods[key], running)
                running.reported = True

    def _free_number(self, node: Node) -> int | None:
        """In turn, so that no address comes back soon. None: the node is full, and the Pod stays pending."""
        taken = {running.number for running in self._running.values() if running.node is node}
        for _ in range(_ROOM):
            self._numbers[node.name] = self._numbers[node.name] % _ROOM + 1
            if self._numbers[node.name] not in taken:
                return self._numbers[node.name]
        return None

    def _report(self, pod: dict, running: RunningPod) -> None:
        try:
            report_running(self._api, pod, [running.address4, running.address6], running.node.address4)
        except ApiError as error:
            if error.status != 404:  # deleted meanwhile: the watch will say so
                raise

    def _confirm_end(self, pod: dict) -> None:
        """A real API server waits for this before it removes the object."""
        meta = pod["metadata"]
        try:
            self._api.request("DELETE", path_of(pod), {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0,
                                                       "preconditions": {"uid": meta["uid"]}})
        except ApiError as error:
            if error.status not in (404, 409):  # gone, or another one has its name
                raise

    def stop(self) -> None:
        super().stop()
        for running in self._running.values():
            running.remove()


def path_of(pod: dict) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"


def is_leaving(pod: dict) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def report_running(api: Api, pod: dict, addresses: list[str], host: str) -> None:
    """Writes the status of a Pod all of whose containers run."""
    conditions = [{"type": kind, "status": "True"} for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")]
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    containers = [{"name": c["name"], "ready": True, "restartCount": 0, "image": c.get("image", ""), "imageID": "",
                   "state": {"running": {"startedAt": started}}} for c in pod["spec"]["containers"]]
    api.merge(f"{path_of(pod)}/status", {"status": {
        "phase": "Running", "podIP": addresses[0], "podIPs": [{"ip": address} for address in addresses], "hostIP": host,
        "hostIPs": [{"ip": host}], "startTime": started, "conditions": conditions, "containerStatuses": containers}})
