import { checkAutopay } from './autopay.ts'
import { checkCashfree, checkCheckoutScript } from './cashfree.ts'
import type { DoctorContext } from './context.ts'
import { checkDatabase } from './database.ts'
import { type Finding, runChecks } from './finding.ts'
import { checkMachine } from './machine.ts'
import { checkPrices } from './prices.ts'
import { checkSettings } from './settings.ts'
import { checkCertificate, checkSite } from './site.ts'
import { checkMail } from './smtp.ts'

/** Checks everything this product needs, all at once. Writes nothing but a few rows of test pings. Never throws. */
export function examine(context: DoctorContext): Promise<Finding[]> {
  return runChecks([
    { about: 'settings', run: () => checkSettings(context) },
    { about: 'machine', run: () => checkMachine(context) },
    { about: 'database', run: () => checkDatabase(context) },
    { about: 'prices', run: () => checkPrices(context) },
    { about: 'Cashfree', run: () => checkCashfree(context) },
    { about: 'Autopay', run: () => checkAutopay(context) },
    { about: 'checkout script', run: () => checkCheckoutScript(context) },
    { about: 'https', run: () => checkCertificate(context) },
    { about: 'site', run: () => checkSite(context) },
    { about: 'mail', run: () => checkMail(context) },
  ])
}
