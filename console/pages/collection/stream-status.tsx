import { Descriptions } from 'antd';
import { Link } from 'react-router';
import { RULES } from '../../../domain/library/validation.ts';
import { CONTACTS, DELIVERIES, DRIFT_ACTIONS, DRIFT_CHANGES } from '../../../domain/streams.ts';
import type { StreamDetail } from '../../../server/api/collection/stream.ts';
import { useLanguage } from '../../language.tsx';
import { Section } from '../../parts/page.tsx';
import { CoverageCell, CoverageLegend, DayHead, ThreePoints, toToday } from '../../parts/stream-state.tsx';
import { Moment, moment } from '../../parts/time.tsx';

/** How a stream stands: its source, how far it is proven to be in, its rejects, the fields that have changed. */
export function StreamStatus({ stream: data }: { stream: StreamDetail }) {
  const { say, name } = useLanguage();
  return (
    <Section title={say('状况', 'Status')}>
      <Descriptions
        column={{ xs: 1, md: 2, xl: 3 }}
        size="small"
        items={[
          { key: 'id', label: say('标识', 'Id'), children: data.stream },
          { key: 'delivery', label: say('方式', 'Delivery'), children: name(DELIVERIES[data.delivery]) },
          {
            key: 'contact',
            label: say('源端最近答复', 'Source'),
            children:
              data.contact === null
                ? say('尚未联系', 'not asked yet')
                : `${name(CONTACTS[data.contact])} ${data.contactAt === null ? '' : moment(data.contactAt)}`,
          },
          { key: 'last', label: say('最近成功', 'Last success'), children: <Moment at={data.lastSuccessAt} /> },
          {
            key: 'covered',
            label: say('已证实至', 'Proven up to'),
            children:
              data.coveredTo === null ? (
                data.link === null ? (
                  '—'
                ) : (
                  say(`第 ${data.link} 批`, `batch ${data.link}`)
                )
              ) : (
                <Moment at={data.coveredTo} />
              ),
          },
          {
            key: 'points',
            label: say('近 30 天 源端 / 读取 / 入库', '30 days: source / read / in'),
            children: <ThreePoints {...data} />,
          },
          ...(data.stock === null
            ? []
            : [
                {
                  key: 'stock',
                  label: say('存量', 'Stock'),
                  children: `${data.stock.done.toLocaleString()} / ${data.stock.planned?.toLocaleString() ?? say('未清点', 'not counted')}${data.stock.dueOn === null ? '' : say(`，${data.stock.dueOn} 前完成`, `, by ${data.stock.dueOn}`)}`,
                },
              ]),
        ]}
      />
      {data.contactDetail !== null && <p className="pre tone-warn">{data.contactDetail}</p>}
      {data.rejectsByRule.length > 0 && (
        <p>
          {say('问题数据：', 'Rejects: ')}
          {data.rejectsByRule.map(({ rule, records }, index) => (
            <span key={rule}>
              {index > 0 && '、'}
              <Link to={`/rejects?stream=${data.stream}&rule=${rule}`}>
                {name(RULES[rule])} {records.toLocaleString()}
              </Link>
            </span>
          ))}
        </p>
      )}
      {data.drifts.map(({ field, change, detail, action }) => (
        <p key={`${field} ${change} ${detail}`} className="tone-warn">
          ◆{' '}
          {say(
            `源端字段 ${field} ${DRIFT_CHANGES[change].zh}（${detail}）；处理：${DRIFT_ACTIONS[action].zh}`,
            `the field ${field} is ${DRIFT_CHANGES[change].en} (${detail}): ${DRIFT_ACTIONS[action].en}`,
          )}
        </p>
      ))}
    </Section>
  );
}

/** What each of the last days is covered by. */
export function CoveredDays({ stream, delivery, days }: Pick<StreamDetail, 'stream' | 'delivery' | 'days'>) {
  const { say } = useLanguage();
  if (days.length === 0) return null;
  return (
    <Section title={say('每日覆盖（近 30 天）', 'Coverage by day (30 days)')} extra={<CoverageLegend />}>
      <div
        className="cover-map"
        ref={toToday}
        tabIndex={0}
        role="region"
        aria-label={say('每日覆盖', 'Coverage by day')}
      >
        <table>
          <thead>
            <tr>
              {days.map(({ date }, index) => (
                <DayHead key={date} day={date} first={index === 0} />
              ))}
            </tr>
          </thead>
          <tbody>
            <tr>
              {days.map(({ date, state }) => (
                <CoverageCell
                  key={date}
                  state={state}
                  day={date}
                  {...(delivery === 'daily' && state !== 'not due' && { to: `/streams/${stream}/days/${date}` })}
                />
              ))}
            </tr>
          </tbody>
        </table>
      </div>
    </Section>
  );
}
