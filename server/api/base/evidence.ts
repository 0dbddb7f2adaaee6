import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { LARGEST_EVIDENCE } from '../../../domain/casework/outage.ts';
import { evidenceFrom, type Evidence } from '../../../store/casework/evidence.ts';
import { auditRequest } from './access.ts';
import type { ApiOptions } from './api.ts';
import { ApiProblem } from './problem.ts';
import { text } from './views.ts';

/** A file, as base64. */
export const handedIn = z.object({
  name: text(200),
  content: z.base64().max(Math.ceil((LARGEST_EVIDENCE * 4) / 3) + 4),
});

/** Base64 of the largest file, and the rest of what it is handed in with. */
export const LARGEST_REPORT = Math.ceil(LARGEST_EVIDENCE * 1.4);

/** A file that was handed in, with the hash of what it holds. */
export const keptFile = ({ name, content }: z.output<typeof handedIn>): Evidence =>
  evidenceFrom(name, Buffer.from(content, 'base64'));

const NO_FILE = new ApiProblem(404, 'file-missing', { zh: '没有上传证明材料', en: 'No file was handed in with it' });

/** Answers with a file that was handed in, as it was; the audit says who took it. Throws a problem where there is none. */
export async function sendEvidence(
  request: FastifyRequest,
  reply: FastifyReply,
  options: Pick<ApiOptions, 'db' | 'now'>,
  evidence: Pick<Evidence, 'name' | 'content'> | null,
  object: string,
): Promise<FastifyReply> {
  if (!evidence) throw NO_FILE;
  await auditRequest(request, options, { action: 'export', object, detail: { what: 'evidence' } });
  return sendFile(reply, evidence);
}

/** Answers with a file as it was handed in, to be kept and not to be shown. */
export const sendFile = (reply: FastifyReply, { name, content }: Pick<Evidence, 'name' | 'content'>): FastifyReply =>
  reply
    .type('application/octet-stream')
    .header('X-Content-Type-Options', 'nosniff')
    .header('Content-Disposition', `attachment; filename*=UTF-8''${encodeURIComponent(name)}`)
    .send(content);
