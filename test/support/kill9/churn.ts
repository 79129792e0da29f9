/** A client that never rests: random requests on a handful of names until the engine goes away. */
import { errorKind } from '#base/errors.ts'
import type { ErrorKind } from '#base/errors.ts'
import type { Client } from '#client/client.ts'
import { isRefusal } from '#client/errors.ts'
import type { Random } from '#test/support/kill9/random.ts'
import { execIn } from '#test/support/kill9/streams.ts'

export interface ChurnOptions {
  readonly client: Client
  readonly random: Random
  /** An image in a registry, pulled and removed in between. */
  readonly reference: string
}

const churnNames = ['churn-a', 'churn-b', 'churn-c', 'churn-d'] as const

/** What a request on a name that others use too may be answered. */
const expected: ReadonlySet<ErrorKind> = new Set([
  'not_found',
  'conflict',
  'not_modified',
  'failed_precondition',
  // A container renamed to its own name.
  'invalid_argument',
])

export interface Churn {
  /** Sends nothing more; gives the answers that no client should get, once all lanes are idle. */
  stop(): Promise<readonly string[]>
}

export function startChurn(options: ChurnOptions, lanes: number): Churn {
  const wrong: string[] = []
  const stopping = new AbortController()
  const lane = async () => {
    while (!stopping.signal.aborted) {
      const [what, act] = choose(options)
      try {
        await act()
      } catch (error) {
        // Not an answer: the engine was killed in between.
        if (!isRefusal(error)) return
        if (!expected.has(errorKind(error))) wrong.push(`${what}: ${String(error)}`)
      }
    }
  }
  const running = Promise.all(Array.from({ length: lanes }, lane))
  return {
    async stop() {
      stopping.abort()
      await running
      return wrong
    },
  }
}

type Act = readonly [what: string, act: () => Promise<unknown>]

function choose({ client, random, reference }: ChurnOptions): Act {
  const { containers } = client
  const name = random.pick(churnNames)
  const create = () => containers.create(churnBody(random), { name })
  const acts: readonly [Act, ...Act[]] = [
    ['create', create],
    ['run', () => create().then(() => containers.start(name))],
    ['start', () => containers.start(name)],
    ['stop', () => containers.stop(name, { timeoutS: 0 })],
    ['restart', () => containers.restart(name, { timeoutS: 0 })],
    ['kill', () => containers.kill(name)],
    ['pause', () => containers.pause(name)],
    ['unpause', () => containers.unpause(name)],
    ['rename', () => containers.rename(name, random.pick(churnNames))],
    ['exec', () => execIn(client, name, ['true'])],
    ['remove', () => containers.remove(name, { force: true, volumes: true })],
    ['remove', () => containers.remove(name, { force: true })],
    ['pull', () => pull(client, reference)],
    ['rmi', () => client.images.remove(reference, { force: true })],
  ]
  return random.pick(acts)
}

function churnBody(random: Random) {
  const script = random.pick(['sleep 1000', 'exit 3', 'echo once', 'sleep 0.1; exit 4'])
  const policy = random.pick(['no', 'no', 'always', 'on-failure'])
  const isAutoRemove = policy === 'no' && random.below(2) === 0
  return {
    Image: 'busybox',
    Cmd: ['sh', '-c', script],
    Tty: random.below(4) === 0,
    Volumes: random.below(3) === 0 ? { '/data': {} } : {},
    ExposedPorts: { '80/tcp': {} },
    HostConfig: {
      AutoRemove: isAutoRemove,
      RestartPolicy: { Name: policy, MaximumRetryCount: policy === 'on-failure' ? 2 : 0 },
      PublishAllPorts: random.below(2) === 0,
    },
  }
}

async function pull(client: Client, reference: string): Promise<void> {
  for await (const { error } of await client.images.pull({ reference })) {
    // Removed by the other lane meanwhile.
    if (error !== undefined) return
  }
}
