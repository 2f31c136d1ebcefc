import { Ajv } from 'ajv'
import type { Static, TSchema, Type as TypeBox } from 'typebox'

export type { Static, TSchema } from 'typebox'

type Builders = Pick<
  typeof TypeBox,
  | 'Array'
  | 'Enum'
  | 'Integer'
  | 'Literal'
  | 'Null'
  | 'Number'
  | 'Object'
  | 'Optional'
  | 'Record'
  | 'String'
  | 'Union'
  | 'Unknown'
>
type Schema = Record<string, unknown>

const optional = new WeakSet<object>()

const plain = {
  Array: (items: Schema, options: Schema = {}) => ({ type: 'array', items, ...options }),
  Enum: (values: readonly unknown[], options: Schema = {}) => ({ enum: values, ...options }),
  Integer: (options: Schema = {}) => ({ type: 'integer', ...options }),
  Literal: (value: unknown) => ({ const: value }),
  Null: () => ({ type: 'null' }),
  Number: (options: Schema = {}) => ({ type: 'number', ...options }),
  Object(properties: Record<string, Schema>, options: Schema = {}) {
    const required = Object.keys(properties).filter((name) => !optional.has(properties[name]!))
    return { type: 'object', ...(required.length > 0 ? { required } : {}), properties, ...options }
  },
  Optional(schema: Schema) {
    const own = { ...schema }
    optional.add(own)
    return own
  },
  Record: (_names: Schema, additionalProperties: Schema) => ({ type: 'object', additionalProperties }),
  String: (options: Schema = {}) => ({ type: 'string', ...options }),
  Union: (anyOf: Schema[], options: Schema = {}) => ({ anyOf, ...options }),
  Unknown: () => ({}),
}

/**
 * JSON Schemas, written and typed as with TypeBox. Only its types are used: as a library it is 679 modules, which take 12 MB of a
 * running process, and a second validator beside the one that Fastify brings along.
 */
export const Type = plain as unknown as Builders

/** Text turns into the numbers that are asked for, defaults are filled in, what is not in the schema goes. */
const forText = new Ajv({ allErrors: true, coerceTypes: true, useDefaults: true, removeAdditional: 'all' })
const forJson = new Ajv({ allowUnionTypes: true })

/** Whether a value from outside is what the schema says. */
export function matches<T extends TSchema>(schema: T, value: unknown): value is Static<T> {
  return forJson.validate(schema, value)
}

/** What is wrong with a value of a schema's, by the value's path; `allowed` where only some values are. */
export type Mismatch = { path: string; message: string; allowed: readonly unknown[] | null }

/** Fits names with their texts to a schema: they are changed in place. Answers what did not fit, nothing when all does. */
export function fitTexts(schema: TSchema, texts: Record<string, unknown>): Mismatch[] {
  if (forText.validate(schema, texts)) return []
  return forText.errors!.map(({ instancePath, message = '', params }) => ({
    path: instancePath.slice(1),
    message,
    allowed: (params as { allowedValues?: unknown[] }).allowedValues ?? null,
  }))
}
