#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts a backup in the place of the metadata database, once it has proved to be the one
# that was made.
#
# On PostgreSQL all of it is one transaction: whatever goes wrong, the database is as it
# was. MySQL ends a transaction at every CREATE TABLE, so there a load that was cut off
# leaves half of it; but it begins with dropping all tables, so it can be run again.

# shellcheck source=internal/migrations/scripts/superset_job.sh
. "$(dirname "$0")/superset_job.sh"

name=${SUPERSET_OPERATOR_BACKUP:?} dir=${SUPERSET_OPERATOR_BACKUP_DIR:?}
dump=$dir/$name/dump
wait=${SUPERSET_OPERATOR_LOCK_WAIT_SECONDS:-60}
rm -f "$shared/outcome" "$shared/broken" "$shared/stages"

check() {
	if [ ! -f "$dump" ] || [ ! -f "$dir/$name/manifest.json" ]; then
		fail BackupMissing "there is no backup $name in $dir; there are: $(names)"
	fi
	bytes=$(size "$dump") sha256=$(sum "$dump")
	wanted=${SUPERSET_OPERATOR_BACKUP_SHA256:-$(fact "$dir/$name" sha256)}
	[ "$sha256" = "$wanted" ] ||
		fail BackupDamaged "the dump of the backup $name has the sha256 $sha256, and had $wanted when it was made; the database was not touched"
	read_through "$dump" ||
		fail BackupDamaged "the dump of the backup $name cannot be read: $(said "$shared/error"); the database was not touched"
	revision=$(revision_in "$dump")
	wanted=${SUPERSET_OPERATOR_EXPECTED_REVISION:-$(fact "$dir/$name" revision)}
	[ "$revision" = "$wanted" ] ||
		fail BackupDamaged "the backup $name is of revision ${revision:-none}, not of ${wanted:-none}; the database was not touched"
}

names() {
	for one in "$dir"/*/; do
		[ -f "$one/manifest.json" ] && basename "$one"
	done | tr '\n' ' ' | grep . || echo none
}

# The transaction, as psql reads it. The words that it echoes say how far it came.
transaction() {
	printf 'BEGIN;\nSET statement_timeout = 0;\nSET idle_in_transaction_session_timeout = 0;\n'
	[ "$(major "$SERVER_VERSION")" -lt 17 ] || printf 'SET transaction_timeout = 0;\n'
	printf "SET lock_timeout = '%ss';\nSET client_min_messages = warning;\n" "$wait"
	printf '\\echo begun\nSELECT pg_advisory_xact_lock(%s);\n\\echo locked\n' "$LOCK"
	drop_everything
	printf '\\echo dropped\n'
	# A newer pg_restore sets what an older server does not know; it stands at the top.
	{
		pg_restore --use-list="$shared/list" --file=- "$dump" 2>"$shared/error.pg_restore" || : >"$shared/broken"
	} | sed '1,60{/^SET transaction_timeout = /d;}'
	# The settings of the dump would stay with the session, which a pooler hands on.
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
	new_enough pg_restore
	have psql
	check
	# The schema, extensions and default privileges stayed: not ours to make.
	pg_restore --list "$dump" |
		grep -Ev '^[0-9]+; [0-9]+ [0-9]+ (SCHEMA|EXTENSION|DEFAULT ACL|(COMMENT|ACL|SECURITY LABEL) - (SCHEMA|EXTENSION)) ' >"$shared/list"
	began=$(clock)
	transaction | psql --no-psqlrc --quiet --tuples-only --output=/dev/null --set=ON_ERROR_STOP=1 --set=VERBOSITY=verbose --file=- \
		>"$shared/stages" 2>"$shared/error" || true
	stage=$(tail -n 1 "$shared/stages")
	[ "$stage" = committed ] || why
	analyze | psql --no-psqlrc --quiet --file=- || echo 'the statistics were not made; autovacuum will'
}

# why: fails with what psql or pg_restore said.
why() {
	if [ -f "$shared/broken" ]; then
		fail RestoreFailed "$(said "$shared/error.pg_restore"); rolled back, the database is as it was"
	fi
	error=$(said "$shared/error")
	case "$stage $error" in
	begun*' 55P03: '*)
		fail LockTimeout "a migration of this database was still running after $wait s; the database is as it was" ;;
	locked*' 55P03: '*)
		fail TablesBusy "the tables were still in use after $wait s; rolled back, the database is as it was" ;;
	esac
	fail RestoreFailed "$error; rolled back, the database is as it was"
}

# In the session that loads: the lock goes with it. What is wrong is said by an unknown
# column, as MySQL has no other way to raise an error outside of a routine.
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
	have mysql mariadb
	check
	began=$(clock)
	{
		begin_mysql
		# A view would go to the user who made it, which takes a right that few have. No
		# line of a row begins like that: mysqldump writes a line break in one as \n.
		{
			gzip -dc <"$dump" 2>"$shared/error.gzip" || : >"$shared/broken"
		} | sed '/^\/\*!50/s/ DEFINER=`[^`]*`@`[^`]*`//g'
		[ -f "$shared/broken" ] || echo "SELECT 'committed';"
	} | "$found" --defaults-extra-file="$shared/my.cnf" --default-character-set=utf8mb4 --skip-column-names --batch "$DATABASE" \
		>"$shared/stages" 2>"$shared/error" || true
	[ "$(tail -n 1 "$shared/stages")" = committed ] && return
	error=$(said "$shared/error")
	case $error in
	*the_migration_lock_is_held*)
		fail LockTimeout "a migration of this database was still running after $wait s; the database is as it was" ;;
	esac
	fail RestoreFailed "$error; MySQL keeps no transaction around it, so the database may be half restored: restore again"
}

"load_$DIALECT"
leave name "$name"
leave revision "$revision"
leave bytes "$bytes"
leave sha256 "$sha256"
leave seconds "$(($(clock) - began))e-2"
echo "restored the backup $name: $bytes bytes, revision ${revision:-none}"
