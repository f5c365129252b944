"""Plays the scheduler: Pods without a node are bound to the worker that has the fewest."""

import collections

from .api import Api, ApiError
from .role import Role

_CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


class Scheduler(Role):
    def __init__(self, api: Api):
        super().__init__("scheduler", api, "/api/v1/pods", "/api/v1/nodes")

    def _sync(self) -> None:
        pods, nodes = self._watched()
        workers = workers_of(nodes)
        load = collections.Counter(pod["spec"].get("nodeName") for pod in pods)
        for pod in sorted(filter(is_waiting, pods), key=lambda pod: pod["metadata"]["name"]) if workers else []:
            node = min(workers, key=lambda name: (load[name], name))
            load[node] += 1
            self._bind(pod, node)

    def _bind(self, pod: dict, node: str) -> None:
        meta = pod["metadata"]
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": meta["name"], "uid": meta["uid"]},
                   "target": {"apiVersion": "v1", "kind": "Node", "name": node}}
        try:
            self._api.create(f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/binding", binding)
        except ApiError as error:
            if error.status not in (404, 409):  # gone meanwhile, or bound already and the watch does not tell yet
                raise


def is_waiting(pod: dict) -> bool:
    """Pods of the host's network are the lab's own processes, which stand where they stand."""
    return not pod["spec"].get("nodeName") and not pod["spec"].get("hostNetwork") and "deletionTimestamp" not in pod["metadata"]


def workers_of(nodes: list[dict]) -> list[str]:
    """Nodes that take Pods; all of them where every node belongs to the control plane."""
    usable = [node for node in nodes if not node["spec"].get("unschedulable")]
    workers = [node for node in usable if _CONTROL_PLANE not in node["metadata"].get("labels", {})]
    return [node["metadata"]["name"] for node in workers or usable]
