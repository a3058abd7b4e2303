/** The dialog's talk with the broker: policies, the live preview, and the request itself. */
import { useEffect, useState } from 'react';
import type { Grant, GrantRequest, RequestPreview } from '../../shared/contract/grants.ts';
import type { Policy } from '../../shared/contract/policies.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { broker } from '../state/broker.ts';
import { errorOf } from '../state/errors.ts';
import { useSettled } from '../state/useSettled.ts';

export interface Failure {
  vm: string;
  error: ErrorData;
}

/** The policies of VMs, once; undefined while they are read. */
export function usePolicies(vms: readonly string[]): { policies?: Policy[]; error?: ErrorData } {
  const [found, setFound] = useState<{ policies?: Policy[]; error?: ErrorData }>({});
  const key = vms.join('\n');
  useEffect(() => {
    const read = async (): Promise<Policy[]> => {
      const answers = await Promise.all(key.split('\n').map(vm => broker().policies.get({ vm })));
      return answers.flatMap(({ policy }) => (policy === undefined ? [] : [policy]));
    };
    read().then(
      policies => setFound({ policies }),
      (thrown: unknown) => setFound({ error: errorOf(thrown) }),
    );
  }, [key]);
  return found;
}

export interface Preview {
  previews: RequestPreview[];
  failures: Failure[];
}

/** Typing settles before the broker is asked what would happen. */
const settleMs = 250;

/** What a request would write, asked anew at each change. `undefined` while the first answer is awaited. */
export function usePreview(request: GrantRequest | undefined): Preview | undefined {
  const [preview, setPreview] = useState<Preview>();
  const key = request === undefined ? undefined : JSON.stringify(request);
  useSettled(key, settleMs, async signal => {
    if (request === undefined) return;
    const answer = await previewOf(request, signal);
    if (!signal.aborted) setPreview(answer);
  });
  return preview;
}

async function previewOf(request: GrantRequest, signal: AbortSignal): Promise<Preview> {
  try {
    return await broker().grants.preview(request, { signal });
  } catch (thrown) {
    const error = errorOf(thrown);
    return { previews: [], failures: request.vms.map(vm => ({ vm, error })) };
  }
}

/** Asks for access. The failure of a single VM, thrown by the broker, comes back like those of several. */
export async function sendRequest(request: GrantRequest): Promise<{ grants: Grant[]; failures: Failure[] }> {
  try {
    return await broker().grants.request(request);
  } catch (thrown) {
    const error = errorOf(thrown);
    return { grants: [], failures: request.vms.map(vm => ({ vm, error })) };
  }
}
