import { dateInIndia } from '../../platform/dates.ts'

/** "Fri, 20 Nov 2026" of a day like 2026-11-20; a dash where there is none. */
export function dayText(day: string | null): string {
  return day === null ? '—' : dateInIndia(new Date(`${day}T12:00:00+05:30`))
}

/** "12,34,567": a number as India groups it. */
function count(value: number): string {
  return value.toLocaleString('en-IN')
}

/** "3 prices", "1 price". */
export function many(value: number, one: string): string {
  return `${count(value)} ${value === 1 ? one : `${one}s`}`
}

/** "₹3,359.60": a price as files have it, in rupees. */
function price(rupees: number): string {
  return `₹${rupees.toLocaleString('en-IN', { minimumFractionDigits: 2, maximumFractionDigits: 4 })}`
}

/** "10 for 1", "1 for 10": new units for old ones. */
function ratioText(ratio: number): string {
  const short = (value: number) => String(Number(value.toFixed(4)))
  return ratio >= 1 ? `${short(ratio)} for 1` : `1 for ${short(1 / ratio)}`
}

/** How a file's size reads: "840 KB", "3.2 MB". */
function sizeText(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1000))} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}

const kindLabels = { benchmark: 'Benchmark', sector: 'Sector', other: 'For comparison' } as const

const statusLabels = {
  reading: { label: 'Being read', tone: 'info' },
  held: { label: 'Waits for you', tone: 'warn' },
  committed: { label: 'Counts', tone: 'good' },
  undone: { label: 'Undone', tone: '' },
  dropped: { label: 'Dropped', tone: '' },
} as const

/** Labels and number formats for the templates of the market's pages. */
export const labels = { dayText, count, many, price, ratioText, sizeText, kinds: kindLabels, statuses: statusLabels }
export type MarketLabels = typeof labels

/** The label of an actor that is no person. */
export const machineNames: Record<string, string> = { command: 'npm run import', sample: 'the demo', feed: 'the feed' }
