import { parameters } from './measured.ts'

const of = Object.fromEntries(Object.entries(parameters).map(([name, { value }]) => [name, value])) as Record<
  keyof typeof parameters,
  number
>
const monthDays = 30.4
const daySeconds = 86_400

/** A business of a size: what happens each second, what is kept, and what it runs on. Rates a second, bytes, rupees a month. */
export type Simulation = {
  subscribers: number
  ordersAMonth: number
  rates: { settlements: number; deliveries: number; signUps: number; pages: number; mails: number }
  averages: { settlements: number; pages: number; mails: number }
  bytes: {
    aSubscriberMonth: number
    aMonth: number
    stayingAMonth: number
    comingAndGoing: number
    afterFiveYears: number
    walADay: number
    backups: number
  }
  nodes: { web: number; workers: number; databaseProcessors: number }
  connections: { web: number; workers: number; commands: number; total: number }
  rupees: { nodes: number; database: number; storage: number; mails: number; total: number }
  /** How much of what one primary was measured to settle the busiest minute wants. */
  settlementShare: number
}

/** Works out a business with so many subscribers, who pay by month or by year. Throws RangeError for no sensible number. */
export function simulate(subscribers: number): Simulation {
  if (!Number.isSafeInteger(subscribers) || subscribers < 1 || subscribers > 1_000_000_000)
    throw new RangeError('The number of subscribers is a whole number from 1 to 1000000000.')
  const ordersAMonth = subscribers * (of.monthlyShare + (1 - of.monthlyShare) / 12)
  const averages = {
    settlements: ordersAMonth / (monthDays * daySeconds),
    pages: (subscribers * of.visitsADay * of.pagesAVisit) / daySeconds,
    mails:
      ordersAMonth / (monthDays * daySeconds) +
      (subscribers * (of.reportsAMonth + of.alertsAMonth)) / (monthDays * daySeconds),
  }
  const peak = of.busiestDay * of.busiestMinute
  const rates = {
    settlements: averages.settlements * peak,
    deliveries: averages.settlements * of.attempts * peak,
    signUps: ((subscribers * of.churn) / (monthDays * daySeconds)) * peak,
    // Everybody looks on the evening of a session; renewals crowd on one day of the month as well.
    pages: averages.pages * of.busiestMinute,
    mails: subscribers / (of.mailHours * 3600),
  }
  const ofOrders = ordersAMonth * of.bytesAnOrder
  const ofBulkMails = subscribers * (of.reportsAMonth + of.alertsAMonth) * of.bytesAMail
  const ofDeliveries = ordersAMonth * of.attempts * (of.bytesADelivery + of.bytesANotice)
  const comingAndGoing = ofBulkMails * of.bulkMailMonths + ofDeliveries * of.deliveryMonths
  const aMonth = ofOrders + ofBulkMails + ofDeliveries
  const afterFiveYears = ofOrders * 60 + comingAndGoing
  const bytes = {
    aSubscriberMonth: aMonth / subscribers,
    aMonth,
    stayingAMonth: ofOrders,
    comingAndGoing,
    afterFiveYears,
    walADay: (aMonth / monthDays) * of.walFactor,
    backups: afterFiveYears * of.backupFactor * of.backupsKept,
  }
  const processors = (rates.pages * of.processorAPage + rates.deliveries * of.processorADelivery) / 1000 / of.busyShare
  const settlementShare = rates.settlements / of.settlementsASecond
  const nodes = {
    web: Math.max(2, Math.ceil(processors / of.processorsANode)),
    workers: Math.max(1, Math.ceil(rates.mails / of.mailsASecond / of.processorsANode)),
    // Two processors settled what was measured; a primary and its synchronous replica, which is as large.
    databaseProcessors:
      2 * Math.max(2, Math.ceil((settlementShare * 2 + (rates.pages * of.databaseAPage) / 1000) / of.busyShare)),
  }
  const connections = {
    // Each processor of a node runs a process, and a rolling release runs each twice for a moment.
    web: 2 * nodes.web * of.processorsANode * (of.poolOfNode + 1),
    workers: 2 * nodes.workers * of.processorsANode * (of.poolOfNode + 3),
    commands: 5,
  }
  const rupees = {
    nodes: (nodes.web + nodes.workers) * of.processorsANode * of.rupeesAProcessorMonth,
    database: nodes.databaseProcessors * of.rupeesAProcessorMonth,
    storage: ((bytes.afterFiveYears * 2 + bytes.backups) / 1e9) * of.rupeesAGbMonth,
    mails: ((averages.mails * monthDays * daySeconds) / 1000) * of.rupeesAThousandMails,
  }
  return {
    subscribers,
    ordersAMonth,
    rates,
    averages,
    bytes,
    nodes,
    connections: { ...connections, total: connections.web + connections.workers + connections.commands },
    rupees: { ...rupees, total: rupees.nodes + rupees.database + rupees.storage + rupees.mails },
    settlementShare,
  }
}
