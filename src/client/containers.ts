import { errorKind } from '#base/errors.ts'
import { filtersQuery, segment } from '#client/calls.ts'
import type { Calls, ListOptions } from '#client/calls.ts'
import type { Hijack } from '#client/hijack.ts'
import { parseJson } from '#client/json.ts'
import type { Transport } from '#client/transport.ts'
import type {
  ContainerCreateBody,
  ContainerInspect,
  ContainerSummary,
  CreateResponse,
  TopResponse,
  WaitResponse,
} from '#wire/containers.ts'
import { fullestApiVersion } from '#wire/versions.ts'

export interface ListContainersOptions extends ListOptions {
  /** Also those that do not run. */
  readonly all?: boolean
  readonly limit?: number | undefined
  /** Fill SizeRw and SizeRootFs. */
  readonly size?: boolean
}

export interface AttachOptions {
  readonly stdin?: boolean | undefined
  readonly stdout?: boolean | undefined
  readonly stderr?: boolean | undefined
  /** Replay the log first. */
  readonly logs?: boolean | undefined
  readonly stream?: boolean | undefined
  readonly detachKeys?: string | undefined
}

export interface LogsOptions {
  readonly stdout?: boolean | undefined
  readonly stderr?: boolean | undefined
  readonly follow?: boolean | undefined
  readonly timestamps?: boolean | undefined
  readonly details?: boolean | undefined
  /** `seconds[.nanoseconds]` since the epoch. */
  readonly since?: string | undefined
  readonly until?: string | undefined
  /** A number of lines, or `all`. */
  readonly tail?: string | undefined
}

export interface StopOptions {
  readonly signal?: string | undefined
  /** Seconds before SIGKILL; -1 waits for ever. */
  readonly timeoutS?: number | undefined
}

export interface LogStream {
  /** True: stdcopy frames; false: a terminal's raw bytes. */
  readonly isMultiplexed: boolean
  readonly chunks: AsyncIterable<Uint8Array>
}

export type WaitCondition = 'not-running' | 'next-exit' | 'removed'

export interface ContainersClient {
  create(
    body: ContainerCreateBody,
    options?: { readonly name?: string | undefined; readonly platform?: string | undefined },
    signal?: AbortSignal,
  ): Promise<CreateResponse>
  list(options?: ListContainersOptions): Promise<readonly ContainerSummary[]>
  inspect(id: string): Promise<ContainerInspect>
  /** The inspect body as the engine sent it. */
  inspectText(id: string, options?: { readonly size?: boolean }): Promise<string>
  /** Also well when it runs already. */
  start(id: string, options?: { readonly detachKeys?: string | undefined }): Promise<void>
  /** Also well when it does not run. */
  stop(id: string, options?: StopOptions): Promise<void>
  restart(id: string, options?: StopOptions): Promise<void>
  kill(id: string, signalName?: string): Promise<void>
  pause(id: string): Promise<void>
  unpause(id: string): Promise<void>
  rename(id: string, name: string): Promise<void>
  remove(
    id: string,
    options?: { readonly force?: boolean; readonly volumes?: boolean; readonly link?: boolean },
  ): Promise<void>
  /**
   * Resolves once the engine has registered the wait; `exited` settles with the exit.
   * So `wait`, then `start`, misses nothing.
   */
  wait(
    id: string,
    condition: WaitCondition,
    signal?: AbortSignal,
  ): Promise<{ readonly exited: Promise<WaitResponse> }>
  /** Works before the start, and then loses no byte. */
  attach(id: string, options: AttachOptions, signal?: AbortSignal): Promise<Hijack>
  logs(id: string, options: LogsOptions, signal?: AbortSignal): Promise<LogStream>
  resize(id: string, rows: number, columns: number): Promise<void>
  top(id: string, psArguments?: string): Promise<TopResponse>
}

export function containersOver(calls: Calls, transport: Transport): ContainersClient {
  return { ...recordCalls(calls), ...lifecycleCalls(calls), ...streamCalls(transport) }
}

type RecordCalls = 'create' | 'list' | 'inspect' | 'inspectText' | 'rename' | 'remove' | 'top'

function recordCalls(calls: Calls): Pick<ContainersClient, RecordCalls> {
  const inspectText = (id: string, options: { size?: boolean } = {}) =>
    calls.text({
      method: 'GET',
      path: pathOf(id, '/json'),
      query: { size: options.size },
      apiVersion: fullestApiVersion,
    })
  return {
    create: (body, options, signal) =>
      calls.json({
        method: 'POST',
        path: '/containers/create',
        query: { name: options?.name, platform: options?.platform },
        body,
        signal,
      }),
    list: (options = {}) =>
      calls.json({
        method: 'GET',
        path: '/containers/json',
        query: {
          all: options.all,
          limit: options.limit,
          size: options.size,
          filters: filtersQuery(options.filters),
        },
      }),
    inspect: async (id) => parseJson(await inspectText(id)),
    inspectText,
    rename: (id, name) =>
      calls.done({ method: 'POST', path: pathOf(id, '/rename'), query: { name } }),
    remove: (id, { force, volumes, link } = {}) =>
      calls.done({ method: 'DELETE', path: pathOf(id, ''), query: { force, v: volumes, link } }),
    top: (id, psArguments) =>
      calls.json({ method: 'GET', path: pathOf(id, '/top'), query: { ps_args: psArguments } }),
  }
}

type LifecycleCalls = 'start' | 'stop' | 'restart' | 'kill' | 'pause' | 'unpause' | 'resize'

function lifecycleCalls(calls: Calls): Pick<ContainersClient, LifecycleCalls> {
  const post = (id: string, action: string, query = {}) =>
    calls.done({ method: 'POST', path: pathOf(id, `/${action}`), query })
  return {
    start: (id, options) => unlessSo(post(id, 'start', { detachKeys: options?.detachKeys })),
    stop: (id, options) => unlessSo(post(id, 'stop', stopQuery(options))),
    restart: (id, options) => post(id, 'restart', stopQuery(options)),
    kill: (id, signalName) => post(id, 'kill', { signal: signalName }),
    pause: (id) => post(id, 'pause'),
    unpause: (id) => post(id, 'unpause'),
    resize: (id, rows, columns) => post(id, 'resize', { h: rows, w: columns }),
  }
}

/** The answer 304 tells that what was asked for is so already. */
async function unlessSo(change: Promise<void>): Promise<void> {
  try {
    await change
  } catch (error) {
    if (errorKind(error) !== 'not_modified') throw error
  }
}

function streamCalls(transport: Transport): Pick<ContainersClient, 'attach' | 'logs' | 'wait'> {
  return {
    wait: async (id, condition, signal) => {
      const path = pathOf(id, '/wait')
      const reply = await transport.request({ method: 'POST', path, query: { condition }, signal })
      return { exited: reply.text().then((text) => parseJson<WaitResponse>(text)) }
    },
    attach: (id, options, signal) =>
      transport.hijack({
        method: 'POST',
        path: pathOf(id, '/attach'),
        query: { ...options },
        signal,
      }),
    logs: async (id, options, signal) => {
      const path = pathOf(id, '/logs')
      const reply = await transport.request({ method: 'GET', path, query: { ...options }, signal })
      const type = reply.header('content-type')
      return {
        isMultiplexed: type === 'application/vnd.docker.multiplexed-stream',
        chunks: reply.body,
      }
    },
  }
}

function stopQuery(options: StopOptions | undefined): Record<string, string | number | undefined> {
  return { signal: options?.signal, t: options?.timeoutS }
}

function pathOf(id: string, action: string): string {
  return `/containers/${segment(id)}${action}`
}
