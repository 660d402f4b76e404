#!/bin/bash
# Runs the end-to-end suite on a real node. Arguments go to the test binary,
# for example: test/e2e/run.sh -test.run=TestNode
set -euo pipefail
cd "$(dirname "$0")"
scratch=../../bin/e2e
mkdir -p "$scratch"
# Compiled outside: inside there is no network, and nothing to download from.
go build -o "$scratch/node" ../cluster/node/cmd/node
"$scratch/node" -probe
go test -c -tags e2e -o "$scratch/e2e.test" .
# What failed is said once more at the end: between stands all that was shown of the
# cluster. tee must not end before what it writes down.
"$scratch/node" -logs "$scratch/e2e-logs" \
  -image services:1 -image superset-operator:e2e \
  -image superset:4.1.4 -image superset:5.0.0 -image superset:6.0.0 -image superset:6.1.0 \
  -image superset:6.0.0-driver-missing -image superset:6.0.0-login-page-fails \
  -image superset:6.0.0-migration-fails -image superset:6.0.0-migration-holds-locks \
  -image superset:6.0.0-web-crashes \
  -- "$scratch/e2e.test" -test.v -test.timeout=110m "$@" 2>&1 |
  tee -i "$scratch/e2e.log" || { awk -f failed.awk "$scratch/e2e.log"; exit 1; }
