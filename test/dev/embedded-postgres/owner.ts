import { startPostgres } from '../../../src/dev/embedded-postgres/postgres.ts'

// Started by a test as a process of its own, to be killed.
const [checkout, dataDir] = process.argv.slice(2)
const server = await startPostgres({ checkout: checkout!, dataDir: dataDir! })
console.log(server.url)
setInterval(() => {}, 60_000)
