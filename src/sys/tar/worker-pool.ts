import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'

/** Worker threads that are reused for a while and do not outlive their use. */
export interface WorkerPool {
  /** An idle worker or a new one; waits while `maxWorkers` are at work. */
  acquire(): Promise<Worker>
  /** Gives a worker back for the next job. */
  release(worker: Worker): void
  /** For a worker that ended or cannot be trusted any more. */
  discard(worker: Worker): void
}

export interface WorkerPoolOptions {
  readonly module: URL
  readonly maxWorkers: number
  readonly maxIdle: number
  readonly idleMs: number
}

/** The module `name` beside the caller, whose URL says whether types are stripped already. */
export function workerModule(name: string, caller: string): URL {
  return new URL(`${name}${extname(caller)}`, caller)
}

export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const idle = new Map<Worker, NodeJS.Timeout>()
  const waiting: ((worker: Worker) => void)[] = []
  const alive = new Set<Worker>()
  const forget = (worker: Worker) => {
    clearTimeout(idle.get(worker))
    idle.delete(worker)
    if (alive.delete(worker)) waiting.shift()?.(start())
  }
  const start = (): Worker => {
    const worker = new Worker(options.module, {
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    })
    alive.add(worker)
    // Whoever uses the worker listens too; an idle one that fails concerns nobody.
    worker.on('error', () => undefined)
    worker.on('exit', () => forget(worker))
    return worker
  }
  const discard = (worker: Worker) => {
    forget(worker)
    void worker.terminate()
  }
  return {
    discard,
    async acquire() {
      const [found] = idle.keys()
      if (found) {
        clearTimeout(idle.get(found))
        idle.delete(found)
        found.ref()
        return found
      }
      if (alive.size < options.maxWorkers) return start()
      return new Promise((resolve) => waiting.push(resolve))
    },
    release(worker) {
      const next = waiting.shift()
      if (next) {
        next(worker)
        return
      }
      if (idle.size >= options.maxIdle) {
        discard(worker)
        return
      }
      worker.unref()
      idle.set(worker, setTimeout(() => discard(worker), options.idleMs).unref())
    },
  }
}
