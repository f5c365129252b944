"""Services and pools on a real API server, and what became of them."""

from .control_plane import NAMESPACE, ControlPlane

SERVICES = "/api/v1/namespaces/default/services"
POOLS = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/ipaddresspools"


def create(control_plane: ControlPlane, name: str, annotations: dict | None = None, **spec) -> dict:
    """A Service of type LoadBalancer for TCP port 80."""
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "annotations": annotations or {}},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": name}, **spec}}
    return control_plane.api.create(SERVICES, body)


def get(control_plane: ControlPlane, name: str) -> dict:
    return control_plane.api.get(f"{SERVICES}/{name}")


def addresses(control_plane: ControlPlane, name: str) -> list[str]:
    return [entry["ip"] for entry in get(control_plane, name)["status"]["loadBalancer"].get("ingress", [])]


def balancers(control_plane: ControlPlane) -> dict[str, dict]:
    return {item["metadata"]["name"]: item for item in control_plane.api.get(SERVICES)["items"] if item["spec"]["type"] == "LoadBalancer"}


def assigned(control_plane: ControlPlane) -> dict[str, list[str]]:
    """The addresses of all Services, by name."""
    return {name: [entry["ip"] for entry in item["status"]["loadBalancer"].get("ingress", [])] for name, item in balancers(control_plane).items()}


def create_pool(control_plane: ControlPlane, name: str, *entries: str, **spec) -> None:
    control_plane.api.create(POOLS, {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool",
                                     "metadata": {"name": name, "namespace": NAMESPACE}, "spec": {"addresses": list(entries), **spec}})


def edit_pool(control_plane: ControlPlane, name: str, *entries: str, **spec) -> None:
    control_plane.api.merge(f"{POOLS}/{name}", {"spec": {"addresses": list(entries), **spec}})


def delete_all(control_plane: ControlPlane) -> None:
    """Services first, so that nothing is reassigned."""
    for name in balancers(control_plane):
        control_plane.api.delete(f"{SERVICES}/{name}")
    for item in control_plane.api.get(POOLS)["items"]:
        control_plane.api.delete(f"{POOLS}/{item['metadata']['name']}")


def reasons(control_plane: ControlPlane, name: str) -> set[str]:
    """Of the events about a Service."""
    events = control_plane.api.get("/api/v1/namespaces/default/events")["items"]
    return {event["reason"] for event in events if event["involvedObject"]["name"] == name}
