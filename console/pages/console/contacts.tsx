import { Button, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { CONTACT_ROLES, type ContactRole } from '../../../domain/ledger/contact.ts';
import type { ContactView } from '../../../server/api/console/contacts.ts';
import { send, useGet, type BodyOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { BodyForm } from '../../parts/forms/body-form.tsx';
import { useChoices } from '../../parts/filters.tsx';
import { Mark } from '../../parts/mark.tsx';
import { Section } from '../../parts/page.tsx';
import { Failure } from '../../parts/states.tsx';
import { Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';
import { useUnitOptions } from './units.tsx';

/** Contact persons on file, whom reminders reach. */
export function ContactList() {
  const { say, name } = useLanguage();
  const { may } = useSession();
  const { data, error, refetch } = useGet('/contacts');
  const options = useUnitOptions();
  const choicesOf = useChoices();
  const [filing, setFiling] = useState<string | null>(null);
  const [ending, setEnding] = useState<ContactView | null>(null);
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  const columns: TableColumnsType<ContactView> = [
    { title: say('单位', 'Unit'), dataIndex: 'unitName' },
    {
      title: say('角色', 'Role'),
      dataIndex: 'role',
      render: (role: ContactRole | null) =>
        role === null ? <Mark tone="bad">{say('未备案', 'nobody')}</Mark> : name(CONTACT_ROLES[role]),
    },
    { title: say('姓名', 'Person'), dataIndex: 'person' },
    { title: say('邮箱', 'E-mail'), dataIndex: 'email' },
    { title: say('手机', 'Phone'), dataIndex: 'phone' },
    { title: say('接口地址', 'Webhook'), dataIndex: 'webhook' },
    { title: say('备案', 'Filed'), dataIndex: 'filedAt', render: (at: string | null) => <Moment at={at} /> },
    { title: say('备案人', 'By'), dataIndex: 'filedBy' },
    ...(may('contacts:file')
      ? [
          {
            title: say('操作', 'Actions'),
            render: (_: unknown, contact: ContactView) =>
              contact.id === null ? (
                <Button size="small" type="primary" onClick={() => setFiling(contact.unitCode)}>
                  {say('备案', 'File')}
                </Button>
              ) : (
                <Button size="small" onClick={() => setEnding(contact)}>
                  {say('离任', 'End')}
                </Button>
              ),
          },
        ]
      : []),
  ];
  return (
    <Section
      title={say('专人备案', 'Contacts on file')}
      extra={
        may('contacts:file') && (
          <Button type="primary" onClick={() => setFiling('')}>
            {say('新增备案', 'File a contact')}
          </Button>
        )
      }
    >
      <p className="quiet">
        {say(
          '催办发给专人，升级的提醒同时发给负责人。没有专人的单位须在时限内备案。',
          'Reminders go to the daily contact, escalations to the leader too. A unit without a contact owes one.',
        )}
      </p>
      <Table<ContactView>
        aria-label={say('专人', 'Contacts')}
        size="middle"
        rowKey={({ id, unitCode }) => id ?? unitCode}
        columns={columns}
        dataSource={data?.items ?? []}
        loading={!data}
        pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
        scroll={{ x: 'max-content' }}
        locale={{ emptyText: say('还没有单位', 'There is no unit yet') }}
      />
      <BodyForm
        key={`file ${filing ?? ''}`}
        open={filing !== null}
        close={() => setFiling(null)}
        title={say('专人备案', 'File a contact')}
        note={say('邮箱、手机、接口地址至少填一项。', 'At least one of e-mail, phone and webhook.')}
        fields={[
          {
            name: 'unitCode',
            label: say('单位', 'Unit'),
            kind: 'choice',
            required: true,
            options,
            initial: filing === '' ? (options.length === 1 ? options[0]?.value : undefined) : (filing ?? undefined),
          },
          {
            name: 'role',
            label: say('角色', 'Role'),
            kind: 'choice',
            required: true,
            initial: 'operator',
            options: choicesOf(CONTACT_ROLES),
          },
          { name: 'person', label: say('姓名', 'Person'), required: true },
          { name: 'email', label: say('邮箱', 'E-mail') },
          { name: 'phone', label: say('手机', 'Phone') },
          {
            name: 'webhook',
            label: say('接口地址', 'Webhook'),
            hint: say('单位自己系统接收提醒的地址', 'Address of the unit’s own system that takes reminders'),
          },
        ]}
        submit={(body: BodyOf<'POST', '/contacts'>) => send('POST', '/contacts', { body })}
      />
      <BodyForm
        open={ending !== null}
        close={() => setEnding(null)}
        title={say(`${ending?.person ?? ''} 不再担任`, `${ending?.person ?? ''} is no contact any more`)}
        note={say('没有其他专人时，该单位须重新备案。', 'With nobody else on file, the unit owes a new one.')}
        fields={[]}
        submit={() => send('POST', '/contacts/:id/end', { params: { id: ending?.id ?? 0 } })}
      />
    </Section>
  );
}
