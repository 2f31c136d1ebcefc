import { unprintable } from '../../identity/users/field-checks.ts'
import { highlighted } from '../../platform/errors.ts'
import { gstinProblem, writtenGstin } from '../../platform/gstin.ts'
import type { Company } from './queries.ts'

/** The fields of a form about a company, at checkout and in the account. */
export const companyFields = ['company', 'address', 'gstin'] as const

/** What was typed into them. */
export type CompanyForm = Record<(typeof companyFields)[number], string>

/**
 * The company in a form, in the shape it is stored in; null where nothing was typed. `problems` holds a sentence per field;
 * `company` counts only where there are none.
 */
export function readCompany(form: CompanyForm): { company: Company | null; problems: Record<string, string> } {
  const legalName = oneLine(form.company)
  const address = linesOf(form.address).join(', ')
  const gstin = writtenGstin(form.gstin.normalize('NFKC'))
  if (!legalName && !address && !gstin) return { company: null, problems: {} }
  const problems: Record<string, string> = {}
  const inName = legalName ? textProblem(legalName, 150) : missingName(gstin)
  if (inName) problems.company = inName
  const inAddress = textProblem(address, 300)
  if (inAddress) problems.address = inAddress
  const inGstin = gstin ? gstinProblem(gstin) : null
  if (inGstin) problems.gstin = inGstin
  return { company: { legalName, address, gstin: gstin || null }, problems }
}

/** The same for a form that is refused with what is wrong. Throws AppError `invalid` with a sentence per field. */
export function checkCompany(form: CompanyForm): Company | null {
  const { company, problems } = readCompany(form)
  if (Object.keys(problems).length > 0) throw highlighted(problems)
  return company
}

/** A company as its form shows it. */
export function companyForm(company: Company | null): CompanyForm {
  return { company: company?.legalName ?? '', address: company?.address ?? '', gstin: company?.gstin ?? '' }
}

function missingName(gstin: string): string {
  return gstin
    ? 'A GSTIN belongs to a company: please enter its legal name, as registered.'
    : 'An address goes with a company: please enter its legal name, or leave both empty.'
}

function textProblem(text: string, longest: number): string | undefined {
  if (unprintable.test(text) || /[<>]/.test(text)) return 'Please use letters, digits and ordinary punctuation only.'
  if (text.length > longest) return `Please shorten this to ${longest} characters.`
  return text === '' || /[\p{L}\p{N}]/u.test(text) ? undefined : 'Please use at least one letter or digit.'
}

function linesOf(typed: string): string[] {
  const lines = typed.split(/[\r\n\u2028\u2029]+/).map((line) => oneLine(line).replace(/[\s,]+$/, ''))
  return lines.filter(Boolean)
}

function oneLine(typed: string): string {
  return typed.normalize('NFC').replace(/\s+/g, ' ').trim()
}
