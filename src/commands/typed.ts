import { type ParseArgsConfig, parseArgs } from 'node:util'

/**
 * What was typed after a command's name. `--help` prints `usage` and ends the process; so does what the command does not
 * know, with the reason and exit code 1.
 */
export function typed<const Options extends NonNullable<ParseArgsConfig['options']>>(usage: string, options: Options) {
  if (process.argv.slice(2).some((word) => word === '--help' || word === '-h')) {
    console.log(usage)
    process.exit(0)
  }
  try {
    return parseArgs({ options }).values
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`)
    process.exit(1)
  }
}
