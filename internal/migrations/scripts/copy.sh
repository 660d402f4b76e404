#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Copies the metadata database into the scratch database of a rehearsal. It only reads the
# metadata database: pg_dump uses a read-only transaction.

# shellcheck source=internal/migrations/scripts/superset_job.sh
. "$(dirname "$0")/superset_job.sh"

scratch=${SUPERSET_OPERATOR_SCRATCH_DIR:-/var/lib/superset-operator}
limit=${SUPERSET_OPERATOR_SCRATCH_BYTES:-0} # 0: none
# shellcheck disable=SC2034 # used by require in superset_job.sh
field=spec.upgrade.rehearsalJob.image
await_seconds=120
rm -f "$shared/outcome" "$shared/broken" "$shared/error" "$shared/error.psql"

# scratch_psql [ARGUMENT...]: psql on the scratch database.
scratch_psql() {
	PGSERVICEFILE="$shared/scratch/service.conf" PGPASSFILE="$shared/scratch/pgpass" \
		psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 "$@" 2>"$shared/error.psql"
}

# await: waits until the scratch database answers.
await() {
	tries=0
	until scratch_psql --command='SELECT 1' >/dev/null; do
		[ ! -f "$shared/scratch.error" ] || check_disk_full "$shared/scratch.error" ||
			fail RehearsalFailed "the scratch database cannot be created: $(error_in "$shared/scratch.error")"
		tries=$((tries + 1))
		[ "$tries" -lt "$await_seconds" ] || fail RehearsalFailed "the scratch database did not answer within $await_seconds s: $(error_in "$shared/error.psql")"
		sleep 1
	done
}

# check_disk_full FILE: fails if a program reports a full disk in the file, or if the disk is
# full: the server may have crashed before it could report that.
check_disk_full() {
	grep -q 'No space left on device' "$1" || [ "$(free_kib "$scratch")" -lt 20480 ] || return 1
	too_large 'the disk is full'
}

too_large() {
	fail RehearsalTooLarge "a copy of the database does not fit, $1: its tables have $((SOURCE_BYTES / 1048576 + 1)) MiB without $EXCLUDED; raise spec.upgrade.rehearsalJob.size, add tables to its excludeData, or set rehearsal: Never"
}

# used: disk space of the scratch database, in bytes.
used() {
	kib=$(du -sk "$scratch" 2>/dev/null | cut -f 1) || true # files may be deleted meanwhile
	echo $((${kib:-0} * 1024))
}

# over: whether that exceeds the limit.
over() {
	[ "$limit" -gt 0 ] && [ "$(used)" -gt "$limit" ]
}

# empty: the SQL that deletes what an earlier rehearsal left in a database of the user;
# prepare.py has checked that nothing else is in it. The schema has the name of the original.
empty() {
	drop_everything
	# shellcheck disable=SC2153 # of facts.sh
	cat <<-SQL
		CREATE SCHEMA IF NOT EXISTS $SCHEMA_PATTERN;
		DO \$superset_operator\$
		BEGIN
		  IF current_schema() IS DISTINCT FROM '$SCHEMA_LITERAL' THEN
		    EXECUTE format('ALTER ROLE CURRENT_USER IN DATABASE %I SET search_path = %I', current_database(), '$SCHEMA_LITERAL');
		  END IF;
		END
		\$superset_operator\$;
		CREATE TABLE $SCHEMA_PATTERN.$MARK ();
	SQL
}

# dump: the SQL of the copy, without two statements above the first table: the schema exists
# already, and a newer pg_dump sets a parameter that an older server does not have.
dump() {
	set -- --schema="$SCHEMA_PATTERN" --lock-wait-timeout=60000 --no-owner --no-privileges --no-tablespaces \
		--no-comments --no-publications --no-subscriptions --no-security-labels
	while read -r other; do
		set -- "$@" --exclude-table="$other"
	done <"$shared/others"
	while read -r table; do
		set -- "$@" --exclude-table-data="$table"
	done <"$shared/excluded"
	{
		pg_dump "$@" 2>"$shared/error" || : >"$shared/broken"
	} | sed '1,/^CREATE TABLE /{/^CREATE SCHEMA /d;/^SET transaction_timeout = /d;}'
}

# load: the input for psql: one transaction, which commits only after a complete dump.
load() {
	printf 'BEGIN;\n'
	dump
	[ -f "$shared/broken" ] || printf 'RESET ALL;\nCOMMIT;\nSELECT 1 AS done \\g %s\n' "$shared/done"
}

copy() {
	rm -f "$shared/done"
	# Not scratch_psql: kill would end the shell of the function, but not its psql.
	load | PGSERVICEFILE="$shared/scratch/service.conf" PGPASSFILE="$shared/scratch/pgpass" \
		psql --no-psqlrc --quiet --output=/dev/null --set=ON_ERROR_STOP=1 --file=- 2>"$shared/error.psql" &
	loader=$!
	while kill -0 "$loader" 2>/dev/null; do
		if over; then
			kill "$loader"
			wait "$loader" || true
			too_large "it takes more than $((limit / 1048576)) MiB"
		fi
		sleep 0.5
	done
	wait "$loader" || true
	[ ! -f "$shared/broken" ] || fail RehearsalFailed "the database cannot be copied: $(error_in "$shared/error")"
	[ -f "$shared/done" ] || check_disk_full "$shared/error.psql" ||
		fail RehearsalFailed "the dump cannot be loaded into the scratch database: $(error_in "$shared/error.psql")"
	! over || too_large "it takes more than $((limit / 1048576)) MiB"
}

require_version pg_dump
require psql
await
empty | scratch_psql --output=/dev/null --file=- || fail RehearsalFailed "the scratch database cannot be used: $(error_in "$shared/error.psql")"
began=$(clock)
copy
rm -f "$shared/service.conf" "$shared/pgpass" # no later container needs access to the database
report bytes "$(scratch_psql --command='SELECT pg_database_size(current_database())')"
report seconds "$(($(clock) - began))e-2"
report revision "$REVISION"
report excluded "$EXCLUDED"
echo "copied in $(($(clock) - began))e-2 s"
