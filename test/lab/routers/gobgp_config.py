"""GoBGP's configuration, as the JSON form of its file."""

from .description import Description, Neighbour


def configuration(wanted: Description) -> dict:
    """An external neighbour's routes are taken without a policy. It listens on the router's own addresses only."""
    document = {
        "global": {"config": {"as": wanted.asn, "router-id": wanted.router_id},
                   "use-multiple-paths": {"config": {"enabled": wanted.maximum_paths > 1}}},
        "neighbors": [_neighbour(wanted, neighbour) for neighbour in wanted.neighbours],
    }
    if wanted.own_addresses:
        document["global"]["config"]["local-address-list"] = list(wanted.own_addresses)
    return document


def _neighbour(router: Description, wanted: Neighbour) -> dict:
    config: dict = {"peer-as": router.asn if wanted.asn == "internal" else wanted.asn}
    config |= {"neighbor-interface": wanted.interface} if wanted.interface else {"neighbor-address": wanted.key}
    if wanted.password:
        config["auth-password"] = wanted.password
    neighbour: dict = {
        "config": config,
        "timers": {"config": {"hold-time": wanted.hold, "keepalive-interval": wanted.hold // 3, "connect-retry": 1,
                              "idle-hold-time-after-reset": 1}},
        "transport": {"config": {"passive-mode": wanted.passive} | ({"local-address": wanted.source} if wanted.source else {})},
        "afi-safis": [{"config": {"afi-safi-name": f"{family}-unicast"}} for family in wanted.families],
    }
    if wanted.multihop:
        neighbour["ebgp-multihop"] = {"config": {"enabled": True, "multihop-ttl": 255}}
    if wanted.reflector_client:
        neighbour["route-reflector"] = {"config": {"route-reflector-client": True, "route-reflector-cluster-id": router.router_id}}
    if router.graceful_restart:
        neighbour["graceful-restart"] = {"config": {"enabled": True, "restart-time": 120}}
        for family in neighbour["afi-safis"]:
            family["mp-graceful-restart"] = {"config": {"enabled": True}}
    return neighbour
