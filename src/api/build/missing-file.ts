import { createIgnoreMatcher } from '#oci/ignore.ts'

const missing = /failed to calculate checksum of ref \S+ "\/?([^"]*)": not found/

/** The path of the context that a COPY or ADD did not find; undefined for other failures. */
export function missingPath(message: string): string | undefined {
  return missing.exec(message)?.[1]
}

/** Says so when the file is there and only the ignore file keeps it out. */
export function withIgnoreNote(message: string, ignore: readonly string[]): string {
  const path = missingPath(message)
  if (path === undefined || !createIgnoreMatcher(ignore).isIgnored(path)) return message
  return `${message} (.dockerignore excludes it)`
}
