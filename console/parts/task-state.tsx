import { OBLIGATION_STATES, type ObligationState } from '../../domain/ledger/duties.ts';
import { useLanguage } from '../language.tsx';
import { Mark, type Tone } from './mark.tsx';

const TONES: Record<ObligationState, Tone> = {
  overdue: 'bad',
  'due soon': 'warn',
  open: 'calm',
  suspended: 'off',
  'no calendar': 'warn',
  met: 'good',
  'met late': 'warn',
  'met suspended': 'off',
  exempted: 'off',
  cancelled: 'off',
};

export function TaskState({ state }: { state: ObligationState }) {
  const { name } = useLanguage();
  return <Mark tone={TONES[state]}>{name(OBLIGATION_STATES[state])}</Mark>;
}

const inDays = (days: number): string => `${days} working day${days === 1 ? '' : 's'}`;

/** How many working days are left, or since when there are none. */
export function Remaining({ days, state }: { days: number | null; state: ObligationState }) {
  const { say } = useLanguage();
  if (days === null) return <span>—</span>;
  if (state === 'overdue')
    return (
      <span className="tone-bad">
        {days === 0 ? say('今日已过', 'passed today') : say(`已超 ${-days} 个工作日`, `${inDays(-days)} over`)}
      </span>
    );
  return <span>{days === 0 ? say('今日', 'today') : say(`${days} 个工作日`, inDays(days))}</span>;
}
