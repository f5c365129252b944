"""Kubernetes objects of BGP mode, as users write them."""

GROUP = "metallb.io"
NAMESPACE = "metallb-system"
_PLURALS = {"BGPPeer": "bgppeers", "BGPAdvertisement": "bgpadvertisements", "BFDProfile": "bfdprofiles", "Community": "communities",
            "IPAddressPool": "ipaddresspools", "Secret": "secrets", "Service": "services", "EndpointSlice": "endpointslices"}


def collection(body: dict) -> str:
    """The path of the collection that an object belongs to."""
    version, namespace = body["apiVersion"], body["metadata"]["namespace"]
    return f"{'/apis' if '/' in version else '/api'}/{version}/namespaces/{namespace}/{_PLURALS[body['kind']]}"


def _object(kind: str, name: str, spec: dict, version: str = "v1beta1") -> dict:
    return {"apiVersion": f"{GROUP}/{version}", "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}


def bgp_peer(name: str, my_asn: int = 64512, peer_asn: int | None = 64513, **spec) -> dict:
    """Attempts to connect follow each other closely, so that no test waits for one."""
    asn = {"peerASN": peer_asn} if peer_asn is not None else {}
    return _object("BGPPeer", name, {"myASN": my_asn, **asn, "connectTime": "1s", **spec}, "v1beta2")


def bgp_advertisement(name: str, **spec) -> dict:
    return _object("BGPAdvertisement", name, spec)


def bfd_profile(name: str, interval: int = 50, multiplier: int = 3, **spec) -> dict:
    return _object("BFDProfile", name, {"receiveInterval": interval, "transmitInterval": interval, "detectMultiplier": multiplier, **spec})


def community(name: str, **values: str) -> dict:
    return _object("Community", name, {"communities": [{"name": key, "value": value} for key, value in values.items()]})


def pool(name: str, *addresses: str, **spec) -> dict:
    return _object("IPAddressPool", name, {"addresses": list(addresses), **spec})


def password_secret(name: str, password: str) -> dict:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": NAMESPACE},
            "type": "kubernetes.io/basic-auth", "stringData": {"password": password}}


def service(name: str, *addresses: str, labels: dict | None = None, namespace: str = "default", **spec) -> dict:
    """Of the lab's pods, at these addresses."""
    annotations = {"metallb.io/loadBalancerIPs": ",".join(addresses)} if addresses else {}
    families = {(":" in address) for address in addresses}
    dual = {"ipFamilyPolicy": "RequireDualStack"} if len(families) == 2 else {"ipFamilies": ["IPv6"]} if families == {True} else {}
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": namespace, "annotations": annotations, "labels": labels or {}},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 80, "targetPort": 8080}], "selector": {"app": "myapp"}, **dual, **spec}}


def endpoint_slice(name: str, service_name: str, node: str, address: str = "10.42.1.10", namespace: str = "default") -> dict:
    """One ready endpoint, written by hand for Services without a selector."""
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": name, "namespace": namespace, "labels": {"kubernetes.io/service-name": service_name}},
            "endpoints": [{"addresses": [address], "conditions": {"ready": True, "serving": True, "terminating": False}, "nodeName": node}],
            "ports": [{"name": "", "protocol": "TCP", "port": 8080}]}
