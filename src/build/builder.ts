/** The builder's calls, put together from their parts. */
import { type BuilderParts, runBuild } from '#build/builder/build.ts'
import { inspectDockerfile } from '#build/builder/inspect.ts'
import { listUsage, type MaintenanceDeps, prune } from '#build/builder/maintenance.ts'
import type { Builder } from '#build/types.ts'

export function createBuilder(parts: BuilderParts & MaintenanceDeps): Builder {
  return {
    build: (request, signal) => runBuild(parts, request, signal),
    inspect: async (request) => inspectDockerfile(parts.machine.images, request),
    prune: (options) => prune(parts, options),
    diskUsage: () => listUsage(parts),
    history: parts.history,
  }
}
