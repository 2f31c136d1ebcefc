import { expect, test } from 'vitest'
import { beginningOf } from '../../src/platform/text.ts'

test.each([
  ['abc', 4, 'abc'],
  ['abc', 2, 'ab'],
  ['ab😀', 3, 'ab'],
  ['ab😀', 4, 'ab😀'],
  ['😀😀', 2, '😀'],
  ['', 3, ''],
])('%j cut at %i is %j, never with half a sign', (text, longest, cut) => expect(beginningOf(text, longest)).toBe(cut))
