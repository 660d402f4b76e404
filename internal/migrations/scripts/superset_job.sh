# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Functions of backup_check.sh, dump.sh, load.sh and copy.sh, which source it. It uses only POSIX shell, sed,
# grep, gzip and coreutils: a database's image has nothing else besides its own programs.
#
# A script writes its outcome to the file outcome, as lines key=value. Python in the next
# container reports it. A script exits with 0 even when it fails with a known error: if a
# container fails, the next one does not run.

set -eu
umask 077
export LC_ALL=C

shared=${SUPERSET_OPERATOR_SHARED_DIR:-/run/superset-operator}
partial=''
field=spec.upgrade.backup.image # the field that sets this container's image
# shellcheck source=/dev/null
. "$shared/facts.sh"
export PGSERVICEFILE="$shared/service.conf" PGSERVICE=superset PGPASSFILE="$shared/pgpass"

# report KEY VALUE: adds a line to the outcome.
report() {
	printf '%s=%s\n' "$1" "$(printf '%s' "$2" | tr '\n\r' '  ')" >>"$shared/outcome"
}

# fail REASON MESSAGE: reports a failure and exits. Must not be called in a subshell.
fail() {
	[ -z "$partial" ] || rm -rf "$partial"
	rm -f "$shared/outcome"
	report reason "$1"
	report message "$2"
	printf '%s: %s\n' "$1" "$2"
	exit 0
}

# error_in FILE: the first error lines of a program's output. What the server adds, such as a
# DETAIL or the line of a COPY, stays in the log, because it contains rows.
error_in() {
	cat "$1" >&2
	if grep -Eq "$error_line" "$1"; then
		grep -E "$error_line" "$1" | head -n 2 | tr '\n' ' '
	elif grep -Eiqv "$warning_line" "$1"; then
		grep -Eiv "$warning_line" "$1" | head -n 1
	else
		echo 'the program was killed without an error message'
	fi
}
# MariaDB warns of each option that only MySQL has.
warning_line='^([^ ]+: )?\[?warning'
error_line='^((pg_|psql|mysql|mariadb).*(rror|FATAL|detail:)|ERROR|error)'

# unreachable ERROR: whether a program could not connect, lost its connection, or was refused
# because of too many connections or a restart. Another attempt may succeed.
unreachable() {
	printf '%s\n' "$1" | grep -Eiq "$unreachable_line"
}
unreachable_line='too many (clients|connections)|remaining connection slots|the database system is |connection limit exceeded'
unreachable_line=$unreachable_line'|no more connections allowed|due to administrator command|server closed the connection|connection refused'
unreachable_line=$unreachable_line'|(^|[^a-z])error:? (1040|1047|1053|1105|1203|1226|2002|2003|2006|2013)([^0-9]|$)'

# major TEXT: the first number in it: 15 of "pg_dump (PostgreSQL) 15.18 (Debian)".
major() {
	printf '%s\n' "$1" | sed -e '1!d' -e 's/^[^0-9]*//' -e 's/[^0-9].*$//'
}

# require PROGRAM [OTHER NAME]: sets found to the name that the image has, or fails.
require() {
	for found; do
		command -v "$found" >/dev/null 2>&1 && return
	done
	fail ToolMismatch "the image has no $1, and the server is $DIALECT $SERVER_VERSION: name an image with its client programs in $field"
}

# require_version PROGRAM: PostgreSQL's programs cannot read a server that is newer than they
# are.
require_version() {
	require "$1"
	version=$("$1" --version)
	[ "$(major "$version")" -ge "$(major "$SERVER_VERSION")" ] ||
		fail ToolMismatch "$version is older than the server, PostgreSQL $SERVER_VERSION: name an image of version $(major "$SERVER_VERSION") or newer in $field"
}

# sum FILE: its SHA-256.
sum() {
	sha256sum <"$1" | cut -d ' ' -f 1
}

# size FILE: its size in bytes.
size() {
	wc -c <"$1" | tr -d ' '
}

# free_kib FOLDER: free space on its disk, in KiB.
free_kib() {
	df -Pk "$1" | sed 1d | {
		read -r _ _ _ kib _
		echo "$kib"
	}
}

# fact BACKUP KEY: a value of the manifest, in which dump.sh writes one value per line.
fact() {
	sed -n "s/^  \"$2\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$1/manifest.json"
}

# is_complete BACKUP: whether it was finished and still has the same size.
is_complete() {
	[ -f "$1/manifest.json" ] && [ -f "$1/dump" ] && [ "$(fact "$1" bytes)" = "$(size "$1/dump")" ]
}

# clock: a monotonic time, in hundredths of a second.
clock() {
	read -r up _ </proc/uptime
	printf '%s%s' "${up%.*}" "${up#*.}"
}

# revision_in DUMP: the revision in it; empty if there is none.
revision_in() {
	if [ "$DIALECT" = postgresql ]; then
		pg_restore --data-only --table=alembic_version --file=- "$1" | sed -n '/^COPY /{n;/^\\\.$/d;p;}'
	else
		# The row may be on the next line.
		gzip -dc <"$1" | sed -n '/^INSERT INTO `alembic_version` /,/;$/p' | tr '\n' ' ' |
			sed -n "s/^.*VALUES *('\([^']*\)').*\$/\1/p"
	fi
}

# read_through DUMP: whether the program that loads a dump can read all of it.
read_through() {
	if [ "$DIALECT" = postgresql ]; then
		pg_restore --file=/dev/null "$1" 2>"$shared/error"
	else
		gzip -t <"$1" 2>"$shared/error" || return 1
		gzip -dc <"$1" | tail -n 1 | grep -q '^-- Dump completed' || {
			echo 'error: the dump is truncated' >"$shared/error"
			return 1
		}
	fi
}

# drop_everything: the SQL that drops all objects of this role in the current schema. It
# keeps objects of other owners and those of extensions.
drop_everything() {
	cat <<'SQL'
DO $superset_operator$
DECLARE
  statement text;
  statements text[];
BEGIN
  SELECT array_agg(format('DROP %s IF EXISTS %I.%I CASCADE', kind, current_schema(), name) ORDER BY rank, name)
  INTO statements
  FROM (
    SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE'
        WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
      c.relname AS name, CASE c.relkind WHEN 'S' THEN 2 ELSE 1 END AS rank
    FROM pg_class c
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND pg_has_role(c.relowner, 'USAGE') AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    UNION ALL
    SELECT CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, t.typname, 3
    FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE t.typnamespace = quote_ident(current_schema())::regnamespace AND pg_has_role(t.typowner, 'USAGE')
      AND (t.typtype IN ('d', 'e', 'r') OR t.typtype = 'c' AND c.relkind = 'c') AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
  ) AS ours;
  FOREACH statement IN ARRAY COALESCE(statements, '{}') LOOP
    EXECUTE statement;
  END LOOP;
  SELECT array_agg(format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure))
  INTO statements
  FROM pg_proc p
  WHERE p.pronamespace = quote_ident(current_schema())::regnamespace AND pg_has_role(p.proowner, 'USAGE') AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'));
  FOREACH statement IN ARRAY COALESCE(statements, '{}') LOOP
    EXECUTE statement;
  END LOOP;
END
$superset_operator$;
SQL
}
