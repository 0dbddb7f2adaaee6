import type { FastifyInstance } from 'fastify';
import type { Knex } from 'knex';
import { DAY_MS, shanghaiInstant } from '../domain/dates.ts';
import { GOES_ON, type FaultyFile } from '../domain/faulty-file.ts';
import { isClockWrong, type Clock } from '../store/ledger/clock.ts';
import { openAlerts } from '../store/ledger/alerts.ts';
import { BASES, EVERY_BASIS, type Basis } from '../domain/basis.ts';
import { EVERY_STATE, OBLIGATION_STATES, type ObligationState } from '../domain/ledger/duties.ts';
import { openRestoration } from '../store/ledger/restorations.ts';
import { countObligations, findGaps } from '../store/collection/overview.ts';
import { DatabaseSilent, hindranceOf, type PoolLimits } from '../store/database.ts';
import { listStreams } from '../store/collection/streams.ts';
import { isBlind, lastLook } from './last-look.ts';
import { SharedWork } from './shared-work.ts';
import type { Pulse } from '../store/pulse.ts';
import type { Said } from '../domain/said.ts';

/** Of the pool of the health page: nobody waits long for it, twice as long where others have just asked. */
export const HEALTH_LIMITS: PoolLimits = { most: 5, statementMs: 2_000, lockMs: 1_000 };

export interface HealthOptions {
  db: Knex;
  /** Number of workers that ask for work; throws when Temporal cannot be reached. */
  countWorkers: () => Promise<number>;
  now: Clock['now'];
  aheadMs: Clock['aheadMs'];
  /** Files of the configuration that are not taken over. */
  faultyFiles: () => readonly FaultyFile[];
}

/** States and numbers, nothing that would need a sign-in. */
export interface Health {
  /** `down`: the database cannot be asked, or the clock of this machine is wrong; `degraded`: something needs a person. */
  status: 'ok' | 'degraded' | 'down';
  checkedAt: string;
  /** Why it is down; null where it is not. */
  cause: Said | null;
  /** `slow`: it was asked, and does not answer in time; `silent`: it takes connections, and answers nothing at all. */
  database: 'ok' | 'slow' | 'silent' | 'away';
  /** `wrong`: this machine's is seconds or more from the database's. */
  clock: 'ok' | 'wrong';
  temporal: 'ok' | 'away';
  /** `blind`: what it tells can be short of what there is; null where it has not looked yet. */
  watchdog: 'ok' | 'blind' | null;
  workers: number | null;
  streams: number | null;
  pausedStreams: number | null;
  gaps: number | null;
  /** Time of which the database has lost what was written: it was restored to an earlier moment. */
  lost: { from: string; to: string } | null;
  /** That run, or ended within 24 hours. */
  obligations: Record<Basis, Record<ObligationState, number>> | null;
  alerts: { kind: string; since: string }[];
  /** Files of the configuration that are not taken over, and what goes on instead; the alerts say what is wrong. */
  faultyFiles: Pick<FaultyFile, 'file' | 'goesOn'>[];
}

/** Why the hub is down, in words. */
const CAUSES = {
  silent: {
    zh: '数据库接受连接但不应答：进程可能被挂起，或所在主机失联；恢复后无需重启枢纽',
    en: 'the database takes connections and does not answer: it is frozen, or its machine is gone; the hub goes on by itself once it answers',
  },
  away: {
    zh: '数据库连不上：请检查 PostgreSQL 是否在运行',
    en: 'the database cannot be reached: see that PostgreSQL runs',
  },
  clock: {
    zh: '本机时钟与数据库相差数秒以上：请校准本机时钟',
    en: 'the clock of this machine is seconds or more from the database’s: set it',
  },
} as const satisfies Record<string, Said>;

export async function readHealth(
  { db, countWorkers, now, aheadMs, faultyFiles }: HealthOptions,
  pulse: Pick<Pulse, 'silent'> | null = null,
): Promise<Health> {
  const at = now();
  const health: Health = {
    status: 'ok',
    checkedAt: shanghaiInstant(at.getTime()),
    cause: null,
    database: 'ok',
    clock: isClockWrong({ aheadMs }) ? 'wrong' : 'ok',
    temporal: 'ok',
    watchdog: lastLook() === null ? null : isBlind(at) ? 'blind' : 'ok',
    workers: null,
    streams: null,
    pausedStreams: null,
    gaps: null,
    lost: null,
    obligations: null,
    alerts: [],
    faultyFiles: faultyFiles().map(({ file, goesOn }) => ({ file, goesOn })),
  };
  const temporal = countWorkers().then(
    (workers) => {
      health.workers = workers;
    },
    () => {
      health.temporal = 'away';
    },
  );
  try {
    if (pulse?.silent) throw new DatabaseSilent();
    const [streams, gaps, obligations, alerts, lost] = await Promise.all([
      listStreams(db),
      findGaps(db, at),
      countObligations(db, at, new Date(at.getTime() - DAY_MS)),
      openAlerts(db),
      openRestoration(db),
    ]);
    health.streams = streams.length;
    health.pausedStreams = streams.filter((stream) => stream.pausedReason !== null).length;
    health.gaps = gaps.length;
    health.obligations = obligations;
    health.lost = lost && { from: shanghaiInstant(lost.from.getTime()), to: shanghaiInstant(lost.to.getTime()) };
    health.alerts = alerts.map(({ kind, raisedAt }) => ({ kind, since: shanghaiInstant(raisedAt.getTime()) }));
  } catch (error) {
    // Its connections were cut when it fell silent, which looks as if it were away.
    health.database = pulse?.silent ? 'silent' : hindranceOf(error) === 'held up' ? 'slow' : 'away';
  }
  await temporal;
  if (health.database === 'silent' || health.database === 'away') health.cause = CAUSES[health.database];
  else if (health.clock === 'wrong') health.cause = CAUSES.clock;
  if (health.cause) health.status = 'down';
  else if (
    health.watchdog === 'blind' ||
    health.database === 'slow' ||
    health.temporal === 'away' ||
    health.workers === 0 ||
    health.alerts.length > 0 ||
    health.faultyFiles.length > 0
  )
    health.status = 'degraded';
  return health;
}

/** `GET /health`: JSON for programs, a page for browsers; 503 when the hub cannot answer from its database, or its clock is wrong. */
export function healthRoutes(app: FastifyInstance, options: HealthOptions, pulse: Pulse | null): void {
  const shared = new SharedWork();
  app.get('/health', async (request, reply) => {
    // However many ask, the database is asked once at a time.
    const health = await shared.of('health', () => readHealth(options, pulse));
    void reply.code(health.status === 'down' ? 503 : 200).header('Cache-Control', 'no-store');
    if (!request.headers.accept?.includes('text/html')) return health;
    return reply
      .type('text/html; charset=utf-8')
      .header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'")
      .send(page(health));
  });
}

const WORDS = {
  wrong: '有误 wrong',
  ok: '正常 ok',
  degraded: '需处理 degraded',
  slow: '缓慢 slow',
  silent: '不应答 silent',
  down: '不可用 down',
  away: '不可达 away',
  blind: '查看受阻，告警可能不全 blind',
} as const;
const MARKS = {
  wrong: '■',
  ok: '●',
  degraded: '▲',
  slow: '▲',
  silent: '■',
  down: '■',
  away: '■',
  blind: '■',
} as const;

/** A file may be called anything. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Zero says something, too. */
const ALWAYS_SHOWN = new Set<ObligationState>(['open', 'overdue', 'met', 'met late']);

function page(health: Health): string {
  const state = (value: keyof typeof WORDS): string => `<b class="${value}">${MARKS[value]} ${WORDS[value]}</b>`;
  const number = (value: number | null): string => (value === null ? '—' : String(value));
  const { obligations } = health;
  const rows: [string, string][] = [
    ...(health.watchdog === 'blind' ? [['看门狗 watchdog', state('blind')] as [string, string]] : []),
    ['状态 status', state(health.status)],
    ...(health.cause ? [['原因 cause', `${health.cause.zh} ${health.cause.en}`] as [string, string]] : []),
    ...(health.clock === 'wrong' ? [['时钟 clock', state('wrong')] as [string, string]] : []),
    ['数据库 database', state(health.database)],
    ...(health.lost
      ? [
          ['已丢失 lost', `${health.lost.from.slice(0, 19)} – ${health.lost.to.slice(0, 19)}`.replaceAll('T', ' ')] as [
            string,
            string,
          ],
        ]
      : []),
    ['Temporal', `${state(health.temporal)} · 工作进程 workers ${number(health.workers)}`],
    ['数据流 streams', `${number(health.streams)} · 暂停 paused ${number(health.pausedStreams)}`],
    ['缺口 gaps', number(health.gaps)],
    ...EVERY_BASIS.map((basis): [string, string] => {
      const counts = obligations?.[basis];
      return [
        `${BASES[basis].zh}任务（未办结，或 24 小时内办结） ${BASES[basis].en} obligations (that run, or ended within 24 h)`,
        counts
          ? EVERY_STATE.filter((name) => counts[name] > 0 || ALWAYS_SHOWN.has(name))
              .map((name) => `${OBLIGATION_STATES[name].zh} ${OBLIGATION_STATES[name].en} ${counts[name]}`)
              .join(' · ')
          : '—',
      ];
    }),
    [
      '配置 configuration',
      health.faultyFiles.length === 0
        ? '正常 ok'
        : health.faultyFiles
            .map(({ file, goesOn }) => `${file} 有误 faulty：${GOES_ON[goesOn].zh} ${GOES_ON[goesOn].en}`)
            .map(escaped)
            .join('<br>'),
    ],
    [
      '告警 alerts',
      health.alerts.length === 0
        ? '无 none'
        : health.alerts.map(({ kind, since }) => `${kind} (${since.slice(0, 16).replace('T', ' ')})`).join('<br>'),
    ],
  ];
  return `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>电子证照枢纽 · 健康状态</title>
<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="10">
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color:#1f2328}
h1{font-size:1.3rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.5rem .75rem;border-bottom:1px solid #d0d7de;vertical-align:top}
th{font-weight:500;color:#57606a;width:13rem}.ok{color:#116329}.degraded,.slow{color:#7d4e00}.down,.away,.silent,.blind,.wrong{color:#a40e26}small{color:#57606a}</style>
<h1>电子证照枢纽 · 健康状态 <small>Certificate hub · health</small></h1>
<table>${rows.map(([name, value]) => `<tr><th scope="row">${name}</th><td>${value}</td></tr>`).join('')}</table>
<p><small>检查于 checked at ${health.checkedAt.slice(0, 19).replace('T', ' ')} · 每 10 秒刷新 refreshed every 10 s</small></p></html>`;
}
