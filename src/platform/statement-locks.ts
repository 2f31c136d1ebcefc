import { splitList } from './sql-statements.ts'

/** PostgreSQL's table locks that matter to others, the weakest first. */
const modes = ['ROW EXCLUSIVE', 'SHARE UPDATE EXCLUSIVE', 'SHARE', 'SHARE ROW EXCLUSIVE', 'ACCESS EXCLUSIVE'] as const
export type LockMode = (typeof modes)[number]

/** How long a lock is needed: `brief`, or for as long as all rows are read, written anew, changed or put into an index. */
export type Work = 'brief' | 'reads all rows' | 'writes the table anew' | 'builds an index' | 'changes rows'

/** A lock that a statement takes on a table that was there before; `index` instead where the statement names only an index. */
export type TableLock = { table: string; mode: LockMode; work: Work; index?: true }

/**
 * The locks of one statement of a migration on tables that exist, by rules that a test compares with the server's. Null for a
 * statement that no rule knows, such as a block of code: a person has to read it.
 */
export function locksOf(statement: string): TableLock[] | null {
  const text = statement.toLowerCase()
  for (const [pattern, locks] of rules) {
    const found = pattern.exec(text)
    if (found) return typeof locks === 'function' ? locks(found, text) : locks
  }
  return null
}

/** Whether a lock keeps others from writing to its table for longer than a moment. */
export function blocksForLong({ mode, work }: TableLock): boolean {
  return work === 'writes the table anew' || (work !== 'brief' && modes.indexOf(mode) >= modes.indexOf('SHARE'))
}

type Rule = [RegExp, TableLock[] | ((found: RegExpExecArray, text: string) => TableLock[] | null)]
const lock = (table: string, mode: LockMode, work: Work = 'brief'): TableLock[] => [{ table, mode, work }]
const referenced = (text: string) =>
  [...text.matchAll(/\breferences (\w+)/g)].flatMap(([, table]) => lock(table!, 'SHARE ROW EXCLUSIVE'))

const rules: Rule[] = [
  [/^create table (?:if not exists )?\w+ partition of (\w+)/, ([, parent]) => lock(parent!, 'ACCESS EXCLUSIVE')],
  [/^create (?:unlogged )?table /, (_, text) => referenced(text)],
  [
    /^create (?:unique )?index concurrently .*? on (?:only )?(\w+)/,
    ([, t]) => lock(t!, 'SHARE UPDATE EXCLUSIVE', 'builds an index'),
  ],
  [
    /^create (?:unique )?index on only (\w+)|^create (?:unique )?index \w+ on only (\w+)/,
    ([, a, b]) => lock((a ?? b)!, 'SHARE'),
  ],
  [/^create (?:unique )?index .*?\bon (\w+)/, ([, t]) => lock(t!, 'SHARE', 'builds an index')],
  [
    /^drop index (concurrently )?(?:if exists )?(\w+)/,
    ([, concurrently, index]) => [
      { table: index!, mode: concurrently ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE', work: 'brief', index: true },
    ],
  ],
  [/^alter table (?:if exists )?(?:only )?(\w+) (.*)$/, ([, table, actions]) => alterations(table!, actions!)],
  [/^create (?:or replace )?trigger .*? on (\w+)/, ([, t]) => lock(t!, 'SHARE ROW EXCLUSIVE')],
  [/^drop trigger (?:if exists )?\w+ on (\w+)/, ([, t]) => lock(t!, 'ACCESS EXCLUSIVE')],
  [/^drop table (?:if exists )?(\w+)/, ([, t]) => lock(t!, 'ACCESS EXCLUSIVE')],
  [/^truncate (?:table )?(\w+)/, ([, t]) => lock(t!, 'ACCESS EXCLUSIVE')],
  [/^insert into (\w+)/, ([, t]) => lock(t!, 'ROW EXCLUSIVE')],
  [/^(?:update|delete from) (?:only )?(\w+)/, ([, t]) => lock(t!, 'ROW EXCLUSIVE', 'changes rows')],
  [/^(?:create (?:or replace )?|drop |alter )(?:function|procedure|type|sequence|domain|view|statistics)\b/, []],
  [/^alter index \w+ rename to /, []],
  [/^(?:comment|grant|revoke|analyze|set|alter default privileges)\b/, []],
]

/** Every action of one `alter table`; null when one of them is unknown. */
function alterations(table: string, actions: string): TableLock[] | null {
  const all = splitList(actions).map((action) => alteration(table, action))
  return all.some((locks) => locks === null) ? null : (all as TableLock[][]).flat()
}

function alteration(table: string, action: string): TableLock[] | null {
  for (const [pattern, mode, work] of alterationRules)
    if (pattern.test(action)) return [...lock(table, mode, work), ...others(action)]
  return null
}

/** Tables that an action locks beside its own. */
function others(action: string): TableLock[] {
  const [, child] = /^(?:attach|detach) partition (\w+)/.exec(action) ?? []
  return child ? lock(child, 'ACCESS EXCLUSIVE') : referenced(action)
}

/** What a new column needs to be computed for every row: the rest of the defaults is stored once for all rows. */
const computed =
  /\bgenerated (?:always|by default) as\b|\b(?:big|small)?serial\b|\bdefault (?:clock_timestamp|gen_random_uuid|random|nextval)\b/

const alterationRules: [RegExp, LockMode, Work?][] = [
  [/^validate constraint /, 'SHARE UPDATE EXCLUSIVE', 'reads all rows'],
  [/^attach partition /, 'SHARE UPDATE EXCLUSIVE', 'reads all rows'],
  [/^detach partition /, 'ACCESS EXCLUSIVE'],
  [/^(?:set|reset) \(/, 'SHARE UPDATE EXCLUSIVE'],
  [/^(?:enable|disable) trigger /, 'SHARE ROW EXCLUSIVE'],
  [/^add (?:constraint \w+ )?foreign key .* not valid$/, 'SHARE ROW EXCLUSIVE'],
  [/^add (?:constraint \w+ )?foreign key /, 'SHARE ROW EXCLUSIVE', 'reads all rows'],
  [/^add (?:constraint \w+ )?(?:check .* not valid|(?:unique|primary key) using index )/, 'ACCESS EXCLUSIVE'],
  [/^add (?:constraint \w+ )?check /, 'ACCESS EXCLUSIVE', 'reads all rows'],
  [/^add (?:constraint \w+ )?(?:unique|primary key|exclude)\b/, 'ACCESS EXCLUSIVE', 'builds an index'],
  [/^alter (?:column )?\w+ (?:set data )?type /, 'ACCESS EXCLUSIVE', 'writes the table anew'],
  [/^alter (?:column )?\w+ set not null/, 'ACCESS EXCLUSIVE', 'reads all rows'],
  [/^alter (?:column )?\w+ set statistics /, 'SHARE UPDATE EXCLUSIVE'],
  [/^alter (?:column )?\w+ (?:set|drop|add) /, 'ACCESS EXCLUSIVE'],
  [new RegExp(`^add (?:column )?.*(?:${computed.source})`), 'ACCESS EXCLUSIVE', 'writes the table anew'],
  [/^add (?:column )?.*\b(?:unique|primary key)\b/, 'ACCESS EXCLUSIVE', 'builds an index'],
  [/^add (?:column )?.*\b(?:references|check)\b/, 'ACCESS EXCLUSIVE', 'reads all rows'],
  [/^add /, 'ACCESS EXCLUSIVE'],
  [/^(?:drop|rename|owner to) /, 'ACCESS EXCLUSIVE'],
]
