/** What the observers saw; `undefined` until the broker told it. */
import { create } from 'zustand';
import type { MyIp } from '../../shared/contract/egress.ts';

export const useMyIp = create<{ myIp: MyIp | undefined }>(() => ({ myIp: undefined }));
