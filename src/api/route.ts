import type { Answer } from '#api/answer.ts'
import type { Call } from '#api/call.ts'

/**
 * One operation. `path` is below the version prefix; `{id}` takes one segment,
 * `{name:.*}` takes several (image references contain slashes).
 */
export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  /** First API version that has it; the oldest when absent. */
  readonly since?: string
  /** The answer may take the connection over, so a request with `Upgrade` is let through. */
  readonly hijacks?: true
  readonly handler: (call: Call) => Promise<Answer> | Answer
}

export interface MatchedRoute {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

/** Finds the first route whose method and path fit; undefined = page not found. */
export type MatchRoute = (method: string, path: string) => MatchedRoute | undefined

interface CompiledRoute {
  readonly route: Route
  readonly pattern: RegExp
  readonly names: readonly string[]
}

/** Routes are grouped by method and first path segment, then tried in order. */
export function compileRoutes(routes: readonly Route[]): MatchRoute {
  const groups = Map.groupBy(routes.map(compileRoute), ({ route }) =>
    groupKey(route.method, route.path),
  )
  return (method, path) => {
    for (const { route, pattern, names } of groups.get(groupKey(method, path)) ?? []) {
      const match = pattern.exec(path)
      if (match) {
        return {
          route,
          params: Object.fromEntries(names.map((name, index) => [name, match[index + 1] ?? ''])),
        }
      }
    }
    return undefined
  }
}

function compileRoute(route: Route): CompiledRoute {
  const names: string[] = []
  const source = route.path.replace(/\{(\w+)(:\.\*)?\}/g, (_, name: string, greedy?: string) => {
    names.push(name)
    return greedy === undefined ? '([^/]+)' : '(.+)'
  })
  return { route, pattern: new RegExp(`^${source}$`), names }
}

function groupKey(method: string, path: string): string {
  return `${method} ${path.split('/', 2)[1] ?? ''}`
}
