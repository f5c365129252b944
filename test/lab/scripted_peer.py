"""A BGP peer that behaves, or misbehaves, as it is told: it waits for the speaker's connections and does with each what `act` says."""

import contextlib
import ipaddress
import socket
import struct
import threading

from .netns import Namespace
from .plain_speaker import HEADER, KEEPALIVE, NOTIFICATION, OPEN, message, open_message

_PATIENCE = 60.0  # seconds; a session brings a KEEPALIVE every 30


class Connection:
    """One of the speaker's, as its peer sees it."""

    def __init__(self, peer_socket: socket.socket, asn: int, router_id: str):
        self.socket = peer_socket
        self.socket.settimeout(_PATIENCE)
        self.asn, self.router_id = asn, router_id
        self._data = b""

    def send(self, *pieces: bytes) -> None:
        self.socket.sendall(b"".join(pieces))

    def read(self) -> tuple[int, bytes] | None:
        """The next message as (type, body); None: the speaker has closed."""
        while len(self._data) < HEADER or len(self._data) < struct.unpack_from("!H", self._data, 16)[0]:
            piece = self.socket.recv(65536)
            if not piece:
                return None
            self._data += piece
        length, kind = struct.unpack_from("!HB", self._data, 16)
        found, self._data = (kind, self._data[HEADER:length]), self._data[length:]
        return found

    def expect(self, kind: int) -> bytes:
        found = self.read()
        if found is None or found[0] != kind:
            raise AssertionError(f"a message of type {kind} should have come, not {found}")
        return found[1]

    def establish(self, capabilities: bytes = b"") -> None:
        """As any peer would. Who stays for longer than the hold time of 90 s has to send KEEPALIVEs."""
        self.expect(OPEN)
        self.send(open_message(self.asn, self.router_id, capabilities=capabilities), message(KEEPALIVE))
        self.expect(KEEPALIVE)

    def last_words(self) -> tuple[int, int] | None:
        """Code and subcode of the NOTIFICATION with which the speaker ends; None: it closes without."""
        words = None
        with contextlib.suppress(ConnectionError):
            while (found := self.read()) is not None:
                words = (found[1][0], found[1][1]) if found[0] == NOTIFICATION else None
        return words


class ScriptedPeer:
    """Listens while the context lasts. `ended`: what `act` returned, or raised, for each connection that it is through with."""

    def __init__(self, namespace: Namespace, address: str, port: int, act, asn: int, receive_buffer: int | None = None):
        self.ended: list[object] = []
        self.connections: list[Connection] = []
        self.port = port
        self._act, self._asn, self._address = act, asn, address
        with namespace.entered():
            self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer is not None:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)  # accepted sockets inherit it
        self._listener.bind((address, port))
        self._listener.listen(128)
        threading.Thread(target=self._run, name=f"peer at {port}", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            self.connections.append(Connection(accepted, self._asn, self._address))
            threading.Thread(target=self._serve, args=(self.connections[-1],), name=f"peer at {self.port}", daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        try:
            outcome = self._act(connection)
        except Exception as error:  # noqa: BLE001: the test looks at it
            outcome = error
        self.ended.append(outcome)

    def close(self) -> None:
        for each in (self._listener, *(connection.socket for connection in self.connections)):
            # `shutdown` wakes the thread that waits there.
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def __enter__(self) -> "ScriptedPeer":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def changes(body: bytes) -> tuple[list[str], list[str]]:
    """IPv4 prefixes that an UPDATE withdraws and announces."""
    size = struct.unpack_from("!H", body)[0]
    attributes = struct.unpack_from("!H", body, 2 + size)[0]
    return _prefixes(body[2:2 + size]), _prefixes(body[4 + size + attributes:])


def _prefixes(data: bytes) -> list[str]:
    found = []
    while data:
        size = (data[0] + 7) // 8
        found.append(f"{ipaddress.IPv4Address(data[1:1 + size].ljust(4, bytes(1)))}/{data[0]}")
        data = data[1 + size:]
    return found
