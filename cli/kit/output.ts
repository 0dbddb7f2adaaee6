import Table from 'cli-table3';
import { gapInWords } from '../../domain/collection/gap.ts';
import { dueWallTime, shanghaiWallTime } from '../../domain/dates.ts';
import type { Gap, ObligationOverview, StreamOverview } from '../../store/collection/overview.ts';
import { reasonInWords } from '../../domain/ledger/reasons.ts';

type Column<T> = [head: string, value: (row: T) => string | number, align?: 'right'];

/** A plain table for a terminal; wide characters are counted as wide, a column without any value is left out. */
export function table<T>(rows: readonly T[], columns: Column<T>[]): string {
  const shown = columns.filter(([, value]) => rows.some((row) => value(row) !== ''));
  const view = new Table({
    head: shown.map(([head]) => head),
    colAligns: shown.map(([, , align]) => align ?? 'left'),
    style: {
      compact: true,
      ...(process.stdout.isTTY ? { head: ['bold'], border: ['gray'] } : { head: [], border: [] }),
    },
  });
  for (const row of rows) view.push(shown.map(([, value]) => value(row)));
  return view.toString();
}

/** A list for programs or people: with `json` as it is, else as `render` shows it. */
export function printList<T>(
  rows: readonly T[],
  json: boolean | undefined,
  render: (rows: readonly T[]) => string,
): void {
  if (json) console.log(JSON.stringify(rows, null, 2));
  else console.log(rows.length === 0 ? 'There is none.' : render(rows));
}

export const thousands = (value: number): string => value.toLocaleString('en-US');
export const timeText = (value: Date | null): string => (value ? shanghaiWallTime(value.getTime()).slice(0, 16) : '—');

export const dueText = (value: Date | null): string => (value ? dueWallTime(value.getTime()) : '日历未公布');

export const streamTable = (rows: readonly StreamOverview[]): string =>
  table(rows, [
    ['Stream', (row) => row.stream],
    ['数据流', (row) => row.title],
    ['Read', (row) => thousands(row.read), 'right'],
    ['Accepted', (row) => thousands(row.accepted), 'right'],
    ['Unchanged', (row) => thousands(row.unchanged), 'right'],
    ['Rejected', (row) => thousands(row.rejected), 'right'],
    ['Held', (row) => thousands(row.held), 'right'],
    ['Coverage', (row) => shortCoverage(row)],
    ['Gaps', (row) => row.gaps, 'right'],
    ['', (row) => (row.pausedReason === null ? '' : 'PAUSED')],
  ]);

function shortCoverage({ coverage }: StreamOverview): string {
  if (coverage === '') return 'nothing yet';
  const parts = coverage.split(', ');
  const shown = /^\d+–\d+$/.test(parts[0] ?? '')
    ? `batches ${parts[0] ?? ''}`
    : (parts[0] ?? '').replace(/:\d\d(?= |$)/g, '').replace(/ – (\d{4}-)/, ' – $1');
  return parts.length > 1 ? `${shown} and ${parts.length - 1} more` : shown;
}

export const gapTable = (rows: readonly Gap[]): string =>
  table(rows, [
    ['Stream', (row) => row.stream],
    ['Owner', (row) => row.unit],
    ['Kind', (row) => row.kind],
    ['What is not proven to be in', (row) => gapInWords(row).en],
  ]);

export const obligationTable = (rows: readonly ObligationOverview[]): string =>
  table(rows, [
    ['State', (row) => (row.state === 'overdue' ? '▲ OVERDUE' : row.state)],
    ['Owner', (row) => row.owner],
    ['Rule', (row) => `${row.rule} ${row.article}${row.basis === 'internal' ? '（内控时限）' : ''}`],
    ['Subject', (row) => row.subject],
    ['Due', (row) => dueText(row.dueAt)],
    ['Met', (row) => timeText(row.metAt)],
    ['Why', ({ reason }) => (reason === null ? '' : reasonInWords(reason).en)],
  ]);

/** Chinese has no spaces to break at: a text in lines of so many characters. */
export const wrapped = (text: string, width: number): string =>
  text.match(new RegExp(`.{1,${width}}`, 'gu'))?.join('\n') ?? '';
