import type { TaskView } from '../../server/api/ledger/tasks.ts';
import { useLanguage } from '../language.tsx';

const CASES: Record<string, [zh: string, en: string]> = {
  dispute: ['异议', 'dispute'],
  outage: ['故障', 'outage'],
  share: ['共享申请', 'share request'],
  rectification: ['整改', 'rectification'],
  contact: ['单位', 'unit'],
};

/** What a deadline is about, in words: a case with its number, or the stream with its day. */
export function Subject({ subject, stream }: Pick<TaskView, 'subject' | 'stream'>) {
  const { say } = useLanguage();
  const [kind = '', ...rest] = subject.split('/');
  const words = CASES[kind];
  if (words)
    return (
      <span title={subject}>
        {say(...words)} {rest.join('/')}
      </span>
    );
  if (stream === null) return <>{subject}</>;
  const parts = kind === stream.name ? rest : rest.slice(1);
  return (
    <span title={subject}>
      <span className="whole">{stream.title}</span>
      {parts.map((part) => (
        <span key={part}>
          {' '}
          <span className="whole">· {part === 'rejects' ? say('问题数据', 'rejects') : part}</span>
        </span>
      ))}
    </span>
  );
}
