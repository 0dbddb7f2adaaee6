import { useQueryClient } from '@tanstack/react-query';
import { Button } from 'antd';
import { createContext, useContext, useEffect, useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import { BASES } from '../domain/basis.ts';
import { DUTIES } from '../domain/ledger/duties.ts';
import type { LiveEvents } from '../server/api/console/audience.ts';
import { addressOf, useOutdated } from './api.ts';
import { useLanguage } from './language.tsx';
import { moment } from './parts/time.tsx';
import { useSession } from './session.tsx';

interface Live {
  syncs: LiveEvents['syncs']['syncs'];
  /** Deadlines that became overdue while the page was looked at. */
  newest: LiveEvents['overdue']['newest'];
  dismiss: () => void;
  lost: boolean;
  /** When the hub said something last. */
  heardAt: string | null;
}

const Context = createContext<Live | null>(null);

/** The hub says something at least this often, or the connection is gone without a word. */
const LONGEST_SILENCE_MS = 45_000;
const LONGEST_WAIT_MS = 30_000;
/** Pages that show reads, and those that show deadlines; what they show is asked for again when these change. */
const OF_SYNCS = /^\/(streams|rejects|certificates|overview)\b/;
const OF_TASKS = /^\/(overview|tasks)\b/;

/** Keeps what is shown in step with the hub, over one connection while the page is being looked at. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [syncs, setSyncs] = useState<Live['syncs']>([]);
  const [newest, setNewest] = useState<Live['newest']>([]);
  const [lost, setLost] = useState(false);
  const [heardAt, setHeardAt] = useState<string | null>(null);
  useEffect(() => {
    let source: EventSource | null = null;
    let timer = 0;
    let tries = 0;
    let running = '';
    let overdue: string | null = null;
    const stale = (paths: RegExp) =>
      void client.invalidateQueries({ predicate: ({ queryKey: [path] }) => paths.test(String(path)) });
    const stop = () => {
      window.clearTimeout(timer);
      source?.close();
      source = null;
    };
    const fail = () => {
      stop();
      setLost(true);
      // Whoever is signed out is told so there.
      void client.invalidateQueries({ queryKey: ['/session'] });
      const wait = Math.min(1000 * 2 ** tries, LONGEST_WAIT_MS);
      tries += 1;
      timer = window.setTimeout(connect, wait * (0.75 + Math.random() / 2));
    };
    const heard = (at: string) => {
      setHeardAt(at);
      window.clearTimeout(timer);
      timer = window.setTimeout(fail, LONGEST_SILENCE_MS);
      if (tries > 0) void client.invalidateQueries();
      tries = 0;
      setLost(false);
    };
    const on = <K extends keyof LiveEvents>(event: K, take: (data: LiveEvents[K]) => void) =>
      source?.addEventListener(event, ({ data }: MessageEvent<string>) => {
        const given = JSON.parse(data) as LiveEvents[K];
        heard(given.at);
        take(given);
      });
    const connect = () => {
      stop();
      source = new EventSource(addressOf('/events'));
      source.onerror = fail;
      timer = window.setTimeout(fail, LONGEST_SILENCE_MS);
      on('beat', () => undefined);
      on('syncs', (given) => {
        setSyncs(given.syncs);
        // Not for every page of them.
        const now = JSON.stringify([given.syncs.map(({ id }) => id), given.ended]);
        if (now !== running) stale(OF_SYNCS);
        running = now;
      });
      on('overdue', ({ counts, newest: added }) => {
        const now = JSON.stringify(counts);
        if (overdue !== null && now !== overdue) stale(OF_TASKS);
        overdue = now;
        if (added.length > 0) setNewest((known) => [...added, ...known].slice(0, 5));
      });
    };
    // A browser has few connections to one server: a page that nobody looks at leaves its own to others.
    const look = () => {
      if (document.hidden) stop();
      else {
        stale(OF_TASKS);
        connect();
      }
    };
    document.addEventListener('visibilitychange', look);
    if (!document.hidden) connect();
    return () => {
      document.removeEventListener('visibilitychange', look);
      stop();
    };
  }, [client]);
  return (
    <Context.Provider value={{ syncs, newest, dismiss: () => setNewest([]), lost, heardAt }}>
      {children}
    </Context.Provider>
  );
}

function useLive(): Live {
  const live = useContext(Context);
  if (!live) throw new Error('nothing is live');
  return live;
}

/** In the header: what is being read now, or that the connection is lost. */
export function LiveStrip() {
  const { say } = useLanguage();
  const { may } = useSession();
  const { syncs, lost, heardAt } = useLive();
  const outdated = useOutdated();
  const [first] = syncs;
  return (
    <span className="live">
      <span role="status" className="tone-bad">
        {lost && (
          <>
            <span aria-hidden="true">▲ </span>
            {say('连接已断开，正在重连', 'Connection lost, trying again')}
            {heardAt !== null && (
              <span className="live-since"> {say(`数据截至 ${moment(heardAt)}`, `data of ${moment(heardAt)}`)}</span>
            )}
          </>
        )}
        {!lost && outdated && (
          <>
            <span aria-hidden="true">▲ </span>
            {say('部分内容未能更新，正在重试', 'Some of this could not be brought up to date, trying again')}
          </>
        )}
      </span>
      {!lost && !outdated && first && (
        <span className="live-syncs">
          <span aria-hidden="true" className="live-turning">
            ↻
          </span>{' '}
          {say('正在归集：', 'Reading: ')}
          {may('streams:read') ? <Link to={`/streams/${first.stream}`}>{first.title}</Link> : first.title}{' '}
          {say(`${first.pages} 页`, `${first.pages} pages`)} {first.records.toLocaleString()}/
          {first.declared.toLocaleString()}
          {syncs.length > 1 && say(` 等 ${syncs.length} 项`, ` and ${syncs.length - 1} more`)}
        </span>
      )}
    </span>
  );
}

/** Says quietly that deadlines have just become overdue. */
export function OverdueNotice() {
  const { say, name } = useLanguage();
  const { newest, dismiss } = useLive();
  return (
    <div className="overdue-notice" role="status" aria-live="polite">
      {newest.length > 0 && (
        <div className="overdue-card">
          <div className="overdue-head">
            <strong>{say('刚刚逾期', 'Overdue just now')}</strong>
            <Button size="small" type="text" onClick={dismiss}>
              {say('知道了', 'Got it')}
            </Button>
          </div>
          <ul>
            {newest.map(({ id, kind, basis, owner }) => (
              <li key={id}>
                <Link to={`/tasks/${id}`}>{name(DUTIES[kind])}</Link>{' '}
                <span className="quiet">
                  {name(BASES[basis])} · {owner}
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}
