"""FRR: zebra, bgpd and, where wanted, bfdd, with sockets and files of their own. Asked over bgpd's own vty socket."""

import json
import os
import re
import shutil
import socket

from ..processes import wait_until
from .description import IPV4, Path, Session
from .frr_config import configuration
from .router import Router

_DAEMONS = "/usr/lib/frr"


class Frr(Router):
    software = "frr"
    programs = (f"{_DAEMONS}/bgpd", f"{_DAEMONS}/zebra", f"{_DAEMONS}/bfdd")

    def start(self) -> None:
        texts = configuration(self.description)
        # The daemons give up root, and write here.
        shutil.chown(self.directory, "frr", "frr")
        common = ["-z", self._file("zserv.api"), "--vty_socket", self.directory, "-P", "0", "--log", "stdout"]
        self._daemon("zebra", common, texts["zebra"])
        wait_until(lambda: os.path.exists(self._file("zserv.api")), 10, "zebra's socket")
        if "bfdd" in texts:
            self._daemon("bfdd", [*common, "--bfdctl", self._file("bfdd.sock")], texts["bfdd"])
        self._daemon("bgpd", common, texts["bgpd"])
        wait_until(lambda: os.path.exists(self._file("bgpd.vty")), 10, "bgpd's socket")
        for process in self.processes():
            # FRR runs on without the lines that it does not understand.
            refused = [line for line in process.log_tail(200).splitlines() if "No such command" in line or "config failed" in line]
            if refused:
                raise RuntimeError(f"{process.name} refuses its configuration: {refused[0]}")

    def _daemon(self, name: str, options: list[str], text: str) -> None:
        self._run(name, [f"{_DAEMONS}/{name}", "-f", self._write(f"{name}.conf", text), "-i", self._file(f"{name}.pid"), *options])

    def stop(self) -> None:
        super().stop()
        self._forget_sockets()

    def kill(self) -> None:
        super().kill()
        self._forget_sockets()

    def _forget_sockets(self) -> None:
        for name in ("zserv.api", "zebra.vty", "bgpd.vty", "bfdd.vty"):
            if os.path.exists(self._file(name)):
                os.unlink(self._file(name))

    # -- asking ---------------------------------------------------------------------------------------------------------

    def command(self, *lines: str, daemon: str = "bgpd") -> str:
        """What vtysh would type into one daemon: each command ends with a NUL, each answer with three and the result."""
        output = b""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as vty:
            vty.settimeout(10)
            vty.connect(self._file(f"{daemon}.vty"))
            for line in ("enable", *lines):
                vty.sendall(line.encode() + b"\0")
                answer = b""
                while answer[-4:-1] != b"\0\0\0":
                    piece = vty.recv(65536)
                    if not piece:
                        raise OSError(f"{daemon} closed its vty")
                    answer += piece
                if answer[-1] != 0 and line != "enable":
                    raise OSError(f"{daemon}: {line}: {answer[:-4].decode(errors='replace').strip()}")
                output += answer[:-4]
        return output.replace(b"\0", b"").decode()

    def configure(self, *lines: str) -> None:
        self.command("configure terminal", *lines)

    def sessions(self) -> dict[str, Session]:
        found = {}
        for key, told in json.loads(self.command("show bgp neighbors json")).items():
            families = {name for name, key_ in (("ipv4", "ipv4Unicast"), ("ipv6", "ipv6Unicast"))
                        if told.get("neighborCapabilities", {}).get("multiprotocolExtensions", {}).get(key_, {}).get("advertisedAndReceived")}
            established = told.get("bgpState") == "Established"
            bfd = told.get("peerBfdInfo", {}).get("status", "")
            found[key] = Session(
                established=established, state=told.get("bgpState", "?"), families=frozenset(families),
                uptime=told.get("bgpTimerUpMsec", 0) / 1000 if established else 0.0,
                times_established=told.get("connectionsEstablished", 0),
                last_reset=told.get("lastResetDueTo", "") + _notification(told),
                updates_received=told.get("messageStats", {}).get("updatesRecv"),
                remote_router_id=told.get("remoteRouterId", ""), remote_asn=told.get("remoteAs"),
                hold=told.get("bgpTimerHoldTimeMsecs", 0) // 1000,
                graceful_restart=_restarting(told), bfd=bfd.lower())
        return found

    def routes(self, family: str) -> dict[str, list[Path]]:
        unicast = "ipv4 unicast" if family == IPV4 else "ipv6 unicast"
        told = json.loads(self.command(f"show bgp {unicast} json detail") or "{}")
        found = {}
        for prefix, paths in told.get("routes", {}).items():
            # 8.4 wraps a prefix's paths in an object, other releases do not.
            entries = paths.get("paths", []) if isinstance(paths, dict) else paths
            found[prefix] = [_path(entry) for entry in entries if entry.get("peer", {}).get("peerId") not in (None, "::", "0.0.0.0")]
        return {prefix: paths for prefix, paths in found.items() if paths}

    def bfd_sessions(self) -> dict[str, dict]:
        """As bfdd tells it, by the peer's address."""
        return {told["peer"]: told for told in json.loads(self.command("show bfd peers json", daemon="bfdd"))}

    def bfd_counters(self) -> dict[str, dict]:
        return {told["peer"]: told for told in json.loads(self.command("show bfd peers counters json", daemon="bfdd"))}


def _notification(told: dict) -> str:
    reason = told.get("lastNotificationReason", "")
    return f" {reason} {told.get('lastShutdownDescription', '')}".rstrip() if reason else ""


def _restarting(told: dict) -> bool | None:
    mode = told.get("gracefulRestartInfo", {}).get("remoteGrMode")
    return None if mode is None else mode.lower() == "restart"


def _path(entry: dict) -> Path:
    peer = entry["peer"]
    hops = [hop for hop in entry.get("nexthops", []) if hop.get("used")] or entry.get("nexthops", [])
    best = hops[0]["ip"] if hops else ""
    aspath = entry.get("aspath", {}).get("string", "")
    return Path(
        neighbour=peer.get("interface") or peer["peerId"], next_hop=best,
        as_path=tuple(int(number) for number in re.findall(r"\d+", aspath)), origin=entry.get("origin", ""),
        local_pref=entry.get("locPrf", entry.get("localPref")), med=entry.get("metric", entry.get("med")),
        communities=frozenset(_numeric(text) for text in entry.get("community", {}).get("list", [])),
        large_communities=frozenset(entry.get("largeCommunity", {}).get("list", [])),
        stale=bool(entry.get("stale", False)))


_WELL_KNOWN = {"noExport": "65535:65281", "noAdvertise": "65535:65282", "localAs": "65535:65283", "gracefulShutdown": "65535:0",
               "blackhole": "65535:666", "noPeer": "65535:65284"}


def _numeric(community: str) -> str:
    return _WELL_KNOWN.get(community, community)
