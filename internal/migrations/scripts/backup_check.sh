#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks that dump.sh can dump the metadata database: with the programs of this image, into this
# claim. It dumps nothing.

# shellcheck source=internal/migrations/scripts/superset_job.sh
. "$(dirname "$0")/superset_job.sh"

dir=${SUPERSET_OPERATOR_BACKUP_DIR:?}
rm -f "$shared/outcome"

# last_bytes: the size of the newest complete backup; nothing if there is none.
last_bytes() {
	for one in "$dir"/*/; do
		one=${one%/}
		is_complete "$one" || continue
		printf '%s %s\n' "$(fact "$one" takenAt)" "$(fact "$one" bytes)"
	done | sort -r | sed -n '1s/^.* //p'
}

# partial_kib: what the next backup deletes before it begins, in KiB.
partial_kib() {
	for one in "$dir"/.partial-*; do
		if [ -d "$one" ]; then
			du -sk "$one" 2>/dev/null || true
		fi
	done | {
		total=0
		while read -r kib _; do
			total=$((total + kib))
		done
		echo "$total"
	}
}

mib() {
	echo "$(($1 / 1048576)) MiB"
}

if [ "$DIALECT" = postgresql ]; then
	require_version pg_dump
	require pg_restore
else
	require mysqldump mariadb-dump
fi
mkdir -p "$dir" 2>"$shared/error" || fail BackupFailed "the claim for backups cannot be written: $(error_in "$shared/error")"
(: >"$dir/.check") 2>"$shared/error" || fail BackupFailed "the claim for backups cannot be written: $(error_in "$shared/error")"
rm -f "$dir/.check"

available=$((($(free_kib "$dir") + $(partial_kib)) * 1024))
last=$(last_bytes)
last=${last:-0}
[ "$available" -ge "$last" ] ||
	fail BackupFailed "the claim for backups has $(mib "$available") free, and the last backup had $(mib "$last"): raise the size of the claim, or delete backups in $dir"
note=''
if [ "$last" -gt 0 ] && [ "$available" -lt $((2 * last)) ]; then
	note="the claim for backups has $(mib "$available") free, and the last backup had $(mib "$last")"
elif [ "$last" -eq 0 ] && [ "$available" -lt "$DATABASE_BYTES" ]; then
	note="the claim for backups has $(mib "$available") free, and the tables have $(mib "$DATABASE_BYTES")"
fi
report note "$note"
echo "a backup can be taken: $(mib "$available") free, the last one had $(mib "$last")"
