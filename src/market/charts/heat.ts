import type { Blanks } from '../engine/blanks.ts'
import { type Span, spans } from '../engine/returns.ts'
import { numberFormats } from '../engine/summary.ts'

/** A coloured number: its text, how strongly it is coloured, from -3 (fell most) to 3, and why there is none. */
export type HeatCell = { text: string; step: number; reason?: string | undefined }

/** From how many percent on a change is coloured, more, and most: longer spans move further. */
export const heatBounds: Record<Span | 'high', readonly [number, number, number]> = {
  '1W': [0.5, 2, 4],
  '1M': [1, 4, 8],
  '3M': [2, 7, 15],
  '6M': [3, 10, 20],
  '1Y': [5, 15, 30],
  high: [2, 7, 15],
}

/** The returns of all spans on the one scale that pages and mails share. */
export function heatCells(returns: Record<Span, number | null>, blanks: Blanks = {}): HeatCell[] {
  return spans.map((span) => heatCell(span, returns[span], blanks[span]))
}

/** A change in percent over a span, or the distance from the year's high, on the same scale. */
export function heatCell(span: Span | 'high', percent: number | null, reason?: string): HeatCell {
  return { text: numberFormats.signed(percent), step: percent === null ? 0 : stepOf(heatBounds[span], percent), reason }
}

function stepOf(bounds: readonly number[], percent: number): number {
  return Math.sign(percent) * bounds.filter((bound) => Math.abs(percent) >= bound).length
}
