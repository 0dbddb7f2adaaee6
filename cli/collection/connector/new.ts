import { existsSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { closest } from 'fastest-levenshtein';
import { stringify } from 'yaml';
import { BUILT_IN_KINDS } from '../../../settings/schemas/connector.ts';
import { fault } from '../../../domain/faults.ts';
import type { Said } from '../../../domain/said.ts';
import { identify } from '../../../domain/library/identify.ts';
import type { CommonOptions } from '../../kit/options.ts';
import { print } from '../../kit/output.ts';

export interface NewOptions extends CommonOptions {
  id?: string;
  kind?: string;
  name?: string;
  unit?: string;
  address?: string;
  stream?: string;
  type?: string;
}

const KIND_NAMES = Object.keys(BUILT_IN_KINDS);

type Answers = Record<'id' | 'kind' | 'name' | 'unit' | 'address' | 'stream' | 'type', string>;

const NAME: Said = { zh: '名称', en: 'a name' };
const QUESTIONS: [keyof Answers, string, RegExp, Said][] = [
  [
    'kind',
    `Kind (${KIND_NAMES.join(', ')})`,
    /^[a-z][\w-]*$/,
    { zh: ` ${KIND_NAMES.join('、')} 之一`, en: `one of ${KIND_NAMES.join(', ')}` },
  ],
  [
    'id',
    'Short name, for example parks',
    /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/,
    { zh: '小写字母、数字和单个连字符', en: 'lower-case letters, digits and single hyphens' },
  ],
  ['name', 'The department, for example 市园林局', /./, NAME],
  [
    'unit',
    'Its 统一社会信用代码',
    /^[0-9A-Z]{18}$/,
    { zh: ' 18 位数字和大写字母', en: '18 digits and capital letters' },
  ],
  ['address', 'Address of the source', /./, { zh: '地址', en: 'an address' }],
  ['stream', 'What the records are, for example 树木迁移许可证', /./, NAME],
  [
    'type',
    '证照类型代码 of all records',
    /^[0-9A-Z]{21}$/,
    { zh: ' 21 位数字和大写字母', en: '21 digits and capital letters' },
  ],
];

const EXAMPLES: Record<string, string> = {
  http: 'https://dept.example.gov.cn/api',
  database: 'mysql://hub@10.1.2.3:3306/certs',
  exchange: 'oracle://hub@10.1.2.3:1521/exchange',
  file: 'sftp://hub@10.1.2.3/outgoing',
};

/** Asks what it was not told, and writes the connector's file; one that exists is left alone. */
export async function newConnector(options: NewOptions): Promise<void> {
  const answers = await ask(options);
  const file = join(options.config, 'connectors', `${answers.id}.yaml`);
  const shown = relative(process.cwd(), file);
  if (existsSync(file)) {
    throw fault('file-exists', { file: shown });
  }
  writeFileSync(file, textOf(answers));
  print(
    `已写入 ${shown}，# 开头的行说明还须决定什么。 Wrote ${shown}. Lines with # say what is still to be decided.\n`,
  );
  print(`下一步 Next:\n  ./hub connector check ${answers.id}\n  ./hub connector discover ${answers.id}-records`);
}

async function ask(options: NewOptions): Promise<Answers> {
  const answers: Partial<Answers> = {};
  const dialogue = process.stdin.isTTY ? createInterface({ input: process.stdin, output: process.stdout }) : null;
  try {
    for (const [key, question, form, expected] of QUESTIONS) {
      if (key === 'address' && answers.kind === 'inbox') {
        answers.address = '';
        continue;
      }
      const valid = (text: string): boolean => form.test(text) && (key !== 'kind' || KIND_NAMES.includes(text));
      let answer = options[key];
      while (answer === undefined || !valid(answer)) {
        if (!dialogue) {
          const nearest = key === 'kind' && answer !== undefined ? closest(answer, KIND_NAMES) : undefined;
          throw fault('answer-invalid', { option: `--${key}`, found: answer, expected, nearest });
        }
        if (answer !== undefined)
          print(`现为“${answer}”，应为 ${expected.zh} found “${answer}”, expected ${expected.en}`);
        const example = key === 'address' ? `, for example ${EXAMPLES[answers.kind ?? ''] ?? ''}` : '';
        answer = (await dialogue.question(`${question}${example}: `)).trim();
      }
      answers[key] = answer;
      const { remark } = key === 'unit' || key === 'type' ? identify(answer) : { remark: null };
      if (remark !== null) console.error(`注意 Note: ${answer} ${remark}`);
    }
  } finally {
    dialogue?.close();
  }
  return answers as Answers;
}

/** The file, with what has to be decided as comments where it stands. */
function textOf(answers: Answers): string {
  const secret = `HUB_${answers.id.toUpperCase().replaceAll('-', '_')}`;
  const stream = {
    id: `${answers.id}-records`,
    name: answers.stream,
    ...STREAMS[answers.kind],
    certificateType: { code: answers.type, name: answers.stream },
    record: { key: 'id', ...(answers.kind === 'inbox' || answers.kind === 'exchange' ? {} : { updatedAt: 'gxsj' }) },
    status: { field: 'zt', values: { '1': 'valid', '4': 'cancelled' } },
  };
  const body = stringify(
    { name: answers.name, unit: answers.unit, kind: answers.kind, ...headOf(answers, secret), streams: [stream] },
    { flowCollectionPadding: true, lineWidth: 0 },
  );
  return `# yaml-language-server: $schema=../schema/connector.schema.json
# ${REMARKS[answers.kind] ?? ''}
# record.key: the source's own key; record.updatedAt: when it last changed a record; status.values: its values → ours.
# ./hub connector discover ${answers.id}-records shows the fields and drafts these parts.
${body}`;
}

function headOf({ kind, address }: Answers, secret: string): object {
  switch (kind) {
    case 'http':
      return { baseUrl: address, auth: { type: 'bearer', token: { env: `${secret}_TOKEN` } } };
    case 'inbox':
      return { token: { env: `${secret}_TOKEN` } };
    case 'file':
      return address.startsWith('sftp:')
        ? { address, hostKey: `SHA256:${'x'.repeat(43)}`, privateKey: { file: '/run/secrets/sftp-key' } }
        : { address };
    default:
      return address.startsWith('sqlite:') ? { address } : { address, password: { env: `${secret}_PASSWORD` } };
  }
}

const STREAMS: Record<string, object> = {
  http: {
    path: '/records?from={from}&to={to}&page={page}&size={size}',
    response: { records: 'data.list', total: 'data.total' },
  },
  database: { table: 'v_certificates' },
  exchange: { table: 'biz_certificates' },
  file: { files: 'certificates-{date}.csv', complete: { marker: '.ok' } },
  inbox: {},
};

const REMARKS: Record<string, string> = {
  http: 'path and response: how the gateway is asked and answers; auth: header, query, basic, bearer, clientCredentials or signed.',
  database: 'table: a table or view, or query: a SELECT; cursor: time (the default), {sequence: column} or snapshot.',
  exchange: 'table, rowId, operation and consumed: how the front-end exchange database (前置库) is laid out.',
  file: 'files: how they are named; complete: how a file is known to be whole; hostKey: ssh-keyscan HOST | ssh-keygen -lf -',
  inbox: 'token: what the department sends as Authorization: Bearer …; it pushes to /inbox/v1/<stream>.',
};
