import { filtersQuery, imagePath } from '#client/calls.ts'
import type { Calls, ListOptions } from '#client/calls.ts'
import { parseJson } from '#client/json.ts'
import { parseJsonLines } from '#client/jsonlines.ts'
import type { Transport } from '#client/transport.ts'
import type {
  DeleteItem,
  HistoryItem,
  ImageInspect,
  ImageSummary,
  ProgressLine,
} from '#wire/images.ts'
import { fullestApiVersion } from '#wire/versions.ts'

export interface PullOptions {
  /** Repository, and a tag or digest after it, as the user wrote them. */
  readonly reference: string
  /** Tag or digest when `reference` has none; empty = every tag. */
  readonly tag?: string
  readonly platform?: string | undefined
  /** Value of `X-Registry-Auth`: base64url JSON. */
  readonly registryAuth?: string | undefined
}

export interface PushOptions {
  /** Repository as the user wrote it, without a tag. */
  readonly repository: string
  /** Absent = every tag. */
  readonly tag?: string | undefined
  /** JSON of one platform of the image. */
  readonly platform?: string | undefined
  /** Value of `X-Registry-Auth`: base64url JSON. */
  readonly registryAuth?: string | undefined
}

export interface ImportOptions {
  readonly reference?: string | undefined
  readonly tag?: string | undefined
  readonly message?: string | undefined
  /** Dockerfile instructions: `CMD ["sh"]`. */
  readonly changes?: readonly string[]
  readonly platform?: string | undefined
}

/** One platform of an image, as JSON. */
export interface PlatformOption {
  readonly platform?: string | undefined
}

export interface ImagesClient {
  list(
    options?: ListOptions & { readonly all?: boolean; readonly digests?: boolean },
  ): Promise<readonly ImageSummary[]>
  inspect(name: string): Promise<ImageInspect>
  /** The inspect body as the engine sent it. */
  inspectText(name: string, options?: PlatformOption): Promise<string>
  history(name: string, options?: PlatformOption): Promise<readonly HistoryItem[]>
  /** Progress, then the end; a failure comes as a line with `error`. */
  pull(options: PullOptions, signal?: AbortSignal): Promise<AsyncIterable<ProgressLine>>
  tag(name: string, repository: string, tag: string): Promise<void>
  remove(
    name: string,
    options?: {
      readonly force?: boolean
      readonly noPrune?: boolean
      readonly platforms?: readonly string[]
    },
  ): Promise<readonly DeleteItem[]>
  /** Reads a `docker save` or OCI layout archive, plain or compressed. */
  load(
    archive: AsyncIterable<Uint8Array>,
    options?: { readonly quiet?: boolean; readonly platform?: string | undefined },
  ): Promise<AsyncIterable<ProgressLine>>
  /** Progress, then the end; a failure comes as a line with `error`. */
  push(options: PushOptions, signal?: AbortSignal): Promise<AsyncIterable<ProgressLine>>
  /** One archive of several images. */
  save(
    names: readonly string[],
    options?: { readonly platform?: string | undefined },
  ): Promise<AsyncIterable<Uint8Array>>
  /** Makes an image of a root filesystem's archive. */
  importArchive(
    source: AsyncIterable<Uint8Array> | string,
    options?: ImportOptions,
  ): Promise<AsyncIterable<ProgressLine>>
}

export function imagesOver(calls: Calls, transport: Transport): ImagesClient {
  return { ...recordCalls(calls), ...transferCalls(calls, transport) }
}

type RecordCalls = 'list' | 'inspect' | 'inspectText' | 'history' | 'tag' | 'remove'

function recordCalls(calls: Calls): Pick<ImagesClient, RecordCalls> {
  const inspectText = (name: string, { platform }: PlatformOption = {}) =>
    calls.text({
      method: 'GET',
      path: `/images/${imagePath(name)}/json`,
      query: { platform },
      apiVersion: fullestApiVersion,
    })
  return {
    list: ({ all, digests, filters } = {}) =>
      calls.json({
        method: 'GET',
        path: '/images/json',
        query: { all, digests, filters: filtersQuery(filters) },
      }),
    inspect: async (name) => parseJson(await inspectText(name)),
    inspectText,
    history: (name, { platform } = {}) =>
      calls.json({
        method: 'GET',
        path: `/images/${imagePath(name)}/history`,
        query: { platform },
      }),
    tag: (name, repository, tag) =>
      calls.done({
        method: 'POST',
        path: `/images/${imagePath(name)}/tag`,
        query: { repo: repository, tag },
      }),
    remove: (name, { force, noPrune, platforms } = {}) =>
      calls.json({
        method: 'DELETE',
        path: `/images/${imagePath(name)}`,
        query: { force, noprune: noPrune, platforms },
      }),
  }
}

function transferCalls(
  calls: Calls,
  transport: Transport,
): Pick<ImagesClient, 'pull' | 'push' | 'load' | 'save' | 'importArchive'> {
  return {
    pull: ({ reference, tag, platform, registryAuth }, signal) =>
      calls.lines({
        method: 'POST',
        path: '/images/create',
        query: { fromImage: reference, tag, platform },
        headers: registryAuth === undefined ? {} : { 'X-Registry-Auth': registryAuth },
        signal,
      }),
    push: ({ repository, tag, platform, registryAuth }, signal) =>
      calls.lines({
        method: 'POST',
        path: `/images/${imagePath(repository)}/push`,
        query: { tag, platform },
        // Docker's engine refuses a push without the header.
        headers: { 'X-Registry-Auth': registryAuth ?? 'e30=' },
        signal,
      }),
    save: async (names, { platform } = {}) => {
      const query = { names, platform }
      return (await transport.request({ method: 'GET', path: '/images/get', query })).body
    },
    load: async (archive, { quiet, platform } = {}) => {
      const query = { quiet: quiet ? '1' : '0', platform }
      const path = '/images/load'
      const reply = await transport.request({ method: 'POST', path, query, stream: archive })
      return parseJsonLines<ProgressLine>(reply.body)
    },
    importArchive: (source, options = {}) => {
      const isUrl = typeof source === 'string'
      return calls.lines({
        method: 'POST',
        path: '/images/create',
        query: {
          fromSrc: isUrl ? source : '-',
          repo: options.reference,
          tag: options.tag,
          message: options.message,
          changes: options.changes,
          platform: options.platform,
        },
        ...(isUrl ? {} : { stream: source }),
      })
    },
  }
}
