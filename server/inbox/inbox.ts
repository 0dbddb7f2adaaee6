import { hash } from 'node:crypto';
import { finished } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Knex } from 'knex';
import type { Logger } from '../../settings/logger.ts';
import { z } from 'zod';
import type { InboxConnectorConfig } from '../../settings/kinds/inbox.ts';
import { digestOf } from '../../connectors/digest.ts';
import { defectsOf } from '../../connectors/json-text.ts';
import type { OpenStream } from '../../connectors/registry.ts';
import { mapPage } from '../../connectors/mapping/map-page.ts';
import { openContract } from '../../connectors/mapping/source-contract.ts';
import { shanghaiInstant } from '../../domain/dates.ts';
import { HubError } from '../../domain/errors.ts';
import { hindranceOf } from '../../store/database.ts';
import { fieldMemory, settleFields } from '../../store/collection/fields.ts';
import { certificatesAt } from '../../store/collection/lifecycle.ts';
import {
  commitPush,
  findPush,
  hasRejects,
  lastReceipt,
  type PushOutcome,
  type Push,
} from '../../store/collection/pushes.ts';
import { RULES, waits } from '../../domain/library/validation.ts';
import { approvedCatalog } from '../../store/library/catalog.ts';
import { countLibrary, saveComparison } from '../../store/collection/reconciliation.ts';
import { rejectPage } from '../../store/collection/rejects.ts';
import { hubSince, noteRestoration, openRestoration } from '../../store/ledger/restorations.ts';
import { getStream, noteContact, type StreamRow } from '../../store/collection/streams.ts';
import { acceptCompletedCases } from './completed-cases.ts';
import { acceptTickets, disputeConnector } from './tickets.ts';
import {
  authorised,
  bodyOf,
  idempotencyKey,
  jsonOf,
  keyTaken,
  LARGEST_BODY,
  parsedBody,
  RefusedRequest,
  requireBody,
  requireFirst,
  UNREADABLE,
  type InboxOptions,
  type Params,
} from './request.ts';

/** Requests to a stream that are worked at; as many more may wait, later ones are told to come again. */
const AT_ONCE = 4;
const MOST_WAITING = 32;
/** Bytes of bodies that are held at once, of one stream and of all. */
const MOST_HELD = 8 * LARGEST_BODY;
const MOST_HELD_BY_ALL = 2 * MOST_HELD;
/** Rejects of one page, where the request does not say; records of one page, in bytes. */
const REJECTS = 100;
const REJECTED_BYTES = 4_000_000;

/**
 * Where departments push their records: one or a list of them, answered after the commit with what became of each. A
 * request that comes twice, by its Idempotency-Key or else by its content, is taken once and answered twice. What was
 * rejected is handed out again until a corrected version is in.
 */
export function inboxRoutes(app: FastifyInstance, options: InboxOptions): void {
  void app.register((inbox, _, done) => {
    // The signature is over the bytes as they came.
    inbox.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer', bodyLimit: LARGEST_BODY },
      (_request, body, parsed) => {
        parsed(null, body);
      },
    );
    inbox.setErrorHandler((error, _request, reply) => answerRefusal(error, reply, options.logger));
    const turns = new Turns();
    /** A route whose sender is known, and has a place, before anything of the body is read. */
    const route = <P extends Params | { connector: string }, O>(
      method: 'GET' | 'POST',
      url: string,
      open: (request: FastifyRequest<{ Params: P }>, options: InboxOptions) => O,
      connectorOf: (opened: O) => InboxConnectorConfig,
      work: (request: FastifyRequest<{ Params: P }>, opened: O, reply: FastifyReply) => Promise<unknown>,
    ): void => {
      const known = new WeakMap<FastifyRequest, O>();
      inbox.route<{ Params: P }>({
        method,
        url,
        onRequest: async (request, reply) => {
          // Rejects are handed out as they came: kept by no cache, and taken for nothing but what they are.
          void reply.headers({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
          const opened = open(request, options);
          turns.enter(lineOf(request.params as P), request, reply);
          await requireFirst(request, connectorOf(opened), options);
          known.set(request, opened);
        },
        handler: (request, reply) => {
          const opened = known.get(request) as O;
          requireBody(request, connectorOf(opened));
          return turns.take(lineOf(request.params as P), () => work(request, opened, reply));
        },
      });
    };
    const ofStream = ({ connector }: OpenStream): InboxConnectorConfig => connector as InboxConnectorConfig;
    route<Params, OpenStream>('POST', '/inbox/v1/:stream', authorised, ofStream, async (request, stream, reply) =>
      answerPush(await acceptPush(request, stream, options), reply),
    );
    route<Params, OpenStream>('POST', '/inbox/v1/:stream/closings', authorised, ofStream, (request, { config }) =>
      acceptClosing(request, config.id, options),
    );
    route<Params, OpenStream>('POST', '/inbox/v1/:stream/cases', authorised, ofStream, (request, stream, reply) =>
      acceptCompletedCases(request, reply, stream, options),
    );
    route<Params, OpenStream>('GET', '/inbox/v1/:stream/rejects', authorised, ofStream, (request, stream) =>
      answerRejects(request, stream, options),
    );
    route<{ connector: string }, InboxConnectorConfig>(
      'POST',
      '/inbox/v1/:connector/disputes',
      disputeConnector,
      (connector) => connector,
      (request, { id }) => acceptTickets(request, id, options),
    );
    done();
  });
}

/** In which line a request stands: that of its stream, or of the connector whose disputes it brings. */
const lineOf = (params: Params | { connector: string }): string =>
  'stream' in params ? params.stream : `${params.connector} disputes`;

/** Requests to one stream. */
interface Line {
  entered: number;
  heldBytes: number;
  working: number;
  waiting: { go: () => void; refuse: (error: unknown) => void }[];
}

/**
 * Lets a few requests to each stream work and some wait; the rest is told to come again, before anything of its body is
 * read. What holds one stream up holds up no other.
 */
class Turns {
  readonly #lines = new Map<string, Line>();
  #heldBytes = 0;

  /** Takes a place, until the request is answered or gone; refuses it where there is none. */
  enter(name: string, { headers, method }: FastifyRequest, { raw }: FastifyReply): void {
    const line = this.#line(name);
    // Without a length it can become the largest.
    const bytes = method === 'GET' ? 0 : Math.min(Number(headers['content-length'] ?? LARGEST_BODY), LARGEST_BODY);
    if (
      line.entered >= AT_ONCE + MOST_WAITING ||
      line.heldBytes + bytes > MOST_HELD ||
      this.#heldBytes + bytes > MOST_HELD_BY_ALL
    )
      throw new RefusedRequest(503, 'the hub is busy', 'send it again after Retry-After');
    line.entered += 1;
    line.heldBytes += bytes;
    this.#heldBytes += bytes;
    finished(raw, () => {
      line.entered -= 1;
      line.heldBytes -= bytes;
      this.#heldBytes -= bytes;
    });
  }

  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const line = this.#line(name);
    if (line.working >= AT_ONCE) await new Promise<void>((go, refuse) => line.waiting.push({ go, refuse }));
    else line.working += 1;
    try {
      return await work();
    } catch (error) {
      // Whoever waits behind it would wait for the same.
      if (hindranceOf(error)) for (const { refuse } of line.waiting.splice(0)) refuse(error);
      throw error;
    } finally {
      const next = line.waiting.shift();
      if (next) next.go();
      else line.working -= 1;
    }
  }

  #line(name: string): Line {
    const line = this.#lines.get(name) ?? { entered: 0, heldBytes: 0, working: 0, waiting: [] };
    this.#lines.set(name, line);
    return line;
  }
}

const FAILED = new RefusedRequest(500, 'the hub failed', 'send it again; nothing of it was taken');
const UNSET = new RefusedRequest(
  503,
  'the hub cannot check who sends this',
  'ask the hub’s operators; nothing of it was taken',
  60,
);
const AGAIN = 'send it again after Retry-After; if it was taken after all, that is known then';
const HINDERED = {
  away: new RefusedRequest(503, 'the hub’s database cannot answer', AGAIN, 5),
  'held up': new RefusedRequest(503, 'the stream is held up', AGAIN, 5),
};

function refusalOf(error: unknown): RefusedRequest {
  if (error instanceof RefusedRequest) return error;
  if (error instanceof HubError) {
    if (error.code === 'source-contract')
      return new RefusedRequest(409, error.message, 'ask the hub’s operators; nothing of it was taken');
    if (error.code === 'secret-missing') return UNSET;
    return error.code === 'cases-invalid' ? new RefusedRequest(400, error.message, error.cure?.en ?? '') : FAILED;
  }
  const hindrance = hindranceOf(error);
  if (hindrance) return HINDERED[hindrance];
  return UNREADABLE[(error as { statusCode?: number }).statusCode ?? 500] ?? FAILED;
}

function answerRefusal(error: unknown, reply: FastifyReply, logger: Logger): FastifyReply {
  const refusal = refusalOf(error);
  // Faults of ours, which only our operators can mend. What PostgreSQL says could quote a record.
  if (refusal === FAILED || refusal === UNSET) logger.error('a request to the inbox failed', { error: codeOf(error) });
  if (refusal.status === 503) void reply.header('Retry-After', String(refusal.retryAfter));
  const { status, message: title, cure } = refusal;
  return reply
    .status(status)
    .type('application/problem+json')
    .send({ type: 'about:blank', title, status, detail: cure });
}

const codeOf = (error: unknown): string =>
  error instanceof HubError ? error.message : ((error as { code?: string }).code ?? (error as Error).name);

async function readableStream(db: Knex, name: string): Promise<StreamRow> {
  const row = await getStream(db, name);
  if (row.pausedReason === null) return row;
  throw new RefusedRequest(503, 'the stream is paused', 'ask the hub’s operators; nothing of it was taken');
}

async function acceptPush(
  request: FastifyRequest<{ Params: Params }>,
  stream: OpenStream,
  { db, now }: InboxOptions,
): Promise<AnsweredPush> {
  const { config, connector } = stream;
  const body = bodyOf(request);
  const bodyHash = hash('sha256', body, 'buffer');
  const given = idempotencyKey(request);
  const key = given ?? bodyHash.toString('hex');
  if (config.record.updatedAt === undefined && given === null) {
    const cure = 'send one: without times, what was sent before cannot be told from what is sent again';
    throw new RefusedRequest(400, 'the Idempotency-Key is missing', cure);
  }
  const row = await readableStream(db, config.id);
  const told = toldReceipt(request);
  const repeat = await toBeRepeated(db, row.id, told, now());
  const earlier = async (): Promise<AnsweredPush | null> => {
    const push = await findPush(db, row.id, key);
    if (!push) return null;
    if (push.bodyHash.equals(bodyHash)) return { push, repeated: true, repeat };
    throw keyTaken(key);
  };
  const known = await earlier();
  if (known && !hasRejects(known.push)) return known;

  const { records, defects } = recordsOf(body, (connector as InboxConnectorConfig).most);
  const contract = await openContract(config, fieldMemory(db, row.id, now));
  const at = now();
  const page = { records, undecodable: new Map<number, string>(), ...(defects && { defects }) };
  const mapped = await mapPage(
    stream,
    page,
    { readAt: shanghaiInstant(at.getTime()), catalog: await approvedCatalog(db) },
    contract,
    (events) => certificatesAt(db, row.id, events),
  );
  const outcomes = mapped.outcomes.map((problems, index): PushOutcome => {
    const recordKey = stream.keyOf(records[index]);
    if (problems === null) return { key: recordKey, outcome: 'committed' };
    if (problems.every(waits)) return { key: recordKey, outcome: 'waiting' };
    return { key: recordKey, outcome: 'rejected', problems: problems.map(({ rule, field }) => ({ rule, field })) };
  });
  const committed = await commitPush(
    db,
    row.id,
    {
      key,
      bodyHash,
      outcomes,
      page: {
        number: 0,
        digest: digestOf(records),
        position: null,
        read: records.length,
        rows: mapped.rows.toJson(),
        rejected: mapped.rejected,
        deleted: mapped.deleted,
      },
      rules: {
        untimed: config.record.updatedAt === undefined,
        snapshot: false,
        file: stream.hints.file,
        completed: config.completed,
      },
      lastReceipt: told,
    },
    at,
  );
  if (!committed) return (await earlier()) ?? { push: { batchId: 0, receipt: 0, outcomes }, repeated: true, repeat };
  await noteContact(db, config.id, 'delivered', null, at);
  return { push: { ...committed, outcomes }, repeated: false, repeat };
}

/** What a push is answered, and whether it was taken before. */
interface AnsweredPush {
  push: Omit<Push, 'bodyHash'>;
  repeated: boolean;
  repeat: Repeat | null;
}

/** What a sender is asked to send again: everything that it sent after a push, or after a moment. */
interface Repeat {
  /** Number of the last push that is not lost; 0: all are. */
  after: number;
  since: string;
}

/** The number of the last answer that the sender has; 0 where it does not say. */
function toldReceipt({ headers }: FastifyRequest): number {
  const told = headers['last-receipt'] ?? '0';
  if (/^\d{1,15}$/.test(String(told))) return Number(told);
  throw new RefusedRequest(400, 'Last-Receipt is no number', 'send the `receipt` of the last answer, or nothing');
}

/** What of a stream the database has lost: a sender that has a larger number than the hub knows that it was restored. */
async function toBeRepeated(db: Knex, streamId: number, told: number, at: Date): Promise<Repeat | null> {
  const last = await lastReceipt(db, streamId);
  if (told > last.receipt) {
    const from = last.receivedAt ?? (await hubSince(db));
    await noteRestoration(db, { from, to: at, knownBy: 'receipt' }, at);
    return { after: last.receipt, since: shanghaiInstant(from.getTime()) };
  }
  const lost = await openRestoration(db);
  if (!lost) return null;
  const { receipt } = await lastReceipt(db, streamId, lost.from);
  return { after: receipt, since: shanghaiInstant(lost.from.getTime()) };
}

function answerPush({ push, repeated, repeat }: AnsweredPush, reply: FastifyReply): unknown {
  if (repeated) void reply.header('Idempotent-Replayed', 'true');
  const count = (wanted: PushOutcome['outcome']): number =>
    push.outcomes.filter(({ outcome }) => outcome === wanted).length;
  const [waiting, rejected] = [count('waiting'), count('rejected')];
  return {
    batch: push.batchId,
    receipt: push.receipt,
    committed: count('committed'),
    rejected,
    ...(waiting > 0 && { waiting }),
    ...(repeat && { repeat }),
    results: push.outcomes,
  };
}

function recordsOf(body: Buffer, most: number): { records: unknown[]; defects: ReturnType<typeof defectsOf> } {
  const { json, defects } = parsedBody(body, 'send one record, or a list of records, as JSON');
  const records = Array.isArray(json) ? (json as unknown[]) : [json];
  const [only] = records;
  if (!Array.isArray(json) && typeof only === 'object' && only !== null && Object.values(only).some(isListOfRecords))
    throw new RefusedRequest(400, 'the body is a map around a list', 'send one record, or the list itself');
  if (records.length === 0) throw new RefusedRequest(400, 'the list is empty', 'send at least one record');
  if (records.length <= most) return { records, defects: defectsOf(records, defects) };
  throw new RefusedRequest(413, `${records.length} records, expected at most ${most}`, 'send them in parts');
}

/** A list of maps that is all there is: an envelope, not the holders of one record. */
const isListOfRecords = (value: unknown, _index: number, all: unknown[]): boolean =>
  all.length === 1 && Array.isArray(value);

const closingSchema = z.strictObject({
  from: z.iso.datetime({ offset: true }),
  to: z.iso.datetime({ offset: true }),
  records: z.int().min(0),
});

/**
 * The department closes a stretch of time with the number of records whose last change lies in it. When the library
 * has as many, that time is proven to be in; else it shows as a gap.
 */
async function acceptClosing(
  request: FastifyRequest,
  name: string,
  { db, now }: InboxOptions,
): Promise<{ equal: boolean; records: number; library: number }> {
  const stream = await readableStream(db, name);
  const expected = 'expected {"from": "2026-11-22T00:00:00+08:00", "to": "2026-11-22T21:30:00+08:00", "records": 120}';
  const body = closingSchema.safeParse(jsonOf(bodyOf(request), expected));
  if (!body.success) throw new RefusedRequest(400, 'the body is no closing', expected);
  const { from, to, records } = body.data;
  if (!(Date.parse(from) < Date.parse(to) && Date.parse(to) <= now().getTime()))
    throw new RefusedRequest(400, 'the stretch of time is empty, or not over yet', 'close what has passed');
  const window = { kind: 'time', from, to } as const;
  const library = await countLibrary(db, stream.id, window);
  await saveComparison(db, stream, window, { source: records, library }, now());
  if (library === records && records > 0) await settleFields(db, stream.id, now());
  await noteContact(db, name, records > 0 ? 'delivered' : 'nothing', null, now());
  return { equal: library === records, records, library };
}

const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

/** What the department has to correct, a page at a time by the ids of the rejects; also while its stream is paused. */
async function answerRejects(
  request: FastifyRequest,
  { config, connector }: OpenStream,
  { db }: InboxOptions,
): Promise<{ rejects: object[]; next: number | null }> {
  const { most } = connector as InboxConnectorConfig;
  const query = z
    .strictObject({ after: wholeNumber.optional(), limit: wholeNumber.pipe(z.int().min(1).max(most)).optional() })
    .safeParse(request.query);
  if (!query.success) {
    const cure = `after is the \`next\` of the page before, limit a number from 1 to ${most}`;
    throw new RefusedRequest(400, 'the page is not named rightly', cure);
  }
  const { after, limit = Math.min(REJECTS, most) } = query.data;
  const { id } = await getStream(db, config.id);
  const { rejects, more } = await rejectPage(db, id, { after, limit, bytes: REJECTED_BYTES });
  return {
    rejects: rejects.map((reject) => ({
      id: reject.id,
      key: reject.key,
      firstSeenAt: shanghaiInstant(reject.firstSeenAt.getTime()),
      problems: reject.problems.map(({ rule, field }) => ({ rule, field, zh: RULES[rule].zh, en: RULES[rule].en })),
      record: JSON.parse(reject.record) as unknown,
    })),
    next: more ? (rejects.at(-1)?.id ?? null) : null,
  };
}
