import { stringify } from 'yaml';
import type { ConnectorConfig } from '../../../settings/schemas/connector.ts';
import { idOf } from '../../../settings/files.ts';
import type { HubConfig } from '../../../settings/load.ts';
import { readTickets } from '../../../connectors/lists/tickets.ts';
import { describeFields, draftMapping } from '../../../connectors/examine/discover.ts';
import {
  checkStream,
  explainStream,
  faultOf,
  shownSettings,
  type Checked,
  type Explained,
} from '../../../connectors/examine/examine.ts';
import { Streams } from '../../../connectors/registry.ts';
import { CHECKS } from '../../../connectors/examine/suite.ts';
import { messageOf } from '../../../domain/errors.ts';
import { describeWindow } from '../../../domain/collection/window.ts';
import { print, printJson, table } from '../../kit/output.ts';
import {
  chosenWindow,
  configOf,
  selectStreams,
  withNamedStream,
  withStream,
  type StreamOptions,
} from '../../kit/select.ts';

/** What `explain` says of one stream. */
export async function explainStreams(
  name: string | undefined,
  options: StreamOptions & { full?: boolean },
): Promise<void> {
  const config = configOf(options);
  const explained: unknown[] = [];
  for (const selected of selectStreams(config, name)) {
    const stream = selected.stream.id;
    await withStream(config, selected, {}, (open) => {
      const parts = explainStream(config, open);
      explained.push({ stream, ...byTitle(parts), settings: open.config });
      if (options.json) return Promise.resolve();
      printParts(`${stream} · ${open.config.name ?? stream} · ${open.connector.name} (${open.connector.kind})`, parts);
      if (options.full) print(`  生效的设置 settings in force\n${indented(stringify(shownSettings(open.config)))}`);
      print('');
      return Promise.resolve();
    });
  }
  await withDisputes(config, name, (connector, streams) => {
    const stream = `${connector.id} disputes`;
    const parts = explainDisputes(connector, streams);
    explained.push({ stream, ...byTitle(parts) });
    if (!options.json) printParts(`${stream} · ${connector.name} (${connector.kind})`, parts);
    return Promise.resolve();
  });
  if (options.json) printJson(explained);
}

/** For programs. */
const byTitle = (parts: readonly Explained[]): Record<string, string[]> =>
  Object.fromEntries(parts.map(({ title, lines }) => [title.en, lines.map(({ en }) => en)]));

function printParts(heading: string, parts: readonly Explained[]): void {
  print(heading);
  for (const { title, lines } of parts) {
    print(`  ${title.zh} ${title.en}`);
    for (const { zh, en } of lines) print(zh === en ? `    – ${en}` : `    – ${zh}\n      ${en}`);
  }
}

/** Every chosen connector that lists or takes disputes. */
async function withDisputes(
  config: HubConfig,
  name: string | undefined,
  work: (connector: ConnectorConfig, streams: Streams) => Promise<void>,
): Promise<void> {
  const streams = new Streams(config);
  try {
    for (const connector of config.connectors)
      if (connector.disputes !== undefined && (name === undefined || name === connector.id))
        await work(connector, streams);
  } finally {
    await streams.close();
  }
}

function explainDisputes({ id, disputes }: ConnectorConfig, streams: Streams): Explained[] {
  if (typeof disputes !== 'object') {
    const inbox = `/inbox/v1/${id}/disputes`;
    const line = { zh: `推送到 ${inbox} 的工单`, en: `tickets that are pushed to ${inbox}` };
    return [{ title: { zh: '接收什么', en: 'what is taken' }, lines: [line] }];
  }
  const fields = Object.entries(disputes.fields)
    .map(([field, from]) => `${field} ← ${typeof from === 'string' ? from : JSON.stringify(from)}`)
    .join(', ');
  const when = {
    zh: '每 5 分钟一次；每张工单只收一次，有误的见 ./hub dispute faults',
    en: 'every 5 minutes; a ticket is taken once, a faulty one is in ./hub dispute faults',
  };
  return [
    // What follows is of windows, which a list does not have.
    { title: { zh: '向源端请求什么', en: 'what is asked' }, lines: streams.disputes(id).source.explain().slice(0, 2) },
    { title: { zh: '何时归集', en: 'when' }, lines: [when] },
    { title: { zh: '映射', en: 'mapping' }, lines: [{ zh: fields, en: fields }] },
  ];
}

const indented = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');

export async function checkStreams(name: string | undefined, options: StreamOptions): Promise<void> {
  const config = configOf(options);
  const checked: (Checked & { stream: string; connector: string; tickets?: string[] })[] = [];
  for (const selected of selectStreams(config, name)) {
    const [connector, stream] = [selected.connector.id, selected.stream.id];
    try {
      checked.push({ stream, connector, ...(await withStream(config, selected, {}, checkStream)) });
    } catch (error) {
      checked.push({ stream, connector, report: null, accepted: null, refused: [], absent: [], fault: faultOf(error) });
    }
  }
  await withDisputes(config, name, async ({ id, disputes }, streams) => {
    if (typeof disputes !== 'object') return;
    const named = { stream: `${id} disputes`, connector: id, report: null, refused: [], absent: [] };
    try {
      const records = await streams.disputes(id).source.sample();
      const { tickets, faults } = readTickets(records, disputes);
      const accepted = { records: tickets.length, of: records.length };
      checked.push({ ...named, accepted, tickets: faults.map(({ reason }) => reason).slice(0, 5), fault: null });
    } catch (error) {
      checked.push({ ...named, accepted: null, fault: faultOf(error) });
    }
  });
  for (const { file, faults } of name === undefined ? config.faulty : []) {
    const cause = faults.map(({ en }) => en).join('\n         ');
    const fault = {
      kind: 'configuration',
      code: 'config-invalid',
      cause,
      cure: 'mend the file; nothing else waits for it',
    };
    checked.push({ stream: file, connector: idOf(file), report: null, accepted: null, refused: [], absent: [], fault });
  }
  if (checked.some(({ fault }) => fault)) process.exitCode = 1;
  if (options.json) return printJson(checked);
  print(
    table(checked, [
      ['', ({ fault }) => (fault ? '✖' : '✔')],
      ['数据流', ({ stream }) => stream],
      ['一页条数', ({ report }) => report?.records ?? '', 'right'],
      ['源端计数', ({ report }) => report?.count ?? '', 'right'],
      ['样本接受', ({ accepted }) => (accepted ? `${accepted.records} / ${accepted.of}` : ''), 'right'],
      ['时钟差', ({ report }) => (report ? `${(report.clockSkewMs / 1000).toFixed(1)} 秒` : ''), 'right'],
    ]),
  );
  for (const { stream, report, refused, absent, tickets = [], fault } of checked) {
    const reasons = [...refused.map(({ rule, field, records }) => `${rule} of ${field} ${records}`), ...tickets];
    if (reasons.length > 0) print(`${stream}：拒收 rejected by ${reasons.join(', ')}`);
    for (const { field, nearest } of absent)
      print(
        `${stream}：映射的字段不存在 ${field}，是否为 ${nearest}？ the mapping names a field that is not there: ${field} (did you mean ${nearest}?)`,
      );
    for (const note of report?.notes ?? []) print(`${stream}: ${note}`);
    if (fault) print(`\n✖ ${stream} (${fault.kind})\n  原因 cause  ${fault.cause}\n  处理 cure   ${fault.cure}`);
  }
}

/** What speaks for the role of a field. */
const KNOWN_BY = { 'standard name': '标准名称', name: '名称', content: '内容' } as const;

export async function discoverStream(name: string, options: StreamOptions): Promise<void> {
  await withNamedStream(name, options, {}, async ({ source, config }) => {
    const records = await source.sample();
    const fields = describeFields(records);
    const draft = draftMapping(fields, records);
    if (options.json) return printJson({ records: records.length, fields, draft });
    if (records.length === 0)
      return print(`${config.id}：源端没有可查看的记录。 ${config.id}: the source has no records to look at`);
    print(`${config.id} 的 ${records.length} 条记录 ${records.length} records of ${config.id}\n`);
    print(
      table(fields, [
        ['字段', ({ field }) => field],
        ['类型', ({ types }) => types.join('、')],
        ['填充率', ({ filled }) => `${Math.round(filled * 100)} %`, 'right'],
        ['不同值', ({ distinct }) => distinct, 'right'],
        ['示例', ({ sample }) => sample],
        ['疑为', ({ role, by }) => (by === null ? '' : `${role}（${KNOWN_BY[by]}）`)],
      ]),
    );
    print(
      `\n数据流草稿，请填写 ? 处。 A draft for the stream; put the right words in place of ?\n\n${indented(stringify(draft))}`,
    );
  });
}

export async function testStream(name: string, options: StreamOptions): Promise<void> {
  await withNamedStream(name, options, {}, async (open) => {
    const window = await chosenWindow(open, options);
    const subject = { ...open, window };
    const results: { check: string; result: 'held' | 'failed' | 'not asked'; fault?: string }[] = [];
    if (!options.json) print(`${open.config.id}，${describeWindow(window)}，不写库。 Nothing is written\n`);
    for (const check of CHECKS) {
      let result: (typeof results)[number] = { check: check.name, result: 'held' };
      if (check.applies && !check.applies(subject)) result.result = 'not asked';
      else {
        try {
          await check.run(subject);
        } catch (error) {
          result = { check: check.name, result: 'failed', fault: messageOf(error) };
        }
      }
      results.push(result);
      if (options.json) continue;
      print(
        `${{ held: '✔', failed: '✖', 'not asked': '–' }[result.result]} ${check.name}${result.fault === undefined ? '' : `\n    ${result.fault}`}`,
      );
    }
    if (results.some(({ result }) => result === 'failed')) process.exitCode = 1;
    if (options.json) printJson({ window, results });
  });
}
