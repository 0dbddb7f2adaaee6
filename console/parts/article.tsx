import { Tooltip } from 'antd';
import { useLanguage } from '../language.tsx';

/** The rule of a deadline with its article; an internal term is never shown as a statutory one. */
export function Article({
  rule,
  article,
  basis,
  duty,
}: {
  rule: string;
  article: string;
  basis: 'statutory' | 'internal';
  duty?: string;
}) {
  const { say } = useLanguage();
  const text = (
    <span>
      {article} <span className="quiet whole">{rule}</span>
      {basis === 'internal' && <span className="quiet whole"> · {say('内控时限', 'internal target')}</span>}
    </span>
  );
  return duty === undefined ? text : <Tooltip title={duty}>{text}</Tooltip>;
}
