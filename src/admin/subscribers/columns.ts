import type { Column } from '../csv.ts'
import { statusLabel } from './labels.ts'
import type { Person } from './queries.ts'

/** What an export of people holds. */
export const columns: Column<Person>[] = [
  { title: 'Registered', time: (row) => row.at },
  { title: 'Name', text: (row) => row.name },
  { title: 'Username', text: (row) => row.username },
  { title: 'E-mail', text: (row) => row.email },
  { title: 'E-mail confirmed', text: (row) => (row.isVerified ? 'yes' : 'no') },
  { title: 'Phone', text: (row) => row.phone },
  { title: 'Role', text: (row) => row.role },
  { title: 'Subscription', text: (row) => statusLabel(row.status).label },
  { title: 'Paid', text: (row) => (row.isPaid ? 'yes' : 'no') },
  { title: 'Plan', text: (row) => row.planTitle },
  { title: 'Access until', time: (row) => row.until },
  { title: 'Account', text: (row) => (row.isDeleted ? 'deleted' : row.isSuspended ? 'suspended' : '') },
  { title: 'Id', text: (row) => row.id },
]
