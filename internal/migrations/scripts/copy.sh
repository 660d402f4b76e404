#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Copies the metadata database into the throw-away one of a rehearsal. Of the database
# itself it only reads: pg_dump's transaction is a read-only one.

# shellcheck source=internal/migrations/scripts/superset_job.sh
. "$(dirname "$0")/superset_job.sh"

scratch=${SUPERSET_OPERATOR_SCRATCH_DIR:-/var/lib/superset-operator}
limit=${SUPERSET_OPERATOR_SCRATCH_BYTES:-0} # 0: none
# shellcheck disable=SC2034 # for fail's callers in superset_job.sh
field=spec.upgrade.rehearsalJob.image
patience=120
rm -f "$shared/outcome" "$shared/broken" "$shared/error" "$shared/error.psql"

# scratch_psql [ARGUMENT...]: psql on the throw-away database.
scratch_psql() {
	PGSERVICEFILE="$shared/scratch/service.conf" PGPASSFILE="$shared/scratch/pgpass" \
		psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 "$@" 2>"$shared/error.psql"
}

# await: until the throw-away database answers.
await() {
	tries=0
	until scratch_psql --command='SELECT 1' >/dev/null; do
		[ ! -f "$shared/scratch.error" ] || out_of_room "$shared/scratch.error" ||
			fail RehearsalFailed "the throw-away database cannot be made: $(said "$shared/scratch.error")"
		tries=$((tries + 1))
		[ "$tries" -lt "$patience" ] || fail RehearsalFailed "the throw-away database does not answer: $(said "$shared/error.psql")"
		sleep 1
	done
}

# out_of_room FILE: fails where a program says so in it, or where the disk is full, which
# the server does not survive to say.
out_of_room() {
	grep -q 'No space left on device' "$1" || [ "$(free)" -lt 20480 ] || return 1
	too_large 'the disk is full'
}

# free: KiB on the disk of the throw-away database.
free() {
	df -Pk "$scratch" | sed 1d | {
		read -r _ _ _ kib _
		echo "$kib"
	}
}

too_large() {
	fail RehearsalTooLarge "a copy of the database does not fit, $1: its tables hold $((SOURCE_BYTES / 1048576 + 1)) MiB without $EXCLUDED; raise spec.upgrade.rehearsalJob.size, name more tables in its excludeData, or write rehearsal: Never"
}

# used: bytes that the throw-away database takes on the disk.
used() {
	kib=$(du -sk "$scratch" 2>/dev/null | cut -f 1) || true # files come and go
	echo $((${kib:-0} * 1024))
}

# over: whether that is more than it may.
over() {
	[ "$limit" -gt 0 ] && [ "$(used)" -gt "$limit" ]
}

# empty: what an earlier rehearsal left in a database of the user's goes; prepare.py has
# seen that nothing else is in it. The schema is the one that Superset has.
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

# dump: the schema is there already, and a newer program sets what an older server does
# not know; both stand above the first table.
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

# load: in one transaction, whose end cannot come before the dump's.
load() {
	printf 'BEGIN;\n'
	dump
	[ -f "$shared/broken" ] || printf 'RESET ALL;\nCOMMIT;\nSELECT 1 AS done \\g %s\n' "$shared/done"
}

copy() {
	rm -f "$shared/done"
	# psql itself and no function, which would be a shell in between that dies alone.
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
	[ ! -f "$shared/broken" ] || fail RehearsalFailed "the database cannot be copied: $(said "$shared/error")"
	[ -f "$shared/done" ] || out_of_room "$shared/error.psql" ||
		fail RehearsalFailed "the copy cannot be loaded: $(said "$shared/error.psql")"
	! over || too_large "it takes more than $((limit / 1048576)) MiB"
}

new_enough pg_dump
have psql
await
empty | scratch_psql --output=/dev/null --file=- || fail RehearsalFailed "the throw-away database cannot be used: $(said "$shared/error.psql")"
began=$(clock)
copy
rm -f "$shared/service.conf" "$shared/pgpass" # nobody needs the way to the database any more
leave bytes "$(scratch_psql --command='SELECT pg_database_size(current_database())')"
leave seconds "$(($(clock) - began))e-2"
leave revision "$REVISION"
leave excluded "$EXCLUDED"
echo "copied in $(($(clock) - began)) hundredths of a second"
