"""Routes in the kernel of a namespace: as they are, and every change with its time."""

import ipaddress
import json
import select
import socket
import struct
import threading
import time

from .netns import Namespace

_PROTOCOLS = ("bgp", "bird")  # whose routes these are: FRR's bgpd, BIRD
_NUMBERS = (186, 12)
_GROUPS = 0x40 | 0x400  # IPv4 and IPv6 routes
_NEW, _DELETED = 24, 25
_DESTINATION, _GATEWAY, _MULTIPATH, _VIA = 1, 5, 9, 18


def kernel_routes(namespace: Namespace) -> dict[str, set[str]]:
    """Prefix -> next hops, of the routes that BGP daemons have installed."""
    found: dict[str, set[str]] = {}
    for option in ("-4", "-6"):
        for route in json.loads(namespace.run("ip", option, "-j", "route", "show") or "[]"):
            if route.get("protocol") in _PROTOCOLS:
                hops = route.get("nexthops") or [route]
                found.setdefault(_prefix(route["dst"]), set()).update(_hop(hop) for hop in hops if _hop(hop))
    return found


def _prefix(text: str) -> str:
    return str(ipaddress.ip_network(text))


def _hop(route: dict) -> str:
    return route.get("gateway") or route.get("via", {}).get("host", "")


class RouteMonitor:
    """Notes each change of a BGP route with the time at which this process heard of it. A context manager."""

    def __init__(self, namespace: Namespace):
        self._changed = threading.Condition()
        self._hops: dict[str, frozenset[str]] = {}
        self.changes: list[tuple[float, str, frozenset[str]]] = []
        with namespace.entered():
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind((0, _GROUPS))
        for prefix, hops in kernel_routes(namespace).items():
            self._hops[prefix] = frozenset(hops)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="routes", daemon=True)
        self._thread.start()

    def hops(self, prefix: str) -> frozenset[str]:
        with self._changed:
            return self._hops.get(prefix, frozenset())

    def wait(self, prefix: str, holds, timeout: float, since: float) -> float:
        """When (time.monotonic()) the first change after `since` was heard that made `holds(next hops)` true."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for when, which, hops in self.changes:
                    if which == prefix and when >= since and holds(hops):
                        return when
                if not self._changed.wait(deadline - time.monotonic()):
                    raise TimeoutError(f"not within {timeout:g} s: {prefix} has next hops {sorted(self._hops.get(prefix, ()))}")

    def wait_for(self, prefix: str, hops: set[str], timeout: float) -> None:
        """Until the route has exactly these next hops; none: until it is gone."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._hops.get(prefix, frozenset()) == hops, timeout):
                raise TimeoutError(f"not within {timeout:g} s: {prefix} has next hops {sorted(self._hops.get(prefix, ()))}, not {sorted(hops)}")

    def changes_of(self, prefix: str, since: float) -> list[tuple[float, frozenset[str]]]:
        with self._changed:
            return [(when, hops) for when, which, hops in self.changes if which == prefix and when >= since]

    def close(self) -> None:
        self._stopping = True
        self._thread.join(2)
        self._socket.close()

    def __enter__(self) -> "RouteMonitor":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _run(self) -> None:
        while not self._stopping:
            if not select.select([self._socket], [], [], 0.2)[0]:
                continue
            data = self._socket.recv(1 << 18)
            now = time.monotonic()
            with self._changed:
                for kind, body in _messages(data):
                    change = _route(body) if kind in (_NEW, _DELETED) else None
                    if change:
                        prefix, hops = change[0], change[1] if kind == _NEW else frozenset()
                        self._hops[prefix] = hops
                        self.changes.append((now, prefix, hops))
                self._changed.notify_all()


def _messages(data: bytes):
    """(type, body) of each netlink message."""
    while len(data) >= 16:
        length, kind = struct.unpack_from("=IH", data)
        yield kind, data[16:length]
        data = data[(length + 3) & ~3:]


def _attributes(data: bytes):
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4:
            return
        yield kind & 0x3fff, data[4:length]
        data = data[(length + 3) & ~3:]


def _route(body: bytes) -> tuple[str, frozenset[str]] | None:
    """Prefix and next hops of a daemon's route in the main table; None for others."""
    family, length, _, _, table, protocol = struct.unpack_from("=6B", body)
    if table != 254 or protocol not in _NUMBERS:
        return None
    destination = b"\0" * (4 if family == socket.AF_INET else 16)
    hops: set[str] = set()
    for kind, value in _attributes(body[12:]):
        if kind == _DESTINATION:
            destination = value
        elif kind == _MULTIPATH:
            while len(value) >= 8:
                size = struct.unpack_from("=H", value)[0]
                hops |= _gateways(value[8:size])
                value = value[(size + 3) & ~3:]
    return f"{ipaddress.ip_address(destination)}/{length}", frozenset(hops | _gateways(body[12:]))


def _gateways(attributes: bytes) -> set[str]:
    found = set()
    for kind, value in _attributes(attributes):
        if kind == _GATEWAY:
            found.add(str(ipaddress.ip_address(value)))
        elif kind == _VIA:  # of another family than the route: two bytes of family go before
            found.add(str(ipaddress.ip_address(value[2:])))
    return found
