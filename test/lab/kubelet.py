"""Plays scheduler and kubelet: each Pod object becomes a namespace behind its node with an HTTP server, and gets its status."""

import http.client
import os
import re
import sys
import threading
import time

from .api import Api, ApiError, Watch, key_of
from .netns import Namespace, connect
from .network import Lan, Node
from .processes import Process


class RunningPod:
    def __init__(self, pod: dict, node: Node, number: int, log_directory: str):
        meta = pod["metadata"]
        self.uid = meta["uid"]
        self.reported = False  # the API knows its status
        self.node = node
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
                 for port in container.get("ports", [])] or ["8080"]
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


class Kubelet:
    """One for all nodes. Runs pods in the order in which it learns of them."""

    def __init__(self, api: Api, lan: Lan, log_directory: str):
        self._api = api
        self._lan = lan
        self._log_directory = log_directory
        self._running: dict[str, RunningPod] = {}
        self._numbers = {name: 0 for name in lan.nodes}
        self._wake = threading.Event()
        self._stopping = False
        self._watch = Watch(api, "/api/v1/pods", self._wake.set)
        self._thread = threading.Thread(target=self._run, name="kubelet", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait()
            self._wake.clear()
            if self._stopping or not self._watch.synced.is_set():
                continue
            try:
                self._sync(dict(self._watch.objects))
            except (OSError, http.client.HTTPException, ApiError):
                # The server is away: what is left to report waits for its return.
                threading.Timer(0.2, self._wake.set).start()

    def _sync(self, pods: dict[str, dict]) -> None:
        for key, running in list(self._running.items()):
            if key not in pods or pods[key]["metadata"]["uid"] != running.uid:
                running.remove()
                del self._running[key]
        for key, pod in pods.items():
            node = self._lan.nodes.get(pod["spec"].get("nodeName", ""))
            if key in self._running or node is None or pod["spec"].get("hostNetwork"):
                continue  # pods of the host network are the lab's own processes
            self._numbers[node.name] += 1
            self._running[key] = RunningPod(pod, node, self._numbers[node.name], self._log_directory)
        for key, running in self._running.items():
            if not running.reported:
                self._report(pods[key], running)
                running.reported = True

    def _report(self, pod: dict, running: RunningPod) -> None:
        meta = pod["metadata"]
        conditions = [{"type": kind, "status": "True"} for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")]
        containers = [{"name": c["name"], "ready": True, "restartCount": 0, "image": c.get("image", ""), "imageID": "",
                       "state": {"running": {"startedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}}}
                      for c in pod["spec"]["containers"]]
        status = {"phase": "Running", "podIP": running.address4, "podIPs": [{"ip": running.address4}, {"ip": running.address6}],
                  "hostIP": running.node.address4, "conditions": conditions, "containerStatuses": containers}
        try:
            self._api.merge(f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/status", {"status": status})
        except ApiError as error:
            if error.status != 404:  # deleted meanwhile: the watch will say so
                raise

    def stop(self) -> None:
        self._stopping = True
        self._watch.stop()
        self._wake.set()
        self._thread.join(5)
        for running in self._running.values():
            running.remove()


__all__ = ["Kubelet", "key_of"]
