import type { AcceptedName } from '../../market/prices/imports/names-queries.ts'
import { dateInIndia } from '../../platform/dates.ts'
import { count, plural } from '../labels.ts'

/** "Fri, 20 Nov 2026" of a day like 2026-11-20; a dash where there is none. */
export function dayText(day: string | null): string {
  return day === null ? '—' : dateInIndia(new Date(day))
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

/** "+0.8 %", "−89.9 %": how a price changes that goes from `before` to `after`. */
function change(before: number, after: number): string {
  const percent = Math.round(1000 * (after / before - 1)) / 10
  return `${percent < 0 ? '−' : percent > 0 ? '+' : ''}${Math.abs(percent).toLocaleString('en-IN', { minimumFractionDigits: 1, maximumFractionDigits: 1 })} %`
}

/** "restated up to Fri, 20 Nov 2026": what prices of a file are taken for. */
function basisText({ basis, asOf }: { basis: 'traded' | 'restated'; asOf: string | null }): string {
  if (basis === 'traded') return 'as traded'
  return asOf === null ? 'restated for every split' : `restated up to ${dayText(asOf)}`
}

/** How a file's size reads: "840 KB", "3.2 MB". */
function sizeText(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1000))} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}

/** What an instrument is ranked among, of one and of many. */
const universeLabels = {
  sector: { one: 'Sector', many: 'Sectors' },
  theme: { one: 'Theme', many: 'Themes' },
  broad: { one: 'Broad index', many: 'Broad indices' },
} as const

const statusLabels = {
  reading: { label: 'Reading', tone: 'info' },
  held: { label: 'Needs a decision', tone: 'warn' },
  committed: { label: 'Live', tone: 'good' },
  undone: { label: 'Undone', tone: '' },
  dropped: { label: 'Discarded', tone: '' },
} as const

/** What committing an import does to a name of an instrument, as a sentence. */
function nameChange({ kind, symbol, seen, isNewest }: AcceptedName): string {
  if (!isNewest) return `${seen} is noted as a former ${kind === 'rename' ? 'symbol' : 'ISIN'} of ${symbol}.`
  return kind === 'rename'
    ? `${symbol} becomes ${seen} and keeps its history. The new symbol stays even if the import is undone.`
    : `${symbol} gets the ISIN ${seen}.`
}

/** Labels and number formats for the templates of the market's pages. */
export const labels = {
  dayText,
  count,
  plural,
  price,
  change,
  ratioText,
  basisText,
  nameChange,
  sizeText,
  universes: universeLabels,
  statuses: statusLabels,
}
export type MarketLabels = typeof labels

/** The label of an actor that is no person. */
export const machineNames: Record<string, string> = { command: 'npm run import', sample: 'the demo', feed: 'the feed' }
