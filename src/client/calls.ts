import { parseJson } from '#client/json.ts'
import { parseJsonLines } from '#client/jsonlines.ts'
import type { RequestOptions } from '#client/requests.ts'
import type { Transport } from '#client/transport.ts'
import { formatFilters } from '#wire/filters.ts'
import type { Filters } from '#wire/filters.ts'

/** Options of calls that list things. */
export interface ListOptions {
  readonly filters?: Filters | undefined
}

/** The three shapes of a call's answer: one JSON value, its exact text, nothing; and a stream of values. */
export interface Calls {
  json<T>(options: RequestOptions): Promise<T>
  text(options: RequestOptions): Promise<string>
  done(options: RequestOptions): Promise<void>
  lines<T>(options: RequestOptions): Promise<AsyncIterable<T>>
}

export function callsOver(transport: Transport): Calls {
  const text = async (options: RequestOptions) => (await transport.request(options)).text()
  return {
    text,
    json: async <T>(options: RequestOptions) => parseJson<T>(await text(options)),
    done: async (options) => void (await text(options)),
    lines: async <T>(options: RequestOptions) =>
      parseJsonLines<T>((await transport.request(options)).body),
  }
}

/** The `filters` query value; undefined when there is nothing to filter by. */
export function filtersQuery(filters: Filters | undefined): string | undefined {
  return filters === undefined || Object.keys(filters).length === 0
    ? undefined
    : formatFilters(filters)
}

/** An id or name as one path segment. */
export function segment(idOrName: string): string {
  return encodeURIComponent(idOrName)
}

/** An image name as path: its slashes and colons stay. */
export function imagePath(name: string): string {
  return name
    .split('/')
    .map(encodeURIComponent)
    .join('/')
    .replaceAll('%3A', ':')
    .replaceAll('%40', '@')
}
