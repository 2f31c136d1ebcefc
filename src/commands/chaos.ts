import { parseArgs } from 'node:util'
import { runChaos } from '../dev/chaos/chaos.ts'
import { printChaos } from '../dev/chaos/print.ts'

// `npm run chaos -- --minutes 10 --seed 7`: two processes under load while faults are injected; exits with 1 when anything was lost, doubled or given away.
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    people: { type: 'string', default: '5' },
  },
})
const seed = Number(values.seed ?? Date.now() % 1_000_000)
console.log(`chaos for ${values.minutes} minutes with seed ${seed}`)
const report = await runChaos({
  minutes: Math.min(Number(values.minutes), 24 * 60),
  seed,
  concurrency: Number(values.people),
  log: (line) => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`),
})
console.log(`\n${printChaos(report)}`)
process.exit(report.isFine ? 0 : 1)
