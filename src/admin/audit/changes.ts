import { factText, labelOf } from '../labels.ts'

/** An entry's details as lines: "Price ₹499 → ₹599", "Reason asked by mail". */
export function changesIn(details: Record<string, unknown>): string[] {
  const { before, after, ...others } = details
  return [
    ...comparison(before, after),
    ...Object.entries(others).map(([key, value]) => `${labelOf(key)} ${factText(key, value)}`),
  ]
}

function comparison(before: unknown, after: unknown): string[] {
  if (before === undefined && after === undefined) return []
  if (!isGroup(before) || !isGroup(after)) return [`${factText('', before)} → ${factText('', after)}`]
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return keys
    .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
    .map((key) => `${labelOf(key)} ${factText(key, before[key])} → ${factText(key, after[key])}`)
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
