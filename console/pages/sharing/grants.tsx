import { Button, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import type { GrantView } from '../../../server/api/sharing/grants.ts';
import { send } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { useFilterBar } from '../../parts/filters.tsx';
import { BodyForm } from '../../parts/forms/body-form.tsx';
import { List } from '../../parts/list.tsx';
import { Mark } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Extent, SharedType, useSharedTypes } from '../../parts/shared-types.tsx';
import { Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';

/** What units may do with certificates, and what each grant rests on. */
export default function Grants() {
  const { say } = useLanguage();
  const { may, unitCode } = useSession();
  const types = useSharedTypes();
  const [ending, setEnding] = useState<GrantView | null>(null);
  const { bar, chosen } = useFilterBar([
    ...(unitCode === null ? [{ name: 'unit', label: say('用证单位', 'User unit'), kind: 'unit' } as const] : []),
    {
      name: 'type',
      label: say('证照类型', 'Type'),
      kind: 'choice',
      options: [...types.values()].map(({ typeCode, name }) => ({ value: typeCode, label: name })),
      width: 230,
    },
    { name: 'ended', label: say('含已终止的', 'With those that ended'), kind: 'tick', value: 'true' },
  ]);
  const columns: TableColumnsType<GrantView> = [
    { title: say('状态', 'State'), render: (_, grant) => <GrantState {...grant} /> },
    { title: say('用证单位', 'User unit'), dataIndex: 'unitName' },
    {
      title: say('事项', 'Matter'),
      render: (_, { matter, matterName, scenario }) => (
        <>
          {matterName} · {scenario}
          <div className="quiet code">{matter}</div>
        </>
      ),
    },
    { title: say('证照类型', 'Type'), render: (_, { typeCode }) => <SharedType code={typeCode} /> },
    {
      title: say('方式与字段', 'How, and which fields'),
      render: (_, grant) => (
        <>
          <Extent {...grant} />
          {grant.perDay !== null && <div>{say(`每日 ${grant.perDay} 次以内`, `${grant.perDay} calls a day`)}</div>}
        </>
      ),
    },
    { title: say('依据', 'Rests on'), render: (_, grant) => <Ground {...grant} /> },
    ...(may('sharing:approve')
      ? [
          {
            title: say('操作', 'Do'),
            render: (_: unknown, grant: GrantView) =>
              grant.endedAt === null && (
                <Button size="small" onClick={() => setEnding(grant)}>
                  {say('终止', 'End')}
                </Button>
              ),
          },
        ]
      : []),
  ];
  return (
    <PageLayout
      title={say('用证授权', 'Grants')}
      note={say(
        '一证一接口：一项授权只限一类证照、一个事项、一个应用场景',
        'Each for one type, one matter, one scenario',
      )}
    >
      <Section>
        {bar}
        <List
          path="/grants"
          query={chosen}
          columns={columns}
          rowKey="id"
          label={say('用证授权', 'Grants')}
          empty={say('没有符合条件的授权', 'There is no such grant')}
        />
      </Section>
      {ending && (
        <BodyForm
          open
          close={() => setEnding(null)}
          title={say(`终止授权 ${ending.id} · ${ending.unitName}`, `End grant ${ending.id} of ${ending.unitName}`)}
          note={say('从下一次调用起即被拒绝', 'From the next call on it is refused')}
          button={say('终止', 'End')}
          submit={(body: { reason: string }) => send('POST', '/grants/:id/end', { params: { id: ending.id }, body })}
          fields={[{ name: 'reason', label: say('理由', 'Why'), required: true, multiline: true }]}
        />
      )}
    </PageLayout>
  );
}

/** Whether a grant holds, and until when. */
function GrantState({ until, endedAt, endedBy, endReason }: GrantView) {
  const { say } = useLanguage();
  const [now] = useState(() => Date.now());
  if (endedAt !== null)
    return (
      <>
        <Mark tone="off">{say('已终止', 'ended')}</Mark>
        <div className="quiet">
          <Moment at={endedAt} /> {endedBy}
          <div>{endReason}</div>
        </div>
      </>
    );
  if (until !== null && Date.parse(until) <= now) return <Mark tone="warn">{say('已到期', 'is over')}</Mark>;
  return (
    <>
      <Mark tone="good">{say('有效', 'in force')}</Mark>
      {until !== null && (
        <div className="quiet">
          {say('至', 'until')} <Moment at={until} />
        </div>
      )}
    </>
  );
}

/** What a grant rests on: a version of the unit's list, or a request. */
function Ground({ unitCode, listVersion, requestId, legalBasis, grantedAt, grantedBy }: GrantView) {
  const { say } = useLanguage();
  return (
    <>
      {listVersion === null ? (
        <Link to={`/share-requests/${requestId}`}>{say(`共享申请 ${requestId}`, `request ${requestId}`)}</Link>
      ) : (
        <Link to={`/usage-lists/${unitCode}?version=${listVersion}`}>
          {say(`清单第 ${listVersion} 版`, `list, version ${listVersion}`)}
        </Link>
      )}
      {legalBasis !== null && <div>{legalBasis}</div>}
      <div className="quiet">
        <Moment at={grantedAt} /> {grantedBy}
      </div>
    </>
  );
}
