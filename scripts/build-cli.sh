#!/bin/sh
# Compiles the command line to one executable: dist/gantry.
# Minified, with bytecode and one chunk per command, so that a call loads only what it runs.
set -eu
cd "$(dirname "$0")/.."

version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
commit=${GANTRY_COMMIT:-$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)}
mkdir -p dist

node_modules/.bin/bun build src/cli/main.ts \
  --compile --minify --bytecode --splitting --format=esm --target=bun \
  --define "GANTRY_VERSION=\"$version\"" \
  --define "GANTRY_COMMIT=\"$commit\"" \
  --outfile dist/gantry.new
mv -f dist/gantry.new dist/gantry
