"""What the parts of Kubernetes that the lab plays have in common: a thread that acts whenever something that it watches has changed."""

import http.client
import threading

from .api import Api, ApiError, Watch

_RETRY_SECONDS = 0.2


class Role:
    """The last line of a subclass's constructor calls this one's, which starts the thread. `paths`: the collections that it watches."""

    def __init__(self, name: str, api: Api, *paths: str):
        self._api = api
        self._wake = threading.Event()
        self._stopping = False
        self._watches = [Watch(api, path, self._wake.set) for path in paths]
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _watched(self) -> list[list[dict]]:
        """The objects of each collection, as known now."""
        return [list(watch.objects.values()) for watch in self._watches]

    def _sync(self) -> None:
        """Brings about what the objects ask for. An API server that is away or refuses makes it come again."""
        raise NotImplementedError

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._stopping:
                return
            if not all(watch.synced.is_set() for watch in self._watches):
                continue
            try:
                self._sync()
            except (OSError, http.client.HTTPException, ApiError):
                threading.Timer(_RETRY_SECONDS, self._wake.set).start()

    def stop(self) -> None:
        self._stopping = True
        for watch in self._watches:
            watch.stop()
        self._wake.set()
        self._thread.join(5)
