"""BIRD's configuration text."""

from .description import IPV4, IPV6, Description, Neighbour


def protocol_name(number: int) -> str:
    return f"peer{number}"


def configuration(wanted: Description) -> str:
    """An external neighbour's routes are dropped without an import filter (RFC 8212), and one path of several reaches the kernel
    without `merge paths`."""
    lines = [f"router id {wanted.router_id};", "log stderr all;", "protocol device { scan time 1; }"]
    for family in (IPV4, IPV6):
        lines += [f"protocol direct direct{family[-1]} {{ {family}; }}", f"protocol kernel kernel{family[-1]} {{",
                  f"  merge paths on limit {wanted.maximum_paths};",
                  f"  {family} {{ import none; export where source = RTS_BGP; }};", "}"]
    lines += _statics(wanted)
    profiles = [neighbour.bfd for neighbour in wanted.neighbours if neighbour.bfd]
    if profiles:
        timing = (f"min rx interval {profiles[0].receive} ms; min tx interval {profiles[0].transmit} ms; idle tx interval 300 ms; "
                  f"multiplier {profiles[0].multiplier};")
        lines += ["protocol bfd {", f"  interface \"*\" {{ {timing} }};", f"  multihop {{ {timing} }};", "}"]
    for number, neighbour in enumerate(wanted.neighbours):
        lines += _neighbour(wanted, number, neighbour)
    return "\n".join(lines) + "\n"


def _statics(wanted: Description) -> list[str]:
    lines = []
    for family in (IPV4, IPV6):
        own = [route for route in wanted.routes if (":" in route.prefix) == (family == IPV6)]
        if own:
            lines += [f"protocol static static{family[-1]} {{", f"  {family};", *(f"  route {route.prefix} blackhole;" for route in own), "}"]
    return lines


def _neighbour(router: Description, number: int, wanted: Neighbour) -> list[str]:
    internal = wanted.asn in ("internal", router.asn)
    if wanted.interface:
        who = f"neighbor range fe80::/10 {'internal' if internal else 'external'}; interface \"{wanted.interface}\""
    else:
        who = f"neighbor {wanted.key} {wanted.asn if isinstance(wanted.asn, str) else f'as {wanted.asn}'}"
    lines = [f"protocol bgp {protocol_name(number)} {{", "  debug { events };", f"  local as {router.asn};", f"  {who};", f"  hold time {wanted.hold};",
             "  connect retry time 1;", "  connect delay time 1;", "  error wait time 1, 2;"]
    if wanted.passive:
        lines.append("  passive on;")
    if wanted.multihop:
        lines.append("  multihop;")
    elif not wanted.interface:
        lines.append("  direct;")
    if wanted.source:
        lines.append(f"  source address {wanted.source};")
    if wanted.password:
        lines.append(f'  password "{wanted.password}";')
    if wanted.bfd:
        lines.append("  bfd on;")
    if wanted.reflector_client:
        lines.append("  rr client;")
    if router.graceful_restart:
        lines.append("  graceful restart on;")
    for family in wanted.families:
        options = "import all; export where source = RTS_STATIC || source = RTS_BGP;"
        # Next hops of the family that the session does not run over.
        if family == IPV4 and ":" in wanted.key or wanted.interface:
            options += " extended next hop on;"
        lines.append(f"  {family} {{ {options} add paths off; }};")
    return [*lines, "}"]
