"""How the demo talks: a running story for people, one JSON document for machines."""

import json
import sys
import time


class Story:
    def __init__(self, as_json: bool):
        self._as_json = as_json
        self._started = time.monotonic()
        self._colour = sys.stdout.isatty() and not as_json
        self.figures: dict[str, object] = {}
        self.checks: list[dict[str, object]] = []

    def _style(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colour else text

    def _print(self, text: str) -> None:
        # With --json standard output belongs to the document; the story goes to standard error.
        print(text, file=sys.stderr if self._as_json else sys.stdout, flush=True)

    def chapter(self, title: str) -> None:
        self._print("\n" + self._style("1", f"[{time.monotonic() - self._started:5.1f} s] {title}"))

    def say(self, text: str) -> None:
        self._print(f"          {text}")

    def command(self, text: str, output: str = "") -> None:
        self._print("          " + self._style("36", f"$ {text}"))
        for line in output.rstrip("\n").splitlines():
            self._print(f"            {line}")

    def check(self, what: str, holds: bool, detail: str = "") -> None:
        """One claim of the story; a false one makes the demo fail at the end."""
        mark = self._style("32", "ok  ") if holds else self._style("31", "FAIL")
        self._print(f"    {mark}  {what}" + (f": {detail}" if detail else ""))
        self.checks.append({"what": what, "ok": holds, "detail": detail})

    def figure(self, name: str, value: object, text: str = "") -> None:
        self.figures[name] = value
        if text:
            self.say(text)

    def succeeded(self) -> bool:
        return all(check["ok"] for check in self.checks)

    def finish(self, error: str | None = None) -> None:
        seconds = round(time.monotonic() - self._started, 1)
        failed = [str(check["what"]) for check in self.checks if not check["ok"]]
        if self._as_json:
            print(json.dumps({"success": error is None and not failed, "error": error, "seconds": seconds,
                              "figures": self.figures, "checks": self.checks}, indent=2), flush=True)
        verdict = f"The demo ended in success: {len(self.checks)} checks in {seconds} s."
        if error or failed:
            verdict = "The demo FAILED: " + (error or "; ".join(failed))
        self._print("\n" + self._style("1;32" if not (error or failed) else "1;31", verdict))
