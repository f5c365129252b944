"""Plays the endpoint-slice controller: one EndpointSlice per Service with a selector and address family."""

from .api import Api, ApiError, key_of
from .role import Role

_LABEL = "kubernetes.io/service-name"
_SLICES = "/apis/discovery.k8s.io/v1/endpointslices"


class EndpointController(Role):
    def __init__(self, api: Api):
        self._written: dict[str, dict] | None = None  # as the API server has them; None: not asked for yet
        super().__init__("endpoints", api, "/api/v1/services", "/api/v1/pods")

    def _sync(self) -> None:
        if self._written is None:
            self._written = {key_of(item): _content(item) for item in self._api.get(_SLICES).get("items", [])}
        wanted = {}
        services, pods = self._watched()
        for service in services:
            if service["spec"].get("selector"):
                for slice_ in slices_of(service, pods):
                    wanted[key_of(slice_)] = slice_
        for key, slice_ in wanted.items():
            content = _content(slice_)
            if self._written.get(key) != content:
                self._write(slice_, key in self._written)
                self._written[key] = content
        for key in [key for key in self._written if key not in wanted]:
            namespace, name = key.split("/")
            try:
                self._api.delete(f"{_path(namespace)}/{name}")
            except ApiError as error:
                if error.status != 404:
                    raise
            del self._written[key]

    def _write(self, slice_: dict, exists: bool) -> None:
        path = _path(slice_["metadata"]["namespace"])
        try:
            if exists:
                self._api.merge(f"{path}/{slice_['metadata']['name']}", slice_)
            else:
                self._api.create(path, slice_)
        except ApiError as error:
            if error.status == 409:
                self._api.merge(f"{path}/{slice_['metadata']['name']}", slice_)
            elif error.status == 404 and exists:
                self._api.create(path, slice_)
            elif error.status != 404:  # 404 on create: its namespace is going away
                raise


def _path(namespace: str) -> str:
    return f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"


def _content(slice_: dict) -> dict:
    return {"endpoints": slice_.get("endpoints") or [], "ports": slice_.get("ports") or []}


def slices_of(service: dict, pods: list[dict]) -> list[dict]:
    """The slices that the Service should have: one per family of its cluster addresses."""
    meta, spec = service["metadata"], service["spec"]
    matching = [pod for pod in pods
                if pod["metadata"]["namespace"] == meta["namespace"] and pod.get("status", {}).get("podIPs")
                and all(pod["metadata"].get("labels", {}).get(k) == v for k, v in spec["selector"].items())]
    matching.sort(key=lambda pod: pod["metadata"]["name"])
    slices = []
    for family in spec.get("ipFamilies", ["IPv4"]):
        endpoints = []
        for pod in matching:
            addresses = [ip["ip"] for ip in pod["status"]["podIPs"] if (":" in ip["ip"]) == (family == "IPv6")]
            ready = any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
            leaving = "deletionTimestamp" in pod["metadata"]
            if addresses:
                endpoints.append({
                    "addresses": addresses[:1],
                    "conditions": {"ready": ready and not leaving, "serving": ready, "terminating": leaving},
                    "nodeName": pod["spec"]["nodeName"],
                    "targetRef": {"kind": "Pod", "namespace": meta["namespace"], "name": pod["metadata"]["name"],
                                  "uid": pod["metadata"]["uid"]},
                })
        ports = [{"name": port.get("name", ""), "protocol": port.get("protocol", "TCP"), "port": _target(port)}
                 for port in spec.get("ports", [])]
        slices.append({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": family,
            "metadata": {"name": f"{meta['name']}-{family.lower()}", "namespace": meta["namespace"],
                         "labels": {_LABEL: meta["name"], "endpointslice.kubernetes.io/managed-by": "lab"},
                         "ownerReferences": [{"apiVersion": "v1", "kind": "Service", "name": meta["name"], "uid": meta["uid"],
                                              "controller": True, "blockOwnerDeletion": True}]},
            "endpoints": endpoints, "ports": ports,
        })
    return slices


def _target(port: dict) -> int:
    target = port.get("targetPort", port["port"])
    return target if isinstance(target, int) else port["port"]
