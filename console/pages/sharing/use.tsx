import { Alert, Button, Descriptions, Form, Input, Segmented, Select } from 'antd';
import { useState, type ReactNode } from 'react';
import { STATES_OF_FORCE } from '../../../domain/library/lifecycle.ts';
import { STATE_MARKS } from '../../../domain/library/marks.ts';
import { FIELD_NAMES } from '../../../domain/library/certificate.ts';
import type { GrantView } from '../../../server/api/sharing/grants.ts';
import { callShare, useGet, useSend, type Called } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { GrantRequest } from '../../parts/cases/grant-request.tsx';
import { Mark } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { useSharedTypes } from '../../parts/shared-types.tsx';
import { Failure, Nothing, Waiting } from '../../parts/states.tsx';
import { Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';
import { ReceiptOfUse } from './receipt.tsx';

/** A use that is asked for. */
interface AskedUse {
  matter: string;
  scenario: string;
  typeCode: string;
}

/** What a trial call asks: within a grant by its number, or for a use that is written out. */
interface Asked extends Partial<AskedUse> {
  grant?: number;
  code: string;
  name: string;
  business: string;
  reason: string;
}

const find = ({ use, given: { code, name, business, reason } }: { use: AskedUse; given: Asked }) =>
  callShare('/find', {
    use: { matter: use.matter, scenario: use.scenario, business, reason },
    typeCode: use.typeCode,
    holder: { code, name },
  });
type Found = Awaited<ReturnType<typeof find>>;

/** A clerk's trial call through the share interface: it is answered, refused and written down as any other. */
export default function Use() {
  const { say } = useLanguage();
  const { data, error, refetch } = useGet('/grants', { query: { limit: 200 } });
  const call = useSend(find);
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return (
    <PageLayout
      title={say('试调用', 'Trial call')}
      note={say(
        '经用证接口真实查询一次：在授权范围内答复，记入用证日志，并出具回执',
        'A real call of the share interface: answered within a grant, written down, with its receipt',
      )}
    >
      <Section title={say('查询', 'Find')}>
        <AskForm grants={data.items} pending={call.isPending} submit={(use, given) => call.mutate({ use, given })} />
      </Section>
      {call.error && <Failure problem={call.error} />}
      {call.data && <Answer called={call.data} use={call.variables.use} />}
    </PageLayout>
  );
}

function AskForm({
  grants,
  pending,
  submit,
}: {
  grants: readonly GrantView[];
  pending: boolean;
  submit: (use: AskedUse, given: Asked) => void;
}) {
  const { say } = useLanguage();
  const types = useSharedTypes();
  const [form] = Form.useForm<Asked>();
  const [chosen, setWritten] = useState<boolean | null>(null);
  const isWritten = chosen ?? grants.length === 0;
  const rules = [{ required: true, message: say('请填写', 'This is needed') }];
  const nameOf = (code: string): string => types.get(code)?.name ?? code;
  return (
    <Form<Asked>
      form={form}
      // Its fields are told apart from those of the request that opens above it.
      name="ask"
      layout="vertical"
      className="ask"
      preserve={false}
      onFinish={(given) => {
        const { matter = '', scenario = '', typeCode = '' } = grants.find(({ id }) => id === given.grant) ?? given;
        submit({ matter, scenario, typeCode }, given);
      }}
    >
      <Form.Item>
        <Segmented
          aria-label={say('用途', 'What for')}
          options={[
            { value: false, label: say(`已获授权（${grants.length}）`, `Granted (${grants.length})`) },
            { value: true, label: say('其他用途', 'Another use') },
          ]}
          value={isWritten}
          onChange={setWritten}
        />
      </Form.Item>
      <div className="ask-fields">
        {isWritten ? (
          <>
            <Form.Item name="matter" label={say('事项编码', 'Matter')} rules={rules}>
              <Input />
            </Form.Item>
            <Form.Item name="scenario" label={say('应用场景', 'Scenario')} rules={rules}>
              <Input />
            </Form.Item>
            <Form.Item name="typeCode" label={say('证照类型', 'Type')} rules={rules}>
              <Select
                showSearch={{ optionFilterProp: 'label' }}
                options={[...types.values()].map(({ typeCode, name }) => ({ value: typeCode, label: name }))}
              />
            </Form.Item>
          </>
        ) : (
          <Form.Item className="ask-wide" name="grant" label={say('授权', 'Grant')} rules={rules}>
            <Select
              showSearch={{ optionFilterProp: 'label' }}
              notFoundContent={say('本单位没有授权', 'The unit has no grant')}
              options={grants.map(({ id, matterName, scenario, typeCode }) => ({
                value: id,
                label: `${nameOf(typeCode)} · ${matterName} · ${scenario}`,
              }))}
            />
          </Form.Item>
        )}
        <Form.Item name="code" label={say('持证主体代码', 'Holder’s code')} rules={rules}>
          <Input
            autoComplete="off"
            placeholder={say('身份证号、统一社会信用代码等', '公民身份号码, 统一社会信用代码 …')}
          />
        </Form.Item>
        <Form.Item name="name" label={say('持证主体名称', 'Holder’s name')} rules={rules}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="business" label={say('业务流水号', 'Business number')} rules={rules}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item
          className="ask-wide"
          name="reason"
          label={say('用证事由', 'Reason')}
          extra={say('持证主体可以看到', 'The holder can read it')}
          rules={rules}
        >
          <Input autoComplete="off" />
        </Form.Item>
      </div>
      <Button type="primary" htmlType="submit" loading={pending}>
        {say('查询', 'Find')}
      </Button>
    </Form>
  );
}

function Answer({ called, use }: { called: Found; use: AskedUse }) {
  const { say } = useLanguage();
  const { receipt, answer, refused } = called;
  return (
    <>
      <Section title={say('答复', 'Answer')}>
        {refused ? <Refused problem={refused} use={use} /> : <Certificates answer={answer} use={use} />}
      </Section>
      <Section title={say('用证回执', 'Receipt')}>
        <ReceiptOfUse receipt={receipt} />
      </Section>
    </>
  );
}

/** Why a call was refused, with the way to apply for what it asked. */
function Refused({ problem, use }: { problem: NonNullable<Called<unknown>['refused']>; use: AskedUse }) {
  const { say } = useLanguage();
  const { may } = useSession();
  const type = useSharedTypes().get(use.typeCode);
  const [isRequesting, setRequesting] = useState(false);
  return (
    <>
      <Alert
        role="alert"
        showIcon
        type="warning"
        title={say(`已拒绝：${problem.message}`, `Refused: ${problem.message}`)}
        description={say('完善本单位用证清单，或提出共享申请', 'Complete the list of uses, or request the share')}
        action={
          type &&
          may('share:request') && (
            <Button type="primary" onClick={() => setRequesting(true)}>
              {say('提出共享申请', 'Request it')}
            </Button>
          )
        }
      />
      {type && isRequesting && (
        <GrantRequest
          type={type}
          use={{ matter: use.matter, scenario: use.scenario }}
          close={() => setRequesting(false)}
        />
      )}
    </>
  );
}

function Certificates({ answer, use }: { answer: NonNullable<Found['answer']>; use: AskedUse }) {
  const { say, name } = useLanguage();
  const type = useSharedTypes().get(use.typeCode);
  if (answer.certificates.length === 0)
    return (
      <Nothing>
        {say('查无此证照：请核对持证主体的代码和名称', 'Nothing is found: look at the holder’s code and name again')}
        {answer.collected && (
          <div className="quiet">
            {say('此类证照已归集至 ', 'Of this type is collected what was issued before ')}
            <Moment at={answer.collected.upTo} />
            {say('，其后签发的待归集，应归集时间 ', '; what was issued since is due by ')}
            <Moment at={answer.collected.expectedAt} />
          </div>
        )}
      </Nothing>
    );
  return answer.certificates.map(({ code, face, state, marks, disputed, typeCode, holders, ...fields }) => {
    const shown = [
      [
        say('状态', 'State'),
        <>
          <Mark tone={state === 'inForce' ? 'good' : 'warn'}>{say(STATES_OF_FORCE[state], state)}</Mark>{' '}
          {marks.map((mark) => say(STATE_MARKS[mark], mark)).join('、')}
          {disputed && <Mark tone="bad">{say('有异议', 'disputed')}</Mark>}
        </>,
      ],
      ...Object.entries(fields).map(([field, value]) => [
        name(FIELD_NAMES[field as keyof typeof fields]),
        value ?? '—',
      ]),
      ...(holders ? [[name(FIELD_NAMES.holders), holders.map((each) => `${each.name} ${each.code}`).join('、')]] : []),
      ...Object.entries(face).map(([field, value]) => [
        type?.face.find((each) => each.name === field)?.label ?? field,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    ] as [string, ReactNode][];
    return (
      <Descriptions
        key={code}
        className="late-bar"
        bordered
        size="small"
        column={{ xs: 1, md: 2 }}
        title={type?.name ?? typeCode}
        items={shown.map(([label, children]) => ({ key: label, label, children }))}
      />
    );
  });
}
