/** The QR code of an otpauth URI, as a data: URL. The library is loaded with the first one: it is seldom needed. */
export async function qrCodeOf(uri: string): Promise<string> {
  const { toString: drawQr } = await import('qrcode')
  const svg = await drawQr(uri, { type: 'svg', margin: 4 })
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`
}

/** A secret in groups of four, for typing. */
export function inGroups(secret: string): string {
  return secret.replace(/(.{4})(?=.)/g, '$1 ')
}
