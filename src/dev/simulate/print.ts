import type { Simulation } from './arithmetic.ts'
import { parameters } from './measured.ts'

/** A simulation as lines of text: what it comes to, then what it reckons with. */
export function printSimulation(s: Simulation): string {
  const { rates, bytes, nodes, connections, rupees } = s
  const rows: [string, string, string][] = [
    ['subscribers', whole(s.subscribers), `${whole(s.ordersAMonth)} orders a month`],
    [
      'settlements',
      `${rate(rates.settlements)}/s`,
      `in the busiest minute; ${rate(s.averages.settlements)}/s on average, ${Math.round(s.settlementShare * 100)}% of what was measured`,
    ],
    ['deliveries of Cashfree', `${rate(rates.deliveries)}/s`, 'in the busiest minute'],
    ['sign-ups', `${rate(rates.signUps)}/s`, 'in the busiest minute'],
    ['pages', `${rate(rates.pages)}/s`, `in the busiest minute; ${rate(s.averages.pages)}/s on average`],
    ['mails', `${rate(rates.mails)}/s`, `while a report goes out; ${rate(s.averages.mails)}/s on average`],
    [
      'rows',
      size(bytes.afterFiveYears),
      `after five years; ${size(bytes.stayingAMonth)} a month stay, and ${size(bytes.comingAndGoing)} of deliveries and mails to many come and go`,
    ],
    ['', `${whole(bytes.aSubscriberMonth)} bytes`, 'a subscriber and month'],
    ['write-ahead log', size(bytes.walADay), 'a day'],
    ['backups', size(bytes.backups), `${parameters.backupsKept.value} of them, after five years`],
    [
      'web nodes',
      whole(nodes.web),
      `of ${parameters.processorsANode.value} processors; workers: ${whole(nodes.workers)}`,
    ],
    ['database', `${whole(nodes.databaseProcessors)} processors`, 'a primary and its synchronous replica together'],
    [
      'connections',
      whole(connections.total),
      `${whole(connections.web)} of web nodes, ${whole(connections.workers)} of workers, twice for a rolling release; above a few hundred put a pooler between`,
    ],
    [
      'cost',
      `₹${whole(rupees.total)}`,
      `a month: nodes ${whole(rupees.nodes)}, database ${whole(rupees.database)}, storage ${whole(rupees.storage)}, mails ${whole(rupees.mails)}`,
    ],
  ]
  return [
    'On paper: nothing was run at this size.',
    '',
    ...rows.map(([what, value, says]) => `  ${what.padEnd(24)}${value.padStart(16)}  ${says}`),
    '',
    'Reckoned with (measured figures with their day; the rest is assumed):',
    ...Object.entries(parameters).map(
      ([, { value, unit, from, measured }]) =>
        `  ${`${value.toLocaleString('en-IN')} ${unit}`.padEnd(28)}${(measured ?? 'assumed').padEnd(12)}${from}`,
    ),
  ].join('\n')
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-IN')
}

function rate(value: number): string {
  return value >= 10 ? whole(value) : value.toPrecision(2)
}

function size(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB']
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)))
  return `${(bytes / 1000 ** power).toPrecision(3)} ${units[power]}`
}
