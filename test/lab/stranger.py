"""A device that does not belong to the cluster and takes one of its addresses, as a carelessly configured printer does."""

import os
import socket
import sys

from .cluster import Cluster
from .frames import ETH_ARP, ETH_IPV6, announcements
from .processes import Process

NAME = "stranger"


class Stranger:
    def __init__(self, cluster: Cluster):
        self._lan = cluster.lan
        self._log = cluster.log_path(NAME)
        self.host = cluster.lan.add_host(NAME, 66)
        self._server: Process | None = None

    def mac(self) -> str:
        return self.host.mac()

    def take(self, address: str, port: int = 80) -> None:
        """Its kernel answers for the address from now on, and a web server of its own on the port; it tells so unasked."""
        length = "128" if ":" in address else "32"
        if self._server is None:
            server = os.path.join(os.path.dirname(__file__), "pod_server.py")
            self._server = Process(NAME, self.host.namespace, [sys.executable, server, NAME, NAME, str(port)], self._log)
        self.host.namespace.run("ip", "address", "add", f"{address}/{length}", "dev", "eth0", *(["nodad"] if ":" in address else []))
        self.announce(address)

    def announce(self, address: str) -> None:
        protocol = ETH_IPV6 if ":" in address else ETH_ARP
        with self.host.namespace.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol)) as line:
            line.bind(("eth0", protocol))
            for frame in announcements(self.mac(), address):
                line.send(frame)

    def leave(self) -> None:
        if self._server is not None:
            self._server.kill()
        self._lan.remove_host(self.host)
