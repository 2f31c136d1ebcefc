import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { regular, runsOf } from '../../src/receipts/fonts.ts'

const shapes = (text: string) =>
  runsOf(text, regular).map((run) => [run.text, basename(run.font).replace(/-\w+-400.*$/, '')])

test('a name in Latin letters is one run, rupee sign and all', () => {
  expect(shapes('José D’Souza ₹')).toEqual([['José D’Souza ₹', 'DejaVuSans.ttf']])
})

test('each Indian script is printed with a font that has it, and joiners stay inside their word', () => {
  expect(shapes('आशा Rao')).toEqual([
    ['आशा', 'noto-sans-devanagari'],
    [' Rao', 'DejaVuSans.ttf'],
  ])
  expect(shapes('செல்வி')).toEqual([['செல்வி', 'noto-sans-tamil']])
  expect(shapes('ക്‍ഷ')).toEqual([['ക്‍ഷ', 'noto-sans-malayalam']])
})
