"""The LAN of BGP mode: the router stands between the client and the nodes, and further routers and cables can be added."""

import dataclasses

from .netns import Namespace, connect
from .network import LAN4, LAN6, Host, Lan, Node

OUTSIDE4 = "198.51.100"
OUTSIDE6 = "fd00:198:51::"
FAR4, FAR6 = "10.255.255.1", "fd00:255:255::1"
# Layer 4 decides which of several next hops a packet takes: a client's connections spread over all nodes.
_SPREAD = {"ipv4__fib_multipath_hash_policy": 1, "ipv6__fib_multipath_hash_policy": 1}


@dataclasses.dataclass(frozen=True)
class Far:
    """A machine behind the router, known by its loopback addresses."""

    namespace: Namespace
    address4: str = FAR4
    address6: str = FAR6


class RoutedLan(Lan):
    """client (198.51.100.50) - router (198.51.100.1, 192.168.1.1) - nodes (192.168.1.101...). Nodes answer by way of the router."""

    def _place_client(self) -> Host:
        self._add_bridge("outside")
        self.second_router: Host | None = None
        self.far: Far | None = None
        self._let_out(self.router, 1)
        return self._add(Host(self.switch, "client", 50, "outside", OUTSIDE4, OUTSIDE6))

    def _route_to_elsewhere(self) -> None:
        self._route_by_router(self.control, *self.nodes.values())
        for node in (self.control, *self.nodes.values()):
            node.namespace.run("ip", "-6", "route", "add", "default", "via", self.router.address6)
        self._route_client(1)

    def _let_out(self, router: Host, last_octet: int) -> None:
        """A second cable, to the client's network."""
        port = f"o-{router.name}"[:15]
        connect(router.namespace, "eth1", self.switch, port)
        self.switch.run("ip", "link", "set", port, "master", "outside")
        router.namespace.run("ip", "address", "add", f"{OUTSIDE4}.{last_octet}/24", "dev", "eth1")
        router.namespace.run("ip", "address", "add", f"{OUTSIDE6}{last_octet}/64", "dev", "eth1", "nodad")
        router.namespace.sysctl(ipv4__ip_forward=1, ipv6__conf__all__forwarding=1, **_SPREAD)

    def _route_client(self, *routers: int) -> None:
        """The client's way to everything else: over all of these routers at once."""
        self.client.namespace.sysctl(**_SPREAD)
        for option, network in (("-4", f"{OUTSIDE4}."), ("-6", OUTSIDE6)):
            hops = [word for octet in routers for word in ("nexthop", "via", f"{network}{octet}")]
            self.client.namespace.run("ip", option, "route", "replace", "default", *hops)

    def add_second_router(self) -> Host:
        """At 192.168.1.2. The client uses both from now on; the nodes answer by way of the first."""
        self.second_router = self._add(Host(self.switch, "router2", 2))
        self._let_out(self.second_router, 2)
        self._route_client(1, 2)
        return self.second_router

    def remove_second_router(self) -> None:
        self._route_client(1)
        self.remove_host(self.second_router)
        self.second_router = None

    def add_far(self) -> Far:
        """A machine one hop behind the router. Its route to the LAN is no default route: routers do not resolve next hops by that."""
        namespace = Namespace("far")
        self._namespaces.append(namespace)
        namespace.sysctl(ipv6__conf__all__accept_dad=0, ipv6__conf__default__accept_dad=0, ipv4__conf__all__rp_filter=0)
        connect(namespace, "eth0", self.router.namespace, "far")
        for where, octet in ((self.router.namespace, 1), (namespace, 2)):
            device = "far" if octet == 1 else "eth0"
            where.run("ip", "address", "add", f"10.255.0.{octet}/30", "dev", device)
            where.run("ip", "address", "add", f"fd00:255::{octet}/64", "dev", device, "nodad")
        namespace.run("ip", "address", "add", f"{FAR4}/32", "dev", "lo")
        namespace.run("ip", "address", "add", f"{FAR6}/128", "dev", "lo")
        self.router.namespace.run("ip", "route", "add", f"{FAR4}/32", "via", "10.255.0.2")
        self.router.namespace.run("ip", "-6", "route", "add", f"{FAR6}/128", "via", "fd00:255::2")
        namespace.run("ip", "route", "add", f"{LAN4}.0/24", "via", "10.255.0.1")
        namespace.run("ip", "-6", "route", "add", f"{LAN6}/64", "via", "fd00:255::1")
        self.far = Far(namespace)
        return self.far

    def add_direct_cables(self) -> dict[str, str]:
        """A cable of its own from each node (eth1) to the router, with link-local addresses only. Returns the router's interfaces."""
        for name, node in self.nodes.items():
            connect(node.namespace, "eth1", self.router.namespace, direct_port(node))
        return {name: direct_port(node) for name, node in self.nodes.items()}


def direct_port(node: Node) -> str:
    return f"to-{node.name}"[:15]
