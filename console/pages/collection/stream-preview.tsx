import { Button, Drawer } from 'antd';
import { RULES } from '../../../domain/library/validation.ts';
import { ask, useSend } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { FieldList } from '../../parts/forms/field-list.tsx';
import { Mark } from '../../parts/mark.tsx';
import { Failure, Nothing, Waiting } from '../../parts/states.tsx';
import { moment } from '../../parts/time.tsx';

/** A page of the source as it comes and as it is mapped; nothing is written. */
export function Preview({ id, open, close }: { id: string; open: boolean; close: () => void }) {
  const { say } = useLanguage();
  return (
    <Drawer
      open={open}
      onClose={close}
      size={860}
      title={say('预览：不写入任何数据', 'Preview; nothing is written')}
      destroyOnHidden
    >
      <PreviewRows id={id} />
    </Drawer>
  );
}

function PreviewRows({ id }: { id: string }) {
  const { say, name } = useLanguage();
  // Each look asks the source, and is audited: it is not asked again by itself.
  const preview = useSend(() => ask('/streams/:name/preview', { params: { name: id } }));
  const { data, error, isPending, isIdle, mutate } = preview;
  if (isIdle)
    return (
      <>
        <p>
          {say(
            '向源端请求一页记录，显示原样和映射结果。每次预览都会记入审计。',
            'Asks the source for one page and shows it as it comes and as it is mapped. Each preview is audited.',
          )}
        </p>
        <Button type="primary" onClick={() => mutate(undefined)}>
          {say('读取一页', 'Read a page')}
        </Button>
      </>
    );
  if (isPending) return <Waiting />;
  if (error) return <Failure problem={error} retry={() => mutate(undefined)} />;
  const of =
    data.from !== null && data.to !== null
      ? `${moment(data.from)} – ${moment(data.to)}`
      : say(`批次 ${data.batch ?? ''}`, `batch ${data.batch ?? ''}`);
  return (
    <>
      <p>
        {say(
          `${of}：一页 ${data.records} 条，可入库 ${data.accepted} 条，拒收 ${data.rejected} 条。`,
          `${of}: ${data.records} records, ${data.accepted} accepted, ${data.rejected} rejected.`,
        )}
        {data.masked && <span className="quiet">{say('个人信息已遮蔽。', ' What is personal is masked.')}</span>}
      </p>
      {data.rows.length === 0 && <Nothing>{say('这一时段源端没有记录', 'The source has no records there')}</Nothing>}
      {data.rows.map(({ raw, mapped, rejected }, index) => (
        <div key={index} className="preview-row">
          <div>
            <h3 className="part-title">{say('原样', 'As it came')}</h3>
            <FieldList value={raw} />
          </div>
          <div>
            <h3 className="part-title">
              {rejected ? (
                <Mark tone="bad">{say('拒收', 'Rejected')}</Mark>
              ) : (
                <Mark tone="good">{say('映射结果', 'As mapped')}</Mark>
              )}
            </h3>
            {rejected ? (
              <ul className="part-lines">
                {rejected.map(({ rule, field, found }) => (
                  <li key={`${rule} ${field}`}>
                    {field} {name(RULES[rule])} {found !== undefined && <span className="quiet">{found}</span>}
                  </li>
                ))}
              </ul>
            ) : (
              <FieldList value={mapped} />
            )}
          </div>
        </div>
      ))}
    </>
  );
}
