import { z } from 'zod';
import { HOLDER_KINDS, isShared, PUBLICITY } from '../../../domain/library/catalog.ts';
import { keyOf } from '../../../settings/values.ts';
import { approvedCatalog } from '../../../store/library/catalog.ts';
import { get } from '../base/route.ts';

/** A type of certificate that units can be granted the use of. */
export const sharedTypeView = z
  .object({
    typeCode: z.string(),
    name: z.string(),
    category: z.string().nullable(),
    issuer: z.object({ code: z.string(), name: z.string() }).nullable(),
    holders: z.array(keyOf(HOLDER_KINDS)),
    publicity: keyOf(PUBLICITY).nullable(),
    face: z.array(z.object({ name: z.string(), label: z.string() })).meta({
      description: '照面信息: as a field of a grant, the name after `face:`',
    }),
    items: z.array(z.object({ code: z.string(), name: z.string() })),
  })
  .meta({ id: 'SharedType' });
export type SharedTypeView = z.input<typeof sharedTypeView>;

const getShareCatalog = get(
  '/share-catalog',
  {
    needs: 'sharing:read',
    summary: '共享目录 Types of certificate in force that are shared: 社会公开 or 部门共享',
    tag: 'sharing',
    answer: z.object({ items: z.array(sharedTypeView) }),
  },
  async (_request, { db }) => ({
    items: [...(await approvedCatalog(db)).values()].filter(isShared),
  }),
);

/** What units can apply for (共享目录). */
export const shareCatalogRoutes = { getShareCatalog };
