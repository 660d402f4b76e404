#!/bin/bash
# Runs the end-to-end suite on a real node. Arguments go to the test binary,
# for example: test/e2e/run.sh -test.run=TestNode
set -euo pipefail
cd "$(dirname "$0")"
scratch=../../bin/e2e
mkdir -p "$scratch"
# Compiled outside, because there is no network inside.
go build -o "$scratch/node" ../cluster/node/cmd/node
"$scratch/node" -probe
go test -c -tags e2e -o "$scratch/e2e.test" .
# Failures are printed again at the end, because the output of the cluster follows the
# original messages. tee must not end before its input does.
"$scratch/node" -logs "$scratch/e2e-logs" \
  -image services:1 -image package-index:1 -image superset-operator:e2e \
  -image superset:4.1.4 -image superset:5.0.0 -image superset:6.0.0 -image superset:6.1.0 \
  -image superset:6.0.0-driver-missing -image superset:6.0.0-login-page-fails \
  -image superset:6.0.0-migration-fails -image superset:6.0.0-migration-holds-locks \
  -image superset:6.0.0-web-crashes \
  -- "$scratch/e2e.test" -test.v -test.timeout=110m "$@" 2>&1 |
  tee -i "$scratch/e2e.log" || { awk -f failed.awk "$scratch/e2e.log"; exit 1; }
