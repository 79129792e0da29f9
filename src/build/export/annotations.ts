/** `--annotation`: what is said about manifests and indexes, and where. */
import { EngineError } from '#base/errors.ts'
import type { Platform } from '#oci/descriptor.ts'
import { formatPlatform } from '#oci/platform.ts'

export interface Annotation {
  readonly level: AnnotationLevel
  /** Of the manifest that it is about; absent: of all. */
  readonly platform?: Platform
  readonly key: string
  readonly value: string
}

/** A descriptor is what an index says about a manifest of its own. */
export type AnnotationLevel = 'manifest' | 'manifest-descriptor' | 'index'

/** Those of one place, as a member of its document; none when there are none. */
export function annotationsFor(
  annotations: readonly Annotation[],
  { level, platform }: { readonly level: AnnotationLevel; readonly platform?: Platform },
): { readonly annotations?: Readonly<Record<string, string>> } {
  const chosen = annotations.filter(
    (one) => one.level === level && (one.platform === undefined || isSame(one.platform, platform)),
  )
  if (chosen.length === 0) return {}
  return { annotations: Object.fromEntries(chosen.map(({ key, value }) => [key, value])) }
}

function isSame(one: Platform, other: Platform | undefined): boolean {
  return other !== undefined && formatPlatform(one) === formatPlatform(other)
}

/** @throws EngineError invalid_argument for annotations of an index when there is none */
export function checkAnnotations(annotations: readonly Annotation[], hasIndex: boolean): void {
  const lost = hasIndex ? undefined : annotations.find(({ level }) => level !== 'manifest')
  if (!lost) return
  const what = lost.level === 'index' ? 'index' : 'manifest descriptor'
  throw new EngineError(
    'invalid_argument',
    `${what} annotations not supported for single platform export`,
    { hint: 'an index is made for several platforms, and with --provenance' },
  )
}
