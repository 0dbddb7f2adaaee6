import { findingUnder } from '../../../domain/supervision/findings.ts';
import { useSession } from '../../session.tsx';

/** What can be done with findings, in the words of the city’s profile. */
export const useLadder = () => findingUnder(useSession().hub.sanctions);
