import { join } from 'node:path';
import type { FileSettings } from '../../../settings/schemas/hub.ts';
import type { FileStore } from './contract.ts';
import { FolderPlace, FolderStore } from './folder.ts';
import type { FilePlace } from './place.ts';

const folderOf = ({ folder }: FileSettings, dataFolder: string): string => folder ?? join(dataFolder, 'files');

/** The store that `hub.yaml` names. @param dataFolder the hub's own data folder, for files that go nowhere else */
export async function openFileStore(settings: FileSettings, dataFolder: string): Promise<FileStore> {
  if (!settings.s3) return new FolderStore(folderOf(settings, dataFolder));
  // The AWS SDK is loaded by those who use it.
  const { S3Store } = await import('./s3.ts');
  return new S3Store(settings.s3);
}

/** Where archives lie: beside the files of certificates, in `archives/`. */
export async function openArchives(settings: FileSettings, dataFolder: string): Promise<FilePlace> {
  if (!settings.s3) return new FolderPlace(join(folderOf(settings, dataFolder), 'archives'));
  const { S3Place } = await import('./s3.ts');
  return new S3Place({ ...settings.s3, prefix: `${settings.s3.prefix}archives/` });
}
