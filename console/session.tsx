import { useQueryClient } from '@tanstack/react-query';
import { createContext, lazy, useContext, type ReactNode } from 'react';
import type { Permission } from '../domain/access.ts';
import type { SessionView } from '../server/api/console/session.ts';
import { useGet } from './api.ts';
import { Failure, Waiting } from './parts/states.tsx';

/** Not asked of those who are signed in already, who are nearly all. */
const SignIn = lazy(async () => ({ default: (await import('./pages/console/sign-in.tsx')).SignIn }));
const ChangePassword = lazy(async () => ({ default: (await import('./pages/console/sign-in.tsx')).ChangePassword }));

const Context = createContext<SessionView | null>(null);

/** Shows what is inside to whoever is signed in; else where they do so. */
export function SessionGate({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const { data, error, refetch } = useGet('/session');
  const again = () => {
    client.clear();
    void refetch();
  };
  if (error?.status === 401) return <SignIn done={again} />;
  // What is shown stays while the hub is away for a moment.
  if (!data) return error ? <Failure problem={error} retry={again} /> : <Waiting />;
  if (data.mustChange) return <ChangePassword done={again} />;
  return <Context.Provider value={data}>{children}</Context.Provider>;
}

export function useSession(): SessionView & { may: (permission: Permission) => boolean } {
  const session = useContext(Context);
  if (!session) throw new Error('nobody is signed in');
  return { ...session, may: (permission) => session.permissions.includes(permission) };
}
