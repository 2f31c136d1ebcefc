import { type Static, Type } from './schema.ts'

/** The schema of a parameter in a query string, which may be missing or repeated. */
export const QueryText = Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())]))

/** The first of a repeated parameter; '' where it is missing. */
export function firstOf(given: Static<typeof QueryText> | undefined): string {
  return [given].flat()[0] ?? ''
}
