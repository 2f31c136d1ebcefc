import { createHmac, timingSafeEqual } from 'node:crypto'
import { keyFor } from '../../platform/encryption.ts'
import { pictureOf } from '../charts/picture.ts'
import type { Market } from '../engine/market.ts'
import { analysisFor, chosenFrom } from './report.ts'

/** Which map a mail shows: of an issue, with those sectors alone (null: all of them). Nothing in it says who reads it. */
export type MapOf = { cadence: 'weekly' | 'daily'; issue: string; symbols: readonly string[] | null }

/**
 * Where the map of a mail is fetched from, signed with the first of the session's keys, so that only what we mailed can be asked for.
 * It works for as long as that key is among them.
 */
export function pictureUrl(baseUrl: string, keys: readonly Buffer[], map: MapOf): string {
  const query = new URLSearchParams({
    ...(map.symbols ? { only: map.symbols.join(',') } : {}),
    sign: signed(keys[0]!, map),
  })
  return `${baseUrl}/report-maps/${map.cadence}-${map.issue}.png?${query}`
}

/** The map that a signed address names; null when none of the keys signed it. */
export function mapNamed(
  keys: readonly Buffer[],
  { name, only, sign }: { name: string; only?: string; sign: string },
): MapOf | null {
  const [, cadence, issue] = /^(weekly|daily)-(\d{4}-\d{2}-\d{2})\.png$/.exec(name) ?? []
  if (!cadence || !issue) return null
  const map = { cadence: cadence as MapOf['cadence'], issue, symbols: only ? only.split(',') : null }
  const given = Buffer.from(sign)
  const isOurs = keys.some((key) => {
    const wanted = Buffer.from(signed(key, map))
    return wanted.length === given.length && timingSafeEqual(wanted, given)
  })
  return isOurs ? map : null
}

function signed(key: Buffer, { cadence, issue, symbols }: MapOf): string {
  return createHmac('sha256', keyFor('pictures in mails', key))
    .update(JSON.stringify([cadence, issue, symbols]))
    .digest('base64url')
}

const mostDrawn = 100
const drawings = new WeakMap<Market, Map<string, Promise<Buffer>>>()

/** The map as a PNG, drawn once for a state of the market while it is among the last hundred; null without prices of its issue. */
export async function drawnMap(market: Market, { cadence, issue, symbols }: MapOf): Promise<Buffer | null> {
  const drawn = drawings.get(market) ?? new Map<string, Promise<Buffer>>()
  drawings.set(market, drawn)
  const name = JSON.stringify([cadence, issue, symbols])
  const known = drawn.get(name)
  if (known) return known
  const whole = market.benchmark?.prices.has(issue) ? analysisFor(market, cadence, issue) : null
  if (!whole) return null
  const drawing = pictureOf(chosenFrom(whole, { excess: false, symbols: symbols && new Set(symbols) }))
  drawn.set(name, drawing)
  drawing.catch(() => drawn.delete(name))
  if (drawn.size > mostDrawn) drawn.delete(drawn.keys().next().value!)
  return drawing
}
