import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../platform/environment.ts'

const packages = join(root, 'node_modules')
const dejavu = join(packages, 'dejavu-fonts-ttf', 'ttf')
const arimo = join(packages, '@expo-google-fonts', 'arimo')

/**
 * The faces that pages are measured with, whatever this machine has: a line of text is 12 % longer in the wide one (24 % in
 * bold), and what phones and laptops bring lies between. Arimo has the widths of Arial, Helvetica and Liberation Sans.
 */
const typefaces = {
  narrow: { family: 'Arimo', folders: [join(arimo, '400Regular'), join(arimo, '700Bold'), dejavu] },
  wide: { family: 'DejaVu Sans', folders: [dejavu] },
}
export type Typeface = keyof typeof typefaces
export const typefaceNames = Object.keys(typefaces) as Typeface[]

/** What style sheets and mails ask for; Chromium turns system-ui into "sans". */
const sans = ['system-ui', 'sans', 'sans-serif', 'Arial', 'Helvetica', 'Segoe UI', 'Roboto', 'Noto Sans']
const monospaced = ['ui-monospace', 'monospace']

/**
 * Writes a fontconfig file a face into this folder and returns their paths, for FONTCONFIG_FILE. Only the packages' fonts
 * exist in it; every family that a page names is that face, and signs it lacks are DejaVu's.
 */
export function writeFontconfig(folder: string): Record<Typeface, string> {
  const paths = typefaceNames.map((name) => {
    const cache = join(folder, `${name}-cache`)
    mkdirSync(cache, { recursive: true })
    const path = join(folder, `${name}.conf`)
    writeFileSync(path, fontconfig(typefaces[name], cache))
    return [name, path]
  })
  return Object.fromEntries(paths)
}

function fontconfig({ family, folders }: { family: string; folders: string[] }, cache: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
${folders.map((folder) => `<dir>${folder}</dir>`).join('\n')}
<cachedir>${cache}</cachedir>
${sans.map((asked) => replaced(asked, family)).join('\n')}
${monospaced.map((asked) => replaced(asked, 'DejaVu Sans Mono')).join('\n')}
<match target="pattern"><edit name="family" mode="append_last"><string>DejaVu Sans</string></edit></match>
</fontconfig>
`
}

const replaced = (asked: string, given: string) =>
  `<match target="pattern"><test name="family"><string>${asked}</string></test><edit name="family" mode="assign" binding="strong"><string>${given}</string></edit></match>`
