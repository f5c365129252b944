"""Whom each speaker sees alive, as its log tells it. The original writes the same lines, so this serves either."""

import json

from .processes import Process


class MemberLog:
    """Reads one speaker's log on from where it stopped."""

    def __init__(self, process: Process):
        self.process = process
        self._begun = -1
        self._read = 0
        self._members: set[str] = set()

    def members(self) -> set[str]:
        if self._begun != self.process.log_start:  # it was started anew, and knows nobody
            self._begun = self._read = self.process.log_start
            self._members = set()
        with open(self.process.log_path, "rb") as log:
            log.seek(self._read)
            for line in log.read().splitlines(keepends=True):
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                if b'"node event"' in line:
                    self._note(line)
        return set(self._members)

    def _note(self, line: bytes) -> None:
        try:
            told = json.loads(line)
        except ValueError:
            return
        if told.get("node event") == "NodeJoin":
            self._members.add(told["node name"])
        elif told.get("node event") == "NodeLeave":
            self._members.discard(told["node name"])
