import { Button, Table, type TableColumnsType } from 'antd';
import { useSearchParams } from 'react-router';
import { useGet, type Query } from '../api.ts';
import { useLanguage } from '../language.tsx';
import { Failure } from './states.tsx';

/** The filters of a list, which are in the address: a link to a page is a link to exactly these rows. */
export function useFilters(): {
  filters: Record<string, string>;
  change: (given: Record<string, string | undefined>) => void;
} {
  const [params, setParams] = useSearchParams();
  const filters = Object.fromEntries(params);
  return {
    filters,
    change: (given) => {
      // Other filters begin at the first page.
      const next = Object.entries<string | undefined>({ ...filters, ...given, after: undefined }).filter(
        (entry): entry is [string, string] => Boolean(entry[1]),
      );
      setParams(next);
    },
  };
}

interface ListProps<T> {
  /** Address of the list below the API. */
  path: string;
  /** What is asked for beside the page. */
  query?: Query;
  columns: TableColumnsType<T>;
  rowKey: (keyof T & string) | ((row: T) => string);
  /** What is said where there is none. */
  empty: string;
  /** Names the table for those who cannot see it. */
  label: string;
  /** Whether nothing of it is still under way: it is asked for again until then. */
  until?: (page: ListPage<T>) => boolean;
}

interface ListPage<T> {
  items: T[];
  next: string | null;
}

/** A list a page at a time; which page it is stands in the address, so that “back” goes back. */
export function List<T extends object>({ path, query = {}, columns, rowKey, empty, label, until }: ListProps<T>) {
  const { say } = useLanguage();
  const [params, setParams] = useSearchParams();
  const after = params.get('after') ?? undefined;
  const { data, error, isFetching, refetch } = useGet<ListPage<T>>(path, { ...query, after }, until && { until });
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  const go = (cursor: string | undefined) => {
    const next = new URLSearchParams(params);
    if (cursor === undefined) next.delete('after');
    else next.set('after', cursor);
    setParams(next);
  };
  return (
    <>
      <Table<T>
        aria-label={label}
        size="middle"
        rowKey={rowKey}
        columns={columns}
        dataSource={data?.items ?? []}
        loading={isFetching && !data}
        pagination={false}
        scroll={{ x: 'max-content' }}
        // Nothing is said of what is still being asked for.
        locale={{ emptyText: data ? empty : '\u00a0' }}
      />
      <div className="list-pages">
        {after !== undefined && <Button onClick={() => go(undefined)}>{say('第一页', 'First page')}</Button>}
        {data?.next != null && <Button onClick={() => go(data.next ?? undefined)}>{say('下一页', 'Next page')}</Button>}
      </div>
    </>
  );
}
