import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../platform/environment.ts'

/**
 * Writes the commit's files into this folder, to be run with this checkout's libraries; returns the folder. Throws where git does not
 * know it.
 */
export function unpackRelease(commit: string, folder: string): string {
  mkdirSync(folder)
  const archive = execFileSync('git', ['archive', '--format=tar', commit, 'src', 'views', 'public', 'package.json'], {
    cwd: root,
    maxBuffer: 1 << 30,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  execFileSync('tar', ['-x', '-C', folder], { input: archive })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}
