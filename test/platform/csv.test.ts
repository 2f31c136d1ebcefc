import { describe, expect, test } from 'vitest'
import { escapeFormula } from '../../src/platform/csv.ts'

describe('text in a file for spreadsheets', () => {
  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1+1', '＋1', '－1', '＠SUM'])(
    '%j is no formula there',
    (text) => expect(escapeFormula(text)).toBe(`'${text}`),
  )
  test.each(['', 'Asha', '1=1', 'a@example.in', ' ', '₹499'])('%j stays as it is', (text) =>
    expect(escapeFormula(text)).toBe(text),
  )
})
