"""Asks for addresses every 10 ms, by ARP or neighbour discovery and by HTTP, and notes when it got which answer.

A process of its own (started by `outage`), so that the lab's other work does not delay it: one thread, one epoll, no more than
some hundred descriptors. It watches with two hosts: the questions are asked by a host of their own, so that no answer to them
refreshes the client's neighbour table; the HTTP requests are the client's, over whatever node its kernel's table names.

Standard input: the end of it ends the watch. Standard output: "ready", then the record as one JSON document.
"""

import errno
import gc
import ipaddress
import json
import os
import select
import socket
import sys
import time

from .frames import ETH_ARP, ETH_IPV6, claim_of, packed, question
from .netns import enter

PERIOD = 0.010
REQUEST_TIMEOUT = 0.5  # below the second after which a kernel repeats a lost SYN: a request meets the network as it is
_REALTIME_PRIORITY = 5
_RESET = ("ECONNRESET", "EPIPE")


class Asker:
    """Questions to the LAN. They go out under several source addresses in turn, so that an answer tells its question."""

    def __init__(self, mac: str, sources: dict[str, list[str]], addresses: list[str]):
        self._sources = {name: sources["6" if ":" in name else "4"] for name in addresses}
        self._frames = {name: [question(mac, source, name) for source in self._sources[name]] for name in addresses}
        self._names = {packed(name): name for name in addresses}
        self._turns = {packed(source): turn for both in sources.values() for turn, source in enumerate(both)}
        self._sockets = {}
        for protocol in {ETH_IPV6 if ":" in name else ETH_ARP for name in addresses}:
            opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
            opened.bind(("eth0", protocol))
            opened.setblocking(False)
            self._sockets[protocol] = opened
        self.asked: list[float] = []
        self.answers: dict[str, list] = {name: [] for name in addresses}        # [when, MAC, number of the question]
        self.announcements: dict[str, list] = {name: [] for name in addresses}  # [when, MAC]

    def sockets(self) -> list[socket.socket]:
        return list(self._sockets.values())

    def ask(self) -> None:
        turn = len(self.asked)
        self.asked.append(time.monotonic())
        for name, frames in self._frames.items():
            self._sockets[ETH_IPV6 if ":" in name else ETH_ARP].send(frames[turn % len(frames)])

    def hear(self, opened: socket.socket) -> None:
        while True:
            try:
                claim = claim_of(opened.recv(2048))
            except BlockingIOError:
                return
            name = claim and self._names.get(claim.address)
            if not name:
                continue
            now = time.monotonic()
            if claim.announcement:
                self.announcements[name].append([now, claim.mac])
            elif claim.to in self._turns:
                behind = (len(self.asked) - 1 - self._turns[claim.to]) % len(self._sources[name])
                self.answers[name].append([now, claim.mac, len(self.asked) - 1 - behind])


class Caller:
    """HTTP requests, each on a connection of its own. One whose connection is reset before any answer came is sent once more at
    once, as browsers do it: a connection lives and dies with the node that it was opened through."""

    def __init__(self, poll: select.epoll, addresses: list[str], port: int):
        self._poll = poll
        self._targets = {name: (name, port) for name in addresses}
        self._texts = {name: f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode() for name in addresses}
        self._families = {name: socket.AF_INET6 if ":" in name else socket.AF_INET for name in addresses}
        self._open: dict[int, list] = {}  # descriptor: [socket, name, when begun, what came, times sent]
        # [when begun, seconds or null, what went wrong or null, first line of the answer, times sent]
        self.requests: dict[str, list] = {name: [] for name in addresses}

    def call(self) -> None:
        for name in self._targets:
            self._connect(name, time.monotonic(), 1)

    def _connect(self, name: str, began: float, times: int) -> None:
        opened = socket.socket(self._families[name], socket.SOCK_STREAM)
        opened.setblocking(False)
        result = opened.connect_ex(self._targets[name])
        self._open[opened.fileno()] = [opened, name, began, b"", times]
        self._poll.register(opened, select.EPOLLOUT)
        if result not in (0, errno.EINPROGRESS):
            self._end(opened.fileno(), errno.errorcode.get(result, str(result)))

    def go_on(self, descriptor: int, happened: int) -> None:
        opened, name, _, text, _ = self._open[descriptor]
        try:
            if happened & select.EPOLLOUT:
                opened.sendall(self._texts[name])
                self._poll.modify(descriptor, select.EPOLLIN)
                return
            piece = opened.recv(4096)
        except BlockingIOError:
            return
        except OSError as failure:
            self._end(descriptor, errno.errorcode.get(failure.errno, str(failure)))
            return
        self._open[descriptor][3] = text = text + piece
        head, found, body = text.partition(b"\r\n\r\n")
        if found and len(body) >= _content_length(head):
            self._end(descriptor, None)
        elif not piece:
            self._end(descriptor, "CLOSED")

    def give_up(self, now: float) -> None:
        for descriptor in [d for d, (_, _, began, _, _) in self._open.items() if now - began > REQUEST_TIMEOUT]:
            self._end(descriptor, "TIMEOUT")

    def busy(self) -> bool:
        return bool(self._open)

    def _end(self, descriptor: int, failure: str | None) -> None:
        opened, name, began, text, times = self._open.pop(descriptor)
        self._poll.unregister(descriptor)
        opened.close()
        if failure in _RESET and not text and times == 1:
            self._connect(name, began, 2)
            return
        line = text.partition(b"\r\n\r\n")[2].partition(b"\n")[0].decode(errors="replace")
        self.requests[name].append([began, None if failure else time.monotonic() - began, failure, line, times])


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        key, _, value = line.partition(b":")
        if key.lower() == b"content-length":
            return int(value)
    return 0


def watch(asker: Asker, caller: Caller, poll: select.epoll) -> float:
    """Until standard input ends. Returns by how many seconds the process itself was late at worst."""
    hearing = {opened.fileno(): opened for opened in asker.sockets()}
    for descriptor in (0, *hearing):
        poll.register(descriptor, select.EPOLLIN)
    ending = None
    latest = 0.0
    # Questions and requests take turns, half a period apart.
    due, asking = time.monotonic(), True
    while ending is None or (caller.busy() and time.monotonic() < ending):
        for descriptor, happened in poll.poll(max(0.0, due - time.monotonic())):
            if descriptor in hearing:
                asker.hear(hearing[descriptor])
            elif descriptor == 0:
                poll.unregister(0)
                ending = time.monotonic() + REQUEST_TIMEOUT + PERIOD
            else:
                caller.go_on(descriptor, happened)
        now = time.monotonic()
        if now < due:
            continue
        latest = max(latest, now - due)
        if ending is None:
            asker.ask() if asking else caller.call()
        asking = not asking
        caller.give_up(now)
        due = max(due + PERIOD / 2, now)
    caller.give_up(float("inf"))
    return latest


def main() -> None:
    """Argument: {"asker": namespace, "client": namespace, "mac": of the asker, "sources": {"4": [...], "6": [...]},
    "addresses": [...], "port": n} as JSON. Without an asker ("") nothing is asked: for addresses that are not on the LAN."""
    wanted = json.loads(sys.argv[1])
    for name in wanted["addresses"]:
        ipaddress.ip_address(name)
    if wanted["asker"]:
        enter(wanted["asker"])
    asker = Asker(wanted["mac"], wanted["sources"], wanted["addresses"] if wanted["asker"] else [])
    enter(wanted["client"])
    poll = select.epoll()
    caller = Caller(poll, wanted["addresses"], wanted["port"])
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_REALTIME_PRIORITY))
    except OSError:
        pass  # its lateness is in the record
    gc.disable()
    print("ready", flush=True)
    late = watch(asker, caller, poll)
    json.dump({"late": late, "asked": asker.asked, "answers": asker.answers, "announcements": asker.announcements,
               "requests": caller.requests}, sys.stdout)


if __name__ == "__main__":
    main()
