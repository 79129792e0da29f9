import { object, type Static, text } from '#wire/schema.ts'

/** The body of every failed response. */
export const ErrorBody = object({ message: text })
export type ErrorBody = Static<typeof ErrorBody>
