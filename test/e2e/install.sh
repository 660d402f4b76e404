#!/bin/sh
# Installs what the end-to-end test needs on a fresh Debian 12, as root. Go is
# expected to be there. Run by CI only; on a machine of your own, `make e2e`
# names what is missing and leaves the choice to you.
set -eu
apt-get update
DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
  ca-certificates debian-archive-keyring debootstrap gcc git iproute2 libc6-dev \
  libseccomp-dev make nftables pkg-config python3-venv
