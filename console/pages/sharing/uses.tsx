import { Button, DatePicker, Modal, type TableColumnsType } from 'antd';
import dayjs from 'dayjs';
import { useState } from 'react';
import { REFUSALS } from '../../../domain/sharing/grant.ts';
import { USE_ACTS, USE_OUTCOMES, type UseOutcome } from '../../../domain/sharing/use.ts';
import type { UseView } from '../../../server/api/sharing/uses.ts';
import type { QueryOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { ChoiceFilter, TextFilter, UnitFilter, useChoices } from '../../parts/filters.tsx';
import { List, useFilters } from '../../parts/list.tsx';
import { Mark, type Tone } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { SharedType, useSharedTypes } from '../../parts/shared-types.tsx';
import { Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';
import { ReceiptOfUse } from './receipt.tsx';

const TONES: Record<UseOutcome, Tone> = { answered: 'good', none: 'calm', refused: 'bad' };

/** Who used which certificates, when and what for; what was refused, too. */
export default function Uses() {
  const { say, name } = useLanguage();
  const [receipt, setReceipt] = useState<string | null>(null);
  const { filters } = useFilters<QueryOf<'/uses'>>();
  const { unit, type, outcome, matter, from, to, of } = filters;
  const columns: TableColumnsType<UseView> = [
    { title: say('时间', 'When'), dataIndex: 'at', render: (at: string) => <Moment at={at} /> },
    {
      title: say('谁', 'Who'),
      render: (_, { unitName, client, operator }) => (
        <>
          {unitName}
          <div className="quiet">{[client, operator].filter((each) => each !== null).join(' · ')}</div>
        </>
      ),
    },
    {
      title: say('操作', 'Act'),
      render: (_, { act, copyUntil }) => (
        <>
          {name(USE_ACTS[act])}
          {copyUntil !== null && (
            <div className="quiet">
              {say('用证期限至 ', 'until ')}
              <Moment at={copyUntil} />
            </div>
          )}
        </>
      ),
    },
    { title: say('证照类型', 'Type'), render: (_, { typeCode }) => <SharedType code={typeCode} /> },
    {
      title: say('事项与场景', 'Matter and scenario'),
      render: (_, { matter: code, scenario }) => (
        <>
          <span className="code">{code}</span> · {scenario}
        </>
      ),
    },
    {
      title: say('流水号与事由', 'Case and reason'),
      render: (_, { business, reason }) => (
        <span className="clip">
          {business}
          <div className="quiet">{reason}</div>
        </span>
      ),
    },
    {
      title: say('结果', 'Outcome'),
      render: (_, { outcome: ended, refusal, certificates }) => (
        <>
          <Mark tone={TONES[ended]}>{name(USE_OUTCOMES[ended])}</Mark>
          <div className="quiet">
            {refusal !== null
              ? name(REFUSALS[refusal])
              : certificates > 0 && say(`${certificates} 份证照`, `${certificates} certificates`)}
          </div>
        </>
      ),
    },
    {
      title: say('回执', 'Receipt'),
      render: (_, { receipt: number, signed }) => (
        <Button type="link" size="small" onClick={() => setReceipt(number)}>
          {signed ? say('已签', 'signed') : say('待签', 'to be signed')}
        </Button>
      ),
    },
  ];
  return (
    <PageLayout
      title={say('用证日志', 'Log of uses')}
      note={say(
        '每次调用一条，被拒绝的也在内；只增不改',
        'An entry for each call, refused ones too; only ever added to',
      )}
    >
      <Section>
        <Filters />
        <List
          path="/uses"
          query={{ unit, type, outcome, matter, from, to, of }}
          columns={columns}
          rowKey="id"
          label={say('用证日志', 'Log of uses')}
          empty={say('没有符合条件的用证记录', 'There is no such use')}
          until={({ items }) => items.every(({ signed }) => signed)}
        />
      </Section>
      <Modal
        open={receipt !== null}
        width={760}
        title={say('用证回执', 'Receipt')}
        footer={null}
        onCancel={() => setReceipt(null)}
        destroyOnHidden
      >
        {receipt !== null && <ReceiptOfUse receipt={receipt} />}
      </Modal>
    </PageLayout>
  );
}

/** An instant of Shanghai at which a day begins, so many days later. */
const dayStart = (day: string, later = 0): string =>
  `${dayjs(day).add(later, 'day').format('YYYY-MM-DD')}T00:00:00+08:00`;

function Filters() {
  const { say } = useLanguage();
  const { may, unitCode } = useSession();
  const choices = useChoices();
  const types = useSharedTypes();
  const { filters, change } = useFilters<QueryOf<'/uses'>>();
  const { unit, type, outcome, matter, from, to, of } = filters;
  return (
    <div className="filters" role="search">
      {unitCode === null && (
        <UnitFilter label={say('用证单位', 'User unit')} value={unit} onChange={(value) => change({ unit: value })} />
      )}
      {unitCode !== null && may('streams:read') && (
        <ChoiceFilter
          label={say('本单位调用', 'Calls of the unit')}
          value={of}
          options={[{ value: 'certificates', label: say('他人使用本单位证照', 'Uses of its certificates') }]}
          onChange={(value) => change({ of: value === 'certificates' ? value : undefined })}
          width={190}
        />
      )}
      <ChoiceFilter
        label={say('结果', 'Outcome')}
        value={outcome}
        options={choices(USE_OUTCOMES)}
        onChange={(value) => change({ outcome: value === '' ? undefined : value })}
        width={120}
      />
      <ChoiceFilter
        label={say('证照类型', 'Type')}
        value={type}
        options={[...types.values()].map(({ typeCode, name }) => ({ value: typeCode, label: name }))}
        onChange={(value) => change({ type: value })}
        width={210}
      />
      <TextFilter
        label={say('事项编码', 'Matter')}
        value={matter}
        onChange={(value) => change({ matter: value })}
        width={160}
      />
      <DatePicker.RangePicker
        allowEmpty
        aria-label={say('日期', 'Days')}
        placeholder={[say('自', 'From'), say('至', 'to')]}
        value={[
          from === undefined ? null : dayjs(from.slice(0, 10)),
          to === undefined ? null : dayjs(to.slice(0, 10)).subtract(1, 'day'),
        ]}
        onChange={(_, [first, last]) =>
          change({
            from: first === '' ? undefined : dayStart(first),
            to: last === '' ? undefined : dayStart(last, 1),
          })
        }
      />
      <Button
        onClick={() =>
          change({ unit: '', type: '', outcome: undefined, matter: '', from: undefined, to: undefined, of: undefined })
        }
      >
        {say('清空', 'Clear')}
      </Button>
    </div>
  );
}
