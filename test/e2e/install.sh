#!/bin/sh
# Installs the packages for the end-to-end test, and promtool for the alerts, on a fresh
# Debian 12, as root. Go must be installed already. Only CI runs this; on other machines
# `make e2e` lists the missing packages.
set -eu
apt-get update
DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
  ca-certificates debian-archive-keyring debootstrap gcc git iproute2 libc6-dev \
  libseccomp-dev make nftables pkg-config prometheus python3-venv
