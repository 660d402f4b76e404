#!/bin/bash
# Lists the licences of everything that is compiled into the operator, refuses those that
# are unknown or restrict it, and looks for known vulnerabilities. "make audit" runs it.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
GOROOT=$("$go" env GOROOT) && export GOROOT
tool() { "$go" tool -modfile=hack/audit.mod "$@"; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

tool go-licenses check ./cmd/manager --disallowed_types=forbidden,restricted,unknown 2>"$scratch/log" || { cat "$scratch/log"; exit 1; }
tool go-licenses report ./cmd/manager 2>/dev/null >"$scratch/licences"
echo "audit: licences of $(wc -l <"$scratch/licences") modules:"
awk -F, '{print $NF}' "$scratch/licences" | sort | uniq -c | sort -rn

if tool govulncheck ./cmd/manager >"$scratch/vulnerabilities" 2>&1; then
  tail -n 5 "$scratch/vulnerabilities"
elif grep -qE 'dial tcp|no such host|i/o timeout|proxyconnect' "$scratch/vulnerabilities" && [ -z "${CI:-}" ]; then
  echo "audit: vulnerabilities were NOT checked: the database cannot be reached"
else
  cat "$scratch/vulnerabilities"
  exit 1
fi
