/** What the instructions of a stage change, one after another. */
import type { HistoryEntry, ImageRunConfig, Platform } from '#oci/descriptor.ts'
import type { Variables } from '#build/dockerfile/variables.ts'
import type { VertexId } from '#build/graph/types.ts'

/** BuildKit's, for Linux. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export interface StageState {
  root: VertexId
  /** What its programs are for: the base image's, which FROM --platform may set. */
  readonly platform: Platform
  /** Vertices that make a layer each, base first. */
  readonly layers: VertexId[]
  /** ENV, in order of first definition. */
  readonly env: Map<string, string>
  /** ARGs declared so far, in order, whether they have a value or not. */
  readonly args: Set<string>
  /** What words and steps see: values of ENV and ARG, the later instruction winning. */
  readonly values: Map<string, string>
  shell: readonly string[]
  config: ImageRunConfig
  /** What MAINTAINER names, or the base image does. */
  author: string | undefined
  readonly history: HistoryEntry[]
}

/** What words of an instruction see. */
export function stageVariables(
  state: StageState,
  onRead?: (name: string, isSet: boolean) => void,
): Variables {
  const find = (name: string) => state.values.get(name)
  return onRead ? { find, onRead } : { find }
}

/** The ENV list of an image config: `KEY=value`, order kept. */
export function envList(env: ReadonlyMap<string, string>): string[] {
  return [...env].map(([key, value]) => `${key}=${value}`)
}

export function envMap(list: readonly string[] | undefined): Map<string, string> {
  return new Map(
    (list ?? []).map((entry) => {
      const equals = entry.indexOf('=')
      return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)]
    }),
  )
}

/** A copy for a child stage: what it changes does not reach the parent. */
export function inheritStage(parent: StageState): StageState {
  return {
    ...parent,
    layers: [...parent.layers],
    env: new Map(parent.env),
    args: new Set(parent.args),
    values: new Map(parent.values),
    history: [...parent.history],
  }
}
