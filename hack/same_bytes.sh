#!/bin/bash
# Builds the files of a release twice from the last commit, in different folders and the
# image the second time with an empty build cache, and compares them. "make test-dist" runs it.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
first=$scratch/a second=$scratch/a-folder/with-another-name
for clone in "$first" "$second"; do
  mkdir -p "$clone"
  git clone --quiet . "$clone"
done
make --no-print-directory -C "$first" dist
GOCACHE=$scratch/cache make --no-print-directory -C "$second" image
diff -r "$first/dist/image" "$second/dist/image"
echo "same bytes: the image, built with another folder and an empty cache"
make --no-print-directory -C "$second" dist
diff "$first/dist/SHA256SUMS" "$second/dist/SHA256SUMS"
(cd "$second/dist" && sha256sum --quiet -c SHA256SUMS)
image=$(sed -n 's/^ *image: //p' "$first/dist/install.yaml")
tar -xzf "$first"/dist/superset-operator-*.tgz -C "$scratch"
go -C "$first/hack/chart" tool helm template "$scratch/superset-operator" | grep -qF "image: $image" ||
  { echo "the chart does not have the image of install.yaml: $image"; exit 1; }
echo "same bytes: $(wc -l <"$first/dist/SHA256SUMS") files of the release"
