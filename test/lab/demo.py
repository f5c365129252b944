"""The demo: manifests in, a service that answers on the LAN out, told step by step. Started by scripts/demo."""

import argparse
import contextlib
import os
import re
import signal
import sys
import time

from . import measure
from .bgp_story import BgpStory
from .cluster import NAMESPACE, REPOSITORY, Cluster, node_manifest, stopwatch
from .deployment import LINES, Deployment
from .network import Lan
from .probe import Prober
from .processes import wait_until
from .routed_lan import RoutedLan
from .second_act import SecondAct
from .story import Story


class Demo:
    def __init__(self, cluster: Cluster, story: Story, examples: str, prober: Prober | None):
        self.cluster = cluster
        self.story = story
        self.examples = examples
        self.prober = prober
        self.names = list(cluster.lan.nodes)

    # -- small steps ----------------------------------------------------------------------------------------------------

    def kubectl(self, *arguments: str) -> str:
        output = self.cluster.kubectl(*arguments)
        self.story.command("kubectl " + " ".join(arguments), output)
        return output

    def apply(self, name: str, rewrite=None) -> None:
        output = self.cluster.apply(os.path.join(self.examples, name), rewrite)
        self.story.command(f"kubectl apply -f {name}", output)

    def pods_on_existing_nodes(self, text: str) -> str:
        """The example's pods name nodes that a smaller lab lacks: those move to the last node."""
        return re.sub(r"nodeName: (\S+)", lambda m: m.group(0) if m.group(1) in self.names else f"nodeName: {self.names[-1]}", text)

    def owner(self, namespace: str, name: str, address: str) -> str | None:
        """Asks the LAN, the API and the events who announces; all three must agree."""
        answers = wait_until(lambda: self.prober.who_has(address, timeout=0.3, first_only=False), 10, f"an answer for {address}")
        macs = {mac for mac, _ in answers}
        nodes = [self.cluster.lan.node_of_mac(mac) for mac in macs]
        word = "NDP" if ":" in address else "ARP"
        self.story.check(f"{address} is answered by exactly one node", len(macs) == 1 and nodes[0] is not None,
                         f"{word}: {address} is at {', '.join(sorted(macs))} ({', '.join(str(node) for node in nodes)})")
        told = self.cluster.announcing_node(namespace, name)
        self.story.check(f"the API names the same node for {namespace}/{name}", told == nodes[0], f"ServiceL2Status: {told}")
        message = f'announcing from node "{nodes[0]}" with protocol "layer2"'

        def event_seen():
            events = self.cluster.api.get(f"/api/v1/namespaces/{namespace}/events")["items"]
            return any(e["reason"] == "nodeAssigned" and e["involvedObject"]["name"] == name and e["message"] == message for e in events)

        self.story.check("an event on the Service says so", bool(wait_until(lambda: event_seen() or None, 5, "the nodeAssigned event")),
                         message)
        return nodes[0]

    def curl(self, url: str, pattern: str) -> str:
        answer = self.cluster.curl_until_answered(url)
        self.story.command(f"curl {url}        # on the client, {self.cluster.lan.client.address4}", answer)
        self.story.check(f"{url} answers", re.search(pattern, answer) is not None, answer.splitlines()[0])
        return answer

    def pods_behind(self, url: str, requests: int = 8) -> set[str]:
        return {found.group(1) for found in (re.search(r"pod: (\S+)", self.cluster.curl(url)) for _ in range(requests)) if found}

    # -- the acts -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self.story.chapter("A cluster without a cloud: nodes, a router and a client on one LAN")
        self.start_cluster(["pool-layer2.yaml"])

    def start_cluster(self, configuration: list[str]) -> None:
        self.apply("namespaces.yaml")
        if self.names == ["master1", "master2", "worker1", "worker2"]:
            self.apply("cluster.yaml")
        else:
            output = self.cluster.kubectl("apply", "-f", "-", stdin=node_manifest(self.names))
            self.story.command(f"kubectl apply -f -     # {len(self.names)} generated nodes", output)
        self.cluster.start_stand_ins()
        self.kubectl("get", "nodes", "-o", "wide")
        self.story.chapter("The controller starts, and a speaker on every node")
        self.cluster.start_controller()
        self.cluster.start_speakers()
        for name in configuration:
            self.apply(name)
        self.story.say("speakers run on " + ", ".join(self.names))

    def first_service(self) -> None:
        self.story.chapter("A Service of type LoadBalancer asks for an address")
        elapsed = stopwatch()
        self.apply("myapp.yaml", self.pods_on_existing_nodes)
        address = self.cluster.wait_for_ingress("default", "myapp")[0]
        self.story.say(f"address assigned {elapsed():.0f} ms after kubectl was started")
        self.kubectl("get", "service", "myapp")
        self.story.check("the address comes from the pool", address == "192.168.1.200", address)
        owner = self.owner("default", "myapp", address)
        self.story.figure("owner", owner)
        self.story.chapter("The client opens it")
        self.curl(f"http://{address}/", r"pod: myapp-[12]")
        pods = wait_until(lambda: (lambda found: found if len(found) == 2 else None)(self.pods_behind(f"http://{address}/")), 10,
                          "answers of both pods")
        self.story.check("both pods serve", pods == {"myapp-1", "myapp-2"}, ", ".join(sorted(pods)))

    def traefik(self) -> None:
        self.story.chapter("An ingress controller with two ports")
        self.apply("traefik.yaml", self.pods_on_existing_nodes)
        address = self.cluster.wait_for_ingress("network", "traefik")[0]
        self.kubectl("get", "service", "-n", "network", "traefik")
        self.owner("network", "traefik", address)
        self.curl(f"http://{address}:80/", r"port: 8080")
        self.curl(f"http://{address}:443/", r"port: 8443")

    def pod_dies(self) -> None:
        self.story.chapter("A pod dies")
        address = self.cluster.ingress("default", "myapp")[0]
        self.kubectl("delete", "pod", "myapp-1", "--wait=false")
        pods = wait_until(lambda: (lambda found: found if found == {"myapp-2"} else None)(self.pods_behind(f"http://{address}/")), 10,
                          "answers of the surviving pod only")
        self.story.check("the other one serves alone", pods == {"myapp-2"}, ", ".join(pods))

    def static_address(self) -> None:
        self.story.chapter("A Service asks for one particular address")
        self.apply("static-address.yaml")
        address = self.cluster.wait_for_ingress("default", "my-service")
        self.kubectl("get", "service", "my-service")
        self.story.check("it gets the address that it asked for", address == ["192.168.1.205"], ", ".join(address))
        self.story.check("nobody answers for it while it has no pod", not self.prober.who_has("192.168.1.205", timeout=0.5))

    def service_leaves(self) -> None:
        self.story.chapter("A Service goes away, and its address is free again")
        address = self.cluster.ingress("network", "traefik")[0]
        self.kubectl("delete", "service", "-n", "network", "traefik")
        gone = wait_until(lambda: not self.prober.who_has(address, timeout=0.2), 10, f"silence about {address}")
        self.story.check(f"nobody answers for {address} any more", bool(gone))
        self.kubectl("create", "service", "loadbalancer", "successor", "--tcp=80:8080")
        successor = self.cluster.wait_for_ingress("default", "successor")
        self.story.check("the next Service gets it", successor == [address], ", ".join(successor))
        self.kubectl("delete", "service", "successor")

    def dual_stack(self) -> None:
        self.story.chapter("IPv6: a dual-stack Service, found through neighbour discovery")
        self.apply("ipv6.yaml")
        addresses = self.cluster.wait_for_ingress("default", "myapp-dual", count=2)
        self.kubectl("get", "service", "myapp-dual")
        self.story.check("it gets one address of each family", sorted(":" in a for a in addresses) == [False, True], ", ".join(addresses))
        for address in addresses:
            self.owner("default", "myapp-dual", address)
        self.curl(f"http://{addresses[0]}/", r"pod: myapp-")
        self.curl(f"http://[{addresses[1]}]/", r"pod: myapp-")

    def rights(self) -> None:
        """Of a cluster that has an API server with RBAC."""
        self.story.chapter("The rights of the controller and the speakers")
        refused = [request for account in ("controller", "speaker") for request in self.cluster.control_plane.refused(account)]
        # Speakers with BGP peers look for what frr-k8s may have left, and take a refusal for an answer.
        needed = [request for request in refused if "/frrk8s.metallb.io/" not in request]
        self.story.check("the API server refused them nothing that they need", not needed, "; ".join(needed[:3]))

    def figures(self) -> None:
        self.story.chapter("Figures (measured now, on this machine)")
        address = self.cluster.ingress("default", "myapp")[0]
        create = measure.create_to_arp_milliseconds(self.cluster, self.prober, 20, ["192.168.1.208", "192.168.1.209"])
        for name, value in create.items():
            self.story.figure(name, value)
        arp = create["create_to_arp_ms"]
        self.story.say(f"Service created to first ARP answer: median {arp.get('median')} ms, worst {arp.get('max')} ms of {arp['samples']}")
        reply = measure.arp_reply_microseconds(self.prober, address)
        self.story.figure("arp_reply_us", reply, f"ARP request to reply, seen by a Python prober: median {reply.get('median')} us")
        # The floor: a node's own address, which its kernel answers.
        self.story.figure("arp_reply_kernel_us", measure.arp_reply_microseconds(self.prober, next(iter(self.cluster.lan.nodes.values())).address4))
        memory = measure.memory_mebibytes(self.cluster)
        self.story.figure("memory_mib", memory)
        for name, row in memory.items():
            self.story.say(f"{name:12} {row['rss']:5.1f} MiB resident, {row['anonymous']:.1f} MiB of it anonymous")


def explore(options: argparse.Namespace, cluster: Cluster, story: Story, hints: list[str]) -> None:
    """Leaves the lab up until Ctrl-C, with the commands to look around; `hints`: those that only this demo has."""
    prefix = " ".join(cluster.lan.client.namespace.exec_prefix())
    node = next(iter(cluster.lan.nodes.values()))
    story.chapter("The lab stays up. Ctrl-C ends it. In another terminal:")
    story.say(f"alias kubectl='{' '.join(cluster.kubectl_command())}'")
    for line in ["get services,events -A", *(LINES if options.real else [])]:
        story.say(f"kubectl {line}")
    story.say(f"{prefix} curl http://{cluster.ingress('default', 'myapp')[0]}/")
    for hint in hints or [f"{prefix} tcpdump -eni eth0 arp or icmp6"]:
        story.say(hint)
    story.say(f"{' '.join(node.namespace.exec_prefix())} nft list ruleset          # {cluster.proxy_name} on {node.name}")
    story.say(f"{' '.join(node.namespace.exec_prefix())} curl -sk -H 'Authorization: Bearer any' https://127.0.0.1:9120/metrics")
    story.say(f"tail -f {cluster.log_path('controller')} {cluster.log_path('speaker-' + node.name)}")
    while True:
        time.sleep(3600)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo", description="A LoadBalancer Service on a LAN of network namespaces, end to end.")
    parser.add_argument("--keep", action="store_true", help="leave the lab up at the end, until Ctrl-C")
    parser.add_argument("--nodes", type=int, default=4, metavar="N", help="how many nodes (default 4, the example cluster)")
    parser.add_argument("--ipv6", action="store_true", help="add a dual-stack Service")
    parser.add_argument("--bgp", action="store_true", help="BGP mode: a router (FRR) between the client and the nodes")
    parser.add_argument("--real", action="store_true",
                        help="Kubernetes' own API server, controllers and kube-proxy, built once on each machine, and a Deployment")
    parser.add_argument("--kills", type=int, default=1, metavar="N", help="N deaths of each kind in the second act, and a table (default 1)")
    parser.add_argument("--json", action="store_true", help="print one JSON document; the story goes to standard error")
    parser.add_argument("--log-level", default="info", help="of controller and speakers")
    parser.add_argument("--binary", default=os.path.join(REPOSITORY, "build", "release", "metallb"), help=argparse.SUPPRESS)
    parser.add_argument("--examples", default=os.path.join(REPOSITORY, "examples"), help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    if not 1 <= parsed.nodes <= 60:
        parser.error("--nodes: from 1 to 60")
    if not 1 <= parsed.kills <= 1000:
        parser.error("--kills: from 1 to 1000")
    return parsed


def played(options: argparse.Namespace, cluster: Cluster, story: Story, opened: contextlib.ExitStack):
    """The acts in their order, and a function that gives the hints for looking around. What must be closed goes to `opened`."""
    if options.bgp:
        demo = Demo(cluster, story, options.examples, None)
        bgp = BgpStory(cluster, story, demo, options.ipv6, options.kills)
        opened.callback(bgp.close)
        return with_deployment(options, demo, bgp.acts()), bgp.hints
    prober = Prober(cluster.lan.client)
    opened.callback(prober.close)
    demo = Demo(cluster, story, options.examples, prober)
    second = SecondAct(cluster, story, demo.kubectl, options.ipv6, options.kills)
    acts = [demo.start, demo.first_service, demo.traefik, demo.pod_dies, demo.static_address, demo.service_leaves]
    acts += [demo.dual_stack] if options.ipv6 else []
    return with_deployment(options, demo, [*acts, demo.figures, second.play]), list


def with_deployment(options: argparse.Namespace, demo: Demo, acts: list) -> list:
    """Right after the start, where there are controllers for it."""
    if not options.real:
        return acts
    return [acts[0], Deployment(demo.cluster, demo.story, demo).play, *acts[1:], demo.rights]


def prepared(options: argparse.Namespace, story: Story) -> Cluster:
    general = {"nodes": options.nodes, "log_level": options.log_level, "on_progress": story.say, "lan": RoutedLan if options.bgp else Lan}
    if not options.real:
        return Cluster(options.binary, **general)
    # Here, because it needs more of the machine than the lab does.
    from envtest import programs
    from envtest.real_cluster import RealCluster
    story.chapter("Kubernetes' own programs")
    place = programs.locate(*programs.ALL)
    story.say(f"they are in {place}")
    return RealCluster(options.binary, place, **general)


def main() -> int:
    options = arguments()
    story = Story(options.json)
    # Every way of being ended takes the lab down; Ctrl-C does so even where a shell started the demo with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for other in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.default_int_handler)
    error = None
    demo_ended = False
    try:
        cluster = prepared(options, story)
        story.chapter("Building the lab (network namespaces on one bridge)")
        with cluster, contextlib.ExitStack() as opened:
            acts, hints = played(options, cluster, story, opened)
            try:
                for act in acts:
                    act()
                if options.keep:
                    story.finish()
                    demo_ended = True
                    explore(options, cluster, story, hints())
            except Exception:
                for process in cluster.processes():
                    print(f"--- end of the log of {process.name}\n{process.log_tail(15)}", file=sys.stderr)
                raise
    except KeyboardInterrupt:
        if demo_ended and story.succeeded():
            return 0  # --keep, and the user has seen enough
        error = "interrupted"
    except (RuntimeError, TimeoutError, OSError) as failure:
        error = str(failure)
    story.finish(error)
    return 0 if error is None and story.succeeded() else 1


__all__ = ["NAMESPACE", "main"]

if __name__ == "__main__":
    sys.exit(main())
