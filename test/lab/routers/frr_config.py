"""FRR's configuration, a text for each daemon."""

from .description import IPV4, IPV6, Description, Neighbour


_HEAD = ["frr version 8.4", "frr defaults traditional", "hostname lab"]


def configuration(wanted: Description) -> dict[str, str]:
    """By daemon; bfdd is there where it has something to do."""
    texts = {"zebra": _HEAD, "bgpd": [*_HEAD, *_bgp(wanted)]}
    if any(neighbour.bfd for neighbour in wanted.neighbours):
        texts["bfdd"] = [*_HEAD, *_bfd(wanted)]
    return {daemon: "\n".join(lines) + "\n" for daemon, lines in texts.items()}


def _bgp(wanted: Description) -> list[str]:
    """Policies are open: without `no bgp ebgp-requires-policy` FRR drops all that an external neighbour sends (RFC 8212)."""
    lines = [f"router bgp {wanted.asn}", f" bgp router-id {wanted.router_id}", " no bgp ebgp-requires-policy",
             " no bgp default ipv4-unicast", " no bgp network import-check", " bgp log-neighbor-changes", " bgp bestpath as-path multipath-relax"]
    if wanted.graceful_restart:
        lines.append(" bgp graceful-restart")
    for neighbour in wanted.neighbours:
        lines += _neighbour(neighbour)
    for family in (IPV4, IPV6):
        lines += _family(wanted, family)
    # A node may name a global and a link-local next hop: the global one is what users look for.
    return [*lines, "exit", "route-map global permit 10", " set ipv6 next-hop prefer-global", "exit"]


def _bfd(wanted: Description) -> list[str]:
    profiles = sorted({neighbour.bfd for neighbour in wanted.neighbours if neighbour.bfd}, key=repr)
    lines = ["bfd"]
    for profile in profiles:
        lines += [f" profile {_profile(profile)}", f"  detect-multiplier {profile.multiplier}", f"  receive-interval {profile.receive}",
                  f"  transmit-interval {profile.transmit}"]
        if profile.echo is not None:
            lines += [f"  echo transmit-interval {profile.echo}", f"  echo receive-interval {profile.echo}", "  echo-mode"]
        if profile.passive:
            lines.append("  passive-mode")
        lines.append(" exit")
    return [*lines, "exit"]


def _profile(bfd) -> str:
    return f"p{bfd.receive}-{bfd.transmit}-{bfd.multiplier}-{bfd.echo}-{bfd.passive}"


def _neighbour(wanted: Neighbour) -> list[str]:
    key = wanted.key
    lines = [f" neighbor {key} interface remote-as {wanted.asn}" if wanted.interface else f" neighbor {key} remote-as {wanted.asn}",
             f" neighbor {key} timers {max(1, wanted.hold // 3)} {wanted.hold}", f" neighbor {key} timers connect 1"]
    if wanted.passive:
        lines.append(f" neighbor {key} passive")
    if wanted.password:
        lines.append(f" neighbor {key} password {wanted.password}")
    if wanted.multihop and wanted.asn != "internal":
        lines.append(f" neighbor {key} ebgp-multihop 255")
    if wanted.source:
        lines.append(f" neighbor {key} update-source {wanted.source}")
    if wanted.bfd:
        lines.append(f" neighbor {key} bfd profile {_profile(wanted.bfd)}")
    if len(wanted.families) > 1 or wanted.interface:
        lines.append(f" neighbor {key} capability extended-nexthop")
    return lines


def _family(wanted: Description, family: str) -> list[str]:
    lines = [f" address-family {family} unicast", f"  maximum-paths {wanted.maximum_paths}", f"  maximum-paths ibgp {wanted.maximum_paths}"]
    lines += [f"  network {route.prefix}" for route in wanted.routes if (":" in route.prefix) == (family == IPV6)]
    for neighbour in wanted.neighbours:
        if family not in neighbour.families:
            continue
        lines.append(f"  neighbor {neighbour.key} activate")
        if neighbour.reflector_client:
            lines.append(f"  neighbor {neighbour.key} route-reflector-client")
        if family == IPV6 and not neighbour.interface:
            lines.append(f"  neighbor {neighbour.key} route-map global in")
    return [*lines, " exit-address-family"]

