import { type Static, Type } from 'typebox'

/** What a form shows again: what was typed (never a password), a sentence per field, and one for the whole. */
export type FormState = { values: Record<string, string>; errors: Record<string, string>; formError: string | null }

/** A form with these values, untouched or with the sentences that came of looking at it. */
export function formState(
  values: Record<string, string> = {},
  errors: Record<string, string> = {},
  formError: string | null = null,
): FormState {
  const { password: _never, ...shown } = values
  return { values: shown, errors, formError }
}

/**
 * The edge of every form: whatever a browser or a script posts, any field may be missing, doubled or absurdly long.
 * `readForm` makes plain text of it (characters that show nothing are gone already: clean-text.ts); what the text means is
 * checked by the slice, which answers with sentences.
 */
export const PostedForm = Type.Union([Type.Null(), Type.Record(Type.String(), Type.Unknown())])

/** The named fields as strings: the first of doubled ones, cut at `longest`, without NUL, which no database stores and a
 * password may still hold. */
export function readForm<Name extends string>(
  body: Static<typeof PostedForm> | undefined,
  names: readonly Name[],
  longest = 2_000,
): Record<Name, string> {
  const read = (name: Name) => {
    const value = body && Object.hasOwn(body, name) ? body[name] : ''
    const text = Array.isArray(value) ? value[0] : value
    return typeof text === 'string' ? text.slice(0, longest).replaceAll('\0', '') : ''
  }
  return Object.fromEntries(names.map((name) => [name, read(name)])) as Record<Name, string>
}

/** A path on this site to go to next, or the fallback: never another host, never a scheme, never a protocol-relative one. */
export function safeNext(next: string, fallback = '/dashboard'): string {
  return /^\/(?![/\\])[\w\-./~%?=&]*$/.test(next) && next.length <= 300 ? next : fallback
}

/** The query of a page that knows where to go on: `?next=`. */
export const NextInQuery = Type.Object({ next: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])) })

/** Where such a page goes on to: a path on this site, or '' for wherever suits. */
export function nextIn(query: Static<typeof NextInQuery>): string {
  return safeNext([query.next].flat()[0] ?? '', '')
}

/** The address of such a page. */
export function withNext(path: string, next: string): string {
  const wanted = safeNext(next, '')
  return wanted ? `${path}?next=${encodeURIComponent(wanted)}` : path
}
