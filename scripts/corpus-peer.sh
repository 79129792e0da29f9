#!/usr/bin/env bash
# Unpacks Debian's newer dockerd, containerd and buildx into .cache/corpus-peer and makes a Debian
# base once, for `make corpus`. Nothing is installed; the machine's own package lists stay as they are.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

folder=$PWD/.cache/corpus-peer
need_root "make corpus"
if [ ! -x "$folder/cli-plugins/docker-buildx" ]; then
  say "unpacking forky's docker.io, containerd and docker-buildx"
  # The mirror that this machine itself uses.
  mirror=$(apt-get indextargets --format '$(REPO_URI)' "Codename: $(. /etc/os-release && echo "$VERSION_CODENAME")" |
    head -n 1)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  chmod 755 "$work"
  mkdir -p "$work/sources" "$work/lists/partial" "$work/cache/archives/partial"
  cat >"$work/sources/peer.sources" <<EOF
Types: deb
URIs: $mirror
Suites: forky
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
EOF
  options=(-qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/sources"
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root)
  apt-get "${options[@]}" update
  (cd "$work" && apt-get "${options[@]}" download docker.io containerd docker-buildx)
  for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work/tree"; done
  mkdir -p "$folder/bin" "$folder/cli-plugins"
  install -m 755 "$work"/tree/usr/sbin/dockerd "$work"/tree/usr/bin/containerd* "$folder/bin/"
  install -m 755 "$work/tree/usr/libexec/docker/cli-plugins/docker-buildx" "$folder/cli-plugins/"
fi
if [ ! -e "$folder/debian.tar" ]; then
  say 'making a Debian base with mmdebstrap'
  command -v mmdebstrap >/dev/null || die 'install mmdebstrap'
  mmdebstrap --quiet --format=tar --variant=minbase --include=ca-certificates bookworm "$folder/debian.tar.new"
  mv "$folder/debian.tar.new" "$folder/debian.tar"
fi
