#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Replaces the metadata database by a backup, after verifying that the backup is the one that
# was made. With SUPERSET_OPERATOR_BACKUP_CHECK it only verifies that.
#
# On PostgreSQL the whole restore is one transaction: after any failure the database is
# unchanged. MySQL commits at every CREATE TABLE, so an interrupted restore leaves a part of
# it. It starts by dropping all tables, so it can be run again.

# shellcheck source=internal/migrations/scripts/superset_job.sh
. "$(dirname "$0")/superset_job.sh"

name=${SUPERSET_OPERATOR_BACKUP:?} dir=${SUPERSET_OPERATOR_BACKUP_DIR:?}
dump=$dir/$name/dump
wait=${SUPERSET_OPERATOR_LOCK_WAIT_SECONDS:-60}
rm -f "$shared/outcome" "$shared/broken" "$shared/stages"

check() {
	if [ ! -f "$dump" ] || [ ! -f "$dir/$name/manifest.json" ]; then
		fail BackupMissing "there is no backup $name in $dir; available: $(names)"
	fi
	bytes=$(size "$dump") sha256=$(sum "$dump")
	wanted=${SUPERSET_OPERATOR_BACKUP_SHA256:-$(fact "$dir/$name" sha256)}
	[ "$sha256" = "$wanted" ] ||
		fail BackupDamaged "the dump of the backup $name has the sha256 $sha256, but had $wanted when it was made; the database was not touched"
	read_through "$dump" ||
		fail BackupDamaged "the dump of the backup $name cannot be read: $(error_in "$shared/error"); the database was not touched"
	revision=$(revision_in "$dump")
	wanted=${SUPERSET_OPERATOR_EXPECTED_REVISION:-$(fact "$dir/$name" revision)}
	[ "$revision" = "$wanted" ] ||
		fail BackupDamaged "the backup $name is of revision ${revision:-none}, not of ${wanted:-none}; the database was not touched"
	if [ "${SUPERSET_OPERATOR_BACKUP_CHECK:-}" = 1 ]; then
		report note ''
		echo "the backup $name can be restored"
		exit 0
	fi
}

names() {
	for one in "$dir"/*/; do
		[ -f "$one/manifest.json" ] && basename "$one"
	done | tr '\n' ' ' | grep . || echo none
}

# transaction: the input for psql. The echoed words are the stages that it reached.
transaction() {
	printf 'BEGIN;\nSET statement_timeout = 0;\nSET idle_in_transaction_session_timeout = 0;\n'
	[ "$(major "$SERVER_VERSION")" -lt 17 ] || printf 'SET transaction_timeout = 0;\n'
	printf "SET lock_timeout = '%ss';\nSET client_min_messages = warning;\n" "$wait"
	printf '\\echo begun\nSELECT pg_advisory_xact_lock(%s);\n\\echo locked\n' "$LOCK"
	drop_everything
	printf '\\echo dropped\n'
	# A newer pg_restore sets a parameter that an older server does not have; it is at the top.
	{
		pg_restore --use-list="$shared/list" --file=- "$dump" 2>"$shared/error.pg_restore" || : >"$shared/broken"
	} | sed '1,60{/^SET transaction_timeout = /d;}'
	# The settings of the dump would stay with the session, which a pooler reuses.
	[ -f "$shared/broken" ] || printf '\\echo loaded\nRESET ALL;\nCOMMIT;\n\\echo committed\n'
}

analyze() {
	cat <<'SQL'
DO $superset_operator$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT c.oid::regclass FROM pg_class c
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p', 'm') AND pg_has_role(c.relowner, 'USAGE')
  LOOP
    EXECUTE 'ANALYZE ' || name;
  END LOOP;
END
$superset_operator$;
SQL
}

load_postgresql() {
	require_version pg_restore
	require psql
	check
	# The schema, extensions and default privileges were not dropped, so they are not created.
	pg_restore --list "$dump" |
		grep -Ev '^[0-9]+; [0-9]+ [0-9]+ (SCHEMA|EXTENSION|DEFAULT ACL|(COMMENT|ACL|SECURITY LABEL) - (SCHEMA|EXTENSION)) ' >"$shared/list"
	began=$(clock)
	transaction | psql --no-psqlrc --quiet --tuples-only --output=/dev/null --set=ON_ERROR_STOP=1 --set=VERBOSITY=verbose --file=- \
		>"$shared/stages" 2>"$shared/error" || true
	stage=$(tail -n 1 "$shared/stages")
	[ "$stage" = committed ] || fail_restore
	analyze | psql --no-psqlrc --quiet --file=- || echo 'ANALYZE failed; autovacuum will update the statistics'
}

# fail_restore: fails with the error of psql or pg_restore.
fail_restore() {
	if [ -f "$shared/broken" ]; then
		fail RestoreFailed "$(error_in "$shared/error.pg_restore"); rolled back, the database is unchanged"
	fi
	error=$(error_in "$shared/error")
	case "$stage $error" in
	begun*' 55P03: '*)
		fail LockTimeout "a migration of this database was still running after $wait s; the database is unchanged" ;;
	locked*' 55P03: '*)
		fail TablesBusy "the tables were still in use after $wait s; rolled back, the database is unchanged" ;;
	loaded*) ;; # the answer to COMMIT was lost
	*)
		! unreachable "$error" || fail DatabaseUnreachable "$error; rolled back, the database is unchanged" ;;
	esac
	fail RestoreFailed "$error; rolled back, the database is unchanged"
}

# begin_mysql: the first statements of the session that loads. The lock is released with the
# session. If the lock is held, the name of an unknown column says so: MySQL cannot raise an
# error outside of a routine.
begin_mysql() {
	cat <<SQL
SET @got = GET_LOCK('$LOCK', $wait);
SET @next = IF(@got = 1, 'DO 0', 'SELECT the_migration_lock_is_held');
PREPARE next FROM @next;
EXECUTE next;
SET FOREIGN_KEY_CHECKS = 0;
SET SESSION group_concat_max_len = 1000000;
SET @tables = NULL, @views = NULL;
SELECT CONCAT('DROP TABLE ', GROUP_CONCAT('\`', REPLACE(table_name, '\`', '\`\`'), '\`')) INTO @tables
FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type <> 'VIEW';
SELECT CONCAT('DROP VIEW ', GROUP_CONCAT('\`', REPLACE(table_name, '\`', '\`\`'), '\`')) INTO @views
FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'VIEW';
SET @tables = COALESCE(@tables, 'DO 0'), @views = COALESCE(@views, 'DO 0');
PREPARE next FROM @tables;
EXECUTE next;
PREPARE next FROM @views;
EXECUTE next;
SQL
}

load_mysql() {
	require mysql mariadb
	check
	began=$(clock)
	{
		begin_mysql
		# A DEFINER would give a view to the user who created it, which needs a privilege that
		# few users have. No row starts a line like that: mysqldump writes line breaks as \n.
		{
			gzip -dc <"$dump" 2>"$shared/error.gzip" || : >"$shared/broken"
		} | sed '/^\/\*!50/s/ DEFINER=`[^`]*`@`[^`]*`//g'
		[ -f "$shared/broken" ] || echo "SELECT 'committed';"
	} | "$found" --defaults-extra-file="$shared/my.cnf" --default-character-set=utf8mb4 --skip-column-names --batch "$DATABASE" \
		>"$shared/stages" 2>"$shared/error" || true
	[ "$(tail -n 1 "$shared/stages")" = committed ] && return
	error=$(error_in "$shared/error")
	case $error in
	*the_migration_lock_is_held*)
		fail LockTimeout "a migration of this database was still running after $wait s; the database is unchanged" ;;
	*' at line '[1-9]:*) ;; # of begin_mysql, before it drops anything
	*' at line '*)
		fail_mysql ;;
	esac
	! unreachable "$error" || fail DatabaseUnreachable "$error; the database is unchanged"
	fail_mysql
}

fail_mysql() {
	fail RestoreFailed "$error; MySQL has no transaction around a restore, so the database may be partially restored: restore again"
}

"load_$DIALECT"
report name "$name"
report revision "$revision"
report bytes "$bytes"
report sha256 "$sha256"
report seconds "$(($(clock) - began))e-2"
echo "restored the backup $name: $bytes bytes, revision ${revision:-none}"
