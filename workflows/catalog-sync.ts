import { setCurrentDetails } from '@temporalio/workflow';
import type { CatalogSyncResult } from '../activities/catalog.ts';
import type { CatalogLabel } from './messages.ts';
import { reading } from './steps.ts';

/** Compares a published catalog with the city's own and drafts what is new or changed; approval is a person's. */
export async function catalogSync({ connector }: CatalogLabel): Promise<CatalogSyncResult> {
  const result = await reading.syncCatalog.executeWithOptions({ summary: '读取目录并比对' }, [{ connector }]);
  setCurrentDetails(
    `新增 ${result.new} · 变更 ${result.changed} · 未变 ${result.unchanged} · 待他人草稿 ${result.waiting} · 有误 ${result.faulty} · 已不在列 ${result.gone}`,
  );
  return result;
}
