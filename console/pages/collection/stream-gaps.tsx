import { Button } from 'antd';
import { GAP_KINDS, gapInWords } from '../../../domain/collection/gap.ts';
import type { StreamDetail } from '../../../server/api/collection/stream.ts';
import { useLanguage } from '../../language.tsx';
import { Section } from '../../parts/page.tsx';
import { Nothing } from '../../parts/states.tsx';
import { moment } from '../../parts/time.tsx';

/** What is due and not proven to be in. `read`: has a window read; null for who may not. */
export function Gaps({
  stream: { gaps, gapList, at },
  read,
}: {
  stream: StreamDetail;
  read: ((window: { from: string; to: string }) => void) | null;
}) {
  const { say, name } = useLanguage();
  return (
    <div id="gaps">
      <Section title={say(`缺口（${gaps}）`, `Gaps (${gaps})`)}>
        {gapList.length === 0 ? (
          <Nothing>
            {say(
              `应归集的均已证实归集（${moment(at)} 核查）`,
              `Everything that is due is proven to be in (${moment(at)})`,
            )}
          </Nothing>
        ) : (
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{say('类别', 'Kind')}</th>
                <th scope="col">{say('内容', 'What')}</th>
                <th scope="col">{say('操作', 'Action')}</th>
              </tr>
            </thead>
            <tbody>
              {gapList.map((gap) => {
                const { kind, from, to } = gap;
                const words = gapInWords(gap);
                return (
                  <tr key={`${kind} ${words.en}`}>
                    <td className="mark">{name(GAP_KINDS[kind])}</td>
                    <td className="pre">{name(words)}</td>
                    <td>
                      {read && from !== null && to !== null && (
                        <Button size="small" onClick={() => read({ from, to })}>
                          {say('补读此时段', 'Read it')}
                        </Button>
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        )}
      </Section>
    </div>
  );
}
