"""Plays the endpoint-slice controller: one EndpointSlice per Service with a selector and address family."""

import http.client
import threading

from .api import Api, ApiError, Watch

_LABEL = "kubernetes.io/service-name"


class EndpointController:
    def __init__(self, api: Api):
        self._api = api
        self._wake = threading.Event()
        self._stopping = False
        self._written: dict[str, dict] = {}
        self._services = Watch(api, "/api/v1/services", self._wake.set)
        self._pods = Watch(api, "/api/v1/pods", self._wake.set)
        self._thread = threading.Thread(target=self._run, name="endpoints", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._services.synced.wait()
        self._pods.synced.wait()
        try:
            for item in self._api.get("/apis/discovery.k8s.io/v1/endpointslices").get("items", []):
                self._written[f"{item['metadata']['namespace']}/{item['metadata']['name']}"] = _content(item)
        except (OSError, http.client.HTTPException, ApiError):
            pass  # nothing is known then, and writing tells what exists
        while not self._stopping:
            self._wake.wait()
            self._wake.clear()
            if self._stopping:
                return
            try:
                self._sync()
            except (OSError, http.client.HTTPException, ApiError):
                threading.Timer(0.2, self._wake.set).start()

    def _sync(self) -> None:
        wanted = {}
        pods = list(self._pods.objects.values())
        for service in list(self._services.objects.values()):
            if service["spec"].get("selector"):
                for slice_ in slices_of(service, pods):
                    wanted[f"{slice_['metadata']['namespace']}/{slice_['metadata']['name']}"] = slice_
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

    def stop(self) -> None:
        self._stopping = True
        self._services.stop()
        self._pods.stop()
        self._wake.set()
        self._thread.join(5)


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
