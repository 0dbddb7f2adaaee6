import { Button, Table, type TableColumnsType } from 'antd';
import type { ReactNode } from 'react';
import { useSearchParams } from 'react-router';
import { useAnswer, type AnswerOf, type DataPath, type QueryOf } from '../api.ts';
import { useLanguage } from '../language.tsx';
import { Failure } from './states.tsx';

/**
 * The filters of a list, which are in the address: a link to a page is a link to exactly these rows. Whether they are such
 * as `Filters` has, the API judges that is asked for them.
 */
export function useFilters<Filters extends object = Record<string, string>>(): {
  filters: Filters;
  change: (given: { [Name in keyof Filters]?: string | undefined }) => void;
} {
  const [params, setParams] = useSearchParams();
  const filters = Object.fromEntries([...params].filter(([, value]) => value !== ''));
  return {
    filters: filters as Filters,
    change: (given) => {
      // Other filters begin at the first page.
      const next = Object.entries<string | undefined>({ ...filters, ...given, after: undefined }).filter(
        (entry): entry is [string, string] => Boolean(entry[1]),
      );
      setParams(next);
    },
  };
}

interface ListPage<T> {
  items: T[];
  next: string | null;
}

/** How a list of rows is shown. */
interface Shown<T> {
  columns: TableColumnsType<T>;
  rowKey: (keyof T & string) | ((row: T) => string);
  /** What is said where there is none. */
  empty: string;
  /** Names the table for those who cannot see it. */
  label: string;
  /** Whether nothing of it is still under way: it is asked for again until then. */
  until?: (page: ListPage<T>) => boolean;
}

/** Addresses of lists below the API. */
type ListPath = { [P in DataPath]: AnswerOf<P> extends ListPage<object> ? P : never }[DataPath];

/** A list a page at a time; which page it is stands in the address, so that “back” goes back. `query`: what is asked for. */
export const List = <P extends ListPath>(
  props: { path: P; query?: QueryOf<P> } & Shown<AnswerOf<P>['items'][number]>,
): ReactNode => <Rows {...props} />;

/** As `List`, for parts whose own properties tie path, query and rows. */
export function Rows<T extends object>({
  path,
  query,
  columns,
  rowKey,
  empty,
  label,
  until,
}: { path: string; query?: object } & Shown<T>): ReactNode {
  const { say } = useLanguage();
  const [params, setParams] = useSearchParams();
  const after = params.get('after') ?? undefined;
  const { data, error, isFetching, refetch } = useAnswer<ListPage<T>>(path, {
    query: { ...query, after },
    ...(until && { until }),
  });
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
