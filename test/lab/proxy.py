"""Plays kube-proxy: nftables rules in every node that carry a Service's addresses and ports to its pods."""

from .api import Api
from .network import Lan, Node
from .role import Role

_TABLE = "lab-proxy"
_ANOTHERS = "service.kubernetes.io/service-proxy-name"  # kube-proxy leaves Services with this label to the proxy that it names


class Proxy(Role):
    def __init__(self, api: Api, lan: Lan):
        self._lan = lan
        self._installed: dict[str, str] = {}
        super().__init__("proxy", api, "/api/v1/services", "/apis/discovery.k8s.io/v1/endpointslices")

    def _sync(self) -> None:
        services, slices = self._watched()
        services = [s for s in services if _ANOTHERS not in s["metadata"].get("labels", {})]
        for node in self._lan.nodes.values():
            rules = rules_of(node, services, slices)
            if self._installed.get(node.name) != rules:
                node.namespace.run("nft", "-f", "-", stdin=rules)
                self._installed[node.name] = rules


def rules_of(node: Node, services: list[dict], slices: list[dict]) -> str:
    """The node's whole table as nft text; replaced in one transaction."""
    destination: list[str] = []
    for service in sorted(services, key=lambda s: (s["metadata"]["namespace"], s["metadata"]["name"])):
        destination += _service_rules(node, service, slices)
    text = "\n    ".join(destination)
    # Mark 0x4000 asks for masquerading, as kube-proxy does it for cluster-wide traffic.
    return f"""table inet {_TABLE}
delete table inet {_TABLE}
table inet {_TABLE} {{
  chain services {{
    {text}
  }}
  chain prerouting {{ type nat hook prerouting priority dstnat; policy accept; jump services; }}
  chain output {{ type nat hook output priority -100; policy accept; jump services; }}
  chain postrouting {{ type nat hook postrouting priority srcnat; policy accept; meta mark & 0x4000 == 0x4000 masquerade; }}
}}
"""


def _service_rules(node: Node, service: dict, slices: list[dict]) -> list[str]:
    spec = service["spec"]
    external = [i["ip"] for i in service.get("status", {}).get("loadBalancer", {}).get("ingress", []) if i.get("ip")]
    cluster = [ip for ip in spec.get("clusterIPs", []) if ip != "None"]
    local = spec.get("externalTrafficPolicy") == "Local"
    rules = []
    for port in spec.get("ports", []):
        protocol = port.get("protocol", "TCP").lower()
        for address, is_external in [(a, True) for a in external] + [(a, False) for a in cluster]:
            backends = _backends(service, port, slices, ":" in address, node.name if is_external and local else None)
            family = "ip6" if ":" in address else "ip"
            match = f"{family} daddr {address} {protocol} dport {port['port']}"
            if not backends:
                continue
            if is_external and not local:
                rules.append(f"{match} meta mark set meta mark | 0x4000")
            choices = ", ".join(f"{index} : {ip} . {number}" for index, (ip, number) in enumerate(backends))
            rules.append(f"{match} dnat {family} to numgen inc mod {len(backends)} map {{ {choices} }}")
    return rules


def _backends(service: dict, port: dict, slices: list[dict], ipv6: bool, only_node: str | None) -> list[tuple[str, int]]:
    meta = service["metadata"]
    found = []
    for slice_ in slices:
        owner = slice_["metadata"].get("labels", {}).get("kubernetes.io/service-name")
        if slice_["metadata"]["namespace"] != meta["namespace"] or owner != meta["name"]:
            continue
        if slice_["addressType"] != ("IPv6" if ipv6 else "IPv4"):
            continue
        number = next((p["port"] for p in slice_.get("ports") or [] if p.get("name", "") == port.get("name", "")), None)
        for endpoint in slice_.get("endpoints") or []:
            if number and endpoint.get("conditions", {}).get("ready", True) and only_node in (None, endpoint.get("nodeName")):
                found.append((endpoint["addresses"][0], number))
    return sorted(found)
