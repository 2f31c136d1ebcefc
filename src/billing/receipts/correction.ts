import type { Actor } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import type { Company } from '../company-details/queries.ts'
import { type Correction, correctBuyer } from './queries.ts'

/**
 * Takes a receipt back by a credit note and issues another that is made out to this company, or to the person alone (null);
 * no money moves. Answers the number of the receipt that counts now, and whether anything was done: not where it already says
 * so. Throws AppError `not-found` for an unknown receipt, `conflict` for one that can no longer be corrected.
 */
export async function correctReceipt(
  sql: Sql,
  number: string,
  company: Company | null,
  by: Actor,
): Promise<{ number: string; done: boolean }> {
  const { outcome, receipt } = await correctBuyer(sql, number, company, by)
  if (outcome === 'unknown') throw new AppError('not-found', 'There is no such receipt.')
  const refusal = refusals[outcome]
  if (refusal) throw new AppError('conflict', refusal)
  return { number: receipt!, done: outcome === 'corrected' }
}

const refusals: Partial<Record<Correction['outcome'], string>> = {
  gone: 'Its buyer deleted the account. Nobody could be sent the corrected receipt.',
  replaced: 'This receipt was corrected already. Please correct the one that took its place.',
  credited: 'Money of this receipt went back already, and its credit notes name this buyer. It stays as it is.',
}
