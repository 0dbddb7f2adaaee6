import { createHash } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './root.ts';

/** By which it is known whether something was made of exactly these files of the checkout: SHA-256, hexadecimal. */
export async function sourcesFingerprint(
  patterns: readonly string[],
  belongs: (name: string) => boolean = () => true,
): Promise<string> {
  const names: string[] = [];
  for await (const name of glob(patterns, { cwd: ROOT })) if (belongs(name)) names.push(name);
  const sum = createHash('sha256');
  for (const name of names.sort()) sum.update(`${name}\0`).update(await readFile(join(ROOT, name)));
  return sum.digest('hex');
}
