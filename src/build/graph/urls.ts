/** Remote sources of ADD and of build contexts. */
import { EngineError } from '#base/errors.ts'

export function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text)
}

/** `git://`, `ssh://`, `git@host:path`, and http URLs whose path ends in `.git`. */
export function isGitUrl(text: string): boolean {
  return (
    /^(?:git|ssh):\/\//i.test(text) ||
    /^[\w.-]+@[\w.-]+:/.test(text) ||
    /^https?:\/\/[^#?]+\.git(?:[#?].*)?$/i.test(text)
  )
}

export interface GitSource {
  readonly remote: string
  readonly ref: string
  readonly subdirectory: string
}

/**
 * `remote#ref:subdir`, or the query form `remote?ref=…&subdir=…`.
 * @throws EngineError invalid_argument for parts that git could read as options (S34)
 */
export function parseGitUrl(text: string): GitSource {
  const [withQuery = '', fragment = ''] = text.split(/#(.*)/s, 2)
  const [remote = '', query = ''] = withQuery.split(/\?(.*)/s, 2)
  const [fragmentRef = '', fragmentPath = ''] = fragment.split(/:(.*)/s, 2)
  const values = new URLSearchParams(query)
  const named = values.get('ref') ?? values.get('branch') ?? values.get('tag') ?? ''
  const ref = fragmentRef === '' ? named : fragmentRef
  const subdirectory = fragmentPath === '' ? (values.get('subdir') ?? '') : fragmentPath
  if ([remote, ref, subdirectory].some((part) => part.startsWith('-'))) {
    throw new EngineError('invalid_argument', `parse git source "${text}": a part begins with "-"`)
  }
  if (subdirectory.split('/').includes('..')) {
    throw new EngineError(
      'invalid_argument',
      `parse git source "${text}": the subdirectory leaves the repository`,
    )
  }
  return { remote, ref, subdirectory }
}
