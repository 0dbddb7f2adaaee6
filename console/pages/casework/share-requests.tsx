import { Button } from 'antd';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { SHARE_OUTCOMES } from '../../../domain/casework/share-request.ts';
import type { ShareRequestView } from '../../../server/api/casework/share-requests.ts';
import { send } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { ChoiceFilter, ChoicesFilter, UnitFilter } from '../../parts/filters.tsx';
import { ExportButton } from '../../parts/export.tsx';
import { ActionForm } from '../../parts/action-form.tsx';
import { NextDue } from '../../parts/case.tsx';
import { List, useFilters } from '../../parts/list.tsx';
import { Mark } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';

/** How a share request stands. */
export function ShareOutcomeMark({ outcome, closedAt }: Pick<ShareRequestView, 'outcome' | 'closedAt'>) {
  const { say, name } = useLanguage();
  if (outcome !== null)
    return <Mark tone={outcome === 'granted' ? 'good' : 'calm'}>{name(SHARE_OUTCOMES[outcome])}</Mark>;
  if (closedAt !== null) return <Mark tone="off">{say('已撤回', 'withdrawn')}</Mark>;
  return <Mark tone="warn">{say('待解决', 'to be decided')}</Mark>;
}

export default function ShareRequests() {
  const { say, name } = useLanguage();
  const { may, unitCode } = useSession();
  const { filters, change } = useFilters();
  const navigate = useNavigate();
  const [requesting, setRequesting] = useState(false);
  const { open, outcome, unit } = filters;
  const chosen = { open, outcome, unit };
  return (
    <PageLayout
      title={say('共享申请', 'Share requests')}
      note={say('用证单位需要、而本市尚未共享的证照', 'Certificates that a unit needs and the city does not share yet')}
      actions={
        <>
          {may('share:request') && (
            <Button type="primary" onClick={() => setRequesting(true)}>
              {say('提出申请', 'Request one')}
            </Button>
          )}
          <ExportButton what="share-requests" filter={chosen} />
        </>
      }
    >
      <Section>
        <div className="filters" role="search">
          <ChoiceFilter
            label={say('办理情况', 'State')}
            value={open}
            options={[
              { value: 'true', label: say('待解决', 'To be decided') },
              { value: 'false', label: say('已办结', 'Closed') },
            ]}
            onChange={(value) => change({ open: value })}
            width={150}
          />
          <ChoicesFilter
            label={say('结果', 'Outcome')}
            value={outcome}
            options={Object.entries(SHARE_OUTCOMES).map(([value, pair]) => ({ value, label: name(pair) }))}
            onChange={(value) => change({ outcome: value })}
            width={220}
          />
          {unitCode === null && (
            <UnitFilter
              label={say('用证单位', 'User unit')}
              value={unit}
              onChange={(value) => change({ unit: value })}
            />
          )}
          <Button onClick={() => change({ open: '', outcome: '', unit: '' })}>{say('清空', 'Clear')}</Button>
        </div>
        <List<ShareRequestView>
          path="/share-requests"
          query={chosen}
          rowKey="id"
          label={say('共享申请', 'Share requests')}
          empty={say('没有符合条件的共享申请', 'There is no such request')}
          columns={[
            {
              title: say('编号', 'No.'),
              dataIndex: 'id',
              render: (id: number) => <Link to={`/share-requests/${id}`}>{id}</Link>,
            },
            { title: say('结果', 'Outcome'), render: (_, row) => <ShareOutcomeMark {...row} /> },
            { title: say('用证单位', 'User unit'), dataIndex: 'unitName' },
            {
              title: say('需要的证照', 'Wanted'),
              render: (_, { id, wanted }) => (
                <Link to={`/share-requests/${id}`} className="clip">
                  {wanted}
                </Link>
              ),
            },
            {
              title: say('用于事项', 'For'),
              dataIndex: 'scenario',
              render: (scenario: string) => <span className="clip">{scenario}</span>,
            },
            { title: say('提出', 'Requested'), dataIndex: 'requestedAt', render: (at: string) => <Moment at={at} /> },
            { title: say('最近到期', 'Next due'), render: (_, row) => <NextDue {...row} /> },
          ]}
        />
      </Section>
      <ActionForm
        open={requesting}
        close={() => setRequesting(false)}
        title={say('提出共享申请', 'Request a certificate')}
        fields={[
          { name: 'wanted', label: say('需要的证照', 'Which certificate'), required: true },
          { name: 'scenario', label: say('用于哪些事项', 'For which items'), required: true, multiline: true },
          {
            name: 'neededAt',
            label: say('需求产生时间', 'When the need arose'),
            kind: 'time',
            hint: say('知道时填写', 'Where that is known'),
          },
        ]}
        submit={(given) => send<{ id: number }>('POST', '/share-requests', given)}
        done={(answer) => void navigate(`/share-requests/${(answer as { id: number }).id}`)}
      />
    </PageLayout>
  );
}
