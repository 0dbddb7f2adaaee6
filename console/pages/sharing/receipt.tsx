import { Descriptions } from 'antd';
import { shanghaiWallTime } from '../../../domain/dates.ts';
import type { ProvenReceiptView } from '../../../server/api/sharing/uses.ts';
import { addressOf, useGet } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { told } from '../../parts/cases/case.tsx';
import { Mark } from '../../parts/mark.tsx';
import { Failure, Waiting } from '../../parts/states.tsx';

/** A receipt with the state of its proof, which comes within a second or so; both can be taken along. */
export function ReceiptOfUse({ receipt }: { receipt: string }) {
  const { say } = useLanguage();
  const { data, error, refetch } = useGet('/receipts/:receipt', {
    params: { receipt },
    until: ({ proof }) => proof !== null,
  });
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const { proof } = data;
  return (
    <>
      <Descriptions
        column={1}
        size="small"
        items={told([
          [
            say('回执编号', 'Receipt'),
            <span key="receipt" className="code">
              {receipt}
            </span>,
          ],
          [say('签名状态', 'Its proof'), <Proof key="proof" proof={proof} />],
          [
            say('回执原文', 'What is signed'),
            <span key="text" className="code">
              {data.text}
            </span>,
          ],
        ])}
      />
      <a href={addressOf('/receipts/:receipt', { params: { receipt } })} download={`receipt-${receipt}.json`}>
        {say('下载回执与证明（JSON）', 'Download it with its proof (JSON)')}
      </a>
    </>
  );
}

/** Whether a receipt is signed, in which batch, and by which algorithms. */
function Proof({ proof }: Pick<ProvenReceiptView, 'proof'>) {
  const { say } = useLanguage();
  if (proof === null) return <Mark tone="warn">{say('待签', 'waits to be signed')}</Mark>;
  const { batch, signatures } = proof;
  return (
    <span>
      <Mark tone="good">{say('已签', 'signed')}</Mark>{' '}
      <span className="quiet">
        {shanghaiWallTime(Date.parse(batch.signedAt)).slice(0, 16)} ·{' '}
        {signatures.map(({ algorithm }) => algorithm).join('、')} ·{' '}
        {say(`第 ${batch.id} 批，共 ${batch.receipts} 份`, `batch ${batch.id} of ${batch.receipts}`)}
      </span>
    </span>
  );
}
