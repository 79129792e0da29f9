/**
 * libnftables in-process (libnftables(3)): each `run` is one transaction that
 * the kernel applies as a whole or not at all. No process is started.
 */
import koffi from 'koffi'
import { EngineError } from '#base/errors.ts'

export interface Nftables extends Disposable {
  /**
   * Applies nft(8) commands as one transaction and gives what they print
   * (`list …`). @throws EngineError internal with nft's own message
   */
  run(commands: string): string
  /** As `run`, with the output as parsed JSON (libnftables-json(5)). */
  query(commands: string): unknown
}

const outputJson = 1 << 4

/** Opens a context in the network namespace of the calling thread. */
export function openNftables(): Nftables {
  const library = koffi.load('libnftables.so.1')
  const context: unknown = library.func('void *nft_ctx_new(uint32_t flags)')(0)
  library.func('int nft_ctx_buffer_output(void *context)')(context)
  library.func('int nft_ctx_buffer_error(void *context)')(context)
  const setFlags = library.func('void nft_ctx_output_set_flags(void *context, uint flags)')
  const runBuffer = library.func('int nft_run_cmd_from_buffer(void *context, str commands)')
  const outputOf = library.func('str nft_ctx_get_output_buffer(void *context)')
  const errorOf = library.func('str nft_ctx_get_error_buffer(void *context)')
  const free = library.func('void nft_ctx_free(void *context)')

  function run(commands: string): string {
    const status: unknown = runBuffer(context, commands)
    if (status !== 0) {
      throw new EngineError('internal', `apply nftables commands: ${firstError(errorOf(context))}`)
    }
    return String(outputOf(context))
  }

  return {
    run,
    query(commands) {
      setFlags(context, outputJson)
      try {
        return JSON.parse(run(commands))
      } finally {
        setFlags(context, 0)
      }
    },
    [Symbol.dispose]: () => {
      free(context)
    },
  }
}

/** nft prints the error, then the command with a marker line; a large command would drown the log. */
function firstError(text: unknown): string {
  const line = String(text)
    .split('\n')
    .find((candidate) => candidate.includes('Error:'))
  return (line ?? String(text)).replace(/^.*?Error: /, '').trim()
}
