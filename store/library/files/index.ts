import { join } from 'node:path';
import type { FileSettings } from '../../../settings/schemas/hub.ts';
import type { FileStore } from './contract.ts';
import { FolderStore } from './folder.ts';

/** The store that `hub.yaml` names. @param dataFolder the hub's own data folder, for files that go nowhere else */
export async function openFileStore({ folder, s3 }: FileSettings, dataFolder: string): Promise<FileStore> {
  if (!s3) return new FolderStore(folder ?? join(dataFolder, 'files'));
  // The AWS SDK is loaded by those who use it.
  const { S3Store } = await import('./s3.ts');
  return new S3Store(s3);
}
