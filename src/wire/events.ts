import { integer, object, record, type Static, text } from '#wire/schema.ts'

/** One line of `GET /events`. `time` in seconds, `timeNano` in nanoseconds; `status`, `id`, `from` up to 1.51. */
export const EventMessage = object(
  {
    Type: text,
    Action: text,
    Actor: object({ ID: text, Attributes: record(text) }),
    scope: text,
    time: integer,
    timeNano: integer,
  },
  { status: text, id: text, from: text },
)
export type EventMessage = Static<typeof EventMessage>
