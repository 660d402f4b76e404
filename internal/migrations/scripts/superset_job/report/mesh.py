# SPDX-License-Identifier: Apache-2.0
"""Ending the proxy of a service mesh in the pod of a Job.

A proxy that is a plain sidecar runs on when the script has ended, so that the pod never ends. A
native sidecar (an init container that is restarted) is ended by the kubelet.
"""

from __future__ import annotations

import os
from http.client import HTTPConnection

# Name, port and path that ends the proxy, of each mesh. Only loopback is asked: the proxy is in
# this pod.
PROXIES = (("Istio", 15020, "/quitquitquit"), ("Linkerd", 4191, "/shutdown"))
_SECONDS = 2.0


def quit_proxies() -> None:
    """Tells the proxies of this pod to end. Whether there is one, and what it answers, changes
    nothing: the result is written already."""
    from superset_job.report import describe, log

    if os.environ.get("SUPERSET_OPERATOR_HOST_NETWORK") == "1":
        return  # loopback is that of the node
    for name, port, path in PROXIES:
        connection = HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
        try:
            connection.connect()
        except OSError:
            continue  # there is none
        try:
            connection.request("POST", path)
            log(f"told the proxy of {name} to end: it answered {connection.getresponse().status}")
        except Exception as error:
            log(f"told the proxy of {name} to end: {describe(error)}")
        finally:
            connection.close()
