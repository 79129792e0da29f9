import { randomBytes } from 'node:crypto'

/**
 * 64 hex digits, as Docker's ids. Twelve leading digits that are all decimal
 * would read as a number in the short form, so such an id is drawn again.
 */
export function randomId(): string {
  for (;;) {
    const id = randomBytes(32).toString('hex')
    if (!/^\d{12}/.test(id)) return id
  }
}

/** The twelve-digit form that people see. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12)
}
