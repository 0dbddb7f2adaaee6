import { z } from 'zod';
import { STATES_OF_FORCE } from '../../../domain/library/lifecycle.ts';
import { STATE_MARKS } from '../../../domain/library/marks.ts';
import { approvedCatalog } from '../../../store/library/catalog.ts';
import { filesOf } from '../../../store/library/certificate-files.ts';
import { inTurn, LARGEST_ORIGINAL, makeCopy, UNCOPIED } from '../../copies/make.ts';
import { ApiProblem } from '../base/problem.ts';
import { post } from '../base/route.ts';
import { NO_FILE } from '../library/certificate.ts';
import { answer, callByCode, code, fileOf, recordsByCode, sharedOf, type Shared } from './share.ts';

const BUSY = new ApiProblem(
  503,
  'copies-busy',
  { zh: '等待制作加注件的请求过多', en: 'Too many copies are waiting to be made' },
  { zh: '请稍后重试', en: 'Try again in a moment' },
);
/** Seconds after which there is room again. */
const RETRY_SECONDS = 5;

const uncopied = (why: keyof typeof UNCOPIED): ApiProblem =>
  new ApiProblem(422, `copy-${why}`, UNCOPIED[why], {
    zh: '可取原件：POST /share/v1/file',
    en: 'Take the file itself: POST /share/v1/file',
  });

const postCopy = post(
  '/copy',
  {
    needs: 'certificates:use',
    summary: '取加注件 A copy of the file of a certificate that was found, with what it is for on every page, as PDF',
    description:
      'The file itself is not changed, and is answered by /file alone. Signatures are no part of a copy; pictures of seals are.',
    tag: 'share',
    body: z.object({ code }),
    answer: { type: 'application/pdf' },
    problems: [403, 404, 422, 429],
  },
  async (request, options, reply) => {
    const coded = await callByCode(request, options, request.body.code, 'copy');
    const call = { ...coded, act: 'copy' } as const;
    const made = inTurn(() =>
      answer(reply, options, call, async ({ matterName, until }, db, { receipt, at }) => {
        const [own] = await sharedOf(db, await recordsByCode(db, coded), await approvedCatalog(db));
        const [file] = own ? await filesOf(db, own.record.stream, own.record.key) : [];
        if (!own || !file) throw NO_FILE;
        if (file.size > LARGEST_ORIGINAL) throw uncopied('size');
        const { body: original } = await fileOf(own.record, db, options.files, reply);
        const copyUntil = until && until < coded.until ? until : coded.until;
        const copy = await makeCopy(Buffer.from(original), {
          certificate: own.certificate.name,
          standing: standingInWords(own),
          unit: call.context.unit.name,
          matter: coded.matter,
          matterName,
          scenario: coded.scenario,
          business: coded.business,
          reason: coded.reason,
          madeAt: at,
          until: copyUntil,
          receipt,
        });
        if (typeof copy === 'string') throw uncopied(copy);
        return { body: Buffer.from(copy), type: 'application/pdf', certificates: [own.record], copyUntil };
      }),
    );
    if (made) return made;
    void reply.header('Retry-After', RETRY_SECONDS);
    throw BUSY;
  },
);

const standingInWords = ({ state, marks, disputed }: Shared): string =>
  [STATES_OF_FORCE[state], ...marks.map((mark) => STATE_MARKS[mark]), ...(disputed ? ['有异议'] : [])].join('、');

/** Copies (加注件) of certificates for one use. */
export const copyRoutes = { postCopy };
