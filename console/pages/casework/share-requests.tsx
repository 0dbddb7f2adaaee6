import { Link } from 'react-router';
import { SHARE_OUTCOMES, SHARE_STAGES, shareStage, type ShareStage } from '../../../domain/casework/share-request.ts';
import type { ShareRequestView } from '../../../server/api/casework/share-requests.ts';
import { send } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { CaseList } from '../../parts/cases/case-list.tsx';
import { NextDue } from '../../parts/cases/case.tsx';
import { Mark, type Tone } from '../../parts/mark.tsx';
import { Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';

const TONES: Record<ShareStage, Tone> = {
  open: 'warn',
  granted: 'good',
  refused: 'calm',
  alternative: 'calm',
  withdrawn: 'off',
};

/** How a share request stands. */
export function ShareOutcomeMark({ closedAs }: Pick<ShareRequestView, 'closedAs'>) {
  const { name } = useLanguage();
  const stage = shareStage({ closedAs });
  return <Mark tone={TONES[stage]}>{name(SHARE_STAGES[stage])}</Mark>;
}

export default function ShareRequests() {
  const { say, name } = useLanguage();
  const { unitCode } = useSession();
  return (
    <CaseList
      what="share-requests"
      title={say('共享申请', 'Share requests')}
      note={say('用证单位需要、而本市尚未共享的证照', 'Certificates that a unit needs and the city does not share yet')}
      empty={say('没有符合条件的共享申请', 'There is no such request')}
      filters={[
        {
          name: 'open',
          label: say('办理情况', 'State'),
          kind: 'choice',
          options: [
            { value: 'true', label: say('待解决', 'To be decided') },
            { value: 'false', label: say('已办结', 'Closed') },
          ],
          width: 150,
        },
        {
          name: 'outcome',
          label: say('结果', 'Outcome'),
          kind: 'choices',
          options: Object.entries(SHARE_OUTCOMES).map(([value, pair]) => ({ value, label: name(pair) })),
          width: 220,
        },
        ...(unitCode === null ? [{ name: 'unit', label: say('用证单位', 'User unit'), kind: 'unit' } as const] : []),
      ]}
      columns={[
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
      opening={{
        needs: 'share:request',
        button: say('提出申请', 'Request one'),
        title: say('提出共享申请', 'Request a certificate'),
        submit: (body) => send('POST', '/share-requests', { body }),
        fields: [
          { name: 'wanted', label: say('需要的证照', 'Which certificate'), required: true },
          { name: 'scenario', label: say('用于哪些事项', 'For which items'), required: true, multiline: true },
          {
            name: 'neededAt',
            label: say('需求产生时间', 'When the need arose'),
            kind: 'time',
            hint: say('知道时填写', 'Where that is known'),
          },
        ],
      }}
    />
  );
}
