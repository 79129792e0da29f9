/** The keys that end a terminal session and leave its program running; the engine and the command line watch for them. */
import { EngineError } from '#base/errors.ts'

/** ctrl-p, ctrl-q. */
export const defaultDetachKeys: Uint8Array = Uint8Array.of(0x10, 0x11)

const controlCodes: Readonly<Record<string, number>> = {
  '@': 0,
  '[': 27,
  '\\': 28,
  ']': 29,
  '^': 30,
  _: 31,
}

/**
 * Reads `ctrl-p,ctrl-q` or `a,b`: comma-separated characters and `ctrl-` codes.
 * @throws EngineError invalid_argument
 */
export function parseDetachKeys(text: string): Uint8Array {
  return Uint8Array.from(text.split(','), (key) => {
    const code = key.length === 1 ? key.charCodeAt(0) : controlCode(key)
    if (code === undefined || code > 127) {
      throw new EngineError('invalid_argument', `Invalid detach keys (${text}) provided`)
    }
    return code
  })
}

function controlCode(key: string): number | undefined {
  const letter = key.startsWith('ctrl-') ? key.slice('ctrl-'.length) : ''
  if (/^[a-z]$/.test(letter)) return letter.charCodeAt(0) - 96
  return controlCodes[letter]
}

export interface DetachMatcher {
  /** What of `chunk` (and of keys held back before) goes on to the program. */
  feed(chunk: Uint8Array): { readonly bytes: Uint8Array; readonly isDetached: boolean }
}

/** Watches typed bytes for the sequence; a started match is held back until it breaks or completes. */
export function createDetachMatcher(keys: Uint8Array): DetachMatcher {
  let matched = 0
  return {
    feed(chunk) {
      const kept: number[] = []
      for (const byte of chunk) {
        if (byte === keys[matched]) {
          matched++
          if (matched === keys.length) return { bytes: Uint8Array.from(kept), isDetached: true }
          continue
        }
        kept.push(...keys.subarray(0, matched))
        matched = byte === keys[0] ? 1 : 0
        if (matched === 0) kept.push(byte)
      }
      return { bytes: Uint8Array.from(kept), isDetached: false }
    },
  }
}
