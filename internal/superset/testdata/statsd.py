# superset_config.py, written by superset-operator: change spec.config.raw of the
# Superset object instead of this file. Secrets come from the environment.
import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_DATABASE_URI"]

import importlib.metadata
import importlib.util
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import redis
from celery.schedules import crontab
from flask_caching.backends.rediscache import RedisCache


# Supersets on one Redis database have a prefix each: spec.cache.keyPrefix.
operator_key_prefix = os.environ.get("SUPERSET_CACHE_KEY_PREFIX", "")
if operator_key_prefix:
    operator_key_prefix += ":"


def operator_redis_url():
    # Celery refuses rediss:// without ssl_cert_reqs, and redis-py takes only its
    # short names: always there, and always short. All else stays as it is.
    url = os.environ["SUPERSET_CACHE_URL"]
    parts = urlsplit(url)
    if parts.scheme != "rediss":
        return url
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    requirement = query.get("ssl_cert_reqs") or "required"
    query["ssl_cert_reqs"] = requirement.lower().removeprefix("cert_")
    return urlunsplit(parts._replace(query=urlencode(query)))


def operator_cache(prefix, days):
    return {
        "CACHE_TYPE": "RedisCache",
        "CACHE_KEY_PREFIX": operator_key_prefix + prefix,
        "CACHE_DEFAULT_TIMEOUT": days * 24 * 60 * 60,
        "CACHE_REDIS_URL": operator_redis_url(),
    }


def operator_release():
    # By the package's own files: the module cannot be imported yet.
    try:
        return importlib.metadata.version("apache-superset")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


# What one release has worked out about itself, such as the settings of every page, is
# not for the next one that runs beside it.
CACHE_CONFIG = operator_cache(f"superset_metadata_{operator_release()}_", days=1)
DATA_CACHE_CONFIG = operator_cache("superset_data_", days=1)
# Opening a dashboard or chart again keeps its state alive, as in Superset's defaults.
FILTER_STATE_CACHE_CONFIG = {
    **operator_cache("superset_filter_", days=90),
    "REFRESH_TIMEOUT_ON_RETRIEVAL": True,
}
EXPLORE_FORM_DATA_CACHE_CONFIG = {
    **operator_cache("superset_explore_", days=7),
    "REFRESH_TIMEOUT_ON_RETRIEVAL": True,
}
RESULTS_BACKEND = RedisCache(
    host=redis.from_url(operator_redis_url()),
    key_prefix=operator_key_prefix + "superset_results_",
)
if operator_key_prefix:  # only used with the feature flag GLOBAL_ASYNC_QUERIES
    GLOBAL_ASYNC_QUERIES_REDIS_STREAM_PREFIX = operator_key_prefix + "async-events-"


def operator_task_modules():
    # As in Superset's defaults: the last one exists from 6.0 on. It is looked for by its
    # file: the module cannot be imported yet.
    names = ["sql_lab", "tasks.scheduler", "tasks.thumbnails", "tasks.cache"]
    spec = importlib.util.find_spec("superset")
    for folder in spec and spec.submodule_search_locations or ():
        if os.path.exists(os.path.join(folder, "tasks", "slack.py")):
            names.append("tasks.slack")
    return tuple("superset." + name for name in names)


class CeleryConfig:
    broker_url = operator_redis_url()
    result_backend = operator_redis_url()
    imports = operator_task_modules()
    # As in Superset's defaults: a task that has begun is not given to another worker.
    task_acks_late = False
    worker_prefetch_multiplier = 1
    task_annotations = {"sql_lab.get_sql_results": {"rate_limit": "100/s"}}
    beat_schedule = {
        "reports.scheduler": {
            "task": "reports.scheduler",
            "schedule": crontab(minute="*", hour="*"),
            "options": {"expires": 7 * 24 * 60 * 60},
        },
        "reports.prune_log": {
            "task": "reports.prune_log",
            "schedule": crontab(minute=0, hour=0),
        },
    }


CELERY_CONFIG = CeleryConfig


def operator_report_worker():
    # A worker reports that it takes tasks by the age of a file, which its liveness
    # probe reads. Older releases of Celery may go on without taking any after Redis
    # was restarted, without an error.
    import os
    import time

    from celery import signals

    file = "/tmp/superset-operator-worker"
    state = {"ends": False, "marked": 0.0}

    def remove():
        if os.path.exists(file):
            os.remove(file)

    def mark():
        if not state["ends"] and time.monotonic() - state["marked"] >= 5:
            state["marked"] = time.monotonic()
            with open(file, "a"):
                os.utime(file)

    def connected(consumer):
        # Without a file the probe passes: in other pools a task may block the worker
        # itself, and other transports are not known.
        try:
            if type(consumer.pool).__module__ != "celery.concurrency.prefork":
                return
            channel = consumer.task_consumer.channel
            read = channel.handlers["BRPOP"]
        except (AttributeError, KeyError, TypeError):
            return

        def marked_read(*args, **options):
            # Redis answers once a second, also if there is no task.
            mark()
            return read(*args, **options)

        def idle_on_purpose():
            # As many tasks as the worker may hold, or no queue: it asks for none.
            queues = consumer.app.amqp.queues.consume_from
            if not (channel.qos.can_consume() and queues):
                mark()

        channel.handlers["BRPOP"] = marked_read
        consumer.timer.call_repeatedly(10, idle_on_purpose)
        mark()

    def begins(instance=None, **_):
        from celery import bootsteps

        class Report(bootsteps.StartStopStep):
            requires = ("celery.worker.consumer.tasks:Tasks",)

            def start(self, consumer):  # after each connect
                connected(consumer)

        remove()  # that of an earlier container
        instance.app.steps["consumer"].add(Report)

    def ends(**_):
        state["ends"] = True
        remove()

    signals.celeryd_init.connect(begins, weak=False)
    signals.worker_shutting_down.connect(ends, weak=False)


operator_report_worker()


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


def operator_stats_logger(sender):
    # Superset's own StatsD logger needs a package that its images do not have.
    from superset.stats_logger import BaseStatsLogger

    class OperatorStatsLogger(BaseStatsLogger):
        def incr(self, key):
            sender.send(key, 1, "c")

        def decr(self, key):
            sender.send(key, -1, "c")

        def timing(self, key, value):  # milliseconds
            sender.send(key, value, "ms")

        def gauge(self, key, value):
            # Superset counts the results of reports by gauges that are always 1.
            if key.endswith((".ok", ".warning", ".error")):
                sender.send(key, 1, "c")
            else:
                sender.send(key, value, "g")

    return OperatorStatsLogger()


operator_statsd_sender = operator_statsd()
if operator_statsd_sender:
    STATS_LOGGER = operator_stats_logger(operator_statsd_sender)

# --- config.raw of the Superset object ---
ROW_LIMIT = 5000
# --- end of config.raw ---

# The operator's own keys once more: whatever stands above, these hold.
import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_DATABASE_URI"]

def operator_celery_settings(config):
    # All settings of a CELERY_CONFIG that may be a class, an instance, a module, the
    # name of one, a dict or None, with broker and results where the operator wants
    # them.
    import importlib

    if isinstance(config, str):
        module, _, attribute = config.partition(":")
        config = importlib.import_module(module)
        config = getattr(config, attribute) if attribute else config
    if config is None:
        config = CeleryConfig
    if isinstance(config, dict):
        settings = dict(config)
    else:
        settings = {
            name: getattr(config, name) for name in dir(config) if not name.startswith("_")
        }
    settings.pop("broker_read_url", None)
    settings.pop("broker_write_url", None)
    settings["broker_url"] = settings["result_backend"] = operator_redis_url()
    if any(name.isupper() for name in settings):
        # Celery takes its old names, all in capitals, only if the new ones are not
        # alone; where both are given they agree.
        settings["BROKER_URL"] = settings["CELERY_RESULT_BACKEND"] = operator_redis_url()
    if operator_key_prefix:
        # Results: older releases of Celery put an underscore after any prefix, newer
        # ones not after a colon.
        for name, old, prefix in (
            (
                "broker_transport_options",
                "BROKER_TRANSPORT_OPTIONS",
                operator_key_prefix,
            ),
            (
                "result_backend_transport_options",
                "CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS",
                operator_key_prefix.rstrip(":"),
            ),
        ):
            options = settings.get(name) or settings.get(old) or {}
            settings[name] = {**options, "global_keyprefix": prefix}
            if old in settings:
                settings[old] = settings[name]
    return settings


CELERY_CONFIG = operator_celery_settings(CELERY_CONFIG)
