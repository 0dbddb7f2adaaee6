import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, glob, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { messageOf } from '../domain/errors.ts';
import { fault } from '../domain/faults.ts';
import { ROOT } from '../settings/root.ts';
import { sourcesFingerprint } from '../settings/sources.ts';

const FOLDER = join(ROOT, 'console');
const BUILT = join(FOLDER, 'dist');
/** What the console is made of. */
const SOURCES = ['console/**/*.{ts,tsx,css,html,svg}', 'package-lock.json', 'domain/**/*.ts'];

/** Builds the console unless it is built of exactly these sources; the folder of its files. */
export async function builtConsole(report: (what: string) => void): Promise<string> {
  const wanted = await sourcesFingerprint(SOURCES, (name) => !name.startsWith('console/dist'));
  const stamp = join(BUILT, '.sources');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return BUILT;
  report('building the console');
  const made = await mkdtemp(join(FOLDER, 'dist-'));
  try {
    const vite = join(ROOT, 'node_modules/vite/bin/vite.js');
    await promisify(execFile)(
      process.execPath,
      [
        vite,
        'build',
        '--config',
        join(FOLDER, 'vite.config.ts'),
        '--outDir',
        made,
        '--emptyOutDir',
        '--logLevel',
        'warn',
      ],
      { cwd: ROOT },
    );
    for await (const name of glob('**/*.{js,css,html,svg}', { cwd: made })) await compress(join(made, name));
    await writeFile(join(made, '.sources'), wanted);
    await rm(BUILT, { recursive: true, force: true });
    // Another hub of this folder may have put the same files there meanwhile.
    await rename(made, BUILT).catch(() => cp(made, BUILT, { recursive: true }));
    return BUILT;
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    throw fault('console-build', { why: stderr.trim() || messageOf(error) });
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

/** Beside each file what browsers are sent in its place. */
async function compress(path: string): Promise<void> {
  const content = await readFile(path);
  await writeFile(`${path}.gz`, await promisify(gzip)(content, { level: 9 }));
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 9 };
  await writeFile(`${path}.br`, await promisify(brotliCompress)(content, { params: quality }));
}
