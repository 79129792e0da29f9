#!/usr/bin/env bash
# Installs Debian's Docker engine and Podman, so that `make bench` can measure beside them.
# No service is started or enabled: the bench runs its own dockerd with its own roots and socket.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

packages=(docker.io podman netavark aardvark-dns iptables)
need_root "make bench-peers"

# Package scripts ask this program before they start a service; 101 forbids it.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
# On a machine with systemd the sockets would be enabled for the next boot.
had_docker=$(command -v dockerd || true)

refresh_package_lists
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
  -o Dpkg::Use-Pty=0 "${packages[@]}" >/dev/null

if [ -z "$had_docker" ] && command -v systemctl >/dev/null; then
  systemctl disable --quiet docker.service docker.socket containerd.service podman.socket || true
fi

say "$(dockerd --version)"
say "$(podman --version)"
