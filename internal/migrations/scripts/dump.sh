#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Dumps the metadata database into a new folder, verifies that the dump can be read, and
# deletes old backups. An incomplete dump has a different name, so a folder with the name of
# a backup is always complete.

# shellcheck source=internal/migrations/scripts/superset_job.sh
. "$(dirname "$0")/superset_job.sh"

name=${SUPERSET_OPERATOR_BACKUP:?} dir=${SUPERSET_OPERATOR_BACKUP_DIR:?}
keep=${SUPERSET_OPERATOR_BACKUP_KEEP:-3}
rm -f "$shared/outcome"

dump_postgresql() {
	require_version pg_dump
	require pg_restore
	# Objects of other owners in the schema are excluded: this role may not be able to read them.
	set -- --format=custom --schema="$SCHEMA_PATTERN" --lock-wait-timeout=60000 --file="$partial/dump"
	while read -r other; do
		set -- "$@" --exclude-table="$other"
	done <"$shared/others"
	tool=$(pg_dump --version)
	pg_dump "$@" 2>"$shared/error" || fail_dump
}

# fail_dump: fails with the error of the program that dumps, which changes nothing.
fail_dump() {
	error=$(error_in "$shared/error")
	! unreachable "$error" || fail DatabaseUnreachable "$error"
	fail BackupFailed "$error"
}

dump_mysql() {
	require mysqldump mariadb-dump
	tool=$("$found" --version | sed 1q)
	set -- --defaults-extra-file="$shared/my.cnf" --single-transaction --quick \
		--hex-blob --no-tablespaces --default-character-set=utf8mb4
	# Only MySQL's mysqldump has these options. Without them it runs statements that an older
	# server, or one that denies the privilege, rejects.
	options=$("$found" --help 2>/dev/null) || true
	case $options in *--set-gtid-purged*) set -- "$@" --set-gtid-purged=OFF ;; esac
	case $options in *--column-statistics*) set -- "$@" --column-statistics=0 ;; esac
	rm -f "$shared/broken"
	{
		"$found" "$@" "$DATABASE" 2>"$shared/error" || : >"$shared/broken"
	} | gzip >"$partial/dump" 2>"$shared/error.gzip" || fail BackupFailed "$(error_in "$shared/error.gzip")"
	[ ! -f "$shared/broken" ] || fail_dump
}

manifest() {
	printf '{\n'
	printf '  "name": "%s",\n  "revision": "%s",\n' "$name" "$revision"
	printf '  "database": %s,\n  "schema": %s,\n' "$DATABASE_JSON" "$SCHEMA_JSON"
	printf '  "identity": %s,\n' "$IDENTITY_JSON"
	printf '  "server": "%s %s",\n  "tool": "%s",\n' "$DIALECT" "$(plain "$SERVER_VERSION")" "$(plain "$tool")"
	printf '  "bytes": %s,\n  "sha256": "%s",\n  "takenAt": "%s"\n' "$bytes" "$sha256" "$taken"
	printf '}\n'
}

# plain TEXT: the text without characters that are not allowed in a JSON string.
plain() {
	printf '%s' "$1" | tr -d '\n\r\t"\\'
}

# already: whether an earlier attempt made this backup.
already() {
	[ -e "$dir/$name" ] || return 1
	if ! is_complete "$dir/$name" || [ "$(sum "$dir/$name/dump")" != "$(fact "$dir/$name" sha256)" ]; then
		echo "the backup $name is damaged and is made again"
		return 1
	fi
	revision=$(fact "$dir/$name" revision)
	[ "$revision" = "$REVISION" ] || fail BackupFailed "there is a backup $name already, of revision ${revision:-none}, but the database is at ${REVISION:-none}: move $dir/$name to another place"
	bytes=$(fact "$dir/$name" bytes) sha256=$(fact "$dir/$name" sha256) taken=$(fact "$dir/$name" takenAt) began=$(clock)
	echo "the backup $name was made already"
}

take() {
	rm -rf "$dir"/.partial-* # of pods that were killed
	partial=$dir/.partial-$name
	mkdir "$partial" 2>"$shared/error" || fail BackupFailed "$(error_in "$shared/error")"
	taken=$(date -u +%Y-%m-%dT%H:%M:%SZ) began=$(clock)
	"dump_$DIALECT"
	read_through "$partial/dump" || fail BackupFailed "the dump cannot be read: $(error_in "$shared/error")"
	revision=$(revision_in "$partial/dump")
	[ "$revision" = "$REVISION" ] || fail BackupFailed "the dump has revision ${revision:-none}, but the database was at ${REVISION:-none} before: something else migrates it; stop that first"
	bytes=$(size "$partial/dump") sha256=$(sum "$partial/dump")
	manifest >"$partial/manifest.json" 2>"$shared/error" || fail BackupFailed "$(error_in "$shared/error")"
	sync
	rm -rf "${dir:?}/$name"
	mv "$partial" "$dir/$name" 2>"$shared/error" || fail BackupFailed "$(error_in "$shared/error")"
	partial=''
	sync
}

# others_by_age: the other complete backups, newest first.
others_by_age() {
	for one in "$dir"/*/; do
		one=${one%/}
		case ${one##*/} in "$name" | *[!A-Za-z0-9._-]*) continue ;; esac
		is_complete "$one" || continue
		printf '%s %s\n' "$(fact "$one" takenAt)" "${one##*/}"
	done | sort -r | cut -d ' ' -f 2
}

# retain: deletes the oldest backups; sets kept to the remaining ones.
retain() {
	kept=$name count=1
	for one in $(others_by_age); do
		count=$((count + 1))
		if [ "$count" -le "$keep" ]; then
			kept=$kept,$one
		else
			rm -rf "${dir:?}/$one" && echo "deleted the backup $one"
		fi
	done
}

mkdir -p "$dir" 2>"$shared/error" || fail BackupFailed "$(error_in "$shared/error")"
already || take
retain
report name "$name"
report revision "$revision"
report bytes "$bytes"
report sha256 "$sha256"
report takenAt "$taken"
report seconds "$(($(clock) - began))e-2"
report kept "$kept"
echo "backup $name: $bytes bytes, sha256 $sha256, revision ${revision:-none}"
