import { Type as TypeBox } from 'typebox'
import { expect, test } from 'vitest'
import { fitTexts, matches, type TSchema, Type } from '../../src/platform/schema.ts'

const made = (from: Pick<typeof TypeBox, keyof typeof Type>) => {
  const name = from.String({ minLength: 1, maxLength: 20 })
  return from.Object({
    name,
    nick: from.Optional(name),
    kind: from.Enum(['etf', 'index'], { default: 'etf' }),
    count: from.Integer({ minimum: 0 }),
    share: from.Union([from.Number(), from.Null()]),
    none: from.Optional(from.Union([from.Literal(''), from.Unknown()])),
    tags: from.Array(from.String(), { maxItems: 3 }),
    empty: from.Object({}),
  })
}

test('a schema is the JSON that TypeBox writes', () => {
  const ours = made(Type)
  const theirs = made(TypeBox)
  // A type beside `const` says nothing that the value does not.
  const written = JSON.stringify(theirs).replaceAll('{"type":"string","const":', '{"const":')
  expect(JSON.parse(JSON.stringify(ours))).toEqual(JSON.parse(written))
})

const good = { name: 'Nifty', kind: 'index', count: 0, share: null, tags: [], empty: {} }

test.each<[what: string, value: unknown, isGood: boolean]>([
  ['all of it', { ...good, nick: 'N', more: 1 }, true],
  ['without what is optional', good, true],
  ['without what is not', { ...good, name: undefined }, false],
  ['another type', { ...good, count: '1' }, false],
  ['too small a number', { ...good, count: -1 }, false],
  ['none of the choices', { ...good, kind: 'bond' }, false],
  ['a list', [good], false],
  ['nothing', null, false],
])('%s: whether a value from outside matches', (_what, value, isGood) => {
  expect(matches(made(Type), value)).toBe(isGood)
})

test('a value from outside is left as it came', () => {
  const value = { name: 'x', more: '1' }
  expect(matches(Type.Object({ name: Type.String(), kind: Type.Optional(Type.String({ default: 'a' })) }), value)).toBe(
    true,
  )
  expect(value).toEqual({ name: 'x', more: '1' })
})

test('texts become the numbers that are asked for, get their defaults, and are named where they do not fit', () => {
  const schema: TSchema = Type.Object({
    PORT: Type.Integer({ default: 80 }),
    RATE: Type.Number(),
    ROLE: Type.Enum(['a', 'b']),
  })
  const texts: Record<string, unknown> = { RATE: '0.5', ROLE: 'a', OTHER: 'x' }
  expect(fitTexts(schema, texts)).toEqual([])
  expect(texts).toEqual({ PORT: 80, RATE: 0.5, ROLE: 'a' })
  expect(fitTexts(schema, { PORT: 'x', ROLE: 'c', RATE: '1' })).toEqual([
    { path: 'PORT', message: 'must be integer', allowed: null },
    { path: 'ROLE', message: 'must be equal to one of the allowed values', allowed: ['a', 'b'] },
  ])
})
