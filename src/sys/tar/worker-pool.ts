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

export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const idle = new Map<Worker, NodeJS.Timeout>()
  const waiting: ((worker: Worker) => void)[] = []
  let alive = 0
  const start = () => {
    alive++
    return new Worker(options.module, {
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    })
  }
  const discard = (worker: Worker) => {
    alive--
    void worker.terminate()
    waiting.shift()?.(start())
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
      if (alive < options.maxWorkers) return start()
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
      const expire = () => {
        idle.delete(worker)
        discard(worker)
      }
      idle.set(worker, setTimeout(expire, options.idleMs).unref())
    },
  }
}
