"""The least that is a BGP speaker: one IPv4 session, routes when told to. It shows what a router needs by itself, whoever speaks."""

import ipaddress
import socket
import struct
import threading

from .netns import Namespace
from .processes import wait_until

_MARKER = b"\xff" * 16
OPEN, UPDATE, NOTIFICATION, KEEPALIVE, ROUTE_REFRESH = range(1, 6)
HEADER = 19  # bytes
_HOLD = 90


def message(kind: int, body: bytes = b"") -> bytes:
    return _MARKER + struct.pack("!HB", HEADER + len(body), kind) + body


def open_message(asn: int, router_id: str, version: int = 4, capabilities: bytes = b"") -> bytes:
    """RFC 4271, Section 4.2, with the capability of four-octet AS numbers, that of IPv4 unicast, and these."""
    capabilities = struct.pack("!BBHBB", 1, 4, 1, 0, 1) + struct.pack("!BBI", 65, 4, asn) + capabilities
    parameters = struct.pack("!BB", 2, len(capabilities)) + capabilities
    identifier = ipaddress.IPv4Address(router_id).packed
    return message(OPEN, struct.pack("!BHH", version, min(asn, 23456) if asn > 65535 else asn, _HOLD) + identifier
                    + struct.pack("!B", len(parameters)) + parameters)


def _host_route(prefix: str) -> bytes:
    network = ipaddress.IPv4Network(prefix)
    return struct.pack("!B", network.prefixlen) + network.network_address.packed[:(network.prefixlen + 7) // 8]


def announcement(prefix: str, asn: int, next_hop: str) -> bytes:
    """ORIGIN IGP, an AS path of one, the next hop."""
    attributes = (struct.pack("!BBBB", 0x40, 1, 1, 0) + struct.pack("!BBBBBI", 0x40, 2, 6, 2, 1, asn)
                  + struct.pack("!BBB", 0x40, 3, 4) + ipaddress.IPv4Address(next_hop).packed)
    return message(UPDATE, struct.pack("!HH", 0, len(attributes)) + attributes + _host_route(prefix))


def withdrawal(prefix: str) -> bytes:
    routes = _host_route(prefix)
    return message(UPDATE, struct.pack("!H", len(routes)) + routes + b"\0\0")


class PlainSpeaker:
    """Connected once constructed; `established` after the router's first KEEPALIVE."""

    def __init__(self, namespace: Namespace, source: str, router: str, asn: int):
        self.source, self.asn = source, asn
        self.established = threading.Event()
        with namespace.entered():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.bind((source, 0))

        def connected() -> bool:
            return self._socket.connect_ex((router, 179)) == 0

        wait_until(connected, 10, f"{router} takes a connection of {source}", interval=0.1)
        self._socket.sendall(open_message(asn, source))
        threading.Thread(target=self._run, name=f"plain speaker {source}", daemon=True).start()

    def _run(self) -> None:
        """Each KEEPALIVE of the router is answered with one, which is often enough for both."""
        data = b""
        while True:
            try:
                piece = self._socket.recv(65536)
            except OSError:
                return
            if not piece:
                return
            data += piece
            while len(data) >= HEADER and len(data) >= (length := struct.unpack_from("!H", data, 16)[0]):
                kind, data = data[18], data[length:]
                try:
                    if kind in (OPEN, KEEPALIVE):
                        self._socket.sendall(message(KEEPALIVE))
                except OSError:
                    return
                if kind == KEEPALIVE:
                    self.established.set()

    def announce(self, prefix: str) -> None:
        self._socket.sendall(announcement(prefix, self.asn, self.source))

    def withdraw(self, prefix: str) -> None:
        self._socket.sendall(withdrawal(prefix))

    def drop(self) -> None:
        """As when a process is killed: the kernel closes the connection without a word of BGP."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
