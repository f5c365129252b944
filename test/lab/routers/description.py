"""What a router is to be, and what it says of itself, in terms that all software shares."""

import dataclasses
import ipaddress

IPV4, IPV6 = "ipv4", "ipv6"


@dataclasses.dataclass(frozen=True)
class Bfd:
    """Milliseconds, and how many packets may be missing. What stands behind that only FRR does."""

    receive: int = 50
    transmit: int = 50
    multiplier: int = 3
    echo: int | None = None  # milliseconds between echo packets
    passive: bool = False    # waits for the other end's first packet


@dataclasses.dataclass(frozen=True)
class Neighbour:
    """One peer: by its address, or unnumbered by our interface towards it."""

    asn: int | str  # a number, "internal" or "external"
    address: str = ""
    interface: str = ""
    families: tuple[str, ...] = (IPV4,)
    password: str = ""
    multihop: bool = False
    bfd: Bfd | None = None
    passive: bool = True  # the speakers open the sessions, as behind most users' routers
    hold: int = 90        # seconds; keepalives are sent three times as often
    source: str = ""
    reflector_client: bool = False

    @property
    def key(self) -> str:
        """What sessions and paths are found by."""
        return self.interface or str(ipaddress.ip_address(self.address))


@dataclasses.dataclass(frozen=True)
class Route:
    """A route that the router itself announces."""

    prefix: str
    next_hop: str = ""


@dataclasses.dataclass(frozen=True)
class Description:
    asn: int
    router_id: str
    neighbours: tuple[Neighbour, ...]
    maximum_paths: int = 64
    graceful_restart: bool = False
    own_addresses: tuple[str, ...] = ()  # of the router, one of each family that it peers over
    routes: tuple[Route, ...] = ()


@dataclasses.dataclass(frozen=True)
class Session:
    """None: this software does not tell."""

    established: bool
    state: str                       # in the software's own word
    families: frozenset[str] = frozenset()
    uptime: float = 0.0              # seconds
    times_established: int | None = None
    last_reset: str = ""
    updates_received: int | None = None
    remote_router_id: str = ""
    remote_asn: int | None = None
    hold: int | None = None          # negotiated, seconds
    graceful_restart: bool | None = None  # the peer has said that it can be waited for
    bfd: str = ""                    # "up", "down" or empty


@dataclasses.dataclass(frozen=True)
class Path:
    """One way to a prefix."""

    neighbour: str
    next_hop: str
    as_path: tuple[int, ...] = ()
    origin: str = ""
    local_pref: int | None = None
    med: int | None = None
    communities: frozenset[str] = frozenset()
    large_communities: frozenset[str] = frozenset()
    stale: bool | None = False


def family_of(prefix_or_address: str) -> str:
    return IPV6 if ":" in prefix_or_address else IPV4


def differs(found: object, wanted: dict) -> str:
    """Why `found` does not have the wanted attributes; empty when it has. Only what is named is compared."""
    for name, value in wanted.items():
        have = getattr(found, name)
        if have != value:
            return f"{name} is {have!r}, not {value!r}"
    return ""
