import { parsePlatform } from '#oci/platform.ts'

/** A `--platform` value as pushes and saves take it: JSON; undefined for none. */
export function platformQuery(text: string): string | undefined {
  return text === '' ? undefined : JSON.stringify(parsePlatform(text))
}
