#!/usr/bin/env bash
# Gets a machine ready to build, run and test Gantry. Does nothing where everything is there.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

# crun, conmon: run containers. tini: `run --init`. nftables: the firewall library. containers-common: seccomp profile.
# git, xz, bzip2: build contexts and ADD. procps: `gantry top`.
# runc: the runtime where crun cannot work, and for tests that compare the two.
# mmdebstrap: makes base images for the quickstart. The others are for the tests: a static userland, certificates, a client in another language.
# libatomic1: Node 26 is linked against it.
packages=(crun runc conmon tini libatomic1 libnftables1 nftables iproute2 golang-github-containers-common
  git xz-utils bzip2 procps ca-certificates curl mmdebstrap busybox-static openssl zstd python3 python3-docker)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
done
# Any Node with npm can fetch the Node that Gantry runs on.
command -v npm >/dev/null || missing+=(nodejs npm)
if ((${#missing[@]})); then
  say "installing Debian packages: ${missing[*]}"
  need_root "apt-get install ${missing[*]}"
  refresh_package_lists
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
    -o Dpkg::Use-Pty=0 "${missing[@]}" >/dev/null
fi

mkdir -p .tools/bin

if ! is_recent_node "$(command -v node || true)"; then
  say "unpacking Node $node_version into .tools (this machine has $(node --version 2>/dev/null || echo none))"
  npm install --loglevel=error --no-audit --no-fund --no-save --prefix .tools/node \
    "node-linux-$(node_arch)@$node_version" >/dev/null
  ln -sfn "../node/node_modules/node-linux-$(node_arch)/bin/node" .tools/bin/node
  hash -r
fi

# Their Debian packages would start services, so only the programs are unpacked.
command -v docker-registry >/dev/null || unpack_program docker-registry /usr/bin/docker-registry
command -v docker >/dev/null || unpack_program docker.io /usr/bin/docker

if ! is_newer node_modules/.package-lock.json package-lock.json; then
  say 'installing npm packages'
  # Not `npm ci`: it insists on native binaries of other platforms, which not every mirror has.
  NODE_NO_WARNINGS=1 npm install --loglevel=error --no-save --no-audit --no-fund
  touch node_modules/.package-lock.json
fi
