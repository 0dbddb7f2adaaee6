import { Button, DatePicker, type TableColumnsType } from 'antd';
import dayjs from 'dayjs';
import { Link } from 'react-router';
import { OTHER_ACTIONS, PERMISSION_NAMES, ROLES, type Role } from '../../domain/access.ts';
import { DISPUTE_ACTIONS } from '../../domain/dispute.ts';
import { ACTIONS as SUPERVISION_ACTIONS, INSPECTIONS } from '../../domain/supervision.ts';
import type { AuditView } from '../../server/api/audit.ts';
import { useLanguage } from '../language.tsx';
import { ChoiceFilter, TextFilter } from '../parts/filters.tsx';
import { List, useFilters } from '../parts/list.tsx';
import { useObjectPage } from '../parts/object-page.ts';
import { Page, Section } from '../parts/page.tsx';
import { Moment } from '../parts/time.tsx';

const ACTIONS: Record<string, { zh: string; en: string }> = { ...OTHER_ACTIONS, ...PERMISSION_NAMES };

/** Steps of cases that have names of their own, by what their actions begin with. */
const STEPS: Record<string, Record<string, { zh: string; en?: string }>> = {
  disputes: DISPUTE_ACTIONS,
  supervision: { ...SUPERVISION_ACTIONS, ...INSPECTIONS },
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
  made: ['新建令牌', 'made token'],
  scopes: ['权限范围', 'scopes'],
  days: ['天数', 'days'],
  by: ['方式', 'by'],
  operator: ['专人', 'daily work'],
  leader: ['负责人', 'leader'],
};

/** What people did, and to what. */
export default function Audit() {
  const { say, name } = useLanguage();
  const { filters, change } = useFilters();
  const { actor, object, action, from, to } = filters;
  const columns: TableColumnsType<AuditView> = [
    { title: say('时间', 'When'), dataIndex: 'at', render: (at: string) => <Moment at={at} /> },
    { title: say('用户名', 'Who'), dataIndex: 'actor' },
    {
      title: say('角色', 'Role'),
      dataIndex: 'role',
      render: (role: Role | null) => <span className="quiet">{role === null ? '—' : name(ROLES[role])}</span>,
    },
    {
      title: say('操作', 'Action'),
      dataIndex: 'action',
      render: (done: string) => (ACTIONS[done] ? name(ACTIONS[done]) : done),
    },
    { title: say('对象', 'Object'), dataIndex: 'object', render: (about: string) => <ObjectLink object={about} /> },
    {
      title: say('详情', 'Detail'),
      dataIndex: 'detail',
      render: (detail: AuditView['detail'], { action: done }) => <Detail detail={detail} of={done} />,
    },
  ];
  return (
    <Page
      title={say('审计', 'Audit')}
      note={say('谁在何时对什么做了什么;只增不改', 'Who did what, when, to what; only ever added to')}
    >
      <Section>
        <div className="filters" role="search">
          <TextFilter
            label={say('用户名', 'Login')}
            value={actor}
            onChange={(value) => change({ actor: value.toLowerCase() })}
            width={180}
          />
          <ChoiceFilter
            label={say('操作', 'Action')}
            value={action}
            options={Object.entries(ACTIONS)
              .filter(([value]) => !value.endsWith(':read') && !value.endsWith(':personal'))
              .map(([value, pair]) => ({ value, label: name(pair) }))}
            onChange={(value) => change({ action: value })}
            width={210}
          />
          <TextFilter
            label={say('对象,如 dispute/12', 'Object, as dispute/12')}
            value={object}
            onChange={(value) => change({ object: value })}
          />
          <DatePicker.RangePicker
            allowEmpty
            aria-label={say('日期', 'Days')}
            placeholder={[say('自', 'From'), say('至', 'to')]}
            value={[from === undefined ? null : dayjs(from), to === undefined ? null : dayjs(to)]}
            onChange={(_, [first, last]) => change({ from: first, to: last })}
          />
          <Button onClick={() => change({ actor: '', action: '', object: '', from: '', to: '' })}>
            {say('清空', 'Clear')}
          </Button>
        </div>
        <List<AuditView>
          path="/audit"
          query={{ actor, object, action, from, to }}
          columns={columns}
          rowKey="id"
          label={say('审计', 'Audit')}
          empty={say('没有符合条件的记录', 'There is no such entry')}
        />
      </Section>
    </Page>
  );
}

function ObjectLink({ object }: { object: string }) {
  const page = useObjectPage()(object);
  return page === null ? <span>{object}</span> : <Link to={page}>{object}</Link>;
}

function Detail({ detail, of }: { detail: AuditView['detail']; of: string }) {
  const { say, name } = useLanguage();
  const steps = STEPS[of.split(':')[0] ?? ''] ?? {};
  const word = (text: string): string => {
    const step = steps[text];
    if (step) return say(step.zh, step.en ?? text);
    return WORDS[text] ? say(...WORDS[text]) : text;
  };
  const said = (value: unknown): string => {
    if (value === null || value === undefined) return '—';
    if (typeof value === 'boolean') return value ? say('是', 'yes') : say('否', 'no');
    if (Array.isArray(value)) return value.map(said).join(say('、', ', '));
    if (typeof value !== 'object') {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      if (text in ROLES) return name(ROLES[text as Role]);
      return ACTIONS[text] ? name(ACTIONS[text]) : word(text);
    }
    const { from, to, ...rest } = value as Record<string, unknown>;
    if (from !== undefined && to !== undefined && Object.keys(rest).length === 0)
      return from === to ? said(to) : `${said(from)} → ${said(to)}`;
    return Object.entries(value)
      .map(([key, one]) => `${word(key)} ${said(one)}`)
      .join(say(';', '; '));
  };
  return (
    <ul className="audit-detail">
      {Object.entries(detail)
        .sort(([one], [other]) => Number(other === 'changed') - Number(one === 'changed'))
        .map(([key, value]) => (
          <li key={key}>
            <span className="quiet">{word(key)}</span> {said(value)}
          </li>
        ))}
    </ul>
  );
}
