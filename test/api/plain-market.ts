import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The figures of the API once more, in the plainest way, from the formulas of the methodology and nothing of src/: for two
 * instruments that trade on every weekday. Prices by position, the oldest first.
 */
export type PlainPrices = { days: string[]; closes: number[] }

const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'fixtures', 'market', 'rs-golden.json'), 'utf8'),
) as { dates: string[]; bench: number[]; sec: number[] }

/** The golden pair, whose closes are those of Fridays, with straight lines through the days between; and a third one, its mirror. */
export function goldenDays(): { benchmark: PlainPrices; sector: PlainPrices; mirror: PlainPrices } {
  const mirrored = golden.bench.map((close, i) => (close * close) / golden.sec[i]!)
  return { benchmark: daily(golden.bench), sector: daily(golden.sec), mirror: daily(mirrored) }
}

function daily(fridays: number[]): PlainPrices {
  const days: string[] = []
  const closes: number[] = []
  fridays.forEach((close, i) => {
    const before = fridays[i - 1] ?? close
    for (let part = 1; part <= 5; part++) {
      days.push(new Date(Date.parse(golden.dates[i]!) - (5 - part) * 86_400_000).toISOString().slice(0, 10))
      closes.push(Number((before + ((close - before) * part) / 5).toFixed(4)))
    }
  })
  return { days, closes }
}

/** Up to a day, that one included. */
export function upTo({ days, closes }: PlainPrices, day: string): PlainPrices {
  const count = days.filter((one) => one <= day).length
  return { days: days.slice(0, count), closes: closes.slice(0, count) }
}

/** The last day of each week. */
export function fridaysOf({ days, closes }: PlainPrices): PlainPrices {
  const at = days.flatMap((day, i) => (new Date(day).getUTCDay() === 5 || i === days.length - 1 ? [i] : []))
  return { days: at.map((i) => days[i]!), closes: at.map((i) => closes[i]!) }
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const z = (values: number[]) => {
  const middle = mean(values)
  return (values.at(-1)! - middle) / Math.sqrt(mean(values.map((value) => (value - middle) ** 2)))
}

/** Every bar's RS, Mansfield and reading by formula B, or C where B cannot be known yet. Null where neither can. */
export function plainBars(sector: PlainPrices, benchmark: PlainPrices, mansfieldBars: number) {
  const rs = sector.closes.map((close, i) => (100 * close) / benchmark.closes[i]!)
  const smooth = rs.map((_, i) => (i < 9 ? null : mean(rs.slice(i - 9, i + 1))))
  const ratio = smooth.map((_, i) => (i < 48 ? null : 100 + z(smooth.slice(i - 39, i + 1) as number[])))
  const pace = ratio.map((now, i) => (i < 52 ? null : 100 * (now! / ratio[i - 4]! - 1)))
  const momentum = pace.map((_, i) => (i < 91 ? null : 100 + z(pace.slice(i - 39, i + 1) as number[])))
  const early = rs.map((now, i) => (i < 13 ? null : (100 * now) / mean(rs.slice(i - 13, i + 1))))
  const earlyPace = early.map((now, i) => (i < 17 ? null : (100 * now!) / early[i - 4]!))
  return sector.days.map((day, i) => {
    const formula = i >= 91 ? 'B/2' : i >= 17 ? 'C/2' : null
    const reading = i >= 91 ? [ratio[i]!, momentum[i]!] : i >= 17 ? [early[i]!, earlyPace[i]!] : [null, null]
    return {
      day,
      close: sector.closes[i]!,
      rs: rs[i]!,
      mansfield: i < mansfieldBars - 1 ? null : 100 * (rs[i]! / mean(rs.slice(i - mansfieldBars + 1, i + 1)) - 1),
      rs_ratio: reading[0]!,
      rs_momentum: reading[1]!,
      quadrant: reading[0] === null ? null : quadrant(reading[0]!, reading[1]!),
      formula,
    }
  })
}

function quadrant(ratio: number, momentum: number): string {
  if (ratio >= 100) return momentum >= 100 ? 'leading' : 'weakening'
  return momentum >= 100 ? 'improving' : 'lagging'
}

/** The RS score on the last day but `back` days. */
export function plainScore(sector: PlainPrices, benchmark: PlainPrices, back = 0): number {
  const weighted = ({ closes }: PlainPrices) => {
    const now = closes.at(-1 - back)!
    const change = (days: number) => now / closes.at(-1 - back - days)! - 1
    return 0.4 * change(63) + 0.2 * change(126) + 0.2 * change(189) + 0.2 * change(252)
  }
  return (100 * (1 + weighted(sector))) / (1 + weighted(benchmark))
}

/** Changes over calendar spans in percent, and the distance from the highest close of 52 weeks. */
export function plainReturns({ days, closes }: PlainPrices) {
  const [asOf, now] = [days.at(-1)!, closes.at(-1)!]
  const since = (start: string) => 100 * (now / closes[days.findLastIndex((day) => day <= start)]! - 1)
  const yearAgo = earlier(asOf, 364)
  return {
    return_1w: since(earlier(asOf, 7)),
    return_1m: since(monthsEarlier(asOf, 1)),
    return_3m: since(monthsEarlier(asOf, 3)),
    return_6m: since(monthsEarlier(asOf, 6)),
    return_1y: since(monthsEarlier(asOf, 12)),
    from_high: 100 * (now / Math.max(...closes.filter((_, i) => days[i]! > yearAgo)) - 1),
  }
}

function earlier(day: string, count: number): string {
  return new Date(Date.parse(day) - count * 86_400_000).toISOString().slice(0, 10)
}

/** Of days up to the 28th only, which every month has. */
function monthsEarlier(day: string, count: number): string {
  const at = new Date(day)
  at.setUTCMonth(at.getUTCMonth() - count)
  return at.toISOString().slice(0, 10)
}
