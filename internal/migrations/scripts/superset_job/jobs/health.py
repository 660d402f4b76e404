# SPDX-License-Identifier: Apache-2.0
"""Asks the Celery broker every 30 seconds, and serves what it answers to Prometheus: the tasks in
the queues, and the workers that answer. It does not load Superset."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from superset_job.broker.redis import connected_client
from superset_job.report import connections, describe, redactor

_SECONDS = float(os.environ.get("SUPERSET_OPERATOR_PROBE_SECONDS") or 30)
_ANSWER_SECONDS = 3.0
_DEFAULT_QUEUE = "celery"
_QUEUES = 20
# How many probes may be late before the pod is restarted: each is bounded by time limits.
_LATE = 10
_IPV6 = ":" in os.environ.get("SUPERSET_OPERATOR_POD_IP", "")

_HELP = {
    "superset_celery_probe_success": "1 if the last look at the Celery broker succeeded, otherwise 0.",
    "superset_celery_probe_duration_seconds": "Time of the last look at the Celery broker.",
    "superset_celery_probe_timestamp_seconds": "When the last look at the Celery broker ended.",
    "superset_celery_workers": "Celery workers that answer on the broker; no series if the broker does not answer.",
    "superset_celery_queue_length": "Tasks that wait in a Celery queue; no series if the broker does not answer.",
}


@dataclass
class Seen:
    """What one look has found. Without an answer of the broker, workers is None."""

    seconds: float
    ended: float
    workers: int | None = None
    queues: dict[str, int] = field(default_factory=dict)

    def text(self) -> str:
        """The metrics in the text format of Prometheus."""
        values: dict[str, dict[str, float]] = {
            "superset_celery_probe_success": {"": int(self.workers is not None)},
            "superset_celery_probe_duration_seconds": {"": round(self.seconds, 6)},
            "superset_celery_probe_timestamp_seconds": {"": round(self.ended, 3)},
        }
        if self.workers is not None:
            values["superset_celery_workers"] = {"": self.workers}
            values["superset_celery_queue_length"] = {f'{{queue="{_escaped(q)}"}}': n for q, n in sorted(self.queues.items())}
        lines = []
        for name, series in values.items():
            lines += [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} gauge"]
            lines += [f"{name}{labels} {value}" for labels, value in series.items()]
        return "\n".join(lines) + "\n"


class Probe:
    """Looks at the broker, again and again, and keeps what it has seen last."""

    def __init__(self) -> None:
        self.seen: Seen | None = None
        self._app: Any = None
        self._known: set[str] = set()
        self._error = ""
        self._begun = time.monotonic()

    def late(self) -> bool:
        """True if a look does not end."""
        return time.monotonic() - self._begun > _LATE * max(_SECONDS, 10)

    def run(self) -> None:
        """Looks every _SECONDS, and never twice at a time."""
        while True:
            self._begun = time.monotonic()
            workers: int | None = None
            queues: dict[str, int] = {}
            error = ""
            try:
                workers, queues = self._look()
            except Exception as problem:  # no broker, or not now
                error = redactor(os.environ)(describe(problem))
            took = time.monotonic() - self._begun
            self.seen = Seen(took, time.time(), workers, queues)
            if error != self._error:
                self._error = error
                print(error or "the broker answers", file=sys.stderr, flush=True)
            time.sleep(max(1.0, _SECONDS - took))

    def _look(self) -> tuple[int, dict[str, int]]:
        if self._app is None:
            self._app = connected_client()  # one for all looks: its name is that of a queue for answers
        with self._app.connection_for_read() as connection:
            asked = self._app.control.inspect(timeout=_ANSWER_SECONDS, connection=connection)
            answers = asked.active_queues() or {}
            consumed = {queue["name"] for queues in answers.values() for queue in queues or []}
            # Tasks may come into a queue after its workers have gone.
            self._known |= consumed
            names = dict.fromkeys([_DEFAULT_QUEUE, *sorted(consumed), *sorted(self._known)])
            channel = connection.default_channel
            return len(answers), {name: channel.queue_declare(queue=name).message_count for name in list(names)[:_QUEUES]}


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _handler(probe: Probe) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, probe.seen.text() if probe.seen else "")
            elif path == "/healthz":
                self._answer(*((500, "the last look at the broker does not end\n") if probe.late() else (200, "ok\n")))
            else:
                self._answer(404, "see /metrics\n")

        def _answer(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet: each scrape would be a line."""

    return Handler


class _Server(ThreadingHTTPServer):
    address_family = socket.AF_INET6 if _IPV6 else socket.AF_INET
    daemon_threads = True

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's own looks up the name of the address
        self.server_name, self.server_port = "", self.server_address[1]


def main() -> None:
    """Serves on the port of the first argument, on all addresses or on that of the second."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    connections.complete(os.environ)
    probe = Probe()
    threading.Thread(target=probe.run, daemon=True).start()
    address = sys.argv[2] if len(sys.argv) > 2 else ""
    _Server((address, int(sys.argv[1])), _handler(probe)).serve_forever()


if __name__ == "__main__":
    main()
