# Written by superset-operator. URLs are made here, and not by the operator, because it does
# not read Secrets.
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

# The URLs of Celery, if they are not that of the caches.
CELERY = ("SUPERSET_OPERATOR_BROKER_URL", "SUPERSET_OPERATOR_RESULT_BACKEND_URL")


def connect(environment):
    """Sets the URLs whose parts the environment has. One that is set already stays."""
    _database(environment, "SUPERSET_DATABASE_URI", "SUPERSET_OPERATOR_DATABASE_", "")
    other = "SUPERSET_OPERATOR_APPLICATION_"
    _database(environment, other + "URI", other, other)
    _cache(environment)
    for name in CELERY:
        if environment.get(name):
            environment[name] = with_certificate_check(environment[name])


def _database(environment, name, operators, prefix):
    driver = environment.get(operators + "DRIVER")
    # Only the operator sets the driver: DB_HOST and others may be those of somebody else.
    if not driver or environment.get(name):
        return

    def get(part):
        return environment.get(f"{prefix}DB_{part}", "")

    # SQLAlchemy takes the name of the database as it is.
    options = environment.get(operators + "OPTIONS", "")
    environment[name] = url(driver, (get("USER"), get("PASS")), (get("HOST"), get("PORT")), get("NAME"), options)


def _cache(environment):
    driver = environment.get("SUPERSET_OPERATOR_CACHE_DRIVER")
    if not driver or environment.get("SUPERSET_CACHE_URL"):
        return

    def get(part):
        return environment.get(f"REDIS_{part}", "")

    def redis(database):
        options = environment.get("SUPERSET_OPERATOR_CACHE_OPTIONS", "")
        return url(driver, (get("USER"), get("PASSWORD")), (get("HOST"), get("PORT")), database, options)

    environment["SUPERSET_CACHE_URL"] = redis(get("DB"))
    if get("CELERY_DB") != get("DB"):
        for name in CELERY:
            environment[name] = environment.get(name) or redis(get("CELERY_DB"))


def url(scheme, account, address, path, options):
    """The URL of a user and password, and of a host and port."""
    user, password = (quote(text, safe="", errors="surrogateescape") for text in account)
    host, port = address
    if ":" in host:
        host = f"[{host}]"
    # The colon is always there: without it SQLAlchemy takes a later one for it.
    before = f"{user}:{password}@" if user or password else ""
    return f"{scheme}://{before}{host}:{port}/{path}{options and '?'}{options}"


def with_certificate_check(text):
    """The URL with an ssl_cert_reqs that both Celery and redis-py accept: Celery refuses rediss://
    without it, and redis-py takes only its short names."""
    parts = urlsplit(text)
    if parts.scheme != "rediss":
        return text
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    requirement = query.get("ssl_cert_reqs") or "required"
    query["ssl_cert_reqs"] = requirement.lower().removeprefix("cert_")
    return urlunsplit(parts._replace(query=urlencode(query)))
