#!/bin/sh
# Bundles the engine into dist/engine: one module and its workers, types stripped, names kept.
# Against running from the sources it saves 15 MB of memory (no type stripper, fewer modules) and
# half of the start. Libraries stay in node_modules.
set -eu
cd "$(dirname "$0")/.."

rm -rf dist/engine.new
node_modules/.bin/bun build src/daemon/main.ts src/sys/tar/archive-worker.ts src/sys/tar/extract-worker.ts \
  src/sys/trees/tree-worker.ts \
  --target=node --format=esm --splitting --minify-syntax --minify-whitespace \
  --external koffi --external undici --external tar-stream \
  --entry-naming '[name].js' --chunk-naming 'chunk-[hash].js' \
  --outdir dist/engine.new >/dev/null
echo '{ "type": "module" }' >dist/engine.new/package.json
rm -rf dist/engine
mv dist/engine.new dist/engine
