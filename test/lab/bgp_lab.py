"""A cluster whose nodes peer with routers: what the tests of BGP mode and its demo have in common."""

import json
import os
import re
import time

from . import objects
from .api import ApiError
from .cluster import Cluster
from .processes import wait_until
from .routed_lan import RoutedLan
from .routers import Bfd, Description, Neighbour

MY_ASN, ROUTER_ASN = 64512, 64513
POOL4, POOL6 = "203.0.113.64/26", "fd00:203:113::/120"


def neighbours(cluster: Cluster, family: str = "ipv4", **options) -> tuple[Neighbour, ...]:
    """The nodes, as a router on their LAN names them. `options`: of each Neighbour."""
    options = {"asn": MY_ASN, "families": (family,), **options}
    return tuple(Neighbour(address=node.address4 if family == "ipv4" else node.address6, **options) for node in cluster.lan.nodes.values())


def description(cluster: Cluster, *peers: Neighbour, asn: int = ROUTER_ASN, **options) -> Description:
    """Of the router in the middle."""
    router = cluster.lan.router
    options = {"router_id": router.address4, "own_addresses": (router.address4, router.address6), **options}
    return Description(asn=asn, neighbours=peers or neighbours(cluster), **options)


def hops4(cluster: Cluster, *names: str) -> set[str]:
    """Addresses of these nodes, of all when none is named."""
    return {node.address4 for name, node in cluster.lan.nodes.items() if not names or name in names}


def hops6(cluster: Cluster, *names: str) -> set[str]:
    return {node.address6 for name, node in cluster.lan.nodes.items() if not names or name in names}


def bgp_status(cluster: Cluster, name: str) -> dict[str, list[str]]:
    """Node -> names of peers, of a Service's ServiceBGPStatus objects."""
    path = f"/apis/metallb.io/v1beta1/namespaces/{objects.NAMESPACE}/servicebgpstatuses?labelSelector=metallb.io/service-name%3D{name}"
    told = (item["status"] for item in cluster.api.get(path)["items"] if "status" in item)
    return {status["node"]: status.get("peers", []) for status in told}


def requests_over_nodes(cluster: Cluster, address: str, count: int) -> list[tuple[str | None, str, str]]:
    """(node that carried it, pod that answered, caller that the pod saw) of each request, all from different ports of the client.
    With policy Cluster a node puts an address of its own in place of the client's, so the caller tells the node; else it is None."""
    owners = {}
    for node in cluster.lan.nodes.values():
        owners |= {text: node.name for text in (node.address4, node.address6, str(node.pod_network4[1]), str(node.pod_network6[1]))}
    url = f"http://[{address}]/" if ":" in address else f"http://{address}/"
    text = cluster.lan.client.namespace.run("curl", "-s", "--max-time", "2", "-H", "Connection: close", *[url] * count, check=False)
    found = re.findall(r"^pod: (\S+)\nnode: .*\ncaller: (?:::ffff:)?(\S+)", text, re.MULTILINE)
    return [(owners.get(caller), pod, caller) for pod, caller in found]


class BgpLab:
    """A running cluster on a RoutedLan with the example's pods; keeps account of the objects that tests make, and deletes them."""

    def __init__(self, cluster: Cluster, examples: str):
        self.cluster = cluster
        self._made: list[dict] = []
        for name in ("namespaces.yaml", "cluster.yaml"):
            cluster.apply(os.path.join(examples, name))
        cluster.start_stand_ins()
        cluster.start_controller()
        cluster.start_speakers()
        with open(os.path.join(examples, "myapp.yaml")) as file:
            pods = file.read().rpartition("---")[0]
        cluster.kubectl("apply", "-f", "-", stdin=pods)
        self._objects_from_the_start()
        self._wait_for_pods()

    def _objects_from_the_start(self) -> None:
        self.apply(objects.pool("bgp-pool", POOL4, POOL6))
        self._made.clear()

    def _wait_for_pods(self) -> None:
        def ready() -> bool:
            pods = self.cluster.api.get("/api/v1/namespaces/default/pods")["items"]
            return len(pods) == 2 and all(pod.get("status", {}).get("podIPs") for pod in pods)

        wait_until(ready, 20, "the pods run")

    # -- objects --------------------------------------------------------------------------------------------------------

    def apply(self, *bodies: dict) -> None:
        """Creates objects, or replaces the spec of those that are there."""
        for body in bodies:
            path = objects.collection(body)
            try:
                self.cluster.api.create(path, body)
                self._made.append(body)
            except ApiError as error:
                if error.status != 409:
                    raise
                name = f"{path}/{body['metadata']['name']}"
                current = self.cluster.api.get(name)
                current.update({key: value for key, value in body.items() if key != "metadata"})
                self.cluster.api.request("PUT", name, current)

    def patch(self, body: dict, **spec) -> None:
        """A merge patch of the spec."""
        self.cluster.api.merge(f"{objects.collection(body)}/{body['metadata']['name']}", {"spec": spec})

    def delete(self, *bodies: dict) -> None:
        for body in bodies:
            try:
                self.cluster.api.delete(f"{objects.collection(body)}/{body['metadata']['name']}")
            except ApiError as error:
                if error.status != 404:
                    raise
            self._made = [made for made in self._made if made is not body]

    def clear(self) -> None:
        """Deletes what was applied, Services and peers first."""
        order = ["Service", "EndpointSlice", "BGPPeer", "BGPAdvertisement"]
        rank = {kind: number for number, kind in enumerate(order)}
        self.delete(*sorted(self._made, key=lambda body: rank.get(body["kind"], len(order))))
        self._made.clear()

    def service(self, name: str, *addresses: str, **spec) -> dict:
        """A Service at these addresses, which it has when this returns."""
        body = objects.service(name, *addresses, **spec)
        self.apply(body)
        got = self.cluster.wait_for_ingress("default", name, count=len(addresses))
        assert sorted(got) == sorted(addresses), got
        return body

    def status(self, name: str) -> dict[str, list[str]]:
        return bgp_status(self.cluster, name)

    # -- speakers -------------------------------------------------------------------------------------------------------

    def metrics(self, node: str) -> dict[str, float]:
        """All series of a speaker."""
        text = self.cluster.lan.nodes[node].namespace.run("curl", "-sk", "--max-time", "5", "-H", "Authorization: Bearer any",
                                                          "https://127.0.0.1:9120/metrics", check=False)
        return {found.group(1): float(found.group(2)) for found in re.finditer(r"^([a-z]\S*) (\S+)$", text, re.MULTILINE)}

    def view(self, node: str) -> dict[str, dict]:
        """What a speaker tells of its sessions (docs/modules/peering.md), by the name of the BGPPeer; nothing while it starts."""
        text = self.cluster.lan.nodes[node].namespace.run("curl", "-sf", "--max-time", "5", "http://127.0.0.1:17472/bgp", check=False)
        return {session["peer"]: session for session in (json.loads(text)["sessions"] if text else [])}

    def nodes_in_use(self, address: str, requests: int = 40) -> set[str]:
        return {str(node) for node, _, _ in requests_over_nodes(self.cluster, address, requests)}


def wait_for_nodes(lab: BgpLab, address: str, nodes: set[str], timeout: float = 10.0) -> None:
    """Until the client's requests reach the address over exactly these nodes."""
    seen: set[str] = set()

    def spread() -> bool:
        seen.clear()
        seen.update(lab.nodes_in_use(address))
        return seen == nodes

    try:
        wait_until(spread, timeout, f"{address} is reached over {sorted(nodes)}")
    except TimeoutError as error:
        raise TimeoutError(f"{error}, but over {sorted(seen)}") from None


def settle(seconds: float = 0.5) -> float:
    """For claims that nothing happens: the time that it is given to happen."""
    time.sleep(seconds)
    return time.monotonic()


__all__ = ["Bfd", "BgpLab", "RoutedLan", "description", "hops4", "hops6", "neighbours", "settle", "wait_for_nodes"]
