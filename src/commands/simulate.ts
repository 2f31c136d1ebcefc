import { simulate } from '../dev/simulate/arithmetic.ts'
import { printSimulation } from '../dev/simulate/print.ts'
import { parseArguments } from './arguments.ts'

const usage = `Work out, on paper, what a business of a size does and costs; docs/speed.md has what it is reckoned from:
  npm run simulate -- --subscribers 10000000`

const { values } = parseArguments(usage, { options: { subscribers: { type: 'string' } } })
try {
  console.log(
    printSimulation(simulate(/^\d+$/.test(values.subscribers ?? '') ? Number(values.subscribers) : Number.NaN)),
  )
} catch (error) {
  console.error(`${(error as Error).message}\n\n${usage}`)
  process.exitCode = 1
}
