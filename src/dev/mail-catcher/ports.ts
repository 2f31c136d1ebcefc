/** Says in a sentence that the port is taken; any other error stays as it is. */
export function portTaken(error: unknown, { port, what }: { port: number; what: string }): unknown {
  if ((error as NodeJS.ErrnoException)?.code !== 'EADDRINUSE') return error
  return new Error(`Port ${port}, wanted for the mail catcher (${what}), is taken by another program.`)
}
