# gunicorn's configuration in a web pod, by superset-operator. The user's own stays in effect:
# a --config in GUNICORN_CMD_ARGS, or else gunicorn.conf.py in the working directory.
import importlib
import os
import shlex
import time

from gunicorn.config import Config, get_default_config_file

_FOLDER = os.path.dirname(__file__)
_DRAINING = os.path.join(_FOLDER, "draining")


def _own():
    # gunicorn reads one configuration: the last --config, which is the operator's.
    words = shlex.split(os.environ["GUNICORN_CMD_ARGS"])[:-1]
    location = Config().parser().parse_args(words).config or get_default_config_file()
    if not location:
        return {}
    if location.startswith("python:"):
        return vars(importlib.import_module(location.removeprefix("python:")))
    file = location.removeprefix("file:")
    names = {"__name__": "__config__", "__file__": file}
    with open(file, encoding="utf-8") as text:
        exec(compile(text.read(), file, "exec"), names)
    return names


# A request that runs when gunicorn is to end has as long as run-server.sh allows by default.
# gunicorn's own default is 30 s.
graceful_timeout = 60

_config = Config()
for _name, _value in _own().items():
    if _name in _config.settings:
        globals()[_name] = _value
        _config.set(_name, _value)
_before, _after = _config.pre_request, _config.post_request


def pre_request(worker, req):
    # gunicorn may not answer a request on a kept connection after SIGTERM. While the pod
    # drains, each answer closes its connection, so that none is left by then.
    _before(worker, req)
    if os.path.exists(_DRAINING):
        req.force_close()


def post_request(worker, req, environ, resp):
    _after(worker, req, environ, resp)
    if os.path.exists(_DRAINING):
        _read_rest(req)


def _read_rest(req):
    # Superset answers some requests without reading them. A connection that is closed then
    # is reset, and the answer may be lost.
    end = time.monotonic() + 5
    try:
        req.unreader.sock.settimeout(5)
        while time.monotonic() < end and req.body.read(65536):
            pass
    except Exception:  # the client has gone, or is too slow
        pass


# For preStop: the shell of run-server.sh may not pass on a signal.
with open(os.path.join(_FOLDER, "gunicorn.pid"), "w", encoding="ascii") as _file:
    _file.write(f"{os.getpid()}\n")
