import { createBrowserRouter } from 'react-router';
import { Frame } from './frame.tsx';
import { MENU, page, type PageRoute } from './menu.ts';
import { Missing, PageFault } from './pages/console/missing.tsx';

/** Pages below those of the menu. */
const BELOW: PageRoute[] = [
  { path: '/tasks/:id', lazy: page(() => import('./pages/ledger/task.tsx')) },
  { path: '/disputes/:id', lazy: page(() => import('./pages/casework/dispute.tsx')) },
  { path: '/outages/:id', lazy: page(() => import('./pages/casework/outage.tsx')) },
  { path: '/share-requests/:id', lazy: page(() => import('./pages/casework/share-request.tsx')) },
  { path: '/streams/:name', lazy: page(() => import('./pages/collection/stream.tsx')) },
  { path: '/streams/:name/days/:date', lazy: page(() => import('./pages/collection/stream-day.tsx')) },
  { path: '/accounts/:id', lazy: page(() => import('./pages/console/account.tsx')) },
  { path: '/usage-lists/:unit', lazy: page(() => import('./pages/sharing/usage-list.tsx')) },
  { path: '/me', lazy: page(() => import('./pages/console/me.tsx')) },
  { path: '/certificates/record', lazy: page(() => import('./pages/library/certificate.tsx')) },
  { path: '/certificates/:stream/:key', lazy: page(() => import('./pages/library/certificate.tsx')) },
  { path: '/catalog/:code', lazy: page(() => import('./pages/library/catalog-entry.tsx')) },
  { path: '/supervision/:id', lazy: page(() => import('./pages/supervision/finding.tsx')) },
  { path: '/notices/:id', lazy: page(() => import('./pages/supervision/notice.tsx')) },
];

/** Pages for everybody: nobody has to be signed in. */
const OPEN: PageRoute[] = [{ path: '/public/catalog', lazy: page(() => import('./pages/library/public-catalog.tsx')) }];
export const isOpen = (address: string): boolean => OPEN.some(({ path }) => path === address);

export const router = createBrowserRouter([
  ...OPEN.map(({ path, lazy }) => ({ path, lazy, ErrorBoundary: PageFault, HydrateFallback: () => null })),
  {
    path: '/',
    Component: Frame,
    ErrorBoundary: PageFault,
    HydrateFallback: () => null,
    children: [
      ...[...MENU.flatMap(({ pages }) => pages), ...BELOW].map(({ path, lazy }) => ({
        path,
        lazy,
        ErrorBoundary: PageFault,
      })),
      { path: '*', Component: Missing },
    ],
  },
]);
