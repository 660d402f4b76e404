# SPDX-License-Identifier: Apache-2.0
"""Encrypting what is stored with another key, by Superset's own means.

Superset's SecretsMigrator reads each value with the previous key and writes it with
its app's, in one transaction. It takes the app's key from the configuration, so for
the way back the app is started with the two keys changed round. Each app has a
process of its own: Superset's models keep the key of the first one.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from superset_job import JobError, describe, log

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

FORWARD, BACK = "forward", "back"
_PREVIOUS = "SUPERSET_OPERATOR_PREVIOUS_SECRET_KEY"
_CURRENT = "SUPERSET_SECRET_KEY"
_TRIED = 20


def direction() -> str:
    """forward, back, or empty for none. Raises when the previous key is missing."""
    way = os.environ.get("SUPERSET_OPERATOR_REENCRYPT", "")
    if way not in ("", FORWARD, BACK):
        raise JobError("ConfigInvalid", f"SUPERSET_OPERATOR_REENCRYPT is {way!r}, not {FORWARD} or {BACK}")
    if way and not previous_key():
        raise JobError("SecretKeyInvalid", "the previous secret key in the Secret is empty")
    return way


def previous_key() -> str:
    """The key before the current one; empty when there is none."""
    return os.environ.get(_PREVIOUS, "")


def reencrypt(way: str) -> None:
    """Encrypts all that is stored with the key at the end of the way. Raises a JobError
    ReencryptFailed, and then nothing is changed."""
    from superset_job_child import run_child

    keys = {_CURRENT: os.environ.get(_CURRENT, ""), _PREVIOUS: previous_key()}
    if way == BACK:
        keys = {_CURRENT: keys[_PREVIOUS], _PREVIOUS: keys[_CURRENT]}
    log(f"re-encrypting what is stored, {way}")
    run_child("re-encrypting", "ReencryptFailed", [os.path.abspath(__file__)], keys)


def key_of_stored(url: URL) -> str:
    """The key that stored passwords are encrypted with: the previous one where it alone
    decrypts a sample of them, else the current one. For whoever runs Superset's code
    before or after they are encrypted anew. Never the public default, as Superset does
    not start with it."""
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

    from superset_job_database import read_only

    with read_only(url) as connection:
        if not sa.inspect(connection).has_table("dbs"):
            return True
        query = sa.text(f"SELECT password FROM dbs WHERE password IS NOT NULL ORDER BY id DESC LIMIT {_TRIED}")
        try:
            connection.execute(query.columns(password=EncryptedType(sa.Text, key))).fetchall()
        except sa.exc.DBAPIError:
            raise
        except Exception:  # whatever the cipher says of a wrong key
            return False
    return True


def _main() -> None:
    from superset_job_app import create_app

    app = create_app()
    with app.app_context():
        fields = _fields()
        wrong = _undecryptable(fields, None)
        if not wrong and _undecryptable(fields, previous_key()):
            log("re-encrypted already: the key decrypts all that is stored")
            return
        neither = sorted(set(wrong) & set(_undecryptable(fields, previous_key())))
        if neither:
            raise JobError(
                "ReencryptFailed",
                f"neither the current nor the previous secret key decrypts {_list(neither)}; nothing was changed:"
                " put back the key that it was stored with, or enter it anew in Superset",
            )
        _migrator(fields).run()
        if wrong := _undecryptable(fields, None):
            raise JobError("ReencryptFailed", f"Superset left {_list(wrong)} with another key")
    log(f"re-encrypted: all that is stored in {', '.join(fields)} has the new key")


def _fields() -> dict[str, dict[str, Any]]:
    """The encrypted columns of each table, with their types.

    Superset's own list of them is empty where its models are not those of its db object,
    as in 6.x with newer releases of Flask-SQLAlchemy: then it does nothing, and says that
    it did. The models' own base has them all."""
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
        raise JobError("ReencryptFailed", "this Superset stores nothing encrypted that its own migrator could read")
    return fields


def _migrator(fields: dict[str, dict[str, Any]]) -> Any:
    from superset.utils.encrypt import SecretsMigrator

    class Migrator(SecretsMigrator):  # type: ignore[misc]
        def discover_encrypted_fields(self) -> dict[str, dict[str, Any]]:
            return fields

    return Migrator(previous_secret_key=previous_key())


def _undecryptable(fields: dict[str, dict[str, Any]], key: str | None) -> list[str]:
    """What a key, or the app's own, does not decrypt: table.column of row id."""
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
                    except Exception:  # whatever the cipher says of a wrong key
                        wrong.append(f"{table}.{name} of row {row[0]}")
    return wrong


def _list(places: list[str]) -> str:
    more = f" and {len(places) - 3} more" if len(places) > 3 else ""
    return ", ".join(places[:3]) + more


if __name__ == "__main__":
    try:
        _main()
    except JobError as error:
        print(error.message)
        sys.exit(1)
    except Exception as error:
        import traceback

        traceback.print_exc()
        print(describe(error))
        sys.exit(1)
