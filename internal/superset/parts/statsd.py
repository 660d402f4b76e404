def operator_statsd():
    # Sends StatsD by UDP to SUPERSET_OPERATOR_STATSD_HOST; None if it is not set, as in Jobs.
    import os
    import re
    import socket
    import threading
    import time

    host = os.environ.get("SUPERSET_OPERATOR_STATSD_HOST")
    if not host:
        return None
    valid = re.compile(r"[A-Za-z0-9_.-]{1,200}").fullmatch

    class Sender:
        # It never raises and never waits: what cannot be sent is lost. A thread looks up the
        # host, because DNS may take seconds. A new process has no threads of its parent.
        def __init__(self):
            os.register_at_fork(after_in_child=self.forget)
            self.forget()

        def forget(self):
            self.target = None
            self.next_lookup = 0.0

        def send(self, name, value, kind):
            try:
                if time.monotonic() >= self.next_lookup:
                    self.next_lookup = time.monotonic() + (60 if self.target else 5)
                    threading.Thread(target=self.look_up, daemon=True).start()
                if self.target and valid(name):
                    to, address = self.target
                    to.sendto(f"superset.{name}:{value}|{kind}".encode("ascii"), address)
            except Exception:
                pass

        def look_up(self):
            try:
                family, kind, protocol, _, address = socket.getaddrinfo(host, 9125, type=socket.SOCK_DGRAM)[0]
                if not self.target or self.target[1] != address:
                    to = socket.socket(family, kind, protocol)
                    to.setblocking(False)
                    self.target = to, address
            except Exception:
                pass

    return Sender()
