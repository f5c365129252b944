"""The three programs that tell the same routes: each is brought to the point where only its peers' answers are missing."""

import abc
import ipaddress
import json
import os
import struct
import time

from lab.api import Api, ApiError, wait_for_api
from lab.netns import Namespace
from lab.processes import Process, wait_until

OWN_ADDRESS, OWN_ASN, SINK_ASN = "192.0.2.1", 64512, 64513
_FIRST_SINK = ipaddress.ip_address("198.51.100.1")
_FIRST_PREFIX = ipaddress.ip_address("10.64.0.0")
_HOLD = 90


class Scene:
    """Where it happens: the namespace, the files, who is told what."""

    def __init__(self, namespace: Namespace, directory: str, binary: str, prefixes: int, peers: int):
        self.namespace = namespace
        self.directory = directory
        self.binary = binary
        self.prefixes = [str(_FIRST_PREFIX + number) for number in range(prefixes)]
        self.sinks = [str(_FIRST_SINK + number) for number in range(peers)]
        namespace.run("ip", "link", "set", "lo", "mtu", "1500")
        namespace.run("ip", "-batch", "-", stdin="".join(f"address add {address}/32 dev lo\n" for address in (OWN_ADDRESS, *self.sinks)))

    def write(self, name: str, content: str | bytes) -> str:
        path = os.path.join(self.directory, name)
        with open(path, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        return path

    def process(self, name: str, *command: str, environment: dict[str, str] | None = None) -> Process:
        return Process(name, self.namespace, list(command), os.path.join(self.directory, f"{name}.log"), environment=environment)


class Speaker(abc.ABC):
    """`start` returns when the routes are on their way into it; that it is through with them shows in its CPU time."""

    name: str

    def __init__(self, scene: Scene):
        self.scene = scene
        self.process: Process | None = None

    def prepare(self) -> None:
        """Once, before the first start."""

    @abc.abstractmethod
    def start(self) -> None: ...

    def stop(self) -> None:
        if self.process:
            self.process.stop()

    def close(self) -> None:
        self.stop()


class Bird(Speaker):
    name = "bird"

    def prepare(self) -> None:
        routes = "\n".join(f"  route {prefix}/32 blackhole;" for prefix in self.scene.prefixes)
        peers = "\n".join(f"""protocol bgp sink{number} {{
  local {OWN_ADDRESS} as {OWN_ASN}; neighbor {sink} as {SINK_ASN}; multihop; strict bind on; hold time {_HOLD};
  connect retry time 1; connect delay time 1; error wait time 1, 2; graceful restart off;
  ipv4 {{ import none; export filter {{ bgp_med = 0; accept; }}; next hop self; add paths off; }};
}}""" for number, sink in enumerate(self.scene.sinks))
        self._path = self.scene.write("bird.conf", f"""router id {OWN_ADDRESS};
log stderr all;
protocol device {{ scan time 10; }}
protocol static {{ ipv4;
{routes}
}}
{peers}
""")

    def start(self) -> None:
        file = [os.path.join(self.scene.directory, name) for name in ("bird.ctl", "bird.pid")]
        self.process = self.scene.process("bird", "bird", "-f", "-c", self._path, "-s", file[0], "-P", file[1])


class GoBgp(Speaker):
    name = "gobgp"

    def prepare(self) -> None:
        neighbours = [{"config": {"peer-as": SINK_ASN, "neighbor-address": sink},
                       "timers": {"config": {"hold-time": _HOLD, "keepalive-interval": _HOLD // 3, "connect-retry": 1,
                                             "idle-hold-time-after-reset": 1}},
                       "transport": {"config": {"local-address": OWN_ADDRESS}},
                       "afi-safis": [{"config": {"afi-safi-name": "ipv4-unicast"}}]} for sink in self.scene.sinks]
        self._path = self.scene.write("gobgpd.json", json.dumps({
            "global": {"config": {"as": OWN_ASN, "router-id": OWN_ADDRESS, "local-address-list": [OWN_ADDRESS]}},
            "neighbors": neighbours}))
        self._routes = self.scene.write("routes.mrt", routes_as_mrt(self.scene.prefixes))

    def start(self) -> None:
        self.process = self.scene.process("gobgpd", "gobgpd", "-f", self._path, "-t", "json", "--api-hosts", "127.0.0.1:50051",
                                          "--pprof-disable", "-l", "warn")
        wait_until(lambda: self._gobgp("global", check=False), 20, "gobgpd answers", interval=0.1)
        self._gobgp("mrt", "--queue-size", "1", "inject", "global", self._routes)
        wanted = f"Destination: {len(self.scene.prefixes)},"
        wait_until(lambda: wanted in self._gobgp("global", "rib", "summary", "-a", "ipv4"), 20, "gobgpd has all routes", interval=0.1)

    def _gobgp(self, *arguments: str, check: bool = True) -> str:
        return self.scene.namespace.run("gobgp", "-u", "127.0.0.1", "-p", "50051", *arguments, check=check)


def routes_as_mrt(prefixes: list[str]) -> bytes:
    """RFC 6396, Section 4.3: a table of one peer without an AS path, which is what an own route is."""
    own = ipaddress.ip_address(OWN_ADDRESS).packed

    def record(subtype: int, body: bytes) -> bytes:
        return struct.pack("!IHHI", 0, 13, subtype, len(body)) + body

    table = [record(1, own + struct.pack("!HH", 0, 1) + b"\x02" + own + own + struct.pack("!I", OWN_ASN))]
    # ORIGIN IGP, an empty AS_PATH, NEXT_HOP, MULTI_EXIT_DISC 0
    attributes = b"\x40\x01\x01\x00" + b"\x40\x02\x00" + b"\x40\x03\x04" + own + b"\x80\x04\x04\x00\x00\x00\x00"
    # The last one many times: `gobgp` ends before all that it read is on its way.
    for number, prefix in enumerate([*prefixes, *prefixes[-1:] * 1000]):
        entry = struct.pack("!HIH", 0, 0, len(attributes)) + attributes
        table.append(record(2, struct.pack("!IB", number, 32) + ipaddress.ip_address(prefix).packed + struct.pack("!H", 1) + entry))
    return b"".join(table)


class Ours(Speaker):
    """The speaker as a user runs it: a cluster with a Service per prefix. All of them have their addresses, and what the speaker
    writes about them is there from an earlier start, as after an update of its pod."""

    name = "metallb"
    _URL = ("127.0.0.1", 8080)

    def prepare(self) -> None:
        data = self.scene.write("cluster.json", json.dumps(cluster(self.scene)))
        host, port = self._URL
        self._kubeconfig = self.scene.write("kubeconfig", json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": f"http://{host}:{port}"}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "here"}}], "users": [{"name": "here", "user": {}}]}))
        self._server = self.scene.process("apiserver", self.scene.binary, "apiserver", "--address", host, "--port", str(port), "--data", data)
        self._api = Api(self.scene.namespace, host, port)
        wait_for_api(self._api, alive=self._server.running)
        self.start()
        wait_until(self._all_written, 300, "the speaker writes what it announces", interval=1)
        self.stop()

    def _all_written(self) -> bool:
        try:
            found = self._api.get("/apis/metallb.io/v1beta1/servicebgpstatuses")["items"]
        except ApiError:
            return False
        return len(found) == len(self.scene.prefixes) and all(item.get("status", {}).get("peers") for item in found)

    def start(self) -> None:
        self.process = self.scene.process("speaker", self.scene.binary, "speaker", f"--kubeconfig={self._kubeconfig}",
                                          "--namespace=metallb-system", "--node-name=node")

    def close(self) -> None:
        self.stop()
        self._server.stop()


def cluster(scene: Scene) -> dict:
    """In the form in which the API server keeps its objects in a file."""
    objects: list[dict] = []

    def add(kind: str, name: str, namespace: str | None, version: str = "v1", labels: dict | None = None, **body) -> None:
        number = len(objects) + 1
        metadata = {"name": name, "uid": f"00000000-0000-4000-8000-{number:012x}", "resourceVersion": str(number), "generation": 1,
                    "creationTimestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        metadata |= ({"namespace": namespace} if namespace else {}) | ({"labels": labels} if labels else {})
        objects.append({"apiVersion": version, "kind": kind, "metadata": metadata, **body})

    for name in ("default", "metallb-system"):
        add("Namespace", name, None, status={"phase": "Active"})
    add("Node", "node", None, labels={"kubernetes.io/hostname": "node"},
        status={"addresses": [{"type": "InternalIP", "address": OWN_ADDRESS}], "conditions": [{"type": "Ready", "status": "True"}]})
    first, last = scene.prefixes[0], scene.prefixes[-1]
    add("IPAddressPool", "pool", "metallb-system", "metallb.io/v1beta1", spec={"addresses": [f"{first}-{last}"]})
    add("BGPAdvertisement", "all", "metallb-system", "metallb.io/v1beta1", spec={})
    for number, sink in enumerate(scene.sinks):
        add("BGPPeer", f"sink{number}", "metallb-system", "metallb.io/v1beta2",
            spec={"myASN": OWN_ASN, "peerASN": SINK_ASN, "peerAddress": sink, "sourceAddress": OWN_ADDRESS, "holdTime": f"{_HOLD}s", "connectTime": "1s"})
    ports = [{"name": "http", "protocol": "TCP", "port": 80}]
    for number, address in enumerate(scene.prefixes):
        name = f"service-{number}"
        inside = str(ipaddress.ip_address("10.96.0.1") + number)
        add("Service", name, "default",
            spec={"type": "LoadBalancer", "clusterIP": inside, "clusterIPs": [inside], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
                  "externalTrafficPolicy": "Cluster", "internalTrafficPolicy": "Cluster", "sessionAffinity": "None",
                  "allocateLoadBalancerNodePorts": False, "ports": [{**ports[0], "targetPort": 8080}],
                  "selector": {"app": name}},
            status={"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"}]}})
        add("EndpointSlice", f"{name}-slice", "default", "discovery.k8s.io/v1", labels={"kubernetes.io/service-name": name},
            addressType="IPv4", ports=[{**ports[0], "port": 8080}],
            endpoints=[{"addresses": [str(ipaddress.ip_address("10.128.0.1") + number)], "nodeName": "node",
                        "conditions": {"ready": True, "serving": True, "terminating": False}}])
    return {"version": len(objects), "objects": objects}


__all__ = ["Bird", "GoBgp", "Ours", "Scene", "Speaker"]
