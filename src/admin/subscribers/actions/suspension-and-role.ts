import { AppError } from '../../../platform/errors.ts'
import { roleLabels } from '../labels.ts'
import { type AdminAction, closedFor, notYourself, readReason } from './action.ts'
import { changeRole, setSuspension, signOutEverywhere } from './queries.ts'
import { refuse } from './refusals.ts'

/** Lets nobody log in to an account. */
export const suspension: AdminAction = {
  title: 'Suspend the account',
  tone: 'danger',
  needsIdentity: false,
  asks: ['reason'],
  preview: async (_sql, person, _typed, actor) => ({
    rows: [
      { label: 'Log-ins', value: 'refused from now on', total: true },
      { label: 'Sessions ended', value: String(person.sessions) },
      { label: 'What was paid', value: 'continues to run' },
      { label: 'Open orders', value: 'cancelled at Cashfree' },
      { label: 'Payments that still arrive', value: 'held, with a refund prepared' },
      { label: 'Mail', value: 'none' },
    ],
    text: 'Nobody can log in until you lift it. To end what was paid as well, cancel the subscription.',
    button: 'Suspend the account',
    hidden: {},
    closed:
      closedFor(person) ??
      notYourself(person, actor) ??
      (person.suspendedAt ? 'This account is suspended already.' : null),
  }),
  perform: async (sql, person, typed, actor) => {
    refuse(await setSuspension(sql, person.id, readReason(typed), actor))
    return `${person.name} can no longer log in.`
  },
}

/** Lets a suspended account log in again. */
export const lifting: AdminAction = {
  title: 'Lift the suspension',
  tone: 'plain',
  needsIdentity: false,
  asks: [],
  preview: async (_sql, person) => ({
    rows: [
      { label: 'Suspended because', value: person.suspendedReason },
      { label: 'Log-ins', value: 'allowed again', total: true },
      { label: 'Held payments', value: 'count at once, unless their refund was confirmed' },
    ],
    text: 'The person can log in again with their password. They are not told by mail.',
    button: 'Lift the suspension',
    hidden: {},
    closed: closedFor(person) ?? (person.suspendedAt ? null : 'This account is not suspended.'),
  }),
  perform: async (sql, person, _typed, actor) => {
    refuse(await setSuspension(sql, person.id, null, actor))
    return `${person.name} can log in again.`
  },
}

/** Ends every session of an account. */
export const signingOut: AdminAction = {
  title: 'Sign out everywhere',
  tone: 'danger',
  needsIdentity: false,
  asks: [],
  preview: async (_sql, person) => ({
    rows: [{ label: 'Sessions ended', value: String(person.sessions), total: true }],
    text: 'This person has to log in again in every browser. API keys go on working; a new password chosen by a reset link revokes them.',
    button: 'Sign out everywhere',
    hidden: {},
    closed: closedFor(person),
  }),
  perform: async (sql, person, _typed, actor) => {
    if (person.deletedAt) throw new AppError('conflict', closedFor(person)!)
    await signOutEverywhere(sql, person.id, actor)
    return `${person.name} is signed out everywhere.`
  },
}

/** Gives an account another role. */
export const role: AdminAction = {
  title: 'Change the role',
  tone: 'danger',
  needsIdentity: true,
  asks: ['role'],
  preview: async (_sql, person, _typed, actor) => ({
    rows: [
      { label: 'Role now', value: roleLabels[person.role] ?? person.role },
      { label: 'Sessions ended', value: String(person.sessions) },
      { label: 'Second factor', value: 'administrators set it up at their next log-in; removed for subscribers' },
    ],
    text: 'The person has to log in again. You cannot change your own role.',
    button: 'Change the role',
    hidden: { seen: person.role },
    closed: closedFor(person) ?? notYourself(person, actor),
  }),
  perform: async (sql, person, typed, actor) => {
    if (!Object.hasOwn(roleLabels, typed.role))
      throw new AppError('invalid', 'Nothing was done yet. Please check the highlighted field.', {
        fields: { role: 'Please choose a role.' },
      })
    refuse(await changeRole(sql, person.id, { seen: typed.seen, becomes: typed.role }, actor))
    return `The role of ${person.name} is now: ${roleLabels[typed.role]}.`
  },
}
