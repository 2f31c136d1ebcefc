import { type BeforeAct, graceMs, type Period } from './life-rules.ts'

/** A version of a plan, and a price that was announced for one: instants in milliseconds. */
export type Version = { key: string; name: string; pricePaise: number; isOnSale: boolean }
export type PriceChange = {
  replaces: string
  becomes: string | null
  effective: number
  subscribersFrom: number | null
  announced: number | null
}

const noticeMs = 7 * 86_400_000

/** The version of a plan that somebody is sold: the one they hold, until the day they were told, or always where they keep it. */
export function versionFor(
  name: string,
  person: BeforeAct & { periods: Period[] },
  versions: readonly Version[],
  changes: readonly PriceChange[],
): Version {
  const byKey = new Map(versions.map((version) => [version.key, version]))
  const since = accessSince(person)
  let version = byKey.get(heldKey(name, person) ?? '')
  while (version && !version.isOnSale) {
    const change = changes.findLast(({ replaces, becomes }) => replaces === version!.key && becomes !== null)
    if (!change) break
    if (since !== null && since <= change.effective && person.now < subscribersPayFrom(change)) return version
    version = byKey.get(change.becomes!)
  }
  return versions.find((one) => one.name === name && one.isOnSale)!
}

/** Never less than seven days after the mails went out; never at all for those who keep their price. */
function subscribersPayFrom({ subscribersFrom, announced }: PriceChange): number {
  if (subscribersFrom === null || announced === null) return Number.POSITIVE_INFINITY
  return Math.max(subscribersFrom, announced + noticeMs)
}

/** The version of the newest bought period of the plan that has not ended longer ago than a grace, while access runs. */
function heldKey(name: string, { now, hasAccess, periods }: BeforeAct & { periods: Period[] }): string | null {
  const bought = periods.filter(
    ({ orderId, plan, voided, end }) => orderId !== null && plan === name && voided === null && end + graceMs > now,
  )
  if (!hasAccess || bought.length === 0) return null
  return bought.reduce((last, one) => (one.end > last.end ? one : last)).planKey
}

/** Since when access has run without a break longer than a grace; a period counts from when it was bought until it was ended. */
function accessSince({ hasAccess, periods }: BeforeAct & { periods: Period[] }): number | null {
  if (!hasAccess) return null
  const spans = periods
    .filter(({ voided, start }) => voided === null || voided > start)
    .map(({ start, created, end, voided }) => [Math.min(start, created), Math.min(end, voided ?? end)] as const)
    .sort((one, other) => one[0] - other[0] || one[1] - other[1])
  let since: number | null = null
  let ended = Number.NEGATIVE_INFINITY
  for (const [start, end] of spans) {
    if (since === null || start > ended + graceMs) since = start
    ended = Math.max(ended, end)
  }
  return since
}
