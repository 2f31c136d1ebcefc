import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

const src = join(import.meta.dirname, '..', 'src')

/** The floor plan: a folder may import itself and whatever stands in its row, nothing else. */
const mayImport: Record<string, string[]> = {
  // F0
  platform: [],
  web: ['platform'],
  // F1: ground facts
  plans: ['platform'],
  users: ['platform'],
  payments: ['platform'],
  mails: ['platform'],
  incidents: ['platform', 'mails'],
  audit: ['platform'],
  market: ['platform'],
  // F2: what a payment turns into
  subscriptions: ['platform', 'plans', 'users', 'payments', 'mails'],
  receipts: ['platform', 'plans', 'users', 'payments', 'mails'],
  refunds: ['platform', 'plans', 'users', 'payments', 'mails'],
  disputes: ['platform', 'payments', 'mails'],
  reports: ['platform', 'plans', 'users', 'payments', 'mails', 'incidents', 'market', 'subscriptions'],
  // F3: stages and settle, the crux
  checkout: [
    'platform',
    'incidents',
    'plans',
    'users',
    'payments',
    'mails',
    'subscriptions',
    'receipts',
    'refunds',
    'disputes',
  ],
  // F4: doors
  site: ['platform', 'plans', 'users', 'market', 'checkout'],
  dashboard: ['platform', 'plans', 'users', 'payments', 'market', 'subscriptions', 'receipts', 'refunds', 'checkout'],
  account: [
    'platform',
    'plans',
    'users',
    'payments',
    'mails',
    'subscriptions',
    'receipts',
    'refunds',
    'disputes',
    'reports',
    'checkout',
  ],
  webhooks: ['platform', 'payments', 'refunds', 'checkout'],
  api: ['platform', 'plans', 'users', 'payments', 'subscriptions', 'checkout'],
  admin: [
    'audit',
    'figures',
    'incidents',
    'platform',
    'plans',
    'users',
    'payments',
    'mails',
    'market',
    'subscriptions',
    'receipts',
    'refunds',
    'disputes',
    'checkout',
  ],
  operators: ['audit', 'incidents', 'platform', 'payments', 'mails', 'checkout'],
  doctor: ['platform', 'users', 'payments', 'backup'],
  backup: ['platform', 'books'],
  // Reads everybody's tables in its own SQL, imports nobody.
  books: ['platform'],
  figures: ['platform'],
  tasks: [
    'audit',
    'books',
    'figures',
    'incidents',
    'platform',
    'users',
    'payments',
    'mails',
    'market',
    'subscriptions',
    'receipts',
    'refunds',
    'disputes',
    'reports',
    'checkout',
  ],
  // A separate house
  embedded: ['platform'],
}
/** F5: wiring may import everything. Commands, and the folders that start processes and drive them from outside. */
const wiringFolders = ['', 'commands', 'chaos', 'bench']
const wiring = ['app.ts', 'banner.ts', 'demo.ts', 'environment.ts', 'house.ts', 'main.ts', 'start.ts']
/** Only these speak Fastify; they may also read `web` and the type Deps. */
const doors = /(^|\/)(routes|guards)\.ts$/

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
const read = (file: string) => readFileSync(join(src, file), 'utf8')
const importsOf = (file: string) => [...read(file).matchAll(/(?:from|import\() ?'([^']+)'/g)].map((match) => match[1]!)
const folderOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : '')
const ownImports = (file: string) =>
  importsOf(file)
    .filter((name) => name.startsWith('.'))
    .map((name) => relative(src, join(src, dirname(file), name)))

describe('the floor plan', () => {
  test('every folder stands in the table', () => {
    const folders = [...new Set(files.map(folderOf))].filter((folder) => !wiringFolders.includes(folder))
    expect(folders.filter((folder) => !(folder in mayImport))).toEqual([])
    expect(files.filter((file) => folderOf(file) === '' && file !== 'deps.ts' && !wiring.includes(file))).toEqual([])
  })

  test('a folder imports only lower floors', () => {
    const wrong: string[] = []
    for (const file of files) {
      const folder = folderOf(file)
      if (wiringFolders.includes(folder)) continue
      const allowed = [folder, ...mayImport[folder]!, ...(doors.test(file) ? ['web'] : [])]
      for (const target of ownImports(file))
        if (
          !(target === 'deps.ts' ? folder !== 'platform' && folder !== 'embedded' : allowed.includes(folderOf(target)))
        )
          wrong.push(`${file} → ${target}`)
    }
    expect(wrong).toEqual([])
  })

  test('inside a slice the way is routes, then the slice, then its queries', () => {
    const upward = files
      .filter((file) => !doors.test(file))
      .flatMap((file) =>
        ownImports(file)
          .filter(
            (target) =>
              folderOf(target) === folderOf(file) && folderOf(file) !== 'embedded' && /\/routes\.ts$/.test(target),
          )
          .map((target) => `${file} → ${target}`),
      )
    const fromQueries = files
      .filter((file) => file.endsWith('/queries.ts'))
      .flatMap((file) =>
        [...read(file).matchAll(/^import (?!type)[^\n]*from '\.\/([^']+)'/gm)].map((match) => `${file} → ${match[1]}`),
      )
    expect([...upward, ...fromQueries]).toEqual([])
  })

  test('only doors, guards, app.ts and web/ know Fastify', () => {
    const knowing = files.filter((file) => importsOf(file).some((name) => /^@?fastify/.test(name)))
    expect(knowing.filter((file) => !doors.test(file) && !/^(app\.ts|web\/|embedded\/)/.test(file))).toEqual([])
  })

  test('only queries.ts, *.sql and platform/ hold SQL', () => {
    const holding = files.filter((file) => /\bsql(<[^`]*>)?`/.test(read(file)))
    expect(holding.filter((file) => !/(^|\/)queries\.ts$|^platform\/|^embedded\/postgres\//.test(file))).toEqual([])
  })

  test('only payments/cashfree.ts knows Cashfree’s field names', () => {
    const words =
      /\b(customer_details|order_amount|order_meta|order_expiry_time|payment_status|payment_completion_time|payment_group)\b/
    const knowing = files.filter((file) => words.test(read(file)))
    // The JSON API answers in Cashfree's words because the product's guide promised them; the webhook door reads a hint.
    const promised = [
      'payments/cashfree.ts',
      'payments/cashfree-refunds.ts',
      'payments/cashfree-disputes.ts',
      'api/routes.ts',
      'payments/queries.ts',
      'webhooks/delivery.ts',
      'platform/log.ts',
    ]
    expect(knowing.filter((file) => !promised.includes(file) && !file.startsWith('embedded/'))).toEqual([])
  })

  test('the embedded house is opened only by house.ts and commands', () => {
    const opening = files.filter(
      (file) => folderOf(file) !== 'embedded' && ownImports(file).some((target) => folderOf(target) === 'embedded'),
    )
    const mayOpen = (file: string) =>
      file === 'house.ts' || (folderOf(file) !== '' && wiringFolders.includes(folderOf(file)))
    expect(opening.filter((file) => !mayOpen(file))).toEqual([])
  })

  test('transactions are opened by migrations alone', () => {
    const opening = files.filter((file) => /\.(begin|reserve)\(/.test(read(file)))
    expect(opening.filter((file) => file !== 'platform/migrate.ts')).toEqual([])
  })

  test('no file is called by a word that says nothing', () => {
    expect(
      files.filter((file) => /(^|\/)(utils?|helpers?|types|service|manager|index|common|misc)\.ts$/.test(file)),
    ).toEqual([])
  })

  test('every exported function says what it promises', () => {
    const silent = files.flatMap((file) =>
      [
        ...read(file).matchAll(
          /(^|\n)([^\n]*)\n(?:\/\/ biome-ignore[^\n]*\n)?export (?:default )?(?:async )?function (\w+)/g,
        ),
      ]
        .filter((match) => !/\*\/\s*$/.test(match[2]!))
        .map((match) => `${file}: ${match[3]}`),
    )
    expect(silent).toEqual([])
  })
})
