import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { regulationName } from '../../domain/ledger/duties.ts';
import { FUNCTIONS, SERVED, servedDuties, type HubFunction } from '../../domain/ledger/served.ts';
import { ROOT } from '../root.ts';
import { jurisdictionSchema } from './jurisdiction.ts';

/** The page on every duty of the profiles' regulations and what serves it: file → content. */
export function dutyDocs(): [file: string, content: string] {
  const functions: [string, HubFunction][] = Object.entries(FUNCTIONS);
  const parts = [
    '<!-- Made by `npm run schemas` from config/jurisdictions/ and domain/ledger/served.ts; not to be edited. -->',
    '# Duties · 义务对照表',
    'Every duty of the five regulations, in the order of its articles, and what of the hub serves it: the kinds of ' +
      'deadlines (时限任务) that watch it, with their term, and what it is worked on by. `./hub duties` prints the part ' +
      'of one’s own city. ' +
      `${Object.values(SERVED)
        .map(({ zh, en }) => `${zh}: ${en}`)
        .join('; ')}.`,
    ...profiles().flatMap((profile) => [
      `## ${profile.name}${regulationName(profile.regulation)}`,
      [
        '| 编号 | 条款 | 条文 | 状态 | 时限任务 | 功能 | 说明 |',
        '| --- | --- | --- | --- | --- | --- | --- |',
        ...servedDuties(profile).map(({ id, article, quote, served, tasks, functions: by, note }) =>
          row(
            id,
            article,
            quote,
            SERVED[served].zh,
            tasks.join('<br>'),
            by.map((name) => FUNCTIONS[name].zh).join('<br>'),
            note,
          ),
        ),
      ].join('\n'),
    ]),
    '## Functions · 功能',
    [
      '| 功能 | `servedBy` | | Commands | API under `/api/v1` | Tests |',
      '| --- | --- | --- | --- | --- | --- |',
      ...functions.map(([name, { zh, en, commands, api, tests }]) =>
        row(
          zh,
          `\`${name}\``,
          en,
          code(commands.map((command) => `./hub ${command}`)),
          code(api),
          code(tests.map((test) => `test/${test}`)),
        ),
      ),
    ].join('\n'),
  ];
  return [join(ROOT, 'docs/duties.md'), `${parts.join('\n\n')}\n`];
}

const FOLDER = join(ROOT, 'config/jurisdictions');
const profiles = () =>
  readdirSync(FOLDER)
    .sort()
    .map((file) => jurisdictionSchema.parse(parse(readFileSync(join(FOLDER, file), 'utf8'))));

const row = (...cells: string[]): string => `| ${cells.join(' | ')} |`;
const code = (texts: readonly string[]): string => texts.map((text) => `\`${text}\``).join('<br>');
