"""The LAN: one switch, a router, a client and the nodes, addressed as in the example cluster."""

import functools
import ipaddress

from .netns import Namespace, connect, run

LAN4 = "192.168.1"
LAN6 = "fd00:168:1::"


class Host:
    """A machine on the LAN, or on another network of the switch: its namespace, its cable to the switch (eth0) and its addresses."""

    def __init__(self, switch: Namespace, role: str, last_octet: int, bridge: str = "lan", network4: str = LAN4, network6: str = LAN6):
        self.name = role
        self.namespace = Namespace(role)
        self.address4 = f"{network4}.{last_octet}"
        self.address6 = f"{network6}{last_octet}"
        self.switch_port = f"p-{role}"[:15]
        self._switch = switch
        # Forwarding, and no duplicate-address wait for the static addresses: the lab knows that they are unique.
        # No redirects: a node that gets the rest of a connection of its predecessor forwards it, for want of a rule, and its kernel then
        # tells the client that the dead node is the better way.
        self.namespace.sysctl(
            ipv6__conf__all__accept_dad=0, ipv6__conf__default__accept_dad=0, ipv4__conf__all__rp_filter=0, ipv4__conf__default__rp_filter=0,
            ipv4__conf__all__accept_redirects=0, ipv4__conf__default__accept_redirects=0,
            ipv6__conf__all__accept_redirects=0, ipv6__conf__default__accept_redirects=0
        )
        connect(self.namespace, "eth0", switch, self.switch_port)
        switch.run("ip", "link", "set", self.switch_port, "master", bridge)
        self.all_addresses4: list[str] = []
        self.all_addresses6: list[str] = []
        self.add_address(self.address4, self.address6)

    @functools.cache
    def mac(self) -> str:
        return self.namespace.run("cat", "/sys/class/net/eth0/address").strip()

    def add_address(self, address4: str, address6: str) -> None:
        self.namespace.run("ip", "address", "add", f"{address4}/24", "dev", "eth0")
        self.namespace.run("ip", "address", "add", f"{address6}/64", "dev", "eth0", "nodad")
        self.all_addresses4.append(address4)
        self.all_addresses6.append(address6)

    def cut_cable(self) -> None:
        self._switch.set_link(self.switch_port, False)

    def plug_cable(self) -> None:
        self._switch.set_link(self.switch_port, True)


class Node(Host):
    """A Kubernetes node: forwards packets and routes a pod network of its own."""

    def __init__(self, switch: Namespace, name: str, number: int):
        super().__init__(switch, name, 100 + number)
        self.number = number
        self.pod_network4 = ipaddress.ip_network(f"10.42.{number}.0/24")
        self.pod_network6 = ipaddress.ip_network(f"fd42:{number:x}::/64")
        self.namespace.sysctl(ipv4__ip_forward=1, ipv6__conf__all__forwarding=1)


class Lan:
    """Switch, router, client, the host of the control plane, and the nodes."""

    def __init__(self, node_names: list[str], on_progress=lambda text: None):
        self._hosts: list[Host] = []
        self._namespaces: list[Namespace] = []  # of others than hosts
        self.switch = Namespace("switch")
        self._add_bridge("lan")
        self.router = self._add(Host(self.switch, "router", 1))
        self.client = self._place_client()
        self.control = self._add(Host(self.switch, "control", 10))
        self.nodes: dict[str, Node] = {}
        for number, name in enumerate(node_names, start=1):
            on_progress(name)
            self.nodes[name] = self._add(Node(self.switch, name, number))
        self.router.namespace.sysctl(ipv4__ip_forward=1, ipv6__conf__all__forwarding=1)
        for node in self.nodes.values():
            # Pod networks are reached through their node, as a routed CNI does it.
            commands = [
                f"route add {other.pod_network4} via {other.address4}" for other in self.nodes.values() if other is not node
            ]
            commands6 = [
                f"route add {other.pod_network6} via {other.address6}" for other in self.nodes.values() if other is not node
            ]
            node.namespace.run("ip", "-batch", "-", stdin="\n".join(commands) + "\n")
            node.namespace.run("ip", "-6", "-batch", "-", stdin="\n".join(commands6) + "\n")
        self._route_to_elsewhere()

    def _add_bridge(self, name: str) -> None:
        # No MLD/IGMP snooping querier stands on this LAN; forwarding delay 0 lets frames pass at once.
        self.switch.run("ip", "link", "add", name, "type", "bridge", "forward_delay", "0")
        self.switch.run("ip", "link", "set", name, "up")

    def _place_client(self) -> Host:
        return self._add(Host(self.switch, "client", 50))

    def _route_to_elsewhere(self) -> None:
        self._route_by_router(self.client, self.control, *self.nodes.values())

    def _route_by_router(self, *hosts: Host) -> None:
        for host in hosts:
            host.namespace.run("ip", "route", "add", "default", "via", self.router.address4)

    def _add(self, host):
        self._hosts.append(host)
        return host

    def add_asker(self) -> Host:
        """The machine that asks for addresses in place of the client (see `outage`). It has several addresses to ask from."""
        host = self.add_host("asker", 51)
        for octet in range(52, 59):
            host.add_address(f"{LAN4}.{octet}", f"{LAN6}{octet}")
        return host

    def add_host(self, role: str, last_octet: int) -> Host:
        """A further machine on the LAN; its default route leads to the router."""
        host = self._add(Host(self.switch, role, last_octet))
        host.namespace.run("ip", "route", "add", "default", "via", self.router.address4)
        return host

    def remove_host(self, host: Host) -> None:
        self._hosts.remove(host)
        host.namespace.remove()

    def node_of_mac(self, mac: str) -> str | None:
        """The node that owns a MAC address, None when it is a stranger's."""
        for node in self.nodes.values():
            if node.mac() == mac:
                return node.name
        return None

    def remove(self) -> None:
        for host in self._hosts:
            host.namespace.remove()
        for namespace in (*self._namespaces, self.switch):
            namespace.remove()


__all__ = ["Lan", "Host", "Node", "run"]
