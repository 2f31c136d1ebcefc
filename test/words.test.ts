import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

/** Words this code once had of its own, what each became, and where the word means something else than it did (`only`: where it did). */
const retired: { word: string; now: string; only?: RegExp }[] = [
  { word: 'house', now: 'services, or the product' },
  { word: 'household', now: 'rateLimitKey' },
  { word: 'door', now: 'endpoint, page' },
  { word: 'doors', now: 'endpoints, pages' },
  { word: 'looking', now: 'refresh-order' },
  { word: 'opening', now: 'create-order' },
  { word: 'telling', now: 'log-settlement, log-refund, summary' },
  { word: 'deliveries', now: 'inbox', only: /billing\/(webhooks|checkout)\/[^/]*$/ },
  { word: 'question', now: 'analysis-params', only: /market\/dashboard\// },
  { word: 'answer of', now: 'cachedAnalysis' },
  { word: 'looked at', now: 'preview-guard' },
  { word: 'plain words', now: 'labels' },
  { word: 'words', now: 'labels', only: /^(src|views|test)\/.*\/words\b/ },
  { word: 'acts', now: 'actions' },
  { word: 'standing', now: 'suspension-and-role' },
  { word: 'why', now: 'access-explanation' },
  { word: 'needs', now: 'attention' },
  { word: 'sides', now: 'diff' },
  { word: 'by', now: 'Actor', only: /audit-context/ },
  { word: 'known origin', now: 'auditContextOf' },
  { word: 'instruments', now: 'payment-methods', only: /cashfree-sandbox\// },
  { word: 'agenda', now: 'scheduled-events' },
  { word: 'gate', now: 'authentication', only: /cashfree-sandbox\// },
  // Of the look-alike's payment pages; views of public pages are visits.
  { word: 'visits', now: 'page-sessions', only: /^src\/dev\// },
  { word: 'patient', now: 'context' },
  { word: 'order', now: 'explain-order', only: /doctor\/order\b/ },
  { word: 'tasks', now: 'jobs' },
  { word: 'operators', now: 'observability' },
  { word: 'books', now: 'integrity' },
  { word: 'figures', now: 'metrics' },
  { word: 'meters', now: 'metrics' },
  { word: 'watched pool', now: 'instrumented-pool' },
  { word: 'links', now: 'email-tokens', only: /^src\/(identity|users)\// },
  { word: 'states', now: 'indian-states', only: /^src\/identity\/users\/states\b/ },
  { word: 'trier', now: 'LoginAttempt' },
  { word: 'take try', now: 'reserveAttempt' },
  { word: 'devices', now: 'known-browsers' },
  { word: 'waiting line', now: 'bounded-queue' },
  { word: 'sealing', now: 'encryption' },
  { word: 'rendered once', now: 'page-cache' },
  { word: 'same site', now: 'csrf' },
  { word: 'addresses', now: 'rewrite-url', only: /web\/addresses\b/ },
  { word: 'town', now: 'harness' },
  { word: 'world', now: 'harness, fixture' },
  { word: 'deeds', now: 'commands' },
  { word: 'poison', now: 'xss-payloads' },
  { word: 'closing line', now: 'summary-reporter' },
]

const files = ['src', 'test', 'views'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    // A migration that was applied keeps its name for ever.
    .filter((entry) => entry.isFile() && !entry.parentPath.endsWith('migrations'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)),
)

/** The names that a file exports. */
function exportsOf(file: string): string[] {
  if (!file.endsWith('.ts')) return []
  const text = readFileSync(join(root, file), 'utf8')
  const declared = text.matchAll(
    /^export (?:default )?(?:async )?(?:function\*?|const|let|class|type|interface) (\w+)/gm,
  )
  const listed = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names]) => names!.split(','))
  return [
    ...[...declared].map(([, name]) => name!),
    ...listed.map(
      (name) =>
        name
          .trim()
          .split(/ as |type /)
          .at(-1)!,
    ),
  ]
}

/** "lookUnlessFresh", "looked-at" and "looked_at.sql" as their words, a space around each. */
const spaced = (name: string) =>
  ` ${name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/[^a-z]+/g, ' ')} `

const found = (name: string, file: string) =>
  retired.filter(({ word, only }) => spaced(name).includes(` ${word} `) && (only?.test(file) ?? true))

test('no path has a word that was retired', () => {
  const wrong = files.flatMap((file) => found(file, file).map(({ word, now }) => `${file}: ${word} → ${now}`))
  expect(wrong).toEqual([])
})

test('no exported name has one', () => {
  const wrong = files.flatMap((file) =>
    exportsOf(file).flatMap((name) => found(name, file).map(({ word, now }) => `${file}: ${name}: ${word} → ${now}`)),
  )
  expect(wrong).toEqual([])
})
