import { streamReports, type StreamReport } from '../../store/stream-report.ts';
import { withLibrary } from '../library.ts';
import { moment, table } from '../output.ts';
import { readConfig } from '../options.ts';
import { selectStreams, type StreamOptions } from './select.ts';

const CONTACTS = {
  delivered: 'delivered',
  nothing: 'said it has nothing',
  unreachable: '✖ cannot be reached',
  garbled: '✖ answers garbage',
  refused: '✖ refuses',
};

export async function statusOfStreams(name: string | undefined, options: StreamOptions): Promise<void> {
  const wanted =
    name === undefined ? null : new Set(selectStreams(readConfig(options), name).map(({ stream }) => stream));
  const reports = (await withLibrary(options, streamReports)).filter(({ stream }) => wanted?.has(stream) ?? true);
  if (options.json) return console.log(JSON.stringify(reports, null, 2));
  console.log(
    table(reports, [
      ['Stream', ({ stream }) => stream],
      ['数据流', ({ title }) => title],
      ['Source', ({ contact }) => (contact === null ? 'not asked yet' : CONTACTS[contact])],
      ['Asked', ({ contactAt }) => moment(contactAt)],
      ['Last batch', ({ lastBatchAt }) => moment(lastBatchAt)],
      ['Records', ({ lastBatchRecords }) => lastBatchRecords ?? '', 'right'],
      ['Open rejects', ({ openRejects }) => openRejects.reduce((sum, { records }) => sum + records, 0), 'right'],
      ['', ({ pausedReason }) => (pausedReason === null ? '' : 'PAUSED')],
    ]),
  );
  for (const report of reports) for (const line of remarks(report)) console.log(`${report.stream}: ${line}`);
}

function* remarks({ pausedReason, contactDetail, openRejects, drifts }: StreamReport): Iterable<string> {
  if (pausedReason !== null) yield `paused: ${pausedReason}`;
  else if (contactDetail !== null) yield contactDetail;
  if (openRejects.length > 0)
    yield `rejected by ${openRejects.map(({ rule, records }) => `${rule} ${String(records)}`).join(', ')}`;
  for (const { field, change, detail, action } of drifts)
    yield `the field ${field} is ${change} (${detail}); ${action}`;
}
