#!/usr/bin/env bash
# Removes what install.sh made. Images, containers and configuration stay where they are.
set -euo pipefail

: "${PREFIX:=/usr/local}" "${DESTDIR:=}"
target="$DESTDIR$PREFIX"
unit="$DESTDIR/etc/systemd/system/gantry.service"

if [ -z "$DESTDIR" ] && [ -d /run/systemd/system ] && [ -e "$unit" ]; then
  systemctl disable --now gantry.service || true
fi
rm -f "$target/bin/gantry" "$target/bin/gantryd" "$unit" \
  "$target/share/bash-completion/completions/gantry" \
  "$target/share/zsh/site-functions/_gantry" \
  "$target/share/fish/vendor_completions.d/gantry.fish"
rm -rf "$target/lib/gantry" "$target/share/doc/gantry" "$DESTDIR/var/cache/gantry"
printf 'removed; images and containers are still below /var/lib/gantry\n'
