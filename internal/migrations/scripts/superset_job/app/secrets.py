# SPDX-License-Identifier: Apache-2.0
"""Re-encrypting stored secrets with a different key, with Superset's SecretsMigrator.

The SecretsMigrator reads each value with the previous key and writes it with the key of
its app, in one transaction. It takes the app's key from the configuration. Therefore a
rollback starts the app with the two keys swapped. Each app runs in its own process,
because Superset's models keep the key of the first app.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from superset_job.report import JobError, log

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

FORWARD, BACK = "forward", "back"
_PREVIOUS = "SUPERSET_OPERATOR_PREVIOUS_SECRET_KEY"
_CURRENT = "SUPERSET_SECRET_KEY"
_SAMPLE_ROWS = 20


def direction() -> str:
    """forward, back, or empty for no re-encryption. Raises ConfigInvalid for any other
    value, and SecretKeyInvalid if the previous key is missing."""
    value = os.environ.get("SUPERSET_OPERATOR_REENCRYPT", "")
    if value not in ("", FORWARD, BACK):
        raise JobError("ConfigInvalid", f"SUPERSET_OPERATOR_REENCRYPT is {value!r}, must be {FORWARD} or {BACK}")
    if value and not previous_key():
        raise JobError("SecretKeyInvalid", "the previous secret key in the Secret is empty")
    return value


def previous_key() -> str:
    """The previous secret key; empty if there is none."""
    return os.environ.get(_PREVIOUS, "")


def reencrypt(to: str) -> None:
    """Re-encrypts all stored secrets: with the current key (FORWARD) or with the previous
    one (BACK). Raises JobError ReencryptFailed; then nothing was changed."""
    from superset_job.app.child import PROGRAM, run_child

    keys = {_CURRENT: os.environ.get(_CURRENT, ""), _PREVIOUS: previous_key()}
    if to == BACK:
        keys = {_CURRENT: keys[_PREVIOUS], _PREVIOUS: keys[_CURRENT]}
    log(f"re-encrypting stored secrets ({to})")
    run_child("re-encrypting", "ReencryptFailed", [sys.executable, PROGRAM, "reencrypt"], keys)


def key_of_stored(url: URL) -> str:
    """The key that stored passwords are encrypted with: the previous key if only that one
    decrypts a sample of them, otherwise the current key. Superset's code needs it both
    before and after re-encryption. Never the public default, because Superset does not
    start with it."""
    current, previous = os.environ.get(_CURRENT, ""), previous_key()
    if not previous:
        return current
    from superset.constants import CHANGE_ME_SECRET_KEY

    if previous != CHANGE_ME_SECRET_KEY and not _decrypts(url, current) and _decrypts(url, previous):
        return previous
    return current


def _decrypts(url: URL, key: str) -> bool:
    import sqlalchemy as sa
    from sqlalchemy_utils import EncryptedType

    from superset_job.database.access import read_only

    with read_only(url) as connection:
        if not sa.inspect(connection).has_table("dbs"):
            return True
        query = sa.text(f"SELECT password FROM dbs WHERE password IS NOT NULL ORDER BY id DESC LIMIT {_SAMPLE_ROWS}")
        try:
            connection.execute(query.columns(password=EncryptedType(sa.Text, key))).fetchall()
        except sa.exc.DBAPIError:
            raise
        except Exception:  # a cipher may raise anything for a wrong key
            return False
    return True


def reencrypt_here() -> None:
    """Re-encrypts with the keys of this process. Raises JobError ReencryptFailed."""
    from superset_job.app.start import create_app

    app = create_app()
    with app.app_context():
        fields = _fields()
        wrong = _undecryptable(fields, None)
        if not wrong and _undecryptable(fields, previous_key()):
            log("re-encrypted already: the key decrypts all stored secrets")
            return
        neither = sorted(set(wrong) & set(_undecryptable(fields, previous_key())))
        if neither:
            raise JobError(
                "ReencryptFailed",
                f"neither the current nor the previous secret key decrypts {_list(neither)}; nothing was changed:"
                " put the key that encrypted it back into the Secret, or enter the value again in Superset",
            )
        _migrator(fields).run()
        if wrong := _undecryptable(fields, None):
            raise JobError("ReencryptFailed", f"Superset did not re-encrypt {_list(wrong)}: read the Job's log")
    log(f"re-encrypted: all secrets in {', '.join(fields)} have the new key")


def _fields() -> dict[str, dict[str, Any]]:
    """The encrypted columns of each table, with their types.

    Superset's own list is empty if its models are not registered with its db object, as in
    6.x with newer releases of Flask-SQLAlchemy: then SecretsMigrator does nothing and
    reports success. The metadata of the models' base class has all of them."""
    from flask_appbuilder import Model
    from superset import db
    from superset.utils.encrypt import EncryptedType

    fields: dict[str, dict[str, Any]] = {}
    for metadata in (db.metadata, Model.metadata):
        for table in metadata.tables.values():
            columns = {column.name: column.type for column in table.columns if isinstance(column.type, EncryptedType)}
            if columns:
                fields[table.name] = columns
    if "dbs" not in fields:
        raise JobError("ReencryptFailed", "this Superset has no encrypted columns that its SecretsMigrator can read")
    return fields


def _migrator(fields: dict[str, dict[str, Any]]) -> Any:
    from superset.utils.encrypt import SecretsMigrator

    class Migrator(SecretsMigrator):  # type: ignore[misc]
        def discover_encrypted_fields(self) -> dict[str, dict[str, Any]]:
            return fields

    return Migrator(previous_secret_key=previous_key())


def _undecryptable(fields: dict[str, dict[str, Any]], key: str | None) -> list[str]:
    """The values that a key does not decrypt, as "table.column of row id". None as the key
    means the app's key."""
    from sqlalchemy_utils import EncryptedType
    from superset import db
    from superset.utils.encrypt import SecretsMigrator

    wrong: list[str] = []
    with db.engine.connect() as connection:
        for table, columns in fields.items():
            for row in connection.exec_driver_sql(f"SELECT id, {', '.join(columns)} FROM {table}").fetchall():
                for (name, kind), value in zip(columns.items(), row[1:], strict=True):
                    if key is not None:
                        kind = EncryptedType(kind.underlying_type, key)
                    try:
                        kind.process_result_value(SecretsMigrator._read_bytes(name, value), connection.dialect)
                    except Exception:  # a cipher may raise anything for a wrong key
                        wrong.append(f"{table}.{name} of row {row[0]}")
    return wrong


def _list(places: list[str]) -> str:
    more = f" and {len(places) - 3} more" if len(places) > 3 else ""
    return ", ".join(places[:3]) + more
