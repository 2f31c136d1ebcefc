import { invalid, refusals } from './refusal.ts'

export type Fields = Record<string, unknown>

/** The body as an object; refuses anything else. */
export function fieldsOf(text: string): Fields {
  try {
    const body: unknown = JSON.parse(text || '{}')
    if (isObject(body)) return body
  } catch {}
  throw refusals.badBody()
}

/** An object at that name; empty when absent. */
export function objectAt(fields: Fields, name: string, path = name): Fields {
  const value = fields[name]
  if (value === undefined || value === null) return {}
  if (!isObject(value)) throw invalid(path, 'should be an object.', value)
  return value
}

/** A string within limits, or null when it is absent or empty. */
export function optionalText(
  fields: Fields,
  name: string,
  { path = name, min = 1, max = 250, pattern }: { path?: string; min?: number; max?: number; pattern?: RegExp } = {},
): string | null {
  const value = fields[name]
  if (value === undefined || value === null || value === '') return null
  if (typeof value !== 'string') throw invalid(path, 'should be a string.', value)
  if (value.length < min || value.length > max) {
    throw invalid(path, `length should be between ${min} and ${max}.`, value)
  }
  if (pattern && !pattern.test(value)) throw invalid(path, 'is not in the expected format.', value)
  return value
}

/** The same, but it has to be there. */
export function text(
  fields: Fields,
  name: string,
  limits: { path?: string; min?: number; max?: number; pattern?: RegExp } = {},
): string {
  const value = optionalText(fields, name, limits)
  if (value === null) throw refusals.missing(limits.path ?? name)
  return value
}

/** Whether a value is a JSON object, not an array and not null. */
export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
