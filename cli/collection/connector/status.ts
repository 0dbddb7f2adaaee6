import { fault, faultInWords } from '../../../domain/faults.ts';
import type { Said } from '../../../domain/said.ts';
import { RULES } from '../../../domain/library/validation.ts';
import { CONTACTS, STREAM_STATES, type SourceContact } from '../../../domain/streams.ts';
import {
  deadLetters,
  outboxReports,
  reviveMessages,
  type DeadLetter,
  type OutboxReport,
} from '../../../store/ledger/outbox.ts';
import { streamReports, type StreamReport } from '../../../store/collection/stream-report.ts';
import { withLibrary } from '../../kit/library.ts';
import { print, printJson, table, timeText } from '../../kit/output.ts';
import { readConfig } from '../../kit/options.ts';
import { selectStreams, type StreamOptions } from '../../kit/select.ts';

export async function statusOfStreams(name: string | undefined, options: StreamOptions): Promise<void> {
  const wanted =
    name === undefined ? null : new Set(selectStreams(readConfig(options), name).map(({ stream }) => stream.id));
  const reports = (await withLibrary(options, (db) => streamReports(db))).filter(
    ({ stream }) => wanted?.has(stream) ?? true,
  );
  if (options.json) return printJson(reports);
  print(
    table(reports, [
      ['数据流', ({ stream }) => stream],
      ['名称', ({ title }) => title],
      ['源端', ({ contact }) => contactText(contact)],
      ['联系', ({ contactAt }) => timeText(contactAt)],
      ['最近读取', ({ lastBatchAt }) => timeText(lastBatchAt)],
      ['条数', ({ lastBatchRecords }) => lastBatchRecords ?? '', 'right'],
      ['问题数据', ({ openRejects }) => openRejects.reduce((sum, { records }) => sum + records, 0), 'right'],
      ['', ({ pausedReason }) => (pausedReason === null ? '' : STREAM_STATES.paused.zh)],
    ]),
  );
  for (const report of reports) for (const line of remarks(report)) print(`${report.stream}: ${line}`);
}

function contactText(contact: SourceContact | null): string {
  if (contact === null) return '尚未联系';
  return `${contact === 'delivered' || contact === 'nothing' ? '' : '✖ '}${CONTACTS[contact].zh}`;
}

function* remarks({ pausedReason, contactDetail, openRejects, drifts }: StreamReport): Iterable<string> {
  if (pausedReason !== null) yield `已暂停：${pausedReason} (paused)`;
  else if (contactDetail !== null) yield contactDetail;
  const waiting = openRejects.find(({ rule }) => rule === 'type-unlisted');
  if (waiting)
    yield `${waiting.records} 条数据等待其证照类型列入目录，见 ./hub catalog list。 ${waiting.records} records wait for an entry of their type: ./hub catalog list`;
  const rejected = openRejects.filter(({ rule }) => rule !== 'type-unlisted');
  if (rejected.length > 0)
    yield `拒收 rejected by ${rejected.map(({ rule, records }) => `${RULES[rule].zh}（${rule}）${records}`).join('、')}`;
  for (const { field, change, detail, action } of drifts)
    yield `字段 ${field} 有变化 the field ${field} is ${change} (${detail}); ${action}`;
}

/** Every target's messages by number; with a target, its dead letters, which can be sent again. */
export async function showOutbox(
  target: string | undefined,
  options: StreamOptions & { retry?: boolean },
): Promise<void> {
  if (options.retry && target === undefined) throw fault('retry-unchosen');
  await withLibrary(options, async (db) => {
    if (options.retry && target !== undefined)
      return print(revivedText(await reviveMessages(db, target, new Date()), target));
    if (target === undefined) {
      const reports = await outboxReports(db);
      printReports(
        reports.map((row) => ({ ...row, lastError: row.lastError === null ? null : faultInWords(row.lastError) })),
        options,
      );
    } else {
      const letters = await deadLetters(db, target);
      printDeadLetters(
        target,
        letters.map((letter) => ({ ...letter, lastError: faultInWords(letter.lastError) })),
        options,
      );
    }
  });
}

/** What the outbox keeps, with its fault in words. */
type Worded<Kept, Fault> = Omit<Kept, 'lastError'> & { lastError: Fault };

const revivedText = (count: number, target: string): string =>
  `${target} 的 ${count} 条消息将重新发送。 ${count} messages of ${target} will be sent again.`;

function printReports(reports: Worded<OutboxReport, Said | null>[], { json }: StreamOptions): void {
  if (json) return printJson(reports);
  if (reports.length === 0) return print('尚未发送。 Nothing was sent yet.');
  print(
    table(reports, [
      ['目标', (row) => row.target],
      ['待发', (row) => row.waiting, 'right'],
      ['已送达', (row) => row.delivered, 'right'],
      ['已放弃', (row) => row.dead, 'right'],
      ['最近的失败', (row) => row.lastError?.zh ?? ''],
    ]),
  );
}

function printDeadLetters(target: string, letters: Worded<DeadLetter, Said>[], { json }: StreamOptions): void {
  if (json) return printJson(letters);
  if (letters.length === 0) return print(`${target} 没有放弃发送的消息。 ${target} has no dead letters.`);
  print(
    table(letters, [
      ['消息', ({ key }) => key],
      ['排队', ({ queuedAt }) => timeText(queuedAt)],
      ['放弃', ({ deadAt }) => timeText(deadAt)],
      ['次数', ({ attempts }) => attempts, 'right'],
      ['失败原因', ({ lastError }) => lastError.zh],
    ]),
  );
}
