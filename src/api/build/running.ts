import { EngineError } from '#base/errors.ts'
import type { Engine } from '#engine/types.ts'

/** Builds that `POST /build/cancel` can name, by the id that the client chose. */
const running = new WeakMap<Engine, Map<string, AbortController>>()

/** Aborts with `signal`, or when the build of that id is cancelled; dispose at its end. */
export function cancellable(
  engine: Engine,
  buildId: string | undefined,
  signal: AbortSignal,
): { readonly signal: AbortSignal } & Disposable {
  if (buildId === undefined) return { signal, [Symbol.dispose]: () => undefined }
  const builds = running.get(engine) ?? new Map<string, AbortController>()
  running.set(engine, builds)
  const controller = new AbortController()
  builds.set(buildId, controller)
  return {
    signal: AbortSignal.any([signal, controller.signal]),
    [Symbol.dispose]: () => {
      if (builds.get(buildId) === controller) builds.delete(buildId)
    },
  }
}

/** A build that is over, or never was, counts as cancelled, as in Docker. */
export function cancelBuild(engine: Engine, buildId: string): void {
  running.get(engine)?.get(buildId)?.abort(new EngineError('cancelled', 'build cancelled'))
}
