import { randomInt } from 'node:crypto'
import { EngineError } from '#base/errors.ts'
import { adjectives, surnames } from '#container/words.ts'

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/

/**
 * A wished name without its leading slash.
 * @throws EngineError invalid_argument with Docker's text
 */
export function checkedName(wished: string): string {
  const name = wished.replace(/^\//, '')
  if (!namePattern.test(name)) {
    throw new EngineError(
      'invalid_argument',
      `Invalid container name (${wished}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    )
  }
  return name
}

/** A free `adjective_surname`; after a few collisions a number is added, so it always ends. */
export function randomName(isTaken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const plain = `${pick(adjectives)}_${pick(surnames)}`
    const name = attempt < 6 ? plain : `${plain}${randomInt(10 ** Math.min(attempt - 5, 9))}`
    if (!isTaken(name)) return name
  }
}

export function nameConflict(name: string, holderId: string): EngineError {
  return new EngineError(
    'conflict',
    `Conflict. The container name "/${name}" is already in use by container "${holderId}". ` +
      'You have to remove (or rename) that container to be able to reuse that name.',
  )
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? 'x'
}
