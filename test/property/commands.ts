import { randomUUID } from 'node:crypto'
import type { Action, Command, How } from './actions.ts'
import { expected } from './answers.ts'
import { password } from './fixture.ts'
import type { Instance } from './instance.ts'
import type { Run } from './run.ts'

const commandNames = [
  ...['grant', 'cancel', 'suspend', 'lift', 'sign out', 'sign in', 'delete account', 'settle now', 'terminate'],
  ...['price', 'off sale', 'on sale', 'resend', 'resolve'],
]

/** Whether a person does this in the panel or on an account page. */
export function isCommand(action: Action): action is Command {
  return commandNames.includes(action.do)
}

/** One of the two administrators, who says so from somewhere. */
export function by({ fixture }: Pick<Run, 'fixture'>, n = 0) {
  return {
    actor: fixture.admins[n === 0 ? 0 : 1],
    origin: { address: '203.0.113.7', userAgent: 'a browser', requestId: 'r1' },
  }
}

/** Once, or on both instances at the same moment. Answers how often it was not refused. */
export async function severalAtOnce(
  run: Run,
  { how, instance }: { how: How; instance: 0 | 1 },
  work: (app: Instance, n: number) => Promise<unknown>,
): Promise<number> {
  const app = run.fixture.instances[instance]
  const done = async (what: Promise<unknown>) => what.then(() => true, expected)
  const asked = [done(work(app, 0))]
  if (how === 'twice' || how === 'two admins') asked.push(done(work(run.fixture.instances[1 - instance]!, 1)))
  return (await Promise.all(asked)).filter((one) => one === true).length
}

/** Does it, keeps in mind what came of it, and says what should not have. `alone`: nothing else happens at the same time. */
export async function perform(run: Run, command: Command, alone: boolean): Promise<void> {
  switch (command.do) {
    case 'grant':
    case 'cancel':
      return changeEnd(run, command, alone)
    case 'suspend':
    case 'lift':
    case 'sign out':
    case 'sign in':
    case 'delete account':
      return changeAccount(run, command, alone)
    case 'settle now':
    case 'terminate': {
      const ids = [...run.model.orders.keys()]
      const id = ids[command.order % Math.max(1, ids.length)]
      const key = randomUUID()
      if (id === undefined) return
      run.busy = true // a person at a page does not wait for a gateway that hangs
      await severalAtOnce(run, command, (app, n) =>
        command.do === 'settle now'
          ? app.settleNow(id, by(run, n))
          : app.terminate(id, command.how === 'two admins' ? randomUUID() : key, by(run, n)),
      )
      return
    }
    case 'price':
    case 'off sale':
    case 'on sale':
      return changePlan(run, command)
    case 'resend':
      return resend(run, command)
    case 'resolve':
      return resolve(run, command)
  }
}

async function changeEnd(run: Run, command: Extract<Command, { do: 'grant' | 'cancel' }>, alone: boolean) {
  const { id: userId } = run.users[command.user]!
  const now = (await run.fixture.instances[command.instance].end(userId))?.seenEnd ?? null
  // Everybody once had no access at all: that is what somebody saw long ago.
  const seenEnd = command.how === 'stale' ? null : now
  const keys = [randomUUID(), randomUUID()] as const
  const keyOf = (n: number) => keys[command.how === 'two admins' && n === 1 ? 1 : 0]
  const made: string[] = []
  const done = await severalAtOnce(run, command, async (app, n) => {
    const act = { userId, reason: 'a property', key: keyOf(n), seenEnd }
    if (command.do === 'grant') await app.grant({ ...act, days: command.days }, by(run, n))
    else await app.cancel(act, by(run, n))
    made.push(act.key)
  })
  for (const key of made)
    if (command.do === 'grant') run.model.grants.set(key, { user: command.user, days: command.days })
    else run.model.cancels.set(key, command.user)
  if (command.how === 'two admins' && done > 1)
    run.wrong.push(`two administrators who saw the same end: both ${command.do}`)
  if (command.how === 'twice' && done === 1 && alone) run.wrong.push(`a double click was half refused: ${command.do}`)
  if (command.how === 'stale' && done > 0 && now !== null && alone)
    run.wrong.push(`${command.do} by what was seen long ago`)
  if (command.do === 'grant' && command.how !== 'stale' && done === 0 && alone && !run.model.gone.has(command.user))
    run.wrong.push('a grant was refused')
  if (command.do === 'cancel' && done > 0 && alone) {
    const [access] = await run.fixture.sql`select from subscriptions s where user_id = ${userId} and has_access(s)`
    if (access) run.wrong.push('access after a cancellation')
  }
}

async function changeAccount(
  run: Run,
  command: Extract<Command, { do: 'suspend' | 'lift' | 'sign out' | 'sign in' | 'delete account' }>,
  alone: boolean,
) {
  const app = run.fixture.instances[command.instance]
  const user = run.users[command.user]!
  if (command.do === 'sign in') {
    const isIn = await app.signIn(user.id).then(() => true, expected)
    if (alone && Boolean(isIn) === run.model.gone.has(command.user))
      run.wrong.push(isIn ? 'somebody signed in to a deleted account' : 'a sign-in was refused')
    return
  }
  if (command.do === 'sign out') await app.signOut(user.id, by(run, command.instance))
  if (command.do === 'suspend') await app.suspend(user.id, 'a property', by(run, command.instance))
  if (command.do === 'lift') await app.suspend(user.id, null, by(run, command.instance))
  if (command.do === 'delete account') {
    if (run.model.gone.has(command.user)) return
    const seen = (await app.end(user.id))?.end?.toISOString() ?? ''
    const form = { password, confirmation: user.username, seen }
    const done = await app.deleteAccount(user, form).then(() => true, expected)
    if (!done) return
    run.model.gone.add(command.user)
  }
  const [session] = await run.fixture.sql`select from sessions where user_id = ${user.id}`
  if (session && alone && command.do !== 'lift' && command.do !== 'suspend')
    run.wrong.push(`a session is left: ${command.do}`)
}

async function changePlan(run: Run, command: Extract<Command, { do: 'price' | 'off sale' | 'on sale' }>) {
  const [version] = await run.fixture.sql<{ key: string }[]>`
    select key from plans where name = ${command.plan} order by on_sale desc, created_at desc, key desc limit 1`
  const { key } = version!
  const app = run.fixture.instances[command.instance]
  if (command.do !== 'price')
    return void (await (command.do === 'off sale' ? app.takeOffSale(key, by(run)) : app.putOnSale(key, by(run))).catch(
      expected,
    ))
  const done = await severalAtOnce(run, command, (instance, n) =>
    instance.changePrice({
      replaces: key,
      pricePaise: command.paise + (command.how === 'two admins' ? n * 100 : 0),
      by: by(run, n),
    }),
  )
  if (command.how === 'two admins' && done > 1) run.wrong.push('two prices were put in the place of one version')
}

async function resend(run: Run, command: Extract<Command, { which: number }>) {
  const ids = run.users.map(({ id }) => id)
  const mails = await run.fixture.sql<{ id: number; copy: number }[]>`
    select id, (select max(copy) + 1 from mails c where c.kind = m.kind and c.subject_key = m.subject_key) as copy
    from mails m where kind = 'receipt' and copy = 0 and user_id in ${run.fixture.sql(ids)} order by id`
  const mail = mails[command.which % Math.max(1, mails.length)]
  if (mail) await severalAtOnce(run, command, (app, n) => app.resend(mail.id, { by: by(run, n), copy: mail.copy }))
}

async function resolve(run: Run, command: Extract<Command, { which: number }>) {
  const ids = run.users.map(({ id }) => id)
  const open = await run.fixture.sql<{ id: number }[]>`
    select id from incidents where resolved_at is null and user_id in ${run.fixture.sql(ids)} order by id`
  const incident = open[command.which % Math.max(1, open.length)]
  if (!incident) return
  const done = await severalAtOnce(run, command, (app, n) => app.resolve(incident.id, by(run, n)))
  if (done > 1) run.wrong.push('an incident was closed twice')
}
