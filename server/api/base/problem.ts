import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { en as english, zhCN as chinese } from 'zod/locales';
import type { Logger } from '../../../settings/logger.ts';
import { HubError } from '../../../domain/errors.ts';
import { expectedInWords } from '../../../domain/faults/expected.ts';
import { faultNamed } from '../../../domain/faults.ts';
import type { Said } from '../../../domain/said.ts';
import { hindranceOf } from '../../../store/database.ts';

/** What the API refuses requests with, by status (RFC 9110). */
export const PROBLEMS = {
  400: 'What was sent is not right',
  401: 'Nobody is signed in, or not any more',
  403: 'The account may not do that, or has to change its password first',
  404: 'There is no such thing, or the account does not see it',
  406: 'The address answers with another kind of content only',
  409: 'It is not as the request takes it to be, as when somebody else has changed it',
  422: 'What was sent has the right shape, and cannot be done',
  423: 'The account is locked for some minutes after too many wrong passwords',
  429: 'Too many requests of one address in a minute',
  500: 'The hub failed; nothing was saved',
  502: 'The source of a stream failed',
  503: 'The database, Temporal or what signs receipts cannot be reached, or does not answer',
  504: 'The source of a stream does not answer in time',
} as const;
export type ProblemStatus = keyof typeof PROBLEMS;

/** An answer that is no success (RFC 9457), in the language that the request asks for. */
export class ApiProblem extends Error {
  readonly status: ProblemStatus;
  readonly code: string;
  readonly title: Said;
  /** How to mend it. */
  readonly cure: Said | undefined;
  /** The field of a form beside which it is said. */
  readonly field: string | undefined;

  constructor(status: ProblemStatus, code: string, title: Said, cure?: Said, field?: string) {
    super(title.en);
    this.status = status;
    this.code = code;
    this.title = title;
    this.cure = cure;
    this.field = field;
  }
}

/** What is wrong with one field of a request, by its path. */
const fieldFault = z.object({ path: z.string(), message: z.string() });

/** The body of every answer that is no success. */
export const problemView = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: 'For programs; stays the same in both languages' }),
    detail: z.string().optional().meta({ description: 'How to mend it' }),
    fields: z.array(fieldFault).optional().meta({ description: 'What is wrong, field by field' }),
  })
  .meta({ id: 'Problem' });
export type ProblemView = z.input<typeof problemView>;

/** A request that its schema refuses. */
export class InvalidRequest extends Error {
  readonly issues: z.core.$ZodIssue[];
  /** What is wrong within a text that was sent, by its field. */
  readonly lines: readonly (Said & { path: string })[];

  constructor(issues: z.core.$ZodIssue[], lines: readonly (Said & { path: string })[] = []) {
    super('the request does not have the expected shape');
    this.issues = issues;
    this.lines = lines;
  }
}

/** The first text of a request that PostgreSQL cannot keep: with a NUL, or half a surrogate pair. */
export function unstorableIn(data: unknown, path: PropertyKey[] = []): z.core.$ZodIssue | null {
  if (typeof data === 'string') {
    if (!data.includes('\0') && data.isWellFormed()) return null;
    return { code: 'custom', path, message: '含无法保存的字符 holds a character that cannot be kept', input: null };
  }
  if (typeof data !== 'object' || data === null) return null;
  for (const [key, value] of Object.entries(data)) {
    const found = unstorableIn(key, [...path, key]) ?? unstorableIn(value, [...path, key]);
    if (found) return found;
  }
  return null;
}

const INVALID = new ApiProblem(400, 'request-invalid', {
  zh: '提交的内容有误',
  en: 'What was sent is not right',
});
const FAILED = new ApiProblem(
  500,
  'failed',
  { zh: '系统内部错误', en: 'The hub failed' },
  { zh: '什么都没有保存；请重试，仍不行请联系运维人员', en: 'Nothing was saved; try again, or ask the operators' },
);
const AWAY = new ApiProblem(
  503,
  'database-away',
  { zh: '数据库暂时不可用', en: 'The database is not available at the moment' },
  {
    zh: '请稍后重试；刚提交的内容是否已保存，请重新打开页面查看',
    en: 'Try again in a moment, and look whether what was just sent has been saved',
  },
);
const LIMITED = new ApiProblem(
  429,
  'too-many-requests',
  { zh: '请求过于频繁', en: 'Too many requests' },
  { zh: '请稍候再试', en: 'Wait a moment' },
);
const GONE = new ApiProblem(404, 'not-found', { zh: '没有这个地址', en: 'There is no such address' });

/** Turns whatever went wrong into an answer, here and nowhere else. */
export function answerProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger,
): FastifyReply {
  const zh = wantsChinese(request);
  const { problem, fields } = problemOf(error, zh);
  // What PostgreSQL says could quote a record: only its code is logged.
  if (problem === FAILED)
    logger.error('a request to the API failed', {
      route: request.routeOptions.url ?? '',
      error: error instanceof HubError ? error.message : ((error as { code?: string }).code ?? (error as Error).name),
    });
  const say = (text: Said): string => (zh ? text.zh : text.en);
  const { field } = problem;
  const body: ProblemView = {
    type: 'about:blank',
    title: say(problem.title),
    status: problem.status,
    code: problem.code,
    ...(problem.cure && { detail: say(problem.cure) }),
    ...(fields ? { fields } : field !== undefined && { fields: [{ path: field, message: say(problem.title) }] }),
  };
  return reply
    .status(problem.status)
    .type('application/problem+json')
    .header('Content-Language', zh ? 'zh-CN' : 'en')
    .serializer(JSON.stringify)
    .send(body);
}

export const notFound = (): ApiProblem => GONE;

function problemOf(error: unknown, zh: boolean): { problem: ApiProblem; fields?: ProblemView['fields'] } {
  if (error instanceof ApiProblem) return { problem: error };
  if (error instanceof InvalidRequest) {
    const [language, { localeError }] = zh ? (['zh', chinese()] as const) : (['en', english()] as const);
    const fields = error.issues.map((issue) => {
      const path = issue.path.join('.');
      if (issue.message !== '') return { path, message: expectedInWords(issue.message)[language] };
      const said = localeError(issue as z.core.$ZodRawIssue);
      return { path, message: typeof said === 'string' ? said : (said?.message ?? '') };
    });
    const lines = error.lines.map(({ path, ...said }) => ({ path, message: said[language] }));
    return { problem: INVALID, fields: [...fields, ...lines] };
  }
  if (error instanceof HubError && error.kind === 'configuration') {
    // Their cures are for the command line.
    const { message, zh: chineseMessage, code } = error;
    const { status = 400, field } = faultNamed(code) ?? {};
    return { problem: new ApiProblem(status, code, { zh: chineseMessage, en: message }, undefined, field) };
  }
  // What the database says of a value that is none, such as a number beyond all of its: somebody made it up.
  if (/^22(?:003|007|008|021|P02|P05)$/.test((error as { code?: string }).code ?? '')) return { problem: INVALID };
  if (hindranceOf(error) === 'away') return { problem: AWAY };
  const { statusCode } = error as { statusCode?: number };
  if (statusCode === 429) return { problem: LIMITED };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return { problem: INVALID };
  return { problem: FAILED };
}

/** Chinese, unless the request would rather have English. */
const wantsChinese = ({ headers }: FastifyRequest): boolean => !/^\s*en\b/i.test(headers['accept-language'] ?? '');
