"""Real routers of the lab: FRR, BIRD, GoBGP and ExaBGP, each started in a namespace from one neutral description and asked in one shape."""

from .bird import Bird
from .description import Bfd, Description, Neighbour, Path, Route, Session
from .exabgp import ExaBgp
from .frr import Frr
from .gobgp import GoBgp
from .router import Router

SOFTWARE: dict[str, type[Router]] = {"frr": Frr, "bird": Bird, "gobgp": GoBgp, "exabgp": ExaBgp}

__all__ = ["SOFTWARE", "Bfd", "Bird", "Description", "ExaBgp", "Frr", "GoBgp", "Neighbour", "Path", "Route", "Router", "Session"]
