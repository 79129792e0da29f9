import type { ContainerRecord } from '#container/types.ts'

/**
 * What `details` adds to each log line: the labels and environment variables that
 * the log options `labels` and `env` name, as `k=v,k2=v2`, sorted, URL-escaped.
 */
export function formatLogDetails(record: ContainerRecord): string {
  const { options } = record.spec.host.logDriver
  const env = Object.fromEntries(record.spec.env.map(splitEnv))
  const details = {
    ...pick(record.spec.labels, options['labels']),
    ...pick(env, options['env']),
  }
  return Object.keys(details)
    .toSorted()
    .map((key) => `${encodeURIComponent(key)}=${encodeURIComponent(details[key] ?? '')}`)
    .join(',')
}

function splitEnv(entry: string): readonly [string, string] {
  const mark = entry.indexOf('=')
  return mark < 0 ? [entry, ''] : [entry.slice(0, mark), entry.slice(mark + 1)]
}

function pick(
  values: Readonly<Record<string, string>>,
  names: string | undefined,
): Readonly<Record<string, string>> {
  const wanted = (names ?? '').split(',').filter((name) => Object.hasOwn(values, name))
  return Object.fromEntries(wanted.map((name) => [name, values[name] ?? '']))
}
