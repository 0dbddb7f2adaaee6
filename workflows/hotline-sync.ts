import { setCurrentDetails } from '@temporalio/workflow';
import type { HotlineSyncResult } from '../activities/hotline.ts';
import type { HotlineLabel } from './messages.ts';
import { reading } from './steps.ts';

/** Takes the disputes (异议) that a source lists as tickets, each once. */
export async function hotlineSync({ connector }: HotlineLabel): Promise<HotlineSyncResult> {
  const result = await reading.takeTickets.executeWithOptions({ summary: '读取工单' }, [{ connector }]);
  setCurrentDetails(`工单 ${result.listed} · 新立 ${result.opened} · 已有 ${result.known} · 有误 ${result.faulty}`);
  return result;
}
