"""A small Kubernetes API client for the lab's own roles. (The story itself is told with kubectl.)"""

import http.client
import json
import threading
import time
import urllib.parse

from .netns import Namespace


class ApiError(RuntimeError):
    def __init__(self, status: int, message: str):
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """Plain HTTP to the lab's API server. Connections are made inside `namespace`, one per calling thread, kept alive."""

    def __init__(self, namespace: Namespace, host: str, port: int):
        self._namespace = namespace
        self._host = host
        self._port = port
        self._local = threading.local()

    def connect(self, timeout: float = 10.0) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=timeout)
        with self._namespace.entered():
            connection.connect()
        return connection

    def request(self, method: str, path: str, body=None, content_type: str = "application/json"):
        """One call; a kept-alive connection that has gone stale is replaced once. Returns the decoded answer."""
        payload = None if body is None else json.dumps(body)
        for attempt in (1, 2):
            connection = getattr(self._local, "connection", None)
            try:
                if connection is None:
                    connection = self._local.connection = self.connect()
                connection.request(method, path, payload, {"Content-Type": content_type} if payload else {})
                response = connection.getresponse()
                text = response.read()
                break
            except (OSError, http.client.HTTPException):
                self._local.connection = None
                if attempt == 2:
                    raise
        answer = json.loads(text) if text else {}
        if response.status >= 400:
            raise ApiError(response.status, answer.get("message", text.decode(errors="replace")))
        return answer

    def get(self, path: str):
        return self.request("GET", path)

    def create(self, path: str, body):
        return self.request("POST", path, body)

    def merge(self, path: str, body):
        return self.request("PATCH", path, body, "application/merge-patch+json")

    def delete(self, path: str):
        return self.request("DELETE", path)


class Watch:
    """Keeps `objects` (by namespace/name) in step with one collection and calls `on_change` after every change."""

    def __init__(self, api: Api, path: str, on_change):
        self.objects: dict[str, dict] = {}
        self._api = api
        self._path = path
        self._on_change = on_change
        self._stopping = threading.Event()
        self._connection = None
        self.synced = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch {path}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        connection = self._connection
        if connection is not None and connection.sock is not None:
            try:
                connection.sock.shutdown(2)
            except OSError:
                pass

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow(self._list())
            except (OSError, http.client.HTTPException, ApiError, ValueError):
                # The server is away or starts again: what is known stays in force until it answers.
                self._stopping.wait(0.2)

    def _list(self) -> str:
        answer = self._api.get(self._path)
        self.objects = {key_of(item): item for item in answer.get("items", [])}
        self.synced.set()
        self._on_change()
        return answer["metadata"]["resourceVersion"]

    def _follow(self, version: str) -> None:
        query = urllib.parse.urlencode({"watch": "1", "resourceVersion": version, "timeoutSeconds": "300"})
        self._connection = self._api.connect(timeout=320)
        self._connection.request("GET", f"{self._path}?{query}")
        response = self._connection.getresponse()
        if response.status != 200:
            raise ApiError(response.status, "watch refused")
        while not self._stopping.is_set():
            line = response.readline()
            if not line:
                return
            event = json.loads(line)
            if event["type"] == "ERROR":
                return
            if event["type"] == "DELETED":
                self.objects.pop(key_of(event["object"]), None)
            elif event["type"] in ("ADDED", "MODIFIED"):
                self.objects[key_of(event["object"])] = event["object"]
            self._on_change()


def key_of(item: dict) -> str:
    meta = item["metadata"]
    return f"{meta.get('namespace', '')}/{meta['name']}"


def wait_for_api(api: Api, timeout: float = 15.0, alive=lambda: True) -> None:
    """Until the server answers; fails at once when `alive` says that it has ended."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            api.get("/version")
            return
        except (OSError, http.client.HTTPException, ApiError):
            if time.monotonic() > deadline or not alive():
                raise TimeoutError("the API server does not answer" if alive() else "the API server has ended") from None
            time.sleep(0.02)
