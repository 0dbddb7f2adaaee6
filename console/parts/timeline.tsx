import { eventDetailInWords, eventInWords } from '../../domain/casework/timeline.ts';
import { actorInWords } from '../../domain/ledger/reasons.ts';
import type { EventView } from '../../server/api/ledger/tasks.ts';
import { useLanguage } from '../language.tsx';
import { useLadder } from './cases/ladder.ts';
import { dueMoment, moment } from './time.tsx';

/** What stands beside an event for programs only. */
const HIDDEN = new Set(['codes', 'unitCode', 'sha256', 'id', 'inspection']);

export function Timeline({ events }: { events: readonly EventView[] }) {
  const { name } = useLanguage();
  const steps = Object.values(useLadder().actions);
  return (
    <ol className="timeline">
      {events
        .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
        .map(({ at, by, what, detail }, index) => (
          <li key={index}>
            <time dateTime={at}>{what === 'overdue' ? dueMoment(at) : moment(at)}</time>
            <span className="timeline-what">{name(eventInWords(what, steps))}</span>
            <span className="quiet">{name(actorInWords(by))}</span>
            <span>
              {Object.entries(detail)
                .filter(([key, value]) => !HIDDEN.has(key) && value !== null && value !== '')
                .map(([key, value]) => name(eventDetailInWords(key, value)))
                .join(' · ')}
            </span>
          </li>
        ))}
    </ol>
  );
}
