import { maskedUmn } from '../../billing/mandates/masked-umn.ts'
import type { Column } from '../csv.ts'
import { mandateStates } from './labels.ts'
import type { MandateLine } from './queries.ts'

/** What an export of mandates holds. */
export const columns: Column<MandateLine>[] = [
  { title: 'Agreed', time: (row) => row.at },
  { title: 'Mandate', text: (row) => row.subscriptionId },
  { title: 'Person', text: (row) => row.personName },
  { title: 'State', text: (row) => mandateStates[row.state].label },
  { title: 'Cashfree’s word', text: (row) => row.gatewayStatus },
  { title: 'UMN', text: (row) => maskedUmn(row.umn) },
  { title: 'Ceiling', paise: (row) => row.maxPaise },
  { title: 'Newest debit', paise: (row) => row.paise },
  { title: 'On', text: (row) => row.scheduledOn },
  { title: 'Its status', text: (row) => row.status },
]
