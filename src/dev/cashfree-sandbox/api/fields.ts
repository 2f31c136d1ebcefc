import { toPaise } from '../money.ts'
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

/** An amount in rupees, at least `min` paise, as paise; it has to be there. */
export function paise(
  fields: Fields,
  name: string,
  { path = name, min = 100 }: { path?: string; min?: number } = {},
): number {
  const value = fields[name]
  if (value === undefined || value === null) throw refusals.missing(path)
  const amount = toPaise(value)
  if (amount === null || amount < min) throw refusals.amountInvalid(path)
  return amount
}

/** A map of strings, as tags are; null when absent. */
export function tagsAt(fields: Fields, name: string): Record<string, string> | null {
  const tags = fields[name]
  if (tags === undefined || tags === null) return null
  if (!isObject(tags)) throw invalid(name, 'should be a map of strings.', tags)
  const values = Object.values(tags)
  if (values.length > 10) throw invalid(name, 'should not have more than 10 entries.', values.length)
  for (const value of values) {
    if (typeof value !== 'string' || value.length < 1 || value.length > 255) {
      throw invalid(name, 'values should be strings of 1 to 255 characters.', value)
    }
  }
  return tags as Record<string, string>
}

/** An address of the web, or null when absent. http is fine here; production wants https. */
export function optionalUrl(fields: Fields, name: string, path = name): string | null {
  const url = optionalText(fields, name, { path, max: 250 })
  if (url !== null && !/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw invalid(path, 'is not a valid URL.', url)
  return url
}

/** Whether a value is a JSON object, not an array and not null. */
function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
