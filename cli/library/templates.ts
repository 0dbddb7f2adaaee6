import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LARGEST_TEMPLATE } from '../../domain/library/catalog.ts';
import { messageOf } from '../../domain/errors.ts';
import { fault } from '../../domain/faults.ts';
import { Package } from '../../store/library/files/seals/package.ts';
import { readGiven } from '../kit/options.ts';

/** Files of templates (证照模板) by their names, each read when it is asked for. */
export type GivenTemplates = ReadonlyMap<string, () => Promise<Buffer>>;

/** Templates that are named on the command line: one file, those of a folder, or those of a ZIP archive. */
export async function openTemplates(path: string): Promise<GivenTemplates> {
  if (isFolder(path)) {
    const names = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile());
    return new Map(names.map(({ name }) => [name, () => Promise.resolve(readGiven(join(path, name)))]));
  }
  const content = readGiven(path);
  if (!/\.zip$/i.test(path)) return new Map([[basename(path), () => Promise.resolve(content)]]);
  try {
    const archive = await Package.open(content);
    return new Map(archive.paths.map((part) => [basename(part), () => archive.read(part, LARGEST_TEMPLATE)]));
  } catch (error) {
    throw fault('file-unreadable', { file: path, why: messageOf(error) });
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
