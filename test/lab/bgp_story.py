"""The demo of BGP mode: a router between the client and the nodes learns the Services' addresses, and traffic moves when nodes die."""

import json

from . import measure, objects
from .bgp_figures import Deaths, Floor, create_to_route_milliseconds, floor_address, spread
from .bgp_lab import MY_ASN, POOL6, ROUTER_ASN, bgp_status, requests_over_nodes
from .cluster import Cluster, ctrl_c_ignored, stopwatch
from .kernel_routes import RouteMonitor, kernel_routes
from .network import Node
from .processes import wait_until
from .routers import Bfd, Description, Frr, Neighbour
from .story import Story

_KINDS = {"stop": "stopped cleanly", "kill": "killed", "cut": "cut off, BFD"}
_SAYING = {
    "stop": "The speaker of {} is stopped cleanly (SIGTERM), as an upgrade does it",
    "kill": "The speaker of {} is killed (SIGKILL): no chance to say good-bye",
    "cut": "The cable of {} is cut: BFD at 3 x 50 ms notices it",
}
_SAMPLES = 20
_FIGURE_ADDRESSES = [f"203.0.113.{octet}" for octet in (120, 121, 122, 123)]
_WATCHED = "203.0.113.110"
_REQUESTS_A_NODE = 20


class BgpStory:
    """Acts on a cluster with a RoutedLan. `demo` brings kubectl and the examples."""

    def __init__(self, cluster: Cluster, story: Story, demo, ipv6: bool, kills: int):
        self._cluster = cluster
        self._story = story
        self._demo = demo
        self._ipv6 = ipv6
        self._kills = kills
        self._names = list(cluster.lan.nodes)
        self.router: Frr | None = None
        self._monitor: RouteMonitor | None = None

    def acts(self) -> list:
        return [self.start, self.first_service, self.spread_over_nodes, *([self.dual_stack] if self._ipv6 else []), self.pods_only,
                self.figures, self.prepare_deaths, *(self._act(kind) for kind in _KINDS), self.report]

    def close(self) -> None:
        with ctrl_c_ignored():
            if self._monitor is not None:
                self._monitor.close()
            if self.router is not None:
                self.router.close()

    # -- the router -----------------------------------------------------------------------------------------------------

    def _nodes(self) -> list[Node]:
        return list(self._cluster.lan.nodes.values())

    def _hops(self) -> set[str]:
        return {node.address4 for node in self._nodes()}

    def start(self) -> None:
        missing = Frr.missing()
        if missing:
            raise RuntimeError(f"the router of this demo cannot run: {missing}: scripts/setup bgp installs it")
        lan = self._cluster.lan
        self._story.say("client 198.51.100.50 - router 198.51.100.1 | 192.168.1.1 - nodes 192.168.1.101 and following")
        peers = [Neighbour(asn=MY_ASN, address=node.address4, bfd=Bfd(50, 50, 3)) for node in self._nodes()]
        peers += [Neighbour(asn=MY_ASN, address=node.address6, families=("ipv6",)) for node in self._nodes()] if self._ipv6 else []
        floor = [Neighbour(asn=MY_ASN, address=floor_address(node.number)) for node in self._nodes()]
        self.router = Frr(lan.router.namespace, Description(ROUTER_ASN, lan.router.address4, (*peers, *floor)))
        self.router.start()
        self._monitor = RouteMonitor(lan.router.namespace)
        self._story.say(f"FRR runs on the router, AS {ROUTER_ASN}, and waits for the nodes (AS {MY_ASN}) to connect")
        self._demo.start_cluster(["bgp.yaml"])
        elapsed = stopwatch()
        sessions = self.router.wait_for_sessions(sorted(self._hops()))
        self._story.say(f"all sessions stand {elapsed():.0f} ms later")
        established = sum(sessions[hop].established for hop in self._hops())
        self._story.check("each node has a BGP session with the router", established == len(self._names), f"{established} of {len(self._names)}")

    def _show_routes(self, *options: str) -> None:
        output = self._cluster.lan.router.namespace.run("ip", *options, "route", "show", "proto", "bgp")
        self._story.command(f"ip {' '.join(options)}{' ' if options else ''}route show proto bgp        # on the router", output)

    def first_service(self) -> None:
        self._story.chapter("A Service of type LoadBalancer asks for an address")
        elapsed = stopwatch()
        self._demo.apply("myapp.yaml", self._demo.pods_on_existing_nodes)
        address = self._cluster.wait_for_ingress("default", "myapp")[0]
        self._monitor.wait_for(f"{address}/32", self._hops(), 20)
        self._story.say(f"{elapsed():.0f} ms after kubectl was started the router's kernel knows every node as a next hop")
        self._demo.kubectl("get", "service", "myapp")
        self._show_routes()
        routes = kernel_routes(self._cluster.lan.router.namespace)
        self._story.check("the route has each node as a next hop", routes.get(f"{address}/32") == self._hops(), f"{len(self._hops())} next hops")
        paths = self.router.routes("ipv4")[f"{address}/32"]
        self._story.check("each path comes from its node, with an AS path of one", all(p.next_hop == p.neighbour and p.as_path == (MY_ASN,) for p in paths))
        wait_until(lambda: bgp_status(self._cluster, "myapp") == {name: ["router"] for name in self._names}, 10, "a ServiceBGPStatus of each node")
        self._demo.kubectl("get", "servicebgpstatuses", "-n", objects.NAMESPACE)

    def spread_over_nodes(self) -> None:
        self._story.chapter("The client opens it: the router spreads connections over all nodes")
        address = self._cluster.ingress("default", "myapp")[0]
        self._demo.curl(f"http://{address}/", r"pod: myapp-[12]")
        carried: dict[str | None, int] = {}
        pods: set[str] = set()

        def all_seen() -> bool:
            for node, pod, _ in requests_over_nodes(self._cluster, address, _REQUESTS_A_NODE * len(self._names)):
                carried[node] = carried.get(node, 0) + 1
                pods.add(pod)
            return set(carried) == set(self._names) and len(pods) == 2

        wait_until(all_seen, 20, "answers over every node, from both pods")
        total = sum(carried.values())
        self._story.check(f"{total} connections from different ports went over all nodes", set(carried) == set(self._names),
                          ", ".join(f"{name} {carried.get(name, 0)}" for name in self._names))
        self._story.check("both pods served", len(pods) == 2, ", ".join(sorted(pods)))

    def dual_stack(self) -> None:
        self._story.chapter("IPv6: a second session with each node, and a dual-stack Service")
        items = [objects.bgp_peer("router6", peerAddress=self._cluster.lan.router.address6), objects.pool("dual", "203.0.113.192/28", POOL6),
                 objects.bgp_advertisement("dual", ipAddressPools=["dual"]),
                 objects.service("myapp-dual", "203.0.113.193", "fd00:203:113::93")]
        self._apply("peer, pool, advertisement and Service", items)
        addresses = self._cluster.wait_for_ingress("default", "myapp-dual", count=2)
        self._monitor.wait_for("fd00:203:113::93/128", {node.address6 for node in self._nodes()}, 20)
        self._show_routes("-6")
        for address in addresses:
            self._demo.curl(f"http://[{address}]/" if ":" in address else f"http://{address}/", r"pod: myapp-")

    def _apply(self, what: str, items: list[dict]) -> None:
        output = self._cluster.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        self._story.command(f"kubectl apply -f -     # {what}", output)

    def pods_only(self) -> None:
        self._story.chapter("externalTrafficPolicy: Local: only nodes with a pod are next hops")
        carriers = {item["spec"]["nodeName"] for item in self._cluster.api.get("/api/v1/namespaces/default/pods")["items"]}
        address = "203.0.113.116"
        self._apply("a Service with this policy", [objects.service("local", address, externalTrafficPolicy="Local")])
        self._cluster.wait_for_ingress("default", "local")
        wanted = {node.address4 for node in self._nodes() if node.name in carriers}
        self._monitor.wait_for(f"{address}/32", wanted, 20)
        self._story.check("the route leads to the pods' nodes", True, ", ".join(sorted(carriers)))
        answer = self._demo.curl(f"http://{address}/", r"pod: myapp-")
        client = self._cluster.lan.client.address4
        self._story.check("the pod sees the client's own address", f"caller: {client}" in answer.replace("::ffff:", ""), client)

    # -- figures --------------------------------------------------------------------------------------------------------

    def figures(self) -> None:
        self._story.chapter("Figures (measured now, on this machine; FRR's own share beside ours)")
        floor = Floor(self._cluster, self._monitor)
        try:
            alone = floor.measure(_SAMPLES)
        finally:
            floor.close()
        self._story.figure("router_floor", alone)
        for name, text in (("update_to_route_ms", "FRR alone: UPDATEs of plain speakers to the kernel's route"),
                           ("withdrawal_to_route_end_ms", "FRR alone: a withdrawal to the next hop's end"),
                           ("session_loss_to_route_end_ms", "FRR alone: a lost session to the next hop's end")):
            self._story.say(_in_words(text, alone[name]))
        ours = create_to_route_milliseconds(self._cluster, self._monitor, _SAMPLES, _FIGURE_ADDRESSES)
        for name, value in ours.items():
            self._story.figure(name, value)
        self._story.say(_in_words("Service created to its route with all next hops", ours["create_to_route_ms"]))
        self._story.say(_in_words("Service deleted to the route's end", ours["delete_to_route_end_ms"]))
        memory = measure.memory_mebibytes(self._cluster)
        self._story.figure("memory_mib", memory)
        for name, row in memory.items():
            self._story.say(f"{name:12} {row['rss']:5.1f} MiB resident, {row['anonymous']:.1f} MiB of it anonymous")

    # -- deaths ---------------------------------------------------------------------------------------------------------

    def prepare_deaths(self) -> None:
        self._deaths: dict[str, list] = {}
        self._story.chapter("The second act: nodes die")
        if len(self._names) < 2:
            self._story.say("a node alone has no successor: the deaths need --nodes 2 or more")
            return
        sheltered = self._names[-1]
        pods = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"web-{number}", "namespace": "default", "labels": {"app": "web"}},
                 "spec": {"nodeName": sheltered, "containers": [{"name": "web", "image": "nginxdemos/hello", "ports": [{"containerPort": 8080}]}]}}
                for number in (1, 2)]
        self._apply(f"pods on {sheltered}, which keeps its cable, and their Service", [*pods, objects.service("web", _WATCHED, selector={"app": "web"})])
        self._cluster.wait_for_ingress("default", "web")
        self._cluster.curl_until_answered(f"http://{_WATCHED}/")
        self._ward = Deaths(self._cluster, self.router, self._monitor, _WATCHED)
        self._ward.settled()
        self._story.say("from now on the client sends an HTTP request every 10 ms, each from a port of its own")

    def _act(self, kind: str):
        return lambda: self._die(kind) if len(self._names) > 1 else None

    def _die(self, kind: str) -> None:
        victims = [name for name in self._names[:-1]]
        self._story.chapter(_SAYING[kind].format(victims[0] if self._kills == 1 else "a node") + (f", {self._kills} times" if self._kills > 1 else ""))
        if kind == "cut":
            self._switch_bfd_on()
        deaths = self._deaths.setdefault(kind, [])
        for number in range(self._kills):
            death = self._ward.death(kind, victims[number % len(victims)], with_bfd=kind == "cut")
            deaths.append(death)
            self._story.say(f"{death.victim} was no next hop any more after {death.gone_ms:.0f} ms; {death.failed} of {death.requests} requests lost; "
                            f"a next hop again {death.back_ms:.0f} ms after it was healed")
        self._story.check("the traffic moved to the other nodes each time" if self._kills > 1 else "the traffic moved to the other nodes", True)
        if kind == "stop":
            lost = sum(death.failed + death.failed_after for death in deaths)
            self._story.check("no request was lost", lost == 0, f"{lost} of {sum(death.requests for death in deaths)}")
            codes = {death.exit_code for death in deaths}
            self._story.check("the speaker ended of its own accord", codes == {0}, f"exit code {', '.join(map(str, sorted(codes)))}")
        self._ward.settled()

    def _switch_bfd_on(self) -> None:
        before = {hop: self.router.sessions()[hop].times_established for hop in self._hops()}
        self._apply("a BFD profile", [objects.bfd_profile("fast", 50, 3)])
        self._demo.kubectl("patch", "bgppeer", "router", "-n", objects.NAMESPACE, "--type=merge", "-p", '{"spec":{"bfdProfile":"fast"}}')
        self.router.wait_for_sessions({hop: {"established": True, "bfd": "up"} for hop in self._hops()}, 60)
        after = {hop: self.router.sessions()[hop].times_established for hop in self._hops()}
        self._story.check("BFD is up on every session, and no session was reset for it", before == after)

    def report(self) -> None:
        if not self._deaths:
            return
        figures = {kind: spread(deaths) | {"each": [death.as_json() for death in deaths]} for kind, deaths in self._deaths.items()}
        self._story.figure("deaths", figures)
        if self._kills > 1:
            self._story.chapter(f"{self._kills} deaths of each kind, {len(self._names)} nodes")
            self._story.say(f"{'':16} {'deaths':>6}   {'next hop gone, ms':>20}   {'lost requests':>16}")
            self._story.say(f"{'':16} {'':>6}   {'median':>11}{'worst':>9}   {'median':>8}{'worst':>8}")
            for kind, row in figures.items():
                gone, lost = row["gone_ms"], row["lost_requests"]
                self._story.say(f"{_KINDS[kind]:16} {gone['samples']:6}   {gone['median']:11.0f}{gone['max']:9.0f}   {lost['median']:8.0f}{lost['max']:8.0f}")
        sessions = self.router.sessions()
        self._story.check("all sessions stand at the end", all(sessions[hop].established for hop in self._hops()))

    def hints(self) -> list[str]:
        """Commands to look around with."""
        return [f"{' '.join(self._cluster.lan.router.namespace.exec_prefix())} vtysh --vty_socket {self.router.directory} -c 'show bgp summary'",
                f"{' '.join(self._cluster.lan.router.namespace.exec_prefix())} ip route",
                f"{' '.join(self._cluster.lan.router.namespace.exec_prefix())} tcpdump -ni eth0 tcp port 179 or udp port 3784"]


def _in_words(what: str, figures: dict[str, float]) -> str:
    return f"{what}: median {figures['median']} ms, worst {figures['max']} ms of {figures['samples']}"
