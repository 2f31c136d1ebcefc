import { type ParseArgsConfig, parseArgs } from 'node:util'

/**
 * The command line as `parseArgs` of node:util reads it. `--help` prints `usage` and ends the process; so does an unknown
 * option, with the reason and exit code 1.
 */
export function parseArguments<const Config extends ParseArgsConfig>(usage: string, config: Config) {
  if (process.argv.slice(2).some((word) => word === '--help' || word === '-h')) {
    console.log(usage)
    process.exit(0)
  }
  try {
    return parseArgs(config)
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`)
    process.exit(1)
  }
}
