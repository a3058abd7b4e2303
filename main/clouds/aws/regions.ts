/** Which regions an account has, and why one of them does not answer as the others do. */
import type { EC2 } from '@aws-sdk/client-ec2';
import { LatchkeyError } from '../../../shared/errors.ts';
import { cloudCode } from '../calls.ts';

/** Asks EC2 in the account's home region. */
export type AskHome = <T>(
  action: string,
  send: (ec2: EC2, options: { abortSignal?: AbortSignal }) => Promise<T>,
  signal?: AbortSignal,
) => Promise<T>;

/** `eu-north-1`, and what other servers call theirs (`RegionOne`): one label of a host's name, for it becomes a part of one. */
export function isRegionName(text: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(text);
}

/** Those that are enabled for the account, as it says now. */
export async function enabledRegions(ask: AskHome, signal?: AbortSignal): Promise<string[]> {
  const answer = await ask('DescribeRegions', (ec2, o) => ec2.describeRegions({}, o), signal);
  return (answer.Regions ?? []).flatMap(({ RegionName: name, OptInStatus }) =>
    name !== undefined && isRegionName(name) && OptInStatus !== 'not-opted-in' ? [name] : [],
  );
}

/**
 * What a region's refusal means. In a region that is not enabled AWS knows no credentials (AuthFailure), which says nothing
 * about the sign-in; a policy of the organization may deny a region as a whole.
 */
export async function regionRefusal(error: unknown, region: string, ask: AskHome): Promise<unknown> {
  if (!(error instanceof LatchkeyError)) return error;
  const code = cloudCode(error);
  if (code === 'UnauthorizedOperation' && error.message.includes('service control policy'))
    return told(error, `A policy of your organization lets nobody of this account into ${region}.`);
  if (code !== 'AuthFailure' && code !== 'OptInRequired') return error;
  try {
    const answer = await ask('DescribeRegions', (ec2, o) =>
      ec2.describeRegions({ RegionNames: [region], AllRegions: true }, o),
    );
    if (answer.Regions?.[0]?.OptInStatus !== 'not-opted-in') return error;
    return told(error, `The region ${region} is not enabled for this account.`);
  } catch (thrown) {
    // Signed out at home as well, or no answer: then the region is not the reason.
    return cloudCode(thrown) === 'InvalidParameterValue' ? unknownRegion(region) : error;
  }
}

export function unknownRegion(region: string): LatchkeyError {
  return new LatchkeyError({
    code: 'CLOUD_NOT_FOUND',
    message: `The region ${region} is not one of this account's.`,
    fix: 'Add the region to the account, then refresh.',
  });
}

function told(error: LatchkeyError, message: string): LatchkeyError {
  const fix =
    'Have it enabled, or leave it out: choose the account’s regions (`latchkey accounts set ID --regions …`).';
  return new LatchkeyError({ code: 'CLOUD_FORBIDDEN', message, fix, detail: error.detail }, { cause: error });
}
