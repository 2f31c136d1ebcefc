import { checkCashfree, checkCheckoutScript } from './cashfree.ts'
import type { DoctorContext } from './context.ts'
import { checkDatabase } from './database.ts'
import { type Finding, runChecks } from './finding.ts'
import { checkMachine } from './machine.ts'
import { checkSettings } from './settings.ts'
import { checkCertificate, checkSite } from './site.ts'
import { checkMail } from './smtp.ts'

/** Looks at everything this product needs, side by side. Changes nothing but a few rows of test pings. Never throws. */
export function examine(patient: DoctorContext): Promise<Finding[]> {
  return runChecks([
    { about: 'settings', look: () => checkSettings(patient) },
    { about: 'machine', look: () => checkMachine(patient) },
    { about: 'database', look: () => checkDatabase(patient) },
    { about: 'Cashfree', look: () => checkCashfree(patient) },
    { about: 'checkout script', look: () => checkCheckoutScript(patient) },
    { about: 'https', look: () => checkCertificate(patient) },
    { about: 'site', look: () => checkSite(patient) },
    { about: 'mail', look: () => checkMail(patient) },
  ])
}
