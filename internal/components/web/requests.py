

# Each answer is sent to the StatsD exporter, with the time since its request was read. The
# kubelet's health checks are not.
_statsd = operator_statsd()
_drain_before, _drain_after = pre_request, post_request
_began = "superset_operator_began"


def pre_request(worker, req):
    _drain_before(worker, req)
    setattr(req, _began, time.monotonic())


def post_request(worker, req, environ, resp):
    try:
        _drain_after(worker, req, environ, resp)
    finally:
        _count(req, resp)


def _count(req, resp):
    if _statsd is None or req.path.endswith("/health") or not hasattr(req, _began):
        return
    status = str(getattr(resp, "status", None) or "500")  # without an answer, gunicorn's own
    milliseconds = (time.monotonic() - getattr(req, _began)) * 1000
    _statsd.send(f"web.request.{status[:1]}xx", round(milliseconds, 3), "ms")
