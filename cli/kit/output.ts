import Table from 'cli-table3';
import { GAP_KINDS, gapInWords } from '../../domain/collection/gap.ts';
import { dueWallTime, shanghaiWallTime } from '../../domain/dates.ts';
import type { Gap, ObligationOverview, StreamOverview } from '../../store/collection/overview.ts';
import { OBLIGATION_STATES, type ObligationState } from '../../domain/ledger/duties.ts';
import { reasonInWords } from '../../domain/ledger/reasons.ts';
import { maskNumbers } from '../../domain/library/personal.ts';
import { STREAM_STATES } from '../../domain/streams.ts';

/** Prints what a program or a person was asked for by whoever reads it, as it is. */
export const printAsGiven = (text: string): void => console.log(text);

/** Prints a text with every number of somebody masked: what stands in a terminal stands in logs and histories, too. */
export const print = (text: string): void => printAsGiven(maskNumbers(text));

export const jsonText = (value: unknown): string => JSON.stringify(value, null, 2);
/** As `print`, for programs. */
export const printJson = (value: unknown): void => print(jsonText(value));

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
  if (json) printJson(rows);
  else print(rows.length === 0 ? '没有。 There is none.' : render(rows));
}

/** Tells that a list ends at its limit, and may go on. */
export const printCut = (limit: number, counted: '件' | '条' | '项'): void =>
  print(`前 ${limit} ${counted}，--limit 可多列。 The first ${limit}; --limit shows more.`);

export const thousands = (value: number): string => value.toLocaleString('en-US');
export const timeText = (value: Date | null): string => (value ? shanghaiWallTime(value.getTime()).slice(0, 16) : '—');

export const dueText = (value: Date | null): string => (value ? dueWallTime(value.getTime()) : '日历未公布');

/** How a deadline stands; what is overdue catches the eye. */
export const stateText = (state: ObligationState): string =>
  `${state === 'overdue' ? '▲ ' : ''}${OBLIGATION_STATES[state].zh}`;

/** What stands behind the name of a rule that is none of the regulation’s. */
export const basisText = (basis: 'statutory' | 'internal' | null): string =>
  basis === 'internal' ? '（内控时限）' : '';

export const streamTable = (rows: readonly StreamOverview[]): string =>
  table(rows, [
    ['数据流', (row) => row.stream],
    ['名称', (row) => row.title],
    ['读取', (row) => thousands(row.read), 'right'],
    ['新增或变更', (row) => thousands(row.accepted), 'right'],
    ['未变', (row) => thousands(row.unchanged), 'right'],
    ['拒收', (row) => thousands(row.rejected), 'right'],
    ['在库', (row) => thousands(row.held), 'right'],
    ['已归集', (row) => shortCoverage(row)],
    ['缺口', (row) => row.gaps, 'right'],
    ['', (row) => (row.pausedReason === null ? '' : STREAM_STATES.paused.zh)],
  ]);

function shortCoverage({ coverage }: StreamOverview): string {
  if (coverage === '') return '尚无';
  const parts = coverage.split(', ');
  const shown = /^\d+–\d+$/.test(parts[0] ?? '')
    ? `第 ${parts[0] ?? ''} 批`
    : (parts[0] ?? '').replace(/:\d\d(?= |$)/g, '').replace(/ – (\d{4}-)/, ' – $1');
  return parts.length > 1 ? `${shown} 等 ${parts.length} 段` : shown;
}

export const gapTable = (rows: readonly Gap[]): string =>
  table(rows, [
    ['数据流', (row) => row.stream],
    ['责任单位', (row) => row.unit],
    ['缺口', (row) => GAP_KINDS[row.kind].zh],
    ['未证实归集的内容', (row) => gapInWords(row).zh],
  ]);

export const obligationTable = (rows: readonly ObligationOverview[]): string =>
  table(rows, [
    ['状态', (row) => stateText(row.state)],
    ['责任单位', (row) => row.owner],
    ['条款', (row) => `${row.rule} ${row.article}${basisText(row.basis)}`],
    ['对象', (row) => row.subject],
    ['到期', (row) => dueText(row.dueAt)],
    ['办结', (row) => timeText(row.metAt)],
    ['原因', ({ reason }) => (reason === null ? '' : reasonInWords(reason).zh)],
  ]);

/** Chinese has no spaces to break at: a text in lines of so many characters. */
export const wrapped = (text: string, width: number): string =>
  text.match(new RegExp(`.{1,${width}}`, 'gu'))?.join('\n') ?? '';
