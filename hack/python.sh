#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a tool of hack/python.txt: hack/python.sh TOOL [ARGUMENT...]. The tools are installed from
# the package index on the first run, into the user's cache folder, keyed by the file and by
# Python. `make clean-cache` deletes them.
set -eu
pins=$(dirname "$0")/python.txt
python=${PYTHON:-python3}
command -v "$python" >/dev/null || { echo "python3 is missing: install Python 3.10 or newer (Debian: apt-get install python3 python3-venv)"; exit 1; }
key=$({ "$python" --version; cat "$pins"; } | sha256sum | cut -c 1-12)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/superset-operator/python
mkdir -p "$cache"
(
	flock 9
	[ ! -e "$cache/$key/whole" ] || exit 0
	echo "installing the tools of $pins" >&2
	"$python" -m venv --clear "$cache/$key"
	"$cache/$key/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary=:all: -r "$pins"
	touch "$cache/$key/whole"
) 9>"$cache/$key.lock"
tool=$1
shift
export PYTHONDONTWRITEBYTECODE=1
exec "$cache/$key/bin/$tool" "$@"
