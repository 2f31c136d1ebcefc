import { writeFileSync } from 'node:fs'
import { printTrial } from '../dev/cluster-trial/print.ts'
import { runTrial } from '../dev/cluster-trial/trial.ts'
import { parseArguments } from './arguments.ts'

const usage = `Two nodes, a worker, PgBouncer, primary and synchronous replica under load, through a rolling release, kill -9 of a node, a
switchover and a failover; exit code 1 when something was lost or doubled, or took longer than 5 s to recover:
  npm run cluster-trial                     ten minutes, the events over and over
  npm run cluster-trial -- --minutes 3
  npm run cluster-trial -- --short          each event once, about a minute and a half
  npm run cluster-trial -- --from COMMIT    begins with the release of a commit or tag and rolls to this one
  npm run cluster-trial -- --json FILE      also writes the report
  npm run cluster-trial -- --people 8       so many buy at a time; 4 unless told
  npm run cluster-trial -- --seed 7         the same people again
  npm run cluster-trial -- --keep           keeps data and logs`

const { values } = parseArguments(usage, {
  options: {
    minutes: { type: 'string', default: '10' },
    short: { type: 'boolean', default: false },
    people: { type: 'string', default: '4' },
    seed: { type: 'string' },
    from: { type: 'string' },
    json: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed ?? Date.now() % 1_000_000)
console.log(`cluster trial, ${values.short ? 'short' : `${values.minutes} minutes`}, seed ${seed}`)
const report = await runTrial({
  minutes: Math.min(Number(values.minutes), 24 * 60),
  short: values.short,
  people: Number(values.people),
  seed,
  from: values.from ?? null,
  keep: values.keep,
  log: (line) => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`),
})
console.log(`\n${printTrial(report)}`)
if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
process.exit(report.isFine ? 0 : 1)
