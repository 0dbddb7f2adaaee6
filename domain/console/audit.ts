import { OTHER_ACTIONS, PERMISSION_NAMES, ROLES, type Role } from '../access.ts';
import { DISPUTE } from '../casework/dispute.ts';
import { OUTAGE } from '../casework/outage.ts';
import { SHARE_REQUEST } from '../casework/share-request.ts';
import type { Said } from '../said.ts';
import { FINDING, INSPECTIONS } from '../supervision/findings.ts';

/** What stands in the audit as done: permissions, and what happens at sign-in. */
export const AUDITED: Readonly<Record<string, Said>> = { ...OTHER_ACTIONS, ...PERMISSION_NAMES };

/** Steps of cases that have names of their own, by what their actions begin with. */
const STEPS: Record<string, Record<string, Said>> = {
  disputes: DISPUTE.actions,
  outages: OUTAGE.actions,
  share: SHARE_REQUEST.actions,
  supervision: { ...FINDING.actions, ...INSPECTIONS },
};

/** Words that details are written in. */
const WORDS: Record<string, [zh: string, en: string]> = {
  action: ['操作', 'step'],
  did: ['操作', 'did'],
  check: ['检查', 'check'],
  preview: ['预览', 'preview'],
  run: ['归集', 'run'],
  resume: ['恢复', 'resume'],
  replay: ['重放', 'replay'],
  again: ['重新读取', 'again'],
  from: ['自', 'from'],
  to: ['至', 'to'],
  fault: ['故障', 'fault'],
  records: ['条数', 'records'],
  rows: ['行数', 'rows'],
  masked: ['已遮蔽', 'masked'],
  what: ['内容', 'what'],
  kind: ['方式', 'kind'],
  found: ['发现', 'found'],
  cleared: ['消除', 'cleared'],
  demand: ['要求', 'demand'],
  saved: ['视图', 'view'],
  page: ['页面', 'page'],
  paper: ['手工台账', 'paper records of'],
  batch: ['批次', 'batch'],
  workingDays: ['工作日', 'working days'],
  number: ['文号', 'number'],
  note: ['说明', 'note'],
  holder: ['持证主体', 'holder'],
  rejects: ['问题数据', 'rejects'],
  needs: ['所需权限', 'needs'],
  token: ['令牌', 'token'],
  login: ['登录', 'session'],
  version: ['版本', 'version'],
  before: ['此前版本', 'version before'],
  streams: ['数据流', 'streams'],
  evidence: ['证据', 'evidence'],
  units: ['单位', 'units'],
  changed: ['变更', 'changed'],
  added: ['新增', 'added'],
  disabled: ['停用', 'disabled'],
  enabled: ['启用', 'enabled'],
  reset: ['重置密码', 'reset'],
  ended: ['离任', 'ended'],
  revoked: ['撤销', 'revoked'],
  password: ['密码', 'password'],
  role: ['角色', 'role'],
  unit: ['单位', 'unit'],
  parent: ['上级', 'above'],
  name: ['名称', 'name'],
  external: ['统一身份认证', 'identity provider'],
  reason: ['原因', 'reason'],
  document: ['文号', 'document'],
  cause: ['客观原因', 'cause'],
  approver: ['批准人', 'approved by'],
  item: ['所属项', 'item'],
  authority: ['移送机关', 'to'],
  reference: ['移送文号', 'reference'],
  made: ['新建令牌', 'made token'],
  scopes: ['权限范围', 'scopes'],
  days: ['天数', 'days'],
  by: ['方式', 'by'],
  stream: ['数据流', 'stream'],
  size: ['条数', 'size'],
  seed: ['种子', 'seed'],
  tasks: ['时限任务', 'deadlines'],
  disputes: ['异议', 'disputes'],
  outages: ['不可抗力与补录', 'outages'],
  'share-requests': ['共享申请', 'share requests'],
  findings: ['问题整改', 'findings'],
  figures: ['考核', 'figures'],
  audit: ['审计', 'audit'],
  operator: ['专人', 'daily work'],
  leader: ['负责人', 'leader'],
};

/** One word of an entry; texts that people wrote are as they are. */
export function auditedWord(text: string): Said {
  const [zh, en] = (Object.hasOwn(WORDS, text) ? WORDS[text] : undefined) ?? [text, text];
  return { zh, en };
}

/** The details of an entry, each with its label; what was changed stands first. */
export function detailInWords(
  { action, detail }: { action: string; detail: Readonly<Record<string, unknown>> },
  language: 'zh' | 'en',
): [label: string, value: string][] {
  const say = (zh: string, en: string): string => (language === 'zh' ? zh : en);
  const steps = STEPS[action.split(':')[0] ?? ''] ?? {};
  const word = (text: string): string => (steps[text] ?? auditedWord(text))[language];
  const said = (value: unknown): string => {
    if (value === null || value === undefined) return '—';
    if (typeof value === 'boolean') return value ? say('是', 'yes') : say('否', 'no');
    if (Array.isArray(value)) return value.map(said).join(say('、', ', '));
    if (typeof value !== 'object') {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      if (text in ROLES) return ROLES[text as Role][language];
      return AUDITED[text]?.[language] ?? word(text);
    }
    const { from, to, ...rest } = value as Record<string, unknown>;
    if (from !== undefined && to !== undefined && Object.keys(rest).length === 0)
      return from === to ? said(to) : `${said(from)} → ${said(to)}`;
    return Object.entries(value)
      .map(([key, one]) => `${word(key)} ${said(one)}`)
      .join(say('；', '; '));
  };
  return Object.entries(detail)
    .sort(([one], [other]) => Number(other === 'changed') - Number(one === 'changed'))
    .map(([key, value]) => [word(key), said(value)]);
}
