import { dueWallTime } from '../../domain/dates.ts';
import { useLanguage } from '../language.tsx';

/** An instant of the API, which bears Shanghai’s offset, as people write it. */
export const moment = (instant: string): string => instant.slice(0, 16).replace('T', ' ');

/** A due time of the API as the law writes it. */
export const dueMoment = (instant: string): string => dueWallTime(Date.parse(instant));

export const Moment = ({ at }: { at: string | null }) =>
  at === null ? <span>—</span> : <time dateTime={at}>{moment(at)}</time>;

export function DueTime({ at }: { at: string | null }) {
  const { say } = useLanguage();
  if (at === null) return <span>{say('日历未公布', 'no calendar yet')}</span>;
  return <time dateTime={at}>{dueMoment(at)}</time>;
}
