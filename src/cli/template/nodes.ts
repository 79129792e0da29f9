/** The tree of a parsed template. */
export type Node =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'action'; readonly pipeline: Pipeline }
  | {
      readonly type: 'if' | 'with' | 'range'
      readonly pipeline: Pipeline
      readonly body: readonly Node[]
      readonly otherwise: readonly Node[]
    }
  /** `{{template "name" pipeline}}`; `{{block}}` is one, too, and defines what it calls. */
  | {
      readonly type: 'template'
      readonly name: string
      readonly pipeline: Pipeline | undefined
      readonly place: Place
    }
  | { readonly type: 'break' | 'continue' }

export interface ParsedTemplate {
  readonly nodes: readonly Node[]
  /** What `{{define}}` and `{{block}}` named. */
  readonly definitions: ReadonlyMap<string, readonly Node[]>
}

/** `[$x [, $y] := ] command | command | …`: each command's value is the next one's last argument. */
export interface Pipeline {
  readonly variables: readonly string[]
  /** `=` instead of `:=`: sets variables of an outer scope. */
  readonly assigns: boolean
  readonly commands: readonly Call[]
}

/** One command of a pipeline: an operand, or a function with its arguments. */
export interface Call extends Place {
  readonly operands: readonly Operand[]
}

export type Operand = Place &
  (
    | { readonly type: 'literal'; readonly value: string | number | boolean | null }
    | { readonly type: 'function'; readonly name: string }
    /** `.`, `.A.B`, `$x.A`, `(pipeline).A`: a start and the fields after it. */
    | { readonly type: 'path'; readonly start: Start; readonly fields: readonly string[] }
  )

export type Start =
  | { readonly type: 'dot' }
  | { readonly type: 'variable'; readonly name: string }
  | { readonly type: 'pipeline'; readonly pipeline: Pipeline }

/** Where an operand stands, for error texts. */
export interface Place {
  readonly at: number
  readonly expression: string
}
