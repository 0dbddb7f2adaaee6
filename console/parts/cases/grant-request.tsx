import { useNavigate } from 'react-router';
import { BASE_FIELDS, BASE_INTERFACES, INTERFACES, type Interface } from '../../../domain/sharing/grant.ts';
import { FIELD_NAMES, type NamedField } from '../../../domain/library/certificate.ts';
import type { SharedTypeView } from '../../../server/api/sharing/share-catalog.ts';
import { send } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { useChoices } from '../filters.tsx';
import { BodyForm } from '../forms/body-form.tsx';

/** The use that a grant is requested for. */
interface WishedUse {
  matter: string;
  matterName: string;
  scenario: string;
  fields: string[];
  interfaces: Interface[];
  legalBasis?: string;
  perDay?: number;
  until?: string;
}

/** Requests a grant for one use of certificates of one type (一证一接口), as far as it is known what for. */
export function GrantRequest({
  type,
  use = {},
  close,
}: {
  type: SharedTypeView;
  use?: Partial<WishedUse>;
  close: () => void;
}) {
  const { say, name } = useLanguage();
  const choices = useChoices();
  const navigate = useNavigate();
  const named = (Object.keys(FIELD_NAMES) as NamedField[]).map((value) => ({ value, label: name(FIELD_NAMES[value]) }));
  const face = type.face.map(({ name: field, label }) => ({ value: `face:${field}`, label }));
  return (
    <BodyForm<WishedUse, { id: number }>
      open
      close={close}
      title={say(`提出共享申请 · ${type.name}`, `Request the use of ${type.name}`)}
      note={say(
        '一证一接口：为一个事项、一个应用场景申请使用一类证照；同意后即获授权',
        'For one matter in one scenario; where it is granted, the grant is made at once',
      )}
      button={say('提出申请', 'Request it')}
      submit={({ scenario, ...wished }) =>
        send('POST', '/share-requests', {
          body: { wanted: `${type.name}（${type.typeCode}）`, scenario, use: { typeCode: type.typeCode, ...wished } },
        })
      }
      done={({ id }) => void navigate(`/share-requests/${id}`)}
      fields={[
        { name: 'matter', label: say('事项编码', 'Matter'), required: true, initial: use.matter },
        { name: 'matterName', label: say('事项名称', 'What it is called'), required: true, initial: use.matterName },
        { name: 'scenario', label: say('应用场景', 'Scenario'), required: true, initial: use.scenario },
        {
          name: 'interfaces',
          label: say('用证方式', 'How'),
          required: true,
          kind: 'choices',
          options: choices(INTERFACES),
          initial: use.interfaces ?? [...BASE_INTERFACES],
        },
        {
          name: 'fields',
          label: say('需要读取的字段', 'Fields to read'),
          required: true,
          kind: 'choices',
          options: [...named, ...face],
          initial: [...BASE_FIELDS],
        },
        { name: 'legalBasis', label: say('法律依据', 'Legal basis'), multiline: true },
        {
          name: 'perDay',
          label: say('每日调用上限', 'Calls a day'),
          kind: 'number',
          hint: say('不填即不限', 'No limit where it is left out'),
        },
        { name: 'until', label: say('授权截止', 'Until'), kind: 'time' },
      ]}
    />
  );
}
