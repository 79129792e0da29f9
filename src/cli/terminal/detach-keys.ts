import { EngineError } from '#base/errors.ts'

/** ctrl-p, ctrl-q */
const defaultKeys = 'ctrl-p,ctrl-q'

/**
 * The bytes of `ctrl-p,ctrl-q` or `a,b,ctrl-@`.
 * @throws EngineError invalid_argument
 */
export function parseDetachKeys(text: string): Uint8Array {
  const keys = (text === '' ? defaultKeys : text).split(',').map((key) => {
    const control = /^ctrl-([a-zA-Z@[\\\]^_])$/.exec(key)?.[1]
    if (control !== undefined) return control.toUpperCase().charCodeAt(0) & 0x1f
    if (key.length === 1) return key.charCodeAt(0)
    throw new EngineError(
      'invalid_argument',
      `invalid detach keys (${text}): Unknown character: '${key}'`,
    )
  })
  return Uint8Array.from(keys)
}

export interface DetachFilter {
  /** What of `chunk` may go on, and whether the sequence is complete with it. */
  read(chunk: Uint8Array): { readonly forward: Uint8Array; readonly isDetached: boolean }
}

/** Watches typed bytes for the sequence. Its keys are held back until they are known not to be it. */
export function createDetachFilter(keys: Uint8Array): DetachFilter {
  let matched = 0
  return {
    read(chunk) {
      const forward: number[] = []
      for (const byte of chunk) {
        if (byte === keys[matched]) {
          matched++
          if (matched === keys.length)
            return { forward: Uint8Array.from(forward), isDetached: true }
          continue
        }
        forward.push(...keys.subarray(0, matched))
        matched = byte === keys[0] ? 1 : 0
        if (matched === 0) forward.push(byte)
      }
      return { forward: Uint8Array.from(forward), isDetached: false }
    },
  }
}
