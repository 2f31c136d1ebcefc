import { expect, test } from 'vitest'
import { actionLabels } from '../../../src/admin/audit/labels.ts'
import { sourceFiles } from '../../support/floor-plan.ts'

/** What stands after a prefix that SQL puts together, 'order.' || status: the constraints of the tables have no other. */
const endings: Record<string, string[]> = {
  'order.': ['created', 'active', 'terminating', 'expired', 'terminated', 'paid'],
  'refund.': ['pending', 'onhold', 'succeeded', 'failed', 'cancelled'],
  'dispute.': ['open', 'under-review', 'won', 'lost', 'unclear'],
  'subscription.': ['active', 'grace', 'expired', 'cancelled'],
}
/** An order is created before it is told of: nothing becomes 'created'. */
const impossible = ['order.created']
/** Recorded by earlier releases alone. */
const historic = ['user.promoted']

/** The second argument of every call of record_audit, and of what hands it on. */
function recorded(): string[] {
  const texts = ['.sql', '.ts'].flatMap((ending) =>
    sourceFiles(ending)
      .filter(({ file }) => !/^(dev|platform)\//.test(file))
      .map(({ text }) => text.replaceAll(/--[^\n]*/g, '')),
  )
  const calls = texts.flatMap((text) => [
    ...text.matchAll(/\b(?:record_audit|announce_second_factor_change)\(([^;`]*)/g),
  ])
  expect(calls.length).toBeGreaterThan(90)
  const named = calls.map(([, args]) => [...args!.matchAll(/'([a-z-]+\.[a-z-]*)'/g)].map(([, action]) => action!))
  return named.flat().flatMap((action) => endings[action]?.map((ending) => action + ending) ?? [action])
}

test('every action that is recorded has a label, and every label an action', () => {
  const actions = new Set(recorded().filter((action) => !impossible.includes(action)))
  expect([...actions].filter((action) => !Object.hasOwn(actionLabels, action))).toEqual([])
  expect(Object.keys(actionLabels).filter((action) => !actions.has(action))).toEqual(historic)
  for (const action of ['receipt.corrected', 'consent.withdrawn', 'complaint.filed', 'export.downloaded'])
    expect(actions).toContain(action)
})

test('no two actions read the same', () => {
  const titles = Object.values(actionLabels).map((label) => (typeof label === 'string' ? label : label.title))
  expect(titles.filter((title, i) => titles.indexOf(title) !== i)).toEqual([])
})
