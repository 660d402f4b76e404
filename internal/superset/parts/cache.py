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
