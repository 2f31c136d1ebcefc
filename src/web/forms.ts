import type { AppError } from '../platform/errors.ts'
import { firstOf, QueryText } from '../platform/query-text.ts'
import { type Static, Type } from '../platform/schema.ts'
import { beginningOf } from '../platform/text.ts'

/** What a form shows again: what was typed (never a password), a sentence per field, and one for the whole with where it leads. */
export type FormState = {
  values: Record<string, string>
  errors: Record<string, string>
  formError: string | null
  act?: AppError['act']
}

/** A form with these values, and with the error sentences of validating it, if any. */
export function formState(
  values: Record<string, string> = {},
  errors: Record<string, string> = {},
  formError: string | null = null,
): FormState {
  const shown = Object.fromEntries(Object.entries(values).filter(([name]) => !/password/i.test(name)))
  return { values: shown, errors, formError }
}

/**
 * The schema of every form: whatever a browser or a script posts, any field may be missing, repeated or absurdly long.
 * `readForm` makes plain strings of it (clean-text.ts has removed invisible characters); the slice validates them and answers
 * with sentences.
 */
export const PostedForm = Type.Union([Type.Null(), Type.Record(Type.String(), Type.Unknown())])

/**
 * The named fields as strings: the first of repeated ones, cut at `longest`, without NUL, which PostgreSQL does not store and a
 * password may still contain.
 */
export function readForm<Name extends string>(
  body: Static<typeof PostedForm> | undefined,
  names: readonly Name[],
  longest = 2_000,
): Record<Name, string> {
  const read = (name: Name) => {
    const value = body && Object.hasOwn(body, name) ? body[name] : ''
    const text = Array.isArray(value) ? value[0] : value
    return typeof text === 'string' ? beginningOf(text, longest).replaceAll('\0', '') : ''
  }
  return Object.fromEntries(names.map((name) => [name, read(name)])) as Record<Name, string>
}

/** Those of the named fields that the form holds at all, read as `readForm` reads them: what a form does not ask is not refused. */
export function sentFields<Name extends string>(
  body: Static<typeof PostedForm> | undefined,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  return readForm(
    body,
    names.filter((name) => body && Object.hasOwn(body, name)),
  ) as Partial<Record<Name, string>>
}

/** A path on this site to go to next, or the fallback: never another host, never a scheme, never a protocol-relative one. */
export function safeNext(next: string, fallback = '/dashboard'): string {
  return /^\/(?![/\\])[\w\-./~%?=&]*$/.test(next) && next.length <= 300 ? next : fallback
}

/** The query of a page that continues elsewhere: `?next=`. */
export const NextInQuery = Type.Object({ next: QueryText })

/** Where such a page continues: a path on this site, or '' for its default. */
export function nextIn(query: Static<typeof NextInQuery>): string {
  return safeNext(firstOf(query.next), '')
}

/** The URL of such a page. */
export function withNext(path: string, next: string): string {
  const wanted = safeNext(next, '')
  return wanted ? `${path}?next=${encodeURIComponent(wanted)}` : path
}
