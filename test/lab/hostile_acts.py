"""What hostile peers do, and how a speaker has to answer (RFC 4271, Section 6; RFC 7606; bgp spec 4.3, 4.4 and 4.9)."""

import dataclasses
import socket
import struct
import time

from .scripted_peer import Connection
from .plain_speaker import KEEPALIVE, OPEN, ROUTE_REFRESH, UPDATE, message, open_message

_ROUTE_REFRESH_CAPABILITY = bytes([2, 0])
_NEXT_HOP = bytes([192, 0, 2, 1])
_NETWORK = bytes([24, 192, 0, 2])  # 192.0.2.0/24


# -- what ends the session --------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Fault:
    """`established`: it comes after the session is up. `code`, `subcode`: of the NOTIFICATION that answers it."""

    sent: object  # bytes, or a function of the Connection that makes them
    code: int
    subcode: int
    established: bool = False

    def __call__(self, connection: Connection) -> tuple[int, int] | None:
        if self.established:
            connection.establish()
        connection.send(self.sent if isinstance(self.sent, bytes) else self.sent(connection))
        return connection.last_words()


def _header(length: int, kind: int, marker: bytes = b"\xff" * 16) -> bytes:
    return marker + struct.pack("!HB", length, kind)


def _opened(**options):
    return lambda connection: open_message(**{"asn": connection.asn, "router_id": connection.router_id, **options})


def _open_cut_short(connection: Connection) -> bytes:
    """Its optional parameters are said to be longer than they are."""
    body = bytearray(open_message(connection.asn, connection.router_id)[19:])
    body[9] += 1
    return message(OPEN, bytes(body))


def _open_with_hold_time_1(connection: Connection) -> bytes:
    body = bytearray(open_message(connection.asn, connection.router_id)[19:])
    body[3:5] = struct.pack("!H", 1)
    return message(OPEN, bytes(body))


FAULTS = {
    "text of another protocol": Fault(b"GET / HTTP/1.1\r\nHost: router\r\n\r\n", 1, 1),
    "zeros": Fault(bytes(4096), 1, 1),
    "a message of 18 octets": Fault(_header(18, OPEN), 1, 2),
    "an OPEN of 5000 octets": Fault(_header(5000, OPEN) + bytes(4981), 1, 2),
    "an unknown type": Fault(message(9), 1, 3),
    "version 3": Fault(_opened(version=3), 2, 1),
    "another AS": Fault(_opened(asn=65000), 2, 2),
    "identifier 0": Fault(_opened(router_id="0.0.0.0"), 2, 3),
    "parameters over the end": Fault(_open_cut_short, 2, 0),
    "hold time of one second": Fault(_open_with_hold_time_1, 2, 6),
    "an UPDATE in place of the OPEN": Fault(message(UPDATE, bytes(4)), 5, 1),
    "lengths over the end of an UPDATE": Fault(message(UPDATE, struct.pack("!H", 500) + bytes(2)), 3, 1, established=True),
    "a KEEPALIVE with content": Fault(message(KEEPALIVE, b"\0"), 1, 2, established=True),
    "a lost octet": Fault(message(KEEPALIVE) + message(KEEPALIVE)[1:] + message(KEEPALIVE), 1, 1, established=True),
    "a second OPEN": Fault(_opened(), 5, 3, established=True),
}


# -- what is counted and harms no session -------------------------------------------------------------------------------------


def _attribute(flags: int, kind: int, value: bytes) -> bytes:
    return bytes([flags, kind, len(value)]) + value


def _origin(flags: int = 0x40, value: bytes = b"\0") -> bytes:
    return _attribute(flags, 1, value)


def _path(asn: int) -> bytes:
    return _attribute(0x40, 2, b"\2\1" + struct.pack("!I", asn))


_HOP = _attribute(0x40, 3, _NEXT_HOP)


def update(attributes: bytes, announced: bytes = _NETWORK, withdrawn: bytes = b"") -> bytes:
    return message(UPDATE, struct.pack("!H", len(withdrawn)) + withdrawn + struct.pack("!H", len(attributes)) + attributes + announced)


def sound(asn: int) -> bytes:
    return update(_origin() + _path(asn) + _HOP)


def extended(asn: int) -> bytes:
    """As long as messages may be between those who both said so (RFC 8654): a prefix after the other up to 65535 octets."""
    attributes = _origin() + _path(asn) + _HOP
    return update(attributes, _NETWORK * ((65535 - 19 - 4 - len(attributes)) // len(_NETWORK)))


def faulty(asn: int) -> dict[str, bytes]:
    """UPDATEs with errors that RFC 7606 answers with anything from discarding an attribute to a reset: to who imports nothing
    all are the same."""
    good = _origin() + _path(asn) + _HOP
    return {
        "ORIGIN of two octets": update(_origin(value=b"\0\0") + _path(asn) + _HOP),
        "unknown ORIGIN": update(_origin(value=b"\x09") + _path(asn) + _HOP),
        "no NEXT_HOP": update(_origin() + _path(asn)),
        "an AS path that runs over its end": update(_origin() + _attribute(0x40, 2, b"\2\7" + struct.pack("!I", asn)) + _HOP),
        "wrong flags": update(_origin(flags=0xC0) + _path(asn) + _HOP),
        "an attribute twice": update(good + _HOP),
        "an attribute over the end of the list": update(good + b"\xc0\x08\xff\0\0"),
        "an unknown well-known attribute": update(good + _attribute(0x40, 99, b"\0")),
        "communities of three octets": update(good + _attribute(0xC0, 8, b"\0\1\2")),
        "a prefix of 33 bits": update(good, bytes([33, 192, 0, 2, 1, 0])),
        "a prefix that is cut off": update(good, bytes([24, 192, 0])),
        "a next hop of five octets": update(_origin() + _path(asn) + _attribute(0x80, 14, struct.pack("!HBB", 2, 1, 5) + bytes(6))),
    }


# -- who does not get as far as a session ---------------------------------------------------------------------------------------


def says_nothing(connection: Connection) -> None:
    connection.expect(OPEN)


def stops_within_its_open(connection: Connection) -> None:
    connection.send(open_message(connection.asn, connection.router_id)[:25])


def never_confirms(connection: Connection) -> None:
    connection.expect(OPEN)
    connection.send(open_message(connection.asn, connection.router_id))
    connection.expect(KEEPALIVE)


def closes_at_once(connection: Connection) -> None:
    connection.expect(OPEN)
    connection.socket.close()


def resets_at_once(connection: Connection) -> None:
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.socket.close()


HALF_OPEN = {"silent": says_nothing, "in-open": stops_within_its_open, "unconfirmed": never_confirms,
             "closes": closes_at_once, "resets": resets_at_once}


# -- who sends, or reads, at another pace than it should ------------------------------------------------------------------------


class Flood:
    """As many UPDATEs as the connection takes, each as full as it may be, for so many seconds. Nothing of the speaker's is read."""

    def __init__(self, seconds: float):
        self.sent = 0  # octets
        self._seconds = seconds

    def _piece(self, connection: Connection) -> bytes:
        attributes = _origin() + _path(connection.asn) + _HOP
        return update(attributes, b"".join(bytes([24, 16 + (n >> 16), n >> 8 & 255, n & 255]) for n in range(1000))) * 16

    def __call__(self, connection: Connection) -> None:
        connection.establish(_ROUTE_REFRESH_CAPABILITY)
        piece, end = self._piece(connection), time.monotonic() + self._seconds
        while time.monotonic() < end:
            connection.send(piece)
            self.sent += len(piece)


class FloodOfRequests(Flood):
    """It asks for everything again, over and over."""

    def _piece(self, connection: Connection) -> bytes:
        return message(ROUTE_REFRESH, struct.pack("!HBB", 1, 0, 1)) * 2000


def never_reads(connection: Connection) -> None:
    """The session comes up, and from then on its window stays closed."""
    connection.establish()
