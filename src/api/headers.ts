import type { ApiOptions } from '#api/call.ts'
import { newestApiVersion } from '#wire/versions.ts'

/** What every response carries. */
export function commonHeaders(options: ApiOptions): Readonly<Record<string, string>> {
  return {
    'Api-Version': newestApiVersion,
    'Docker-Experimental': 'false',
    Ostype: 'linux',
    // Docker's Go client takes the engine's system from this text, and knows it by the word Docker.
    Server: `Docker/${options.engineVersion} (linux)`,
  }
}

export const contentTypes = {
  json: 'application/json',
  jsonLines: 'application/jsonl',
  rawStream: 'application/vnd.docker.raw-stream',
  multiplexedStream: 'application/vnd.docker.multiplexed-stream',
  tar: 'application/x-tar',
  plain: 'text/plain; charset=utf-8',
} as const
