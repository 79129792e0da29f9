#!/usr/bin/env bash
# Makes dist/gantry, the compiled command line, and dist/gantryd, which starts the engine.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

mkdir -p dist
if [ ! -x dist/gantry ] || [ -n "$(find src package-lock.json scripts/build-cli.sh -newer dist/gantry -print -quit)" ]; then
  say 'compiling dist/gantry'
  scripts/build-cli.sh
fi
if [ ! -e dist/engine/package.json ] || [ -n "$(find src scripts/build-engine.sh package-lock.json -newer dist/engine/package.json -print -quit)" ]; then
  say 'bundling dist/engine'
  scripts/build-engine.sh
fi
install -m 755 scripts/gantryd.sh dist/gantryd
