import { Link } from 'react-router';
import {
  LARGEST_EVIDENCE,
  OUTAGE_STAGES,
  STOPPED_WORK,
  type OutageStage,
  type StoppedWork,
} from '../../../domain/casework/outage.ts';
import type { OutageView } from '../../../server/api/casework/outages.ts';
import { send, useGet } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { CaseList } from '../../parts/cases/case-list.tsx';
import { NextDue } from '../../parts/cases/case.tsx';
import { useChoices } from '../../parts/filters.tsx';
import { Mark, type Tone } from '../../parts/mark.tsx';
import { Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';

const TONES: Record<OutageStage, Tone> = { stopped: 'bad', backfilling: 'warn', backfilled: 'good', withdrawn: 'off' };

/** How far an outage is. */
export function OutageStageMark({ stage }: { stage: OutageStage }) {
  const { name } = useLanguage();
  return <Mark tone={TONES[stage]}>{name(OUTAGE_STAGES[stage])}</Mark>;
}

export default function Outages() {
  const { say, name } = useLanguage();
  const { may, unitCode } = useSession();
  const choices = useChoices();
  const streams = useGet('/outages/streams', { enabled: may('outages:report') });
  return (
    <CaseList
      what="outages"
      title={say('不可抗力与补录', 'Outages and backfill')}
      note={say(
        '上报后相关数据流的每日时限中止；确认排除后补录时限起算',
        'A report suspends the daily deadlines of its streams; the recovery starts the clock of the backfill',
      )}
      empty={say('没有上报的故障', 'No outage was reported')}
      filters={[
        ...(unitCode === null ? [{ name: 'unit', label: say('上报单位', 'Unit'), kind: 'unit' } as const] : []),
        { name: 'open', label: say('只看未办结', 'Only open ones'), kind: 'tick', value: 'true' },
      ]}
      columns={[
        {
          title: say('状态', 'State'),
          dataIndex: 'stage',
          render: (stage: OutageStage) => <OutageStageMark stage={stage} />,
        },
        { title: say('上报单位', 'Unit'), dataIndex: 'unitName' },
        {
          title: say('原因', 'Cause'),
          render: (_, { id, cause }) => (
            <Link to={`/outages/${id}`} className="clip">
              {cause}
            </Link>
          ),
        },
        {
          title: say('停办业务', 'Stopped'),
          dataIndex: 'kinds',
          render: (kinds: StoppedWork[]) => kinds.map((kind) => name(STOPPED_WORK[kind])).join(say('、', ', ')),
        },
        {
          title: say('数据流', 'Streams'),
          dataIndex: 'streams',
          render: (stopped: OutageView['streams']) => {
            const proven = stopped.filter(({ provenAt }) => provenAt !== null).length;
            return say(`${stopped.length} 个，已核验 ${proven}`, `${stopped.length}, ${proven} proven`);
          },
        },
        { title: say('发生', 'Began'), dataIndex: 'beganAt', render: (at: string) => <Moment at={at} /> },
        { title: say('最近到期', 'Next due'), render: (_, row) => <NextDue {...row} /> },
      ]}
      opening={{
        needs: 'outages:report',
        button: say('上报故障', 'Report one'),
        title: say('上报不可抗力', 'Report an outage'),
        submit: (body) => send('POST', '/outages', { body }),
        fields: [
          {
            name: 'streams',
            label: say('受影响的数据流', 'Streams that it stops'),
            required: true,
            kind: 'choices',
            options: (streams.data?.items ?? []).map(({ id, title, unit: owner }) => ({
              value: id,
              label: `${title} · ${owner}`,
            })),
          },
          {
            name: 'kinds',
            label: say('停办业务', 'Work that it stops'),
            required: true,
            kind: 'choices',
            options: choices(STOPPED_WORK),
            initial: Object.keys(STOPPED_WORK) as StoppedWork[],
          },
          { name: 'cause', label: say('原因', 'What happened'), required: true, multiline: true },
          { name: 'beganAt', label: say('发生时间', 'When it began'), required: true, kind: 'time' },
          {
            name: 'evidence',
            label: say('证明材料', 'A file that shows it'),
            kind: 'file',
            largest: LARGEST_EVIDENCE,
            hint: say('不超过 20 MB', 'At most 20 MB'),
          },
        ],
      }}
    />
  );
}
