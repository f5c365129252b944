"""ExaBGP: it speaks BGP and hands every message to a process of ours (`exabgp_api`), which keeps them in a file. No kernel."""

import json
import os
import sys

from .description import IPV6, Description, Neighbour, Path, Session
from .router import Router

_API = os.path.join(os.path.dirname(os.path.abspath(__file__)), "exabgp_api.py")


class ExaBgp(Router):
    software = "exabgp"
    programs = ("exabgp",)
    installs_routes = False

    def start(self) -> None:
        self._events = self._file("events")
        open(self._events, "w").close()
        self._read = 0
        self._sessions: dict[str, dict] = {n.key: {"state": "idle", "families": frozenset(), "times": 0, "updates": 0, "reason": ""}
                                           for n in self.description.neighbours}
        self._paths: dict[tuple[str, str], Path] = {}
        path = self._write("exabgp.conf", configuration(self.description, f"{sys.executable} {_API} {self._events}"))
        settings = {"daemon.user": "root", "daemon.drop": "false", "daemon.daemonize": "false", "log.level": "INFO", "log.destination": "stdout",
                    "tcp.bind": " ".join(self.description.own_addresses), "tcp.port": "179", "api.cli": "false", "api.ack": "false"}
        self._run("exabgp", ["env", *(f"exabgp.{key}={value}" for key, value in settings.items()), "exabgp", path])

    def _catch_up(self) -> None:
        with open(self._events) as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith("\n"):
                    break
                self._read += len(line.encode())
                self._note(json.loads(line))

    def _note(self, event: dict) -> None:
        told = event.get("neighbor", {})
        key = told.get("address", {}).get("peer")
        if key not in self._sessions:
            return
        session = self._sessions[key]
        if event["type"] == "state":
            self._note_state(key, session, told)
        elif event["type"] == "negotiated":
            named = told.get("negotiated", {})
            session["families"] = frozenset(name.split()[0] for name in named.get("families", []))
            session["hold"] = named.get("hold_time")
        elif event["type"] == "open":
            session["asn"], session["router_id"] = told["open"].get("asn"), told["open"].get("router_id", "")
        elif event["type"] == "update":
            session["updates"] += 1
            self._note_update(key, told.get("message", {}).get("update", {}))

    def _note_state(self, key: str, session: dict, told: dict) -> None:
        session["state"] = told["state"]
        if told["state"] == "up":
            session["times"] += 1
        elif told["state"] == "down":
            session["reason"] = told.get("reason", "")
            self._paths = {where: path for where, path in self._paths.items() if where[0] != key}

    def _note_update(self, key: str, update: dict) -> None:
        for prefixes in update.get("withdraw", {}).values():
            for entry in prefixes:
                self._paths.pop((key, entry["nlri"]), None)
        attributes = update.get("attribute", {})
        for hops in update.get("announce", {}).values():
            # A global and a link-local next hop stand side by side; the global one is what the tests name.
            for hop, prefixes in sorted(hops.items(), key=lambda item: not item[0].startswith("fe80:")):
                for entry in prefixes if isinstance(prefixes, list) else []:
                    if "nlri" in entry:  # else an End-of-RIB
                        self._paths[key, entry["nlri"]] = _path(key, hop, attributes)

    def sessions(self) -> dict[str, Session]:
        self._catch_up()
        return {key: Session(established=s["state"] == "up", state=s["state"], families=s["families"] if s["state"] == "up" else frozenset(),
                             times_established=s["times"], last_reset=s["reason"], updates_received=s["updates"],
                             remote_router_id=s.get("router_id", ""), remote_asn=s.get("asn"), hold=s.get("hold"))
                for key, s in self._sessions.items()}

    def routes(self, family: str) -> dict[str, list[Path]]:
        self._catch_up()
        found: dict[str, list[Path]] = {}
        for (_, prefix), path in self._paths.items():
            if (":" in prefix) == (family == IPV6):
                found.setdefault(prefix, []).append(path)
        return found


def _path(key: str, hop: str, attributes: dict) -> Path:
    path = attributes.get("as-path", [])
    if isinstance(path, dict):
        path = [number for segment in path.values() for number in segment.get("value", [])]
    return Path(neighbour=key, next_hop=hop, as_path=tuple(path), origin=attributes.get("origin", "").upper(),
                local_pref=attributes.get("local-preference"), med=attributes.get("med"), stale=None,
                communities=frozenset(":".join(map(str, part)) for part in attributes.get("community", [])),
                large_communities=frozenset(":".join(map(str, part)) for part in attributes.get("large-community", [])))


def configuration(wanted: Description, receiver: str) -> str:
    lines = ["process receiver {", f"  run {receiver};", "  encoder json;", "}"]
    for neighbour in wanted.neighbours:
        lines += _neighbour(wanted, neighbour)
    return "\n".join(lines) + "\n"


def _neighbour(router: Description, wanted: Neighbour) -> list[str]:
    own = wanted.source or next((address for address in router.own_addresses if (":" in address) == (":" in wanted.key)), "")
    lines = [f"neighbor {wanted.key} {{", f"  router-id {router.router_id};", f"  local-address {own};", f"  local-as {router.asn};",
             f"  peer-as {router.asn if wanted.asn == 'internal' else wanted.asn};", f"  hold-time {wanted.hold};",
             f"  passive {'true' if wanted.passive else 'false'};", "  listen 179;" if wanted.passive else "  connect 179;"]
    if wanted.password:
        lines.append(f"  md5-password \"{wanted.password}\";")
    if wanted.multihop:
        lines.append("  outgoing-ttl 255;")
    if router.graceful_restart:
        lines.append("  capability { graceful-restart 120; }")
    lines += ["  family {", *(f"    {family} unicast;" for family in wanted.families), "  }",
              "  api { processes [ receiver ]; neighbor-changes; negotiated; receive { parsed; open; update; } }"]
    if router.routes:
        lines += ["  static {", *(f"    route {route.prefix} next-hop {route.next_hop or 'self'};" for route in router.routes), "  }"]
    return [*lines, "}"]
