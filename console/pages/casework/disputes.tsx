import { Link } from 'react-router';
import { DISPUTE_ENDS, DISPUTE_STAGES, type DisputeStage } from '../../../domain/casework/dispute.ts';
import type { DisputeView } from '../../../server/api/casework/disputes.ts';
import { send } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { CaseList } from '../../parts/cases/case-list.tsx';
import { NextDue } from '../../parts/cases/case.tsx';
import { Mark, type Tone } from '../../parts/mark.tsx';
import { Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';

const TONES: Record<DisputeStage, Tone> = {
  raised: 'warn',
  verifying: 'calm',
  away: 'calm',
  telling: 'warn',
  correcting: 'warn',
  closed: 'good',
};

/** How far a dispute is, and how it ended. */
export function DisputeStageMark({ stage, closedAs }: Pick<DisputeView, 'stage' | 'closedAs'>) {
  const { name } = useLanguage();
  if (closedAs === null) return <Mark tone={TONES[stage]}>{name(DISPUTE_STAGES[stage])}</Mark>;
  return <Mark tone={closedAs === 'told' ? 'good' : 'off'}>{name(DISPUTE_ENDS[closedAs])}</Mark>;
}

export default function Disputes() {
  const { say, name } = useLanguage();
  const { unitCode } = useSession();
  return (
    <CaseList
      what="disputes"
      title={say('异议', 'Disputes')}
      note={say('对证照内容的异议，最近提出的在前', 'Objections to certificates, the latest first')}
      empty={say('没有符合条件的异议', 'There is no such dispute')}
      filters={[
        {
          name: 'stage',
          label: say('阶段', 'Stage'),
          kind: 'choices',
          options: Object.entries(DISPUTE_STAGES).map(([value, pair]) => ({ value, label: name(pair) })),
          width: 220,
        },
        { name: 'number', label: say('证照编号', 'Certificate number'), kind: 'text', width: 230 },
        ...(unitCode === null ? [{ name: 'issuer', label: say('发证单位', 'Issuer'), kind: 'unit' } as const] : []),
        { name: 'open', label: say('只看未办结', 'Only open ones'), kind: 'tick', value: 'true' },
      ]}
      columns={[
        { title: say('阶段', 'Stage'), render: (_, row) => <DisputeStageMark {...row} /> },
        {
          title: say('证照编号', 'Certificate'),
          render: (_, row) => (
            <Link to={`/disputes/${row.id}`}>
              {row.number}
              {row.round > 1 && <span className="quiet"> {say(`第 ${row.round} 轮`, `round ${row.round}`)}</span>}
            </Link>
          ),
        },
        {
          title: say('发证单位', 'Issuer'),
          render: (_, row) => row.issuerName ?? <span className="quiet">{say('未知', 'unknown')}</span>,
        },
        {
          title: say('标注', 'Mark'),
          render: (_, { markedAt, closedAt }) =>
            markedAt === null ? (
              <span className="quiet">—</span>
            ) : closedAt === null ? (
              <Mark tone="warn">{say('已标注', 'marked')}</Mark>
            ) : (
              <Mark tone="off">{say('已解除', 'lifted')}</Mark>
            ),
        },
        {
          title: say('核实结果', 'Result'),
          dataIndex: 'upheld',
          render: (upheld: boolean | null) =>
            upheld === null ? (
              <span className="quiet">—</span>
            ) : upheld ? (
              say('成立', 'right')
            ) : (
              say('不成立', 'not right')
            ),
        },
        { title: say('提出', 'Raised'), dataIndex: 'raisedAt', render: (at: string) => <Moment at={at} /> },
        { title: say('最近到期', 'Next due'), render: (_, row) => <NextDue {...row} /> },
      ]}
      opening={{
        needs: 'disputes:raise',
        button: say('登记异议', 'Raise one'),
        title: say('登记异议', 'Raise a dispute'),
        submit: (body) => send('POST', '/disputes', { body }),
        fields: [
          { name: 'number', label: say('证照编号', 'Certificate number'), required: true },
          {
            name: 'typeCode',
            label: say('证照类型代码', 'Type of the certificate'),
            hint: say('仅当编号不能确定是哪种证照时填写', 'Only where the number alone does not tell'),
          },
          { name: 'objector', label: say('异议人', 'Who objects') },
          { name: 'contact', label: say('联系方式', 'How to reach them') },
          { name: 'statement', label: say('异议内容', 'What they say'), required: true, multiline: true },
          {
            name: 'raisedAt',
            label: say('提出时间', 'When'),
            kind: 'time',
            hint: say('不填即为现在', 'Now, where it is left out'),
          },
        ],
      }}
    />
  );
}
