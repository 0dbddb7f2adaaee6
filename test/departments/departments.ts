import { DAY_MS, shanghaiInstant, shanghaiWallTime, startOfDayMs } from '../../domain/dates.ts';
import { versionsOf, recordsBefore, type Scale, type Version } from './records.ts';
import { seeded } from './random.ts';
import { cultureDatabase, educationFolder, landDatabase, pushAll } from './places.ts';
import { provinceCatalog } from './catalog.ts';
import { hotlineTickets } from './hotline.ts';
import { DepartmentServer, type Control, type PageChange, type Request, type Route } from './server.ts';
import { currentStates, layOut, positionOf, rowBytes, truthAt, type Table } from './table.ts';
import { FORMATS, type Format } from './trades.ts';

/** Departments with a gateway over HTTP, and those that are reached in other ways. */
export const GATEWAYS = ['province', 'housing', 'health', 'transport'] as const;
export const DEPARTMENTS = [...GATEWAYS, 'land', 'culture', 'education', 'police'] as const;
export type GatewayId = (typeof GATEWAYS)[number];
export type DepartmentId = (typeof DEPARTMENTS)[number];

/** The secret that each department expects. */
export const secretOf = (id: DepartmentId): string => `${id}-secret`;

export interface DepartmentOptions extends Scale {
  /** The data are frozen at this moment: the department has closed for the day. */
  nowMs: number;
  /** Where departments without a gateway keep their data. */
  folder: string;
}

/** A batch that was acknowledged, and when. */
export interface Acknowledgement {
  batch: string;
  records: number;
  atMs: number;
}

export interface Department {
  server: DepartmentServer;
  /** What the hub is told, where that is not the server's address. */
  address: string | null;
  /** Moves the department's data to another moment. */
  moveTo(nowMs: number): void;
  acknowledgements: Acknowledgement[];
  /** Types of certificate that the department publishes. */
  catalog: Record<string, unknown>[];
  /** Tickets about its certificates that the 12345 hotline lists. */
  tickets: Record<string, unknown>[];
  /** Messages that the hub sent, by their keys. */
  notices: ReadonlyMap<string, unknown>;
  /** Called before a batch's acknowledgement is answered; tests look into the library there. */
  onAcknowledge: ((batch: string) => Promise<void>) | null;
}

/** Puts one simulated department together. */
export function createDepartment(id: DepartmentId, given: DepartmentOptions): Department {
  const format: Format = FORMATS[id];
  const options = { ...given };
  let { nowMs } = options;
  let table: Table | null = null;
  let batches: ReturnBatch[] | null = null;
  const acknowledgements: Acknowledgement[] = [];
  const notices = new Map<string, unknown>();

  const control: Control = {
    'GET /_sim/truth': () => {
      const lines: string[] = [];
      // What lies in a stretch without a batch was not returned yet.
      const untilMs = id === 'province' ? lastBatchEnd(options, nowMs) - 1 : nowMs;
      for (const truth of truthAt(format, options, untilMs)) lines.push(JSON.stringify(truth));
      return lines.join('\n');
    },
    'GET /_sim/state': () =>
      JSON.stringify({
        department: id,
        now: shanghaiInstant(nowMs),
        ...server.counts,
        acknowledgements: acknowledgements.length,
      }),
    'POST /_sim/tamper': ({ body }) => {
      const wanted = JSON.parse(body) as { rewrite?: number; lose?: string; correct?: boolean; undo?: boolean };
      const versions = (index: number): Version[] => versionsOf(format.trade, options, index, nowMs);
      const indexes = Array.from({ length: recordsBefore(options, nowMs) }, (_, index) => index);
      const keysOf = (chosen: number[]): string[] => chosen.flatMap((index) => versions(index).at(-1)?.key ?? []);
      let keys: string[] = [];
      if (wanted.undo) delete options.tampered;
      if (wanted.rewrite !== undefined) {
        const sound = indexes.filter((index) => {
          const last = versions(index).at(-1);
          return last?.defect === null && !last.deleted;
        });
        const chosen = sound.slice(0, wanted.rewrite);
        keys = keysOf(chosen);
        options.tampered = { ...options.tampered, rewritten: new Set(chosen) };
      }
      if (wanted.lose !== undefined) {
        const fromMs = startOfDayMs(wanted.lose);
        const lost = { fromMs, toMs: fromMs + DAY_MS };
        keys = keysOf(
          indexes.filter((index) => {
            const last = versions(index).at(-1);
            return last && last.updatedMs >= lost.fromMs && last.updatedMs < lost.toMs;
          }),
        );
        options.tampered = { ...options.tampered, lost };
      }
      if (wanted.correct) {
        const wrong = indexes.filter((index) => (versions(index).at(-1)?.defect ?? null) !== null);
        keys = keysOf(wrong);
        const atMs = Math.floor(server.clock() / 1000) * 1000;
        options.tampered = { ...options.tampered, corrected: { indexes: new Set(wrong), atMs } };
      }
      table = null;
      return JSON.stringify({ keys });
    },
    'POST /_sim/push': async ({ body }) => {
      const target = JSON.parse(body) as { hub: string; stream: string };
      return JSON.stringify(await pushAll(format, options, nowMs, { ...target, secret: secretOf(id) }));
    },
    'POST /_sim/now': ({ body }) => {
      department.moveTo((JSON.parse(body) as { nowMs: number }).nowMs);
      return '{}';
    },
  };

  const place = PLACES[id]?.(format, options, options.folder) ?? null;
  place?.moveTo(nowMs);
  const routes: Partial<Record<DepartmentId, () => Route[]>> = {
    province: () =>
      provinceRoutes(
        () => (batches ??= batchesOf(format, options, nowMs)),
        acknowledgements,
        () => server,
        () => department.onAcknowledge,
        () => department.catalog,
      ),
    housing: () => [
      ...housingRoutes(rows),
      noticeRoute(/^\/api\/notices\/([\w-]+)$/, notices, 'title'),
      ...sealRoutes(),
      ...hotlineRoutes(() => department.tickets),
      noticeRoute(/^\/hotline\/answers\/(.+)$/, notices, 'answer'),
    ],
    health: () => healthRoutes(rows),
    transport: () => [...transportRoutes(rows, () => server), licenceFileRoute(() => server)],
  };
  const rows = (): Table => (table ??= currentStates(format, options, nowMs));
  const server = new DepartmentServer(routes[id]?.() ?? [], control);
  const department: Department = {
    server,
    address: place?.address ?? null,
    acknowledgements,
    catalog: id === 'province' ? provinceCatalog() : [],
    tickets: id === 'housing' ? hotlineTickets(options, nowMs) : [],
    notices,
    onAcknowledge: null,
    moveTo: (toMs) => {
      nowMs = toMs;
      place?.moveTo(nowMs);
      table = null;
      batches = null;
    },
  };
  return department;
}

const PLACES: Partial<Record<DepartmentId, typeof landDatabase>> = {
  land: landDatabase,
  culture: cultureDatabase,
  education: educationFolder,
};

/** Where a window and a page of it lie in a table. */
function place(
  table: Table,
  window: { fromMs: number; toMs: number },
  page: number,
  size: number,
  change: PageChange,
): { total: number; from: number; to: number } {
  const first = positionOf(table.times, window.fromMs);
  const end = positionOf(table.times, window.toMs);
  const from = Math.min(first + Math.max(0, page + change.shift) * size, end);
  return { total: end - first, from, to: Math.max(from, Math.min(from + size, end) - change.drop) };
}

const join = (before: string, rows: Buffer, after: string): Buffer =>
  Buffer.concat([Buffer.from(before), rows, Buffer.from(after)]);
const refuse = (status: number, body: string): { status: number; body: string } => ({ status, body });
/** Departments write and read wall time. */
const wallMs = (text: string | null): number => Date.parse(`${(text ?? '').replace(' ', 'T')}+08:00`);

function housingRoutes(table: () => Table): Route[] {
  const asked = ({ url, headers }: Request): { fromMs: number; toMs: number } | null =>
    headers['x-app-key'] === secretOf('housing')
      ? { fromMs: wallMs(url.searchParams.get('start')), toMs: wallMs(url.searchParams.get('end')) }
      : null;
  return [
    {
      method: 'GET',
      path: /^\/api\/permits\/count$/,
      answer: (request) => {
        const window = asked(request);
        if (!window) return refuse(401, '{"code":401}');
        return JSON.stringify({ code: 0, data: { count: place(table(), window, 0, 1, { shift: 0, drop: 0 }).total } });
      },
    },
    {
      method: 'GET',
      path: /^\/api\/permits$/,
      page: true,
      answer: (request, _match, change) => {
        const window = asked(request);
        if (!window) return refuse(401, '{"code":401}');
        const { searchParams } = request.url;
        const size = Math.min(1000, Number(searchParams.get('pageSize')));
        const { total, from, to } = place(table(), window, Number(searchParams.get('pageNo')) - 1, size, change);
        return join('{"code":0,"message":"ok","data":{"rows":[', table().slice(from, to), `],"total":${total}}}`);
      },
    },
  ];
}

function healthRoutes(table: () => Table): Route[] {
  return [
    {
      method: 'GET',
      path: /^\/gateway\/cert\/list$/,
      page: true,
      answer: ({ url: { searchParams }, headers }, _match, change) => {
        if (headers.appkey !== secretOf('health'))
          return '{"code":"E-106","msg":"not authorised","datas":null,"totalDataCount":0}';
        const window = {
          fromMs: wallMs(searchParams.get('beginTime')),
          toMs: wallMs(searchParams.get('endTime')) + 1000,
        };
        const size = Number(searchParams.get('size'));
        const { total, from, to } = place(table(), window, Number(searchParams.get('page')), size, change);
        // Byte by byte, so that bytes that are no UTF-8 stay what they are.
        const list = JSON.stringify(`[${table().slice(from, to).toString('latin1')}]`);
        return join(
          `{"code":"00","msg":"成功","datas":`,
          Buffer.from(list, 'latin1'),
          `,"dataCount":${to - from},"totalDataCount":${total},"totalPage":${Math.ceil(total / size)}}`,
        );
      },
    },
  ];
}

function transportRoutes(table: () => Table, server: () => DepartmentServer): Route[] {
  const window = (request: Request): { fromMs: number; toMs: number; page: number; size: number } => {
    const {
      from,
      to,
      page = 0,
      size = 1,
    } = JSON.parse(request.body) as { from: number; to: number; page?: number; size?: number };
    return { fromMs: from, toMs: to, page, size };
  };
  return [
    tokenRoute('transport', server),
    {
      method: 'POST',
      path: /^\/v2\/licences\/count$/,
      answer: (request) => {
        if (!server().accepts(request)) return refuse(401, '{"head":{"status":"401"}}');
        const { total } = place(table(), window(request), 0, 1, { shift: 0, drop: 0 });
        return JSON.stringify({ head: { status: '0', message: 'ok' }, data: { n: total } });
      },
    },
    {
      method: 'POST',
      path: /^\/v2\/licences\/search$/,
      page: true,
      answer: (request, _match, change) => {
        if (!server().accepts(request)) return refuse(401, '{"head":{"status":"401"}}');
        const { page, size, ...asked } = window(request);
        const { total, from, to } = place(table(), asked, page, size, change);
        const more = (page + 1) * size < total;
        return join(
          '{"head":{"status":"0","message":"ok"},"data":{"list":[',
          table().slice(from, to),
          `],"hasNext":${String(more)}}}`,
        );
      },
    },
  ];
}

/** Files of certificates; now and then one was lost. */
function licenceFileRoute(server: () => DepartmentServer): Route {
  return {
    method: 'GET',
    path: /^\/files\/(\w+)\.pdf$/,
    answer: (request, match) => {
      if (!server().accepts(request)) return refuse(401, '{"head":{"status":"401"}}');
      const key = match[1] ?? '';
      return key.endsWith('40') ? refuse(404, '{"head":{"status":"404"}}') : `%PDF-1.7\n% ${key}\n%%EOF\n`;
    },
  };
}

/** Takes messages, each once however often it comes; one that lacks a field is refused. */
function noticeRoute(path: RegExp, notices: Map<string, unknown>, field: string): Route {
  return {
    method: 'POST',
    path,
    page: true,
    answer: ({ body, headers }, match) => {
      if (headers['x-app-key'] !== secretOf('housing')) return refuse(401, '{"code":401}');
      const key = decodeURIComponent(match[1] ?? '');
      const notice = JSON.parse(body) as Record<string, unknown>;
      if (notice[field] === undefined || headers['idempotency-key'] !== key) return refuse(422, '{"code":422}');
      notices.set(key, notice);
      return JSON.stringify({ code: 0, data: { receiptNo: `R-${key}` } });
    },
  };
}

/** The 12345 hotline, which lists its open tickets. */
function hotlineRoutes(tickets: () => Record<string, unknown>[]): Route[] {
  return [
    {
      method: 'GET',
      path: /^\/hotline\/tickets$/,
      page: true,
      answer: ({ url: { searchParams }, headers }, _match, { shift, drop }) => {
        if (headers['x-app-key'] !== secretOf('housing')) return refuse(401, '{"code":401}');
        const size = Number(searchParams.get('size'));
        const from = Math.max(0, Number(searchParams.get('page')) - 1 + shift) * size;
        const list = tickets().slice(from, from + size);
        return JSON.stringify({
          code: 0,
          data: { list: drop > 0 ? list.slice(0, -drop) : list, total: tickets().length },
        });
      },
    },
  ];
}

/**
 * An e-seal service: takes a batch of certificates, seals it by the second time it is asked for, and refuses those whose
 * key ends with 7.
 */
function sealRoutes(): Route[] {
  const batches = new Map<string, { asked: boolean; certificates: { key: string }[] }>();
  const allowed = ({ headers }: Request): boolean => headers['x-app-key'] === secretOf('housing');
  const path = /^\/seal\/batches\/([\w-]+)$/;
  return [
    {
      method: 'POST',
      path,
      answer: (request, match) => {
        if (!allowed(request)) return refuse(401, '{"code":401}');
        const { certificates } = JSON.parse(request.body) as { certificates: { key: string }[] };
        const key = match[1] ?? '';
        if (!batches.has(key)) batches.set(key, { asked: false, certificates });
        return JSON.stringify({ code: 0, data: { receiptNo: `S-${key}` } });
      },
    },
    {
      method: 'GET',
      path,
      answer: (request, match) => {
        const batch = batches.get(match[1] ?? '');
        if (!allowed(request) || !batch) return refuse(404, '{"code":404}');
        const { asked } = batch;
        batch.asked = true;
        const items = batch.certificates.map(({ key }) => ({
          key,
          state: asked ? (key.endsWith('7') ? 'refused' : 'sealed') : 'pending',
          ...(asked && (key.endsWith('7') ? { reason: '印模未备案' } : { sealNo: `YZ-${key}` })),
        }));
        return JSON.stringify({ code: 0, data: { items } });
      },
    },
  ];
}

function tokenRoute(id: DepartmentId, server: () => DepartmentServer): Route {
  return {
    method: 'POST',
    path: /^\/oauth\/token$/,
    answer: ({ body }) => {
      const given = new URLSearchParams(body);
      if (given.get('client_secret') !== secretOf(id)) return refuse(401, '{"error":"invalid_client"}');
      return JSON.stringify({ access_token: server().issueToken(), expires_in: 3600 });
    },
  };
}

interface ReturnBatch {
  id: string;
  cursor: string;
  table: Table;
}

/** A batch for each stretch of time in which about 500 records are returned. */
const stretchOf = (scale: Scale): number =>
  Math.max(1, Math.ceil((500 * (scale.anchorMs - scale.startMs)) / scale.records));

const lastBatchEnd = (scale: Scale, nowMs: number): number => {
  const stretchMs = stretchOf(scale);
  return scale.startMs + Math.floor((nowMs - scale.startMs) / stretchMs) * stretchMs;
};

/** The platform's batches up to a moment that have ended. */
function batchesOf(format: Format, scale: Scale, nowMs: number): ReturnBatch[] {
  const stretchMs = stretchOf(scale);
  const endMs = lastBatchEnd(scale, nowMs);
  const stretches = new Map<number, Version[]>();
  for (let index = 0; index < recordsBefore(scale, nowMs); index++) {
    const versions = versionsOf(format.trade, scale, index, nowMs);
    const [first] = versions;
    // Now and then the platform sends the same row again, a day later.
    const again =
      first && seeded(scale.seed, 'again', index)() < 0.01 ? [{ ...first, visibleMs: first.visibleMs + DAY_MS }] : [];
    for (const version of [...versions, ...again]) {
      if (version.visibleMs >= endMs) continue;
      const stretch = Math.floor((version.visibleMs - scale.startMs) / stretchMs);
      stretches.set(stretch, [...(stretches.get(stretch) ?? []), version]);
    }
  }
  return [...stretches]
    .sort(([a], [b]) => a - b)
    .map(([stretch, versions]) => {
      versions.sort((a, b) => a.visibleMs - b.visibleMs);
      const rows = versions.map((version) => rowBytes(format, version));
      return {
        id: `HL${shanghaiWallTime(scale.startMs + stretch * stretchMs).replace(/\D/g, '')}`,
        cursor: seeded('cursor', stretch)().toString(36).slice(2),
        table: layOut(
          rows.length,
          (position) => versions[position]?.visibleMs ?? 0,
          (position) => rows[position] ?? Buffer.alloc(0),
        ),
      };
    });
}

function provinceRoutes(
  batches: () => ReturnBatch[],
  acknowledgements: Acknowledgement[],
  server: () => DepartmentServer,
  onAcknowledge: () => ((batch: string) => Promise<void>) | null,
  catalog: () => Record<string, unknown>[],
): Route[] {
  const guarded = (route: Route): Route => ({
    ...route,
    answer: (request, match, change) =>
      server().accepts(request) ? route.answer(request, match, change) : refuse(401, '{"code":401,"message":"token"}'),
  });
  return [
    tokenRoute('province', server),
    guarded({
      method: 'GET',
      path: /^\/return\/next$/,
      answer: ({ url }) => {
        const cursor = url.searchParams.get('cursor') ?? '';
        const position = cursor === '' ? 0 : batches().findIndex((batch) => batch.cursor === cursor) + 1;
        const next = batches()[position];
        const data = next ? { batchNo: next.id, nextCursor: next.cursor, count: next.table.times.length } : null;
        return JSON.stringify({ code: 200, data });
      },
    }),
    guarded({
      method: 'GET',
      path: /^\/return\/batch\/(\w+)$/,
      page: true,
      answer: ({ url: { searchParams } }, match, change) => {
        const batch = batches().find(({ id }) => id === match[1]);
        if (!batch) return refuse(404, '{"code":404}');
        const everything = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
        const { total, from, to } = place(
          batch.table,
          everything,
          Number(searchParams.get('page')) - 1,
          Number(searchParams.get('size')),
          change,
        );
        return join('{"code":200,"data":{"records":[', batch.table.slice(from, to), `],"total":${total}}}`);
      },
    }),
    guarded({
      method: 'GET',
      path: /^\/catalog\/types$/,
      page: true,
      answer: ({ url: { searchParams } }, _match, { shift, drop }) => {
        const size = Number(searchParams.get('size'));
        const from = Math.max(0, Number(searchParams.get('page')) - 1 + shift) * size;
        const types = catalog().slice(from, from + size);
        if (drop > 0) types.pop();
        return JSON.stringify({ code: 200, data: { types, total: catalog().length } });
      },
    }),
    guarded({
      method: 'POST',
      path: /^\/return\/batch\/(\w+)\/ack$/,
      answer: async ({ body }, match) => {
        const batch = match[1] ?? '';
        await onAcknowledge()?.(batch);
        const { received } = JSON.parse(body) as { received: number };
        acknowledgements.push({ batch, records: received, atMs: Date.now() });
        return '{"code":200}';
      },
    }),
  ];
}
