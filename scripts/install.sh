#!/usr/bin/env bash
# Copies what runs to $DESTDIR$PREFIX: the command line, the engine with its libraries, the unit, completions.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

: "${PREFIX:=/usr/local}" "${DESTDIR:=}"
[ -x dist/gantry ] && [ -x dist/gantryd ] || die 'nothing to install: run "make build" first'
target="$DESTDIR$PREFIX"
library="$target/lib/gantry"

rm -rf "$library"
install -d "$target/bin" "$library" "$target/share/doc/gantry"
install -m 755 dist/gantry "$target/bin/gantry"
install -m 755 dist/gantryd "$library/gantryd"
ln -sfn ../lib/gantry/gantryd "$target/bin/gantryd"

cp -r dist/engine "$library/engine"
npm ls --omit=dev --all --parseable 2>/dev/null | tail -n +2 | while read -r folder; do
  tar -c "${folder#"$PWD/"}" | tar -x -C "$library"
done
if [ -x .tools/bin/node ]; then
  install -d "$library/.tools/bin"
  install -m 755 "$(readlink -f .tools/bin/node)" "$library/.tools/bin/node"
fi

for shell in bash zsh fish; do
  case "$shell" in
    bash) file="$target/share/bash-completion/completions/gantry" ;;
    zsh) file="$target/share/zsh/site-functions/_gantry" ;;
    fish) file="$target/share/fish/vendor_completions.d/gantry.fish" ;;
  esac
  install -d "$(dirname "$file")"
  dist/gantry completion "$shell" >"$file"
done

rm -rf "$target/share/doc/gantry/docs"
install -m 644 ./*.md LICENSE "$target/share/doc/gantry/"
cp -r docs "$target/share/doc/gantry/docs"
# systemd reads units of local installations below /etc.
install -d "$DESTDIR/etc/systemd/system"
sed "s|@PREFIX@|$PREFIX|g" packaging/gantry.service >"$DESTDIR/etc/systemd/system/gantry.service"
# Its members may talk to the engine; a package of Docker, where there is one, has made it.
if [ -z "$DESTDIR" ] && [ "$(id -u)" = 0 ] && ! getent group docker >/dev/null; then
  groupadd --system docker
fi
if [ -z "$DESTDIR" ] && [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  say 'installed; "systemctl enable --now gantry" starts the engine with the machine'
else
  say "installed under $target"
fi
