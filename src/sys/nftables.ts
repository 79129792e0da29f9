/**
 * libnftables in-process (libnftables(3)): each `run` is one transaction that
 * the kernel applies as a whole or not at all. No process is started.
 */
import koffi from 'koffi'
import { EngineError } from '#base/errors.ts'
import { libcFunction } from '#sys/ffi.ts'

const sigmaskCall = libcFunction<[how: number, set: Uint8Array, old: Uint8Array | null]>(
  'int pthread_sigmask(int how, const void *set, void *old)',
)
const sigBlock = 0
const sigSetMask = 2
/** A `sigset_t` with every signal in it. */
const allSignals = Buffer.alloc(128, 0xff)

export interface Nftables extends Disposable {
  /**
   * Applies nft(8) commands as one transaction and gives what they print
   * (`list …`, with handles). @throws EngineError internal with nft's own message
   */
  run(commands: string): string
}

/** NFT_CTX_OUTPUT_HANDLE: rules are listed with the handle that deletes them. */
const outputHandles = 1 << 3

/** Opens a context in the network namespace of the calling thread. */
export function openNftables(): Nftables {
  const library = koffi.load('libnftables.so.1')
  const context: unknown = library.func('void *nft_ctx_new(uint32_t flags)')(0)
  library.func('int nft_ctx_buffer_output(void *context)')(context)
  library.func('int nft_ctx_buffer_error(void *context)')(context)
  library.func('void nft_ctx_output_set_flags(void *context, uint flags)')(context, outputHandles)
  const runBuffer = library.func('int nft_run_cmd_from_buffer(void *context, str commands)')
  const outputOf = library.func('str nft_ctx_get_output_buffer(void *context)')
  const errorOf = library.func('str nft_ctx_get_error_buffer(void *context)')
  const free = library.func('void nft_ctx_free(void *context)')

  function run(commands: string): string {
    const status = withoutSignals((): unknown => runBuffer(context, commands))
    if (status !== 0) {
      throw new EngineError('internal', `apply nftables commands: ${firstError(errorOf(context))}`)
    }
    return String(outputOf(context))
  }

  return {
    run,
    [Symbol.dispose]: () => {
      free(context)
    },
  }
}

/**
 * A signal handler on this thread would make libnftables give up waiting for
 * the kernel's answer, with the transaction applied or not.
 */
function withoutSignals<T>(work: () => T): T {
  const before = Buffer.alloc(allSignals.length)
  sigmaskCall(sigBlock, allSignals, before)
  try {
    return work()
  } finally {
    sigmaskCall(sigSetMask, before, null)
  }
}

/** nft prints the error, then the command with a marker line; a large command would drown the log. */
function firstError(text: unknown): string {
  const line = String(text)
    .split('\n')
    .find((candidate) => candidate.includes('Error:'))
  return (line ?? String(text)).replace(/^.*?Error: /, '').trim()
}
