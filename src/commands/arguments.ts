import { type ParseArgsConfig, parseArgs } from 'node:util'

type Options = NonNullable<ParseArgsConfig['options']>

/**
 * What was typed after a command's name. `--help` prints `usage` and ends the process; so does what the command does not
 * know, with the reason and exit code 1.
 */
export function typed<const Known extends Options>(usage: string, options: Known) {
  return read(usage, () => parseArgs({ options })).values
}

/** The same for a command that takes words, such as names of files, besides its options. */
export function typedWithWords<const Known extends Options>(usage: string, options: Known) {
  return read(usage, () => parseArgs({ options, allowPositionals: true }))
}

function read<Parsed>(usage: string, parse: () => Parsed): Parsed {
  if (process.argv.slice(2).some((word) => word === '--help' || word === '-h')) {
    console.log(usage)
    process.exit(0)
  }
  try {
    return parse()
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`)
    process.exit(1)
  }
}
