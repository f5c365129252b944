"""The demo's act for a cluster with Kubernetes' own controllers: a Deployment and its Service, as a user types them."""

import shlex

from .processes import Process, wait_until

_NAME = "echo"
LINES = [f"create deploy {_NAME} --image=nginxdemos/hello",
         f"expose deploy {_NAME} --type=LoadBalancer --port=80 --target-port=80",
         f"get svc {_NAME} -w"]
_REPLICAS = 3


class Deployment:
    """`demo` brings kubectl and the client; without a prober nobody is asked who owns the address."""

    def __init__(self, cluster, story, demo):
        self._cluster = cluster
        self._story = story
        self._demo = demo

    def play(self) -> None:
        self._story.chapter("A Deployment, and a Service for it, as a user types them")
        create, expose, watch = LINES
        self._demo.kubectl(*shlex.split(create))
        self._demo.kubectl(*shlex.split(expose))
        address = self._watch_for_address(watch)
        if self._demo.prober is not None:
            self._demo.owner("default", _NAME, address)
        self._demo.curl(f"http://{address}/", rf"pod: {_NAME}-")
        self._scale(address)
        self._demo.kubectl("delete", f"service/{_NAME}", f"deployment/{_NAME}")
        wait_until(lambda: not self._pods(), 30, "the Deployment's pods are gone", interval=0.1)

    def _watch_for_address(self, command: str) -> str:
        control = self._cluster.lan.control.namespace
        words = self._cluster.kubectl_command(*shlex.split(command))[len(control.exec_prefix()):]
        watch = Process("kubectl-watch", control, words, self._cluster.log_path("kubectl-watch"))
        try:
            address = self._cluster.wait_for_ingress("default", _NAME)[0]
            wait_until(lambda: address in watch.log_tail() or not watch.running(), 20, f"kubectl shows {address}")
        finally:
            watch.stop()
        self._story.command(f"kubectl {command}", watch.log_tail())
        self._story.check("kubectl shows the address", address in watch.log_tail(), address)
        return address

    def _scale(self, address: str) -> None:
        self._demo.kubectl("scale", "deploy", _NAME, f"--replicas={_REPLICAS}")
        pods: set[str] = set()

        def all_answered() -> bool:
            pods.update(self._demo.pods_behind(f"http://{address}/"))
            return len(pods) >= _REPLICAS

        wait_until(all_answered, 30, f"answers of {_REPLICAS} pods")
        self._demo.kubectl("get", "pods", "-l", f"app={_NAME}", "-o", "wide")
        self._story.check(f"all {_REPLICAS} pods serve, and they are the Deployment's", pods == self._pods(), ", ".join(sorted(pods)))

    def _pods(self) -> set[str]:
        found = self._cluster.api.get(f"/api/v1/namespaces/default/pods?labelSelector=app%3D{_NAME}")["items"]
        return {item["metadata"]["name"] for item in found}
