import type { Analysis, SectorRank } from './analysis.ts'
import type { Market } from './market.ts'
import { type Quadrant, quadrantOf, quadrants, readingDigits } from './quadrants.ts'

/** How numbers of the market are printed: a real minus, a sign on every change, a dash where there is no value. */
export const numberFormats = {
  plain: (value: number | null, digits = 2) => (value === null ? '–' : unsigned(value, digits)),
  /** RS-Ratio or RS-Momentum: never “100.00” in a quadrant of those below 100. */
  reading: (value: number | null) => (value === null ? '–' : unsigned(value, readingDigits(value))),
  signed: (value: number | null, digits = 1) =>
    value === null ? '–' : rounded(value, digits) > 0 ? `+${unsigned(value, digits)}` : unsigned(value, digits),
  /** Rupees in crore, "₹12.34 cr", with fewer digits for more of them. */
  crore: (rupees: number | null) => {
    if (rupees === null) return '–'
    const crore = rupees / 1e7
    return `₹${crore.toLocaleString('en-IN', { minimumFractionDigits: crore < 100 ? 2 : 0, maximumFractionDigits: crore < 100 ? 2 : 0 })} cr`
  },
  /** Units: "1,23,456". */
  units: (value: number | null) => (value === null ? '–' : Math.round(value).toLocaleString('en-IN')),
  /** The colour of a signed number that is printed so: 'up', 'down', or '' for none and zero. */
  tone: (text: string) => (text.startsWith('+') ? 'up' : text.startsWith('−') ? 'down' : ''),
  /** "▲2": places gained in a week; "=" for an unchanged rank, '' where there is nothing to compare. */
  moved: ({ rank, rankBefore }: Pick<SectorRank, 'rank' | 'rankBefore'>) => {
    if (rank === null || rankBefore === null) return ''
    return rank === rankBefore ? '=' : rank < rankBefore ? `▲${rankBefore - rank}` : `▼${rank - rankBefore}`
  },
}

/** Where the numbers come from, for the line under every page and mail that shows some. */
export function sourceOf({ sample }: Pick<Market, 'sample'>): string {
  return sample
    ? 'Sample data: invented prices that show how the pages read, not market prices'
    : 'Source: end-of-day closing prices imported by the operator, adjusted for splits'
}

/** The stamp: which formula made the readings, and for how many a provisional one. */
export function stampOf({ sectors, terms }: Pick<Analysis, 'sectors' | 'terms'>): string {
  const count = (formula: SectorRank['formula']) => sectors.filter((one) => one.formula === formula).length
  const [full, short] = [count('B/2'), count('C/2')]
  if (short === 0) return 'formula B/2'
  if (full === 0) return 'formula C/2, provisional'
  return `formula B/2; for ${short} ${short === 1 ? terms.one : terms.many} C/2, provisional`
}

/**
 * A summary of the analysis: how many sectors are in each quadrant, which have the highest scores, and which moved to
 * another quadrant since the bar before. It describes, and recommends nothing.
 */
export function summaryOf(analysis: Analysis): string {
  return [describePlaces(analysis), describeMoves(analysis)].filter((sentence) => sentence !== '').join(' ')
}

/** The summary without what moved: how many are in each quadrant, and which have the highest scores. */
export function describePlaces(analysis: Analysis): string {
  const placed = analysis.sectors.filter((one) => one.quadrant !== null)
  const { step, terms } = analysis
  if (placed.length === 0) return `There are not enough ${step}s of prices yet to place ${aOrAn(terms.one)} on the map.`
  return [countsOf(placed, analysis), highestOf(analysis)].filter((sentence) => sentence !== '').join(' ')
}

function countsOf(placed: readonly SectorRank[], { sectors, terms }: Analysis): string {
  const counts = quadrants
    .map((quadrant) => ({ quadrant, count: placed.filter((one) => one.quadrant === quadrant).length }))
    .filter(({ count }) => count > 0)
  const parts = counts.map(({ quadrant, count }, i) => {
    const verb = i > 0 ? '' : count === 1 ? 'is ' : 'are '
    return `${count} ${verb}${quadrant}`
  })
  const those = `${placed.length} ${placed.length === 1 ? terms.one : terms.many}`
  return `Of ${those}${placed.length < sectors.length ? ' with a reading' : ''} ${listed(parts)}.`
}

function highestOf({ sectors }: Analysis): string {
  const names = sectors.filter((one) => one.rank !== null).map((one) => one.name)
  return names.length < 4 ? '' : `The highest scores: ${listed(names.slice(0, 3))}.`
}

/** A sector that stood in another quadrant a bar earlier. */
export type Move = Pick<SectorRank, 'symbol' | 'name'> & { from: Quadrant; to: Quadrant }

/** The sectors that changed quadrant since the bar before, the strongest first. */
export function movesIn({ sectors }: Pick<Analysis, 'sectors'>): Move[] {
  return sectors.flatMap(({ symbol, name, quadrant: to, tail }) => {
    const before = tail.at(-2)
    const from = before && quadrantOf(before)
    return from && to && from !== to ? [{ symbol, name, from, to }] : []
  })
}

function describeMoves(analysis: Analysis): string {
  const moves = movesIn(analysis).map(({ name, from, to }) => `${name} from ${from} to ${to}`)
  if (moves.length === 0) return ''
  const rest = moves.length > 3 ? [`${moves.length - 3} more`] : []
  return `${periodOf(analysis)} ${moves.length === 1 ? 'one moved' : `${moves.length} moved`}: ${listed([...moves.slice(0, 3), ...rest])}.`
}

/** What the moves are of: "This week", "So far this month". */
export function periodOf({ step, provisional }: Pick<Analysis, 'step' | 'provisional'>): string {
  return step === 'day' ? 'On this day' : provisional ? `So far this ${step}` : `This ${step}`
}

function aOrAn(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`
}

/** "A, B and C". */
export function listed(parts: readonly string[]): string {
  return parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

/** Rounded first, so that nothing is printed as −0.0. */
function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits)) + 0
}

function unsigned(value: number, digits: number): string {
  return rounded(value, digits).toFixed(digits).replace('-', '−')
}
