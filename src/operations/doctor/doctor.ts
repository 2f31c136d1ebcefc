import { lookAtCashfree, lookAtScript } from './cashfree.ts'
import type { DoctorContext } from './context.ts'
import { lookAtDatabase } from './database.ts'
import { type Finding, lookAtAll } from './finding.ts'
import { lookAtMachine } from './machine.ts'
import { lookAtSettings } from './settings.ts'
import { lookAtCertificate, lookAtSite } from './site.ts'
import { lookAtMail } from './smtp.ts'

/** Looks at everything this product needs, side by side. Changes nothing but a few rows of test pings. Never throws. */
export function examine(patient: DoctorContext): Promise<Finding[]> {
  return lookAtAll([
    { about: 'settings', look: () => lookAtSettings(patient) },
    { about: 'machine', look: () => lookAtMachine(patient) },
    { about: 'database', look: () => lookAtDatabase(patient) },
    { about: 'Cashfree', look: () => lookAtCashfree(patient) },
    { about: 'checkout script', look: () => lookAtScript(patient) },
    { about: 'https', look: () => lookAtCertificate(patient) },
    { about: 'site', look: () => lookAtSite(patient) },
    { about: 'mail', look: () => lookAtMail(patient) },
  ])
}
