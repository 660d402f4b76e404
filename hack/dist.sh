#!/bin/bash
# Writes the files of a release into dist/: "make dist" runs it, after "make image" has
# written dist/image and bin/manager-*. The same commit gives the same bytes.
# Usage: hack/dist.sh VERSION IMAGE PLATFORM...
set -euo pipefail
cd "$(dirname "$0")/.."
version=$1 image=$2
shift 2
dist=$PWD/dist
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
go=${GO:-go}
say() { echo "dist: $*"; }

find "$dist" -mindepth 1 -maxdepth 1 ! -name image ! -name image.tar -exec rm -rf {} +

# The image is named by its digest too, so that nobody can replace it.
digest=$(sed -n 's/.*"digest": "\(sha256:[0-9a-f]\{64\}\)".*/\1/p' "$dist/image/index.json")
test -n "$digest" || { echo "dist: dist/image has no image: run make image"; exit 1; }
say "$image@$digest"

# kustomize wants paths relative to the overlay, so the tree is copied next to it.
cp -r config "$scratch/config"
mkdir "$scratch/overlay"
cat >"$scratch/overlay/kustomization.yaml" <<END
resources: [../config/default]
images:
  - name: superset-operator
    newName: ${image%:*}
    newTag: ${image##*:}@$digest
END
kustomize() { "$go" tool -modfile=hack/release.mod kustomize build "$1"; }
kustomize "$scratch/overlay" >"$dist/install.yaml"
kustomize config/crd >"$dist/crds.yaml"

# A version without dots is that of a commit between releases.
chart=${version#v}
[[ $chart =~ ^[0-9]+\.[0-9]+\.[0-9]+ ]] || chart=0.0.0-g$version
cp -r charts/superset-operator "$scratch/superset-operator"
rm "$scratch/superset-operator/README.md.tmpl"
sed -i "/^image:/,/^[a-z]*:\$/ s#^  repository: .*#  repository: ${image%:*}#
  s#^  tag: \"\"#  tag: \"${image##*:}\"#; s#^  digest: \"\"#  digest: $digest#" "$scratch/superset-operator/values.yaml"
# Helm takes over the times of the files.
find "$scratch/superset-operator" -exec touch -d "@${SOURCE_DATE_EPOCH:-0}" {} +
"$go" -C hack/chart tool helm package "$scratch/superset-operator" --version "$chart" --app-version "$version" --destination "$dist" >/dev/null

for platform in "$@"; do
  name=${platform//\//-}
  "$go" tool -modfile=hack/release.mod cyclonedx-gomod bin -json -std -noserial -notimestamp \
    -version "$version" -output "$scratch/sbom" "bin/manager-$name" 2>"$scratch/log" ||
    { cat "$scratch/log"; exit 1; }
  # Without the hashes of the tool itself, which differ from machine to machine.
  awk '!done && /"hashes": \[/ {skip = 1} !skip; skip && /\]/ {skip = 0; done = 1}' "$scratch/sbom" >"$dist/sbom-$name.cdx.json"
done

if git rev-parse HEAD >/dev/null 2>&1; then
  git archive --format=tar --prefix="superset-operator-$version/" HEAD | gzip -n -9 >"$dist/superset-operator-$version-source.tar.gz"
fi

(cd "$dist" && sha256sum -- $(find . -maxdepth 1 -type f -printf '%P\n' | LC_ALL=C sort) >"$scratch/sums" && cp "$scratch/sums" SHA256SUMS)
(cd "$dist" && du -ak --apparent-size -- * | grep -v 'image/' | awk '{printf "dist: %8d KiB  %s\n", $1, $2}')
