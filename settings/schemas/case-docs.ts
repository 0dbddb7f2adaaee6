import { join } from 'node:path';
import { ROOT } from '../root.ts';
import { PERMISSIONS, ROLES } from '../../domain/access.ts';
import { markOf, type CaseAction, type CaseDefinition } from '../../domain/casework/definition.ts';
import { DISPUTE } from '../../domain/casework/dispute.ts';
import { OUTAGE } from '../../domain/casework/outage.ts';
import { SHARE_REQUEST } from '../../domain/casework/share-request.ts';
import type { Said } from '../../domain/said.ts';
import { FINDING } from '../../domain/supervision/findings.ts';

/** The page on what may be done in cases, made from their definitions: file → content. */
export function caseDocs(): [file: string, content: string] {
  const parts = [
    '<!-- Made by `npm run schemas` from the definitions in domain/casework/ and domain/supervision/findings.ts; not to be edited. -->',
    '# Casework · 案件',
    'What may be done in a case, by whom, in which of its stages, what that asks for, and why it is refused. The commands, ' +
      'the API and the console all go by these tables; commands ask for no role. The roles are in [console.md](console.md); ' +
      '限 (only): of these, whoever acts for that unit or sees it as one below theirs. How the terms run is in ' +
      '[deadlines.md](deadlines.md), how findings come about in [supervision.md](supervision.md).',
    sectionOf(DISPUTE),
    sectionOf(OUTAGE),
    sectionOf(SHARE_REQUEST),
    sectionOf(FINDING),
  ];
  return [join(ROOT, 'docs/casework.md'), `${parts.join('\n\n')}\n`];
}

function sectionOf(definition: CaseDefinition<never>): string {
  const { zh, en, command, path, stages, actions } = definition;
  return [
    `## ${zh} · ${en}`,
    `Commands: \`./hub ${command} …\`. API: \`POST ${path}/{id}/…\``,
    [
      '| Stage | |',
      '| --- | --- |',
      ...Object.entries(stages).map(([name, words]) => row(`\`${name}\``, both(words))),
    ].join('\n'),
    [
      '| Action | | Who | Stages | Asks for | Refused where | Command | API |',
      '| --- | --- | --- | --- | --- | --- | --- | --- |',
      ...Object.entries(actions).map(([name, action]) =>
        row(
          both(action),
          lines([action.help.zh, action.help.en]),
          whoMay(action),
          action.stages.map((stage) => stages[stage]?.zh ?? stage).join('、') + leadsTo(action, stages),
          lines(
            Object.entries(action.fields).map(
              ([field, words]) => `\`${field}\` ${both(words)}${words.optional ? '（可不填 optional）' : ''}`,
            ),
          ),
          lines(Object.values(action.refusals ?? {}).map(both)),
          `\`${action.command ?? name}\``,
          `\`${action.path}\`${markText(definition, name)}`,
        ),
      ),
    ].join('\n'),
  ].join('\n\n');
}

const row = (...cells: string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
const lines = (texts: readonly string[]): string => texts.join('<br>');
const both = ({ zh, en }: Said): string => `${zh} ${en}`;

function whoMay({ needs, only }: Pick<CaseAction<never, string>, 'needs' | 'only'>): string {
  const roles = PERMISSIONS[needs].map((role) => ROLES[role].zh).join('、');
  return lines([roles, ...(only ? [`限${only.zh} only ${only.en}`] : [])]);
}

function leadsTo(action: object, stages: Readonly<Record<string, Said>>): string {
  return 'to' in action && typeof action.to === 'string' ? ` → ${stages[action.to]?.zh ?? action.to}` : '';
}

function markText(definition: CaseDefinition<never>, action: string): string {
  const mark = markOf(definition, action);
  return Object.keys(mark).length === 0 ? '' : ` \`${JSON.stringify(mark)}\``;
}
