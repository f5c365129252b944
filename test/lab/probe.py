"""Asks the LAN who has an address, as a client's kernel would, and notes every answer with its time."""

import select
import socket
import time

from .frames import ETH_ARP, ETH_IPV6, claim_of, packed, question
from .network import Host


class Prober:
    """Packet sockets on the host's eth0. Not thread-safe; close it after use."""

    def __init__(self, host: Host):
        self._host = host
        self._mac = host.mac()
        with host.namespace.entered():
            self._arp = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_ARP))
            self._arp.bind(("eth0", ETH_ARP))
            self._ndp = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_IPV6))
            self._ndp.bind(("eth0", ETH_IPV6))
        for opened in (self._arp, self._ndp):
            opened.setblocking(False)

    def close(self) -> None:
        self._arp.close()
        self._ndp.close()

    def ask(self, address: str) -> None:
        """Sends one ARP request or neighbour solicitation for `address`."""
        six = ":" in address
        own = self._host.address6 if six else self._host.address4
        (self._ndp if six else self._arp).send(question(self._mac, own, address))

    def answers(self, address: str, timeout: float, first_only: bool = False, started: float | None = None) -> list[tuple[str, float]]:
        """(MAC, seconds since `started`, else since the call) of each answer about `address` within `timeout` seconds."""
        started = time.perf_counter() if started is None else started
        found = []
        sock = self._ndp if ":" in address else self._arp
        wanted = packed(address)
        while True:
            left = timeout - (time.perf_counter() - started)
            if left <= 0 or not select.select([sock], [], [], left)[0]:
                return found
            try:
                frame = sock.recv(2048)
            except BlockingIOError:
                continue
            elapsed = time.perf_counter() - started
            claim = claim_of(frame)
            if claim and claim.address == wanted and not claim.announcement:
                found.append((claim.mac, elapsed))
                if first_only:
                    return found

    def who_has(self, address: str, timeout: float = 1.0, first_only: bool = True) -> list[tuple[str, float]]:
        """Asks once and collects the answers, timed from just before the question was sent."""
        self._drain()
        started = time.perf_counter()
        self.ask(address)
        return self.answers(address, timeout, first_only, started)

    def _drain(self) -> None:
        for sock in (self._arp, self._ndp):
            while select.select([sock], [], [], 0)[0]:
                sock.recv(2048)
