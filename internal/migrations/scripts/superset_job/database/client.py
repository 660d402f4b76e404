# SPDX-License-Identifier: Apache-2.0
"""The metadata database's URL as configuration files of the database's client programs.

The URL is that of SQLAlchemy, with options of Python drivers in its query. The programs that
dump and load run in another image, without Python. Their settings are written into files, so
that no password is in an argument or in the environment.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL

from superset_job.report import JobError

# Options of libpq that have the same meaning in a SQLAlchemy URL for psycopg.
_LIBPQ = (
    "host hostaddr port dbname user options sslmode sslrootcert sslcert sslkey sslcrl sslcrldir sslpassword"
    " sslcompression sslsni ssl_min_protocol_version ssl_max_protocol_version channel_binding"
    " gssencmode krbsrvname target_session_attrs connect_timeout tcp_user_timeout keepalives keepalives_idle"
    " keepalives_interval keepalives_count load_balance_hosts require_auth requiressl"
).split()
# Options of MySQL's programs by the name that its Python drivers use. loose: a program that
# does not know the option ignores it, as MariaDB's do with ssl-mode and mysqldump with
# connect-timeout.
_MYSQL = {
    "unix_socket": "socket",
    "charset": "default-character-set",
    "connect_timeout": "loose-connect-timeout",
    "ssl_ca": "ssl-ca",
    "ssl_cert": "ssl-cert",
    "ssl_key": "ssl-key",
    "ssl_cipher": "ssl-cipher",
    "ssl_mode": "loose-ssl-mode",
}
_CONNECT_SECONDS = "10"


def write_connection(url: URL, folder: Path) -> None:
    """Writes the client's connection files into the folder, readable by the owner only:
    service.conf and pgpass for PostgreSQL, my.cnf for MySQL."""
    if url.get_backend_name() == "postgresql":
        settings, password = _postgresql(url)
        lines = [f"{name}={_plain(name, value)}" for name, value in settings.items()]
        write_private(folder / "service.conf", "\n".join(["[superset]", *lines]) + "\n")
        escaped = _plain("password", password).replace("\\", "\\\\").replace(":", "\\:")
        write_private(folder / "pgpass", f"*:*:*:*:{escaped}\n" if password else "")
    else:
        lines = [f"{name}={_quoted(name, value)}" for name, value in _mysql(url).items()]
        write_private(folder / "my.cnf", "\n".join(["[client]", *lines]) + "\n")


def write_private(file: Path, text: str) -> None:
    """Writes a file that no other user may read. Replaces an existing file."""
    file.unlink(missing_ok=True)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)


def _arguments(url: URL) -> dict[str, Any]:
    """The arguments that SQLAlchemy passes to the driver."""
    positional, named = url.get_dialect()().create_connect_args(url)
    return {**named} if not positional else {**url.translate_connect_args(username="user"), **url.query, **named}


def _postgresql(url: URL) -> tuple[dict[str, str], str]:
    arguments = _arguments(url)
    arguments["dbname"] = arguments.pop("database", None) or arguments.get("dbname") or url.username
    password = str(arguments.pop("password", None) or arguments.pop("passwd", None) or "")
    settings = {name: _joined(arguments[name]) for name in _LIBPQ if arguments.get(name) not in (None, "")}
    settings.setdefault("connect_timeout", _CONNECT_SECONDS)
    return settings, password


def _mysql(url: URL) -> dict[str, str]:
    settings = {"user": url.username, "password": url.password, "host": url.host, "port": url.port}
    options: dict[str, Any] = dict(url.query)
    ssl = _arguments(url).get("ssl")
    if isinstance(ssl, dict):  # the dialects collect ssl_ca and similar options in it
        options.update({f"ssl_{name}": value for name, value in ssl.items()})
    for name, value in options.items():
        if option := _MYSQL.get(name):
            settings[option] = _joined(value)
    settings.setdefault("loose-connect-timeout", _CONNECT_SECONDS)
    return {name: str(value) for name, value in settings.items() if value not in (None, "")}


def _joined(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)


def _plain(name: str, value: str) -> str:
    if any(character in value for character in "\r\n\0") or value != value.strip() and name != "password":
        raise JobError("ConfigInvalid", f"{name} in the database URI starts or ends with a space, or has a line break in it")
    return value


def _quoted(name: str, value: str) -> str:
    """A quoted value for my.cnf, where a backslash escapes and an unquoted # starts a
    comment."""
    if any(character in value for character in "\r\n\0"):
        raise JobError("ConfigInvalid", f"{name} in the database URI has a line break in it")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
