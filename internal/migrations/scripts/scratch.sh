#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The scratch database of a rehearsal: a PostgreSQL that only its own pod can reach, and that
# ends with the pod. Its data need not survive a crash, so nothing is flushed to disk.

set -eu
umask 077
export LC_ALL=C

shared=${SUPERSET_OPERATOR_SHARED_DIR:-/run/superset-operator}
scratch=${SUPERSET_OPERATOR_SCRATCH_DIR:-/var/lib/superset-operator}
port=${SUPERSET_OPERATOR_SCRATCH_PORT:-54320}
data=$scratch/data
trap 'exit 0' TERM INT # PID 1 of a container ignores them otherwise

# die: leaves the log for copy.sh to report; this container has no result.
die() {
	cat "$shared/scratch.log" >&2
	mv "$shared/scratch.log" "$shared/scratch.error"
	exit 1
}

# name_user: initdb needs a name for its user, and the image may not have one for this UID.
name_user() {
	! id -un >/dev/null 2>&1 || return 0
	for library in /usr/lib/libnss_wrapper.so /usr/lib/*/libnss_wrapper.so; do
		[ -f "$library" ] || continue
		printf 'postgres:x:%s:%s::%s:/bin/false\n' "$(id -u)" "$(id -g)" "$scratch" >"$scratch/passwd"
		printf 'postgres:x:%s:\n' "$(id -g)" >"$scratch/group"
		export LD_PRELOAD="$library" NSS_WRAPPER_PASSWD="$scratch/passwd" NSS_WRAPPER_GROUP="$scratch/group"
		return 0
	done
}

# prepare.py creates the password, in a container that starts after this one.
until [ -r "$shared/scratch.password" ]; do
	sleep 0.2
done
name_user
if [ ! -d "$data" ]; then
	rm -rf "$data.partial"
	initdb -D "$data.partial" -U superset -A scram-sha-256 --pwfile="$shared/scratch.password" \
		--encoding=UTF8 --locale=C --no-sync >"$shared/scratch.log" 2>&1 || die
	mv "$data.partial" "$data"
fi
rm -f "$data/postmaster.pid" # of a container that was killed
# mmap, because the container's 64 MB of shared memory are too small for a parallel query.
exec postgres -D "$data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
	-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 \
	-c max_wal_size=256MB -c dynamic_shared_memory_type=mmap -c autovacuum=off -c jit=off
