/** `--annotation [TYPE[,TYPE…][[PLATFORM]]:]KEY=VALUE`, as buildx reads it. */
import { EngineError } from '#base/errors.ts'
import type { AnnotationBody } from '#wire/build.ts'

/** @throws EngineError invalid_argument */
export function readAnnotation(text: string): AnnotationBody[] {
  const equals = text.indexOf('=')
  if (equals === -1) throw invalid(text, 'expected key=value')
  const [name, value] = [text.slice(0, equals), text.slice(equals + 1)]
  const colon = name.indexOf(':')
  if (colon === -1) return [{ level: 'manifest', key: name, value }]
  const key = name.slice(colon + 1)
  return name
    .slice(0, colon)
    .split(',')
    .map((type) => ({ ...readPlace(text, type), key, value }))
}

/** `annotation.KEY`, `annotation-index.KEY`, `annotation-manifest[linux/amd64].KEY` of an output. */
export function readAnnotationField(name: string, value: string): AnnotationBody | undefined {
  const match = /^annotation(?:-([^.]+))?\.(.+)$/.exec(name)
  if (!match) return undefined
  const [, type = 'manifest', key = ''] = match
  return { ...readPlace(`${name}=${value}`, type), key, value }
}

function readPlace(text: string, type: string): Pick<AnnotationBody, 'level' | 'platform'> {
  const match = /^([a-z-]+)(?:\[([\w./-]+)\])?$/.exec(type)
  const [, level, platform] = match ?? []
  switch (level) {
    case 'manifest':
    case 'manifest-descriptor':
    case 'index':
      return { level, ...(platform === undefined ? {} : { platform }) }
    default:
      throw invalid(text, `unknown annotation type "${type}"`)
  }
}

function invalid(text: string, detail: string): EngineError {
  return new EngineError('invalid_argument', `invalid annotation "${text}": ${detail}`, {
    hint: 'types are manifest, manifest-descriptor and index, each perhaps with a [platform]',
  })
}
