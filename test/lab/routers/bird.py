"""BIRD 2: one process, asked over its control socket."""

import re
import socket

from .bird_config import configuration, protocol_name
from .description import IPV4, Path, Session
from .router import Router


class Bird(Router):
    software = "bird"
    programs = ("bird", "birdc")

    def start(self) -> None:
        path = self._write("bird.conf", configuration(self.description))
        self._run("bird", ["bird", "-f", "-c", path, "-s", self._file("bird.ctl"), "-P", self._file("bird.pid")])

    def command(self, line: str) -> list[str]:
        """The text lines of one answer. A line starts with a four-digit code, or a space where it goes on; "-" after the code: more to come."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
            control.settimeout(20)
            control.connect(self._file("bird.ctl"))
            reader = control.makefile("r", encoding="utf-8", newline="\n")
            reader.readline()  # its greeting
            control.sendall(f"{line}\n".encode())
            lines = []
            for text in reader:
                text = text.rstrip("\n")
                code = re.match(r"(\d{4})([ -])", text)
                lines.append(text[5:] if code else text[1:])
                if code and code.group(2) == " ":
                    if code.group(1)[0] in "89":
                        raise OSError(f"bird: {line}: {text}")
                    return lines
        raise OSError("bird closed its control socket")

    def sessions(self) -> dict[str, Session]:
        names = {protocol_name(number): neighbour.key for number, neighbour in enumerate(self.description.neighbours)}
        found = {}
        for name, text in _blocks(self.command("show protocols all"), names):
            state = re.search(r"BGP state:\s+(\S+)", text)
            established = bool(state and state.group(1) == "Established")
            agreed = re.search(r"Session:\s+(.*)", text)
            channels = {channel for channel in re.findall(r"Channel (ipv[46])\n\s+State:\s+UP", text)}
            hold = re.search(r"Hold timer:\s+[\d.]+/(\d+)", text)
            fault = re.search(r"Last error:\s+(.*)", text)
            restart = re.search(r"Neighbor capabilities\n((?:      .*\n?)*)", text)
            router_id = re.search(r"Neighbor ID:\s+(\S+)", text)
            asn = re.search(r"Neighbor AS:\s+(\d+)", text)
            found[names[name]] = Session(
                established=established, state=state.group(1) if state else "?",
                families=frozenset(channels) if established and agreed else frozenset(),
                remote_router_id=router_id.group(1) if router_id else "", remote_asn=int(asn.group(1)) if asn else None,
                hold=int(hold.group(1)) if hold else None, last_reset=fault.group(1).strip() if fault else "",
                graceful_restart="AF supported" in restart.group(1) if restart else None,
                times_established=self._times_established(name))
        for key, state in self._bfd().items():
            if key in found:
                found[key] = Session(**{**vars(found[key]), "bfd": state})
        return found

    def _times_established(self, name: str) -> int:
        with open(self._file("bird.log"), errors="replace") as log:
            return log.read().count(f"{name}: BGP session established")

    def _bfd(self) -> dict[str, str]:
        if not any(neighbour.bfd for neighbour in self.description.neighbours):
            return {}
        rows = (re.match(r"(\S+)\s+\S+\s+(Up|Down|Init|AdminDown)\b", line) for line in self.command("show bfd sessions"))
        return {row.group(1): row.group(2).lower() for row in rows if row}

    def routes(self, family: str) -> dict[str, list[Path]]:
        table = "master4" if family == IPV4 else "master6"
        found: dict[str, list[Path]] = {}
        prefix, block = "", []

        def end() -> None:
            path = _path(block, self.description.neighbours) if block else None
            if path:
                found.setdefault(prefix, []).append(path)

        for line in self.command(f"show route all table {table} where source = RTS_BGP"):
            # A path begins with its prefix, or with blanks where it is one more of the same prefix.
            begins = re.match(r"(\S*)\s+(unicast|blackhole|unreachable)\b", line)
            if begins and ("[" in line):
                end()
                prefix, block = begins.group(1) or prefix, [line]
            elif block:
                block.append(line)
        end()
        return found


def _blocks(lines: list[str], names: dict[str, str]):
    """(protocol, its text) for each of our neighbours."""
    name, block = "", []
    for line in [*lines, "end "]:
        first = line.split(" ", 1)[0]
        if first:
            if name in names:
                yield name, "\n".join(block)
            name, block = first, []
        block.append(line)


def _path(block: list[str], neighbours) -> Path | None:
    text = "\n".join(block)
    came = re.search(r"\[(\w+) ", text)
    names = {protocol_name(number): neighbour.key for number, neighbour in enumerate(neighbours)}
    if not came or came.group(1) not in names:
        return None

    def attribute(name: str) -> str:
        line = re.search(rf"BGP\.{name}: ?(.*)", text)
        return line.group(1).strip() if line else ""

    def number(name: str) -> int | None:
        return int(attribute(name)) if attribute(name) else None

    hop = attribute("next_hop").split()
    return Path(neighbour=names[came.group(1)], next_hop=hop[0] if hop else "",
                as_path=tuple(int(part) for part in attribute("as_path").split()), origin=attribute("origin"),
                local_pref=number("local_pref"), med=number("med"),
                communities=frozenset(_joined(attribute("community"))), large_communities=frozenset(_joined(attribute("large_community"))),
                stale="s]" in block[0] or " stale" in text)


def _joined(text: str) -> list[str]:
    """(1,2) or (1, 2, 3) as 1:2 and 1:2:3."""
    return [re.sub(r",\s*", ":", group) for group in re.findall(r"\(([^)]*)\)", text)]
