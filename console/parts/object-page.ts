import type { Permission } from '../../domain/access.ts';
import { useSession } from '../session.tsx';

/** Pages of what deadlines and the audit are about, by its kind, and what one has to be allowed to see them. */
const PAGES: Record<string, [needs: Permission, page: (id: string) => string]> = {
  task: ['tasks:read', (id) => `/tasks/${id}`],
  dispute: ['disputes:read', (id) => `/disputes/${id}`],
  outage: ['outages:read', (id) => `/outages/${id}`],
  share: ['share:read', (id) => `/share-requests/${id}`],
  rectification: ['supervision:read', (id) => `/supervision/${id}`],
  inspection: ['supervision:read', () => '/inspections'],
  'usage-list': ['sharing:read', (id) => `/usage-lists/${id}`],
  grant: ['sharing:read', () => '/grants'],
  stream: ['streams:read', (id) => `/streams/${id}`],
  account: ['accounts:manage', (id) => `/accounts?tab=accounts&text=${encodeURIComponent(id)}`],
  unit: ['accounts:manage', () => '/accounts?tab=units'],
  contact: ['contacts:read', () => '/accounts?tab=contacts'],
};

/** The page of an object such as `dispute/12` or a subject below it; null where it has none that one may see. */
export function useObjectPage(): (object: string) => string | null {
  const { may } = useSession();
  return (object) => {
    const [, kind = '', id = ''] = /^([\w-]+)\/([^/#]+)/.exec(object) ?? [];
    const found = PAGES[kind];
    return found && may(found[0]) ? found[1](id) : null;
  };
}
