import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const src = join(import.meta.dirname, '..', '..', 'src')

/** The rooms of src/ on their floors, the lowest first. A room imports only rooms on lower floors. */
export const rooms: readonly (readonly string[])[] = [
  ['platform'],
  ['web'],
  ['records'],
  ['identity'],
  ['billing'],
  ['market'],
  ['account', 'admin', 'api', 'site'],
  ['operations'],
  ['dev'],
]

/** Start-up may import everything: main.ts, stripped.ts, start.ts and app.ts ('' is the top of src/), and what `npm run` calls. */
export const freeRooms: readonly string[] = ['', 'commands']

/** The slices of the rooms that have floors of their own, the lowest first. */
export const slices: Readonly<Record<string, readonly (readonly string[])[]>> = {
  records: [['audit', 'visits'], ['suppressions'], ['mails'], ['incidents', 'complaints', 'announcements']],
  identity: [
    ['known-browsers', 'passwords'],
    ['login-throttle'],
    ['users'],
    ['sessions'],
    ['api-keys'],
    ['email-tokens', 'second-factor'],
    ['registration', 'admins'],
  ],
  billing: [
    ['plans', 'company-details'],
    ['coupons'],
    ['payments'],
    ['subscriptions', 'receipts'],
    ['gifts', 'pricing'],
    ['refunds'],
    ['disputes', 'switching'],
    ['reminders'],
    ['checkout'],
    ['mandates'],
    ['webhooks'],
  ],
  market: [
    ['version', 'files'],
    ['calendar'],
    ['instruments'],
    ['prices'],
    ['engine', 'feed'],
    ['charts'],
    ['watch-list', 'changes'],
    ['dashboard', 'reports'],
    ['alerts'],
  ],
  operations: [['integrity'], ['backup'], ['doctor', 'observability'], ['jobs']],
}

export type SourceFile = { file: string; text: string; imports: string[]; packages: string[] }

/** Every file of src/ that ends so, with what it imports: own files relative to src/, and packages by name. */
export function sourceFiles(ending: string): SourceFile[] {
  return readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(src, join(entry.parentPath, entry.name)))
    .sort()
    .map((file) => {
      const text = readFileSync(join(src, file), 'utf8')
      const named = file.endsWith('.ts')
        ? [...text.matchAll(/(?:from|import|import\() ?'([^']+)'/g)].map((match) => match[1]!)
        : []
      return {
        file,
        text,
        imports: named
          .filter((name) => name.startsWith('.'))
          .map((name) => relative(src, join(src, dirname(file), name))),
        packages: named.filter((name) => !name.startsWith('.') && !name.startsWith('node:')),
      }
    })
}

/** Where a file of src/ stands: its room, its slice ('' directly in the room), and whether it starts the product from outside. */
export function placeOf(file: string): { room: string; slice: string; isWiring: boolean } {
  const folders = file.split('/').slice(0, -1)
  const [room = '', slice = ''] = folders
  return { room, slice, isWiring: /^dev\/(bench|chaos|pictures)\//.test(file) }
}

/** Whether the floor of `lower` is below that of `upper`. */
export function isBelow(lower: string, upper: string, floors: readonly (readonly string[])[]): boolean {
  const floorOf = (name: string) => floors.findIndex((floor) => floor.includes(name))
  return floorOf(lower) < floorOf(upper)
}

/** Groups of files that import each other in a circle (strongly connected components, Tarjan 1972). */
export function circlesIn(files: readonly SourceFile[]): string[][] {
  const imports = new Map(files.map(({ file, imports }) => [file, imports]))
  const index = new Map<string, number>()
  const lowest = new Map<string, number>()
  const open: string[] = []
  const circles: string[][] = []
  const visit = (file: string) => {
    index.set(file, index.size)
    lowest.set(file, index.get(file)!)
    open.push(file)
    for (const target of imports.get(file) ?? []) {
      if (!imports.has(target)) continue
      if (!index.has(target)) visit(target)
      if (open.includes(target)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(target)!))
    }
    if (lowest.get(file) !== index.get(file)) return
    const circle = open.splice(open.indexOf(file))
    if (circle.length > 1) circles.push(circle.sort())
  }
  for (const { file } of files) if (!index.has(file)) visit(file)
  return circles
}
