# SPDX-License-Identifier: Apache-2.0
"""Answers every request with the maintenance page and status 503, on the port of
Superset's web tier, with nothing but Python's standard library."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
import os
import signal
import socket
from socketserver import TCPServer
import sys

_PAGE = Path(__file__).with_name("index.html").read_bytes()
_READY = "/maintenance-page-ready"  # for the kubelet alone
_BODY_BYTES = 1 << 20


_IPV6 = ":" in os.environ.get("SUPERSET_OPERATOR_POD_IP", "")


class Server(ThreadingHTTPServer):
    request_queue_size = 128  # all users come back at once
    # The kubelet and the Service use the pod's IP. A node without IPv6 has no such socket.
    address_family = socket.AF_INET6 if _IPV6 else socket.AF_INET

    def server_bind(self) -> None:
        if _IPV6:  # IPv4 too, for a port forward
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        TCPServer.server_bind(self)  # HTTPServer's own looks up the name of the address
        self.server_name, self.server_port = "", self.server_address[1]


class Handler(BaseHTTPRequestHandler):
    timeout = 10

    def answer(self) -> None:
        # A connection that is closed on an unread body is reset, and the page lost.
        self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _BODY_BYTES))
        ready = self.path.endswith(_READY)  # also below web.basePath
        body = b"OK" if ready else _PAGE
        self.send_response(200 if ready else 503)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Retry-After", "15")
        self.send_header("Connection", "close")  # the next request may find Superset
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = answer

    def log_message(self, *_: object) -> None:
        """Quiet: every user who waits would be a line."""


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Server(("", int(sys.argv[1])), Handler).serve_forever()
