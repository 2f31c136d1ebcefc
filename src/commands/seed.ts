import { seedFixture } from '../dev/bench/seed/seed.ts'
import { seedDemo, seedMarket } from '../dev/demo.ts'
import { withDatabase } from '../dev/services.ts'
import { dayInIndia } from '../platform/dates.ts'
import { connect } from '../platform/db.ts'
import { readSettings } from '../platform/environment.ts'
import { prepareDatabase } from '../platform/migrate.ts'
import { parseArguments } from './arguments.ts'

const usage = `npm run seed                                                  the demo's admin and sample prices
npm run seed -- --subscribers 1000000 --orders 3000000        … and the past of a business of this size
                --days 730                                    so many days of it
                --random 7                                    other people (the same number makes the same ones)
Only into a database without orders, never in production.`

const { values } = parseArguments(usage, {
  options: {
    subscribers: { type: 'string' },
    orders: { type: 'string' },
    days: { type: 'string', default: '730' },
    random: { type: 'string', default: '1' },
  },
})
const settings = readSettings()
if (settings.production) {
  console.error('The demo data is not for production. Use `npm run admin` to make an administrator.')
  process.exit(1)
}
const subscribers = Number(values.subscribers ?? 0)
const size = {
  subscribers,
  orders: Number(values.orders ?? 3 * subscribers),
  days: Number(values.days),
  random: Number(values.random),
}
if (!Object.values(size).every((number) => Number.isSafeInteger(number) && number >= 0)) {
  console.error(usage)
  process.exit(1)
}

await withDatabase(settings, async (url) => {
  await prepareDatabase(url)
  const sql = connect(url, { max: 1 })
  const [admin, sample] = await Promise.all([seedDemo(sql), seedMarket(sql, dayInIndia(new Date()))]).finally(() =>
    sql.end({ timeout: 5 }),
  )
  console.log(
    admin.password
      ? `admin ${admin.username}, password ${admin.password}`
      : `the admin ${admin.username} exists already`,
  )
  if (sample) console.log('sample prices, invented and labelled so')
  if (size.subscribers === 0) return
  const seconds = await seedFixture(url, size)
  console.log(`${size.subscribers} subscribers and ${size.orders} orders in ${Math.round(seconds)} s`)
})
