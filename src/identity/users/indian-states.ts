/** A state or union territory with its two-digit GST code, the place of supply of what it buys. */
export type State = { code: string; name: string }

/** All that a person can choose, by name. Codes as published by the GST Network; 25 and 28 were merged away. */
export const indianStates: readonly State[] = [
  ['01', 'Jammu and Kashmir'],
  ['02', 'Himachal Pradesh'],
  ['03', 'Punjab'],
  ['04', 'Chandigarh'],
  ['05', 'Uttarakhand'],
  ['06', 'Haryana'],
  ['07', 'Delhi'],
  ['08', 'Rajasthan'],
  ['09', 'Uttar Pradesh'],
  ['10', 'Bihar'],
  ['11', 'Sikkim'],
  ['12', 'Arunachal Pradesh'],
  ['13', 'Nagaland'],
  ['14', 'Manipur'],
  ['15', 'Mizoram'],
  ['16', 'Tripura'],
  ['17', 'Meghalaya'],
  ['18', 'Assam'],
  ['19', 'West Bengal'],
  ['20', 'Jharkhand'],
  ['21', 'Odisha'],
  ['22', 'Chhattisgarh'],
  ['23', 'Madhya Pradesh'],
  ['24', 'Gujarat'],
  ['26', 'Dadra and Nagar Haveli and Daman and Diu'],
  ['27', 'Maharashtra'],
  ['29', 'Karnataka'],
  ['30', 'Goa'],
  ['31', 'Lakshadweep'],
  ['32', 'Kerala'],
  ['33', 'Tamil Nadu'],
  ['34', 'Puducherry'],
  ['35', 'Andaman and Nicobar Islands'],
  ['36', 'Telangana'],
  ['37', 'Andhra Pradesh'],
  ['38', 'Ladakh'],
]
  .map(([code, name]) => ({ code: code!, name: name! }))
  .sort((a, b) => a.name.localeCompare(b.name))

/** The state meant by a two-digit code, a one-digit code or its name in any case; undefined when there is none. */
export function findState(typed: string): State | undefined {
  const text = typed.trim().toLowerCase()
  return indianStates.find(({ code, name }) => code === text.padStart(2, '0') || name.toLowerCase() === text)
}
