"""GoBGP: a daemon without a kernel, asked with its own command `gobgp`."""

import base64
import json
import time

from .description import IPV4, IPV6, Path, Session
from .gobgp_config import configuration
from .router import Router

_ESTABLISHED = 6
_API = ["-u", "127.0.0.1", "-p", "50051"]
_FAMILIES = {(1, 1): IPV4, (2, 1): IPV6}
_ORIGINS = {0: "IGP", 1: "EGP", 2: "incomplete"}


class GoBgp(Router):
    software = "gobgp"
    programs = ("gobgpd", "gobgp")
    installs_routes = False

    def start(self) -> None:
        path = self._write("gobgpd.json", json.dumps(configuration(self.description)))
        self._run("gobgpd", ["gobgpd", "-f", path, "-t", "json", "--api-hosts", "127.0.0.1:50051", "--pprof-disable"])

    def command(self, *arguments: str):
        try:
            return json.loads(self.namespace.run("gobgp", *_API, "-j", *arguments) or "null")
        except RuntimeError as error:
            raise OSError(str(error)) from None

    def sessions(self) -> dict[str, Session]:
        found = {}
        for told in self.command("neighbor") or []:
            state = told.get("state", {})
            timers = told.get("timers", {}).get("state", {})
            established = state.get("session_state") == _ESTABLISHED
            received = state.get("messages", {}).get("received", {})
            uptime = timers.get("uptime", {}).get("seconds", 0)
            found[told["conf"]["neighbor_address"]] = Session(
                established=established, state=str(state.get("session_state")),
                families=_families(state) if established else frozenset(),
                uptime=time.time() - uptime if established and uptime else 0.0,
                # Each session begins with one OPEN of the neighbour.
                times_established=received.get("open", 0), updates_received=received.get("update", 0),
                graceful_restart=_restarting(state), remote_router_id=state.get("router_id", ""), remote_asn=state.get("peer_asn"),
                hold=int(timers["negotiated_hold_time"]) if timers.get("negotiated_hold_time") else None)
        return found

    def routes(self, family: str) -> dict[str, list[Path]]:
        told = self.command("global", "rib", "-a", family) or {}
        return {prefix: [_path(entry) for entry in entries if entry.get("source-id") or entry.get("neighbor-ip")]
                for prefix, entries in told.items()}


def _capabilities(state: dict, which: str, kind: str) -> list[bytes]:
    """The values of one kind, as they stand in the message of GoBGP's interface (protocol buffers)."""
    return [base64.b64decode(told.get("value", "")) for told in state.get(which) or [] if told.get("type_url", "").endswith(f".{kind}")]


def _families(state: dict) -> frozenset[str]:
    """Those that both sides named. The value: field 1 holds a family, whose fields 1 and 2 are AFI and SAFI."""

    def named(which: str) -> set[str]:
        return {_FAMILIES.get((value[3], value[5]), "other") for value in _capabilities(state, which, "MultiProtocolCapability")}

    return frozenset(named("local_cap") & named("remote_cap"))


def _restarting(state: dict) -> bool:
    """The capability names a family (its field 3)."""
    return any(b"\x1a" in value for value in _capabilities(state, "remote_cap", "GracefulRestartCapability"))


def _path(entry: dict) -> Path:
    values: dict = {"communities": frozenset(), "large_communities": frozenset()}
    for attribute in entry.get("attrs", []):
        kind, value = attribute.get("type"), attribute.get("value")
        if kind == 1:
            values["origin"] = _ORIGINS.get(value, str(value))
        elif kind == 2:
            values["as_path"] = tuple(number for segment in attribute.get("as_paths") or [] for number in segment.get("asns", []))
        elif kind in (3, 14):
            values["next_hop"] = attribute.get("nexthop", "")
        elif kind == 4:
            values["med"] = attribute.get("metric", value)
        elif kind == 5:
            values["local_pref"] = value
        elif kind == 8:
            values["communities"] = frozenset(f"{number >> 16}:{number & 0xffff}" for number in attribute.get("communities", []))
        elif kind == 32:
            values["large_communities"] = frozenset(":".join(str(part) for part in _large(item)) for item in value or [])
    return Path(neighbour=entry.get("neighbor-ip", entry.get("source-id", "")), stale=bool(entry.get("stale", False)),
                **{"next_hop": "", **values})


def _large(item: dict) -> list[int]:
    return [item.get("ASN", 0), item.get("LocalData1", 0), item.get("LocalData2", 0)]
