import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, type BundleOptions, type WorkflowBundleOption } from '@temporalio/worker';
import { ROOT } from '../settings/root.ts';
import { sourcesFingerprint } from '../settings/sources.ts';

const FOLDER = join(ROOT, 'node_modules/.cache');
/** What the workflows are made of. */
const SOURCES = ['workflows/**/*.ts', 'domain/**/*.ts', 'package-lock.json'];

/**
 * The workflows as workers run them. They are bundled once of the same sources, which takes longer than all else that a
 * worker does before it works, and kept; where nothing can be kept, for this worker alone.
 */
export async function bundledWorkflows(logger?: BundleOptions['logger']): Promise<WorkflowBundleOption> {
  const codePath = join(FOLDER, `workflows-${(await sourcesFingerprint(SOURCES)).slice(0, 16)}.js`);
  if (existsSync(codePath)) return { codePath };
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(ROOT, 'workflows/index.ts'),
    ...(logger && { logger }),
  });
  try {
    await mkdir(FOLDER, { recursive: true });
    const made = `${codePath}.${process.pid}`;
    await writeFile(made, code);
    await rename(made, codePath);
    return { codePath };
  } catch {
    return { code };
  }
}
