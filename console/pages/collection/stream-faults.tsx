import { Alert } from 'antd';
import { faultNamed } from '../../../domain/faults.ts';
import { RULES } from '../../../domain/library/validation.ts';
import type { CheckView } from '../../../server/api/collection/stream-actions.ts';
import { useLanguage } from '../../language.tsx';

/** What a fault is and how it is mended, in Chinese; null in English, in which its message is, and for one without words. */
function useFaultWords(): (code: string | null) => { what: string; cure: string } | null {
  const { language } = useLanguage();
  return (code) => {
    const { brief, cure } = faultNamed(code) ?? {};
    return language === 'zh' && brief !== undefined && typeof cure === 'object' ? { what: brief, cure: cure.zh } : null;
  };
}

/** Why a stream is paused, and what can be done about it. */
export function Paused({ reason, code }: { reason: string; code: string | null }) {
  const { say } = useLanguage();
  const told = useFaultWords()(code);
  return (
    <Alert
      className="late-bar"
      type="error"
      showIcon
      title={say(`已暂停：${told?.what ?? reason}`, `Paused: ${reason}`)}
      description={
        <>
          {told && <div>处置：{told.cure}</div>}
          {told && <div className="quiet">{reason}</div>}
          {say(
            '修正配置后自动恢复；若原因在配置之外（如凭据、网络），修好后点“恢复”。',
            'It goes on when the configuration is mended; where the cause lies elsewhere, mend it and resume.',
          )}
        </>
      }
    />
  );
}

/** What a look at the source showed. */
export function CheckResult({ checked, close }: { checked: CheckView; close: () => void }) {
  const { say, name } = useLanguage();
  const { report, accepted, refused, absent, fault } = checked;
  const told = useFaultWords()(fault?.code ?? null);
  const lacks = refused.length > 0 || absent.length > 0;
  const skew = report && (report.clockSkewMs / 1000).toFixed(1);
  const lines = [
    report &&
      say(
        `一页 ${report.records} 条，计数 ${report.count} 条，时钟相差 ${skew} 秒`,
        `${report.records} on one page, ${report.count} counted, the clocks differ by ${skew} s`,
      ),
    accepted &&
      say(
        `样本 ${accepted.of} 条，可入库 ${accepted.records} 条`,
        `${accepted.records} of a sample of ${accepted.of} accepted`,
      ),
    ...refused.map(({ rule, field, records }) => `${field} ${name(RULES[rule])} × ${records}`),
    ...absent.map(({ field, nearest }) =>
      say(
        `映射引用的字段 ${field} 不存在，最接近的是 ${nearest}`,
        `the mapping names a field that is not there: ${field} (did you mean ${nearest}?)`,
      ),
    ),
    ...(report?.notes ?? []),
  ];
  return (
    <Alert
      className="late-bar"
      type={fault ? 'error' : lacks ? 'warning' : 'success'}
      showIcon
      closable={{ onClose: close }}
      title={
        fault
          ? say(`检查未通过：${told?.what ?? fault.cause}`, `Not passed: ${fault.cause}`)
          : lacks
            ? say('能读取；样本中有记录将被拒收', 'It can be read; some of the sample would be rejected')
            : say('检查通过', 'Passed')
      }
      description={
        <>
          {fault && <div>{say(`处置：${told?.cure ?? fault.cure}`, `Cure: ${fault.cure}`)}</div>}
          {fault && told && <div className="quiet">{`${fault.cause}; ${fault.cure}`}</div>}
          {lines.filter(Boolean).map((line) => (
            <div key={line}>{line}</div>
          ))}
        </>
      }
    />
  );
}
