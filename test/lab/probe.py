"""Asks the LAN who has an address, as a client's kernel would, and notes every answer with its time."""

import ipaddress
import select
import socket
import struct
import time

from .network import Host

_ETH_ARP = 0x0806
_ETH_IPV6 = 0x86DD


def _mac_bytes(text: str) -> bytes:
    return bytes(int(part, 16) for part in text.split(":"))


def _mac_text(raw: bytes) -> str:
    return ":".join(f"{byte:02x}" for byte in raw)


class Prober:
    """Packet sockets on the host's eth0. Not thread-safe; close it after use."""

    def __init__(self, host: Host):
        self._host = host
        self._mac = _mac_bytes(host.mac())
        with host.namespace.entered():
            self._arp = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_ARP))
            self._arp.bind(("eth0", _ETH_ARP))
            self._ndp = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_IPV6))
            self._ndp.bind(("eth0", _ETH_IPV6))
        for opened in (self._arp, self._ndp):
            opened.setblocking(False)

    def close(self) -> None:
        self._arp.close()
        self._ndp.close()

    def ask(self, address: str) -> None:
        """Sends one ARP request or neighbour solicitation for `address`."""
        if ":" in address:
            self._ndp.send(self._solicitation(ipaddress.IPv6Address(address)))
        else:
            self._arp.send(self._arp_request(ipaddress.IPv4Address(address)))

    def answers(self, address: str, timeout: float, first_only: bool = False, started: float | None = None) -> list[tuple[str, float]]:
        """(MAC, seconds since `started`, else since the call) of each answer about `address` within `timeout` seconds."""
        started = time.perf_counter() if started is None else started
        found = []
        sock = self._ndp if ":" in address else self._arp
        while True:
            left = timeout - (time.perf_counter() - started)
            if left <= 0 or not select.select([sock], [], [], left)[0]:
                return found
            try:
                frame = sock.recv(2048)
            except BlockingIOError:
                continue
            elapsed = time.perf_counter() - started
            mac = self._advertised_mac(frame, address)
            if mac:
                found.append((mac, elapsed))
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

    def _arp_request(self, target: ipaddress.IPv4Address) -> bytes:
        own = ipaddress.IPv4Address(self._host.address4).packed
        body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + self._mac + own + bytes(6) + target.packed
        return (b"\xff" * 6 + self._mac + struct.pack("!H", _ETH_ARP) + body).ljust(60, b"\0")

    def _solicitation(self, target: ipaddress.IPv6Address) -> bytes:
        group = ipaddress.IPv6Address(int(ipaddress.IPv6Address("ff02::1:ff00:0")) | (int(target) & 0xFFFFFF))
        source = ipaddress.IPv6Address(self._host.address6)
        message = struct.pack("!BBHI", 135, 0, 0, 0) + target.packed + b"\x01\x01" + self._mac
        pseudo = source.packed + group.packed + struct.pack("!IHBB", len(message), 0, 0, 58)
        message = message[:2] + struct.pack("!H", _checksum(pseudo + message)) + message[4:]
        ip = struct.pack("!IHBB", 6 << 28, len(message), 58, 255) + source.packed + group.packed
        ethernet = b"\x33\x33" + group.packed[12:] + self._mac + struct.pack("!H", _ETH_IPV6)
        return ethernet + ip + message

    @staticmethod
    def _advertised_mac(frame: bytes, address: str) -> str | None:
        """The link-layer address that an ARP reply or neighbour advertisement for `address` names."""
        if ":" not in address:
            is_reply = len(frame) >= 42 and frame[20:22] == b"\x00\x02"
            return _mac_text(frame[22:28]) if is_reply and frame[28:32] == ipaddress.IPv4Address(address).packed else None
        if len(frame) < 78 or frame[20] != 58 or frame[54] != 136 or frame[62:78] != ipaddress.IPv6Address(address).packed:
            return None
        return _mac_text(frame[80:86]) if frame[78:80] == b"\x02\x01" else _mac_text(frame[6:12])


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
