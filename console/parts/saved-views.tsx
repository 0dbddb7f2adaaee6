import { App, Button, Dropdown, type MenuProps } from 'antd';
import { useState } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { send, useGet, useSend, type BodyOf } from '../api.ts';
import { useLanguage } from '../language.tsx';
import { BodyForm } from './forms/body-form.tsx';

/** The filters of this page that somebody keeps under names (我的视图). */
export function SavedViews() {
  const { say } = useLanguage();
  const { message } = App.useApp();
  const { pathname, search } = useLocation();
  const navigate = useNavigate();
  const [saving, setSaving] = useState(false);
  const { data } = useGet('/views');
  const drop = useSend((id: number) => send('DELETE', '/views/:id', { params: { id } }));
  const own = (data?.items ?? []).filter(({ page }) => page === pathname);
  const chosen = new URLSearchParams(search);
  chosen.delete('after');
  const query = chosen.toString();
  const current = own.find((view) => view.query === query);
  const items: MenuProps['items'] = [
    ...own.map(({ id, name, query: kept }) => ({
      key: String(id),
      label: name,
      onClick: () => void navigate(`${pathname}?${kept}`),
    })),
    ...(own.length > 0 ? [{ type: 'divider' as const }] : []),
    {
      key: 'save',
      label: say('保存当前筛选…', 'Keep these filters…'),
      disabled: query === '',
      onClick: () => setSaving(true),
    },
    ...(current
      ? [
          {
            key: 'drop',
            danger: true,
            label: say(`删除“${current.name}”`, `Drop “${current.name}”`),
            onClick: () =>
              drop.mutate(current.id, { onSuccess: () => void message.success(say('已删除', 'It is dropped')) }),
          },
        ]
      : []),
  ];
  return (
    <>
      <Dropdown menu={{ items }} trigger={['click']}>
        <Button>{current?.name ?? say('我的视图', 'My views')} ▾</Button>
      </Dropdown>
      <BodyForm
        open={saving}
        close={() => setSaving(false)}
        title={say('保存视图', 'Keep a view')}
        note={say('只有本人可见；同名的会被替换。', 'Only you see it; one of the same name is replaced.')}
        fields={[{ name: 'name', label: say('名称', 'Name'), required: true }]}
        submit={({ name }: Pick<BodyOf<'POST', '/views'>, 'name'>) =>
          send('POST', '/views', { body: { page: pathname, name, query } })
        }
      />
    </>
  );
}
