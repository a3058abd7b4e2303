/**
 * The guard of an AWS account: an IAM role that EventBridge Scheduler takes to revoke rules at their end. Scheduler itself
 * needs nothing installed; without a role of this name a grant is ended by the computer that opened it.
 */
import { LatchkeyError } from '../../../shared/errors.ts';
import { pause } from '../../waiting.ts';
import { cloudCode, isNotFound } from '../calls.ts';
import type { Connection } from './connection.ts';
import { ownGroupTag, partitionOf } from './names.ts';

export const guardName = 'latchkey-guard';
export const guardDescription = 'Latchkey: lets EventBridge Scheduler shut the ports of grants that are over';

/** How long an answer about the role is believed, milliseconds: another computer may install or remove it. */
const believeMs = 5 * 60_000;
/** How long an opening waits for IAM's answer; some networks reach EC2 and not IAM. */
const patienceMs = 3_000;
/** How long nobody waits for IAM again after it gave no answer. */
const silentMs = 60_000;

export interface GuardRole {
  /** Asks IAM, unless an answer is known that is new enough; does not wait. */
  look(): void;
  /**
   * The role's ARN; undefined where there is none. Where IAM does not let us look, the ARN it would have: Scheduler then
   * says whether it is there. `sure` tells which of the two. Where IAM does not answer it is undefined too, unless
   * `insist`: then the ARN it would have.
   */
  find(insist: boolean, signal?: AbortSignal): Promise<Sighting | undefined>;
  /** Scheduler refused it: it is not there, or not for us. */
  refused(): void;
  /** Forgets what was believed. */
  forget(): void;
}

export interface Sighting {
  arn: string;
  sure: boolean;
}

/** `account` tells the account's number. */
export function createGuardRole(aws: Connection, account: () => Promise<string>): GuardRole {
  let silentUntil = 0;
  let known: { at: number; found: Promise<Sighting | 'absent' | undefined> } | undefined;

  /** Undefined: no answer that says anything. */
  async function ask(): Promise<Sighting | 'absent' | undefined> {
    try {
      const answer = await aws.iam('GetRole', (iam, o) => iam.getRole({ RoleName: guardName }, o));
      const arn = answer.Role?.Arn;
      return arn === undefined ? 'absent' : { arn, sure: true };
    } catch (error) {
      if (isForbidden(error)) return { arn: guardArn(aws, await account()), sure: false };
      // Not there; or a server that has no IAM at all.
      if (isNotFound(error) || isRefused(error)) return 'absent';
      aws.log.info({ error: String(error) }, 'IAM does not tell whether there is a guard');
      return undefined;
    }
  }

  function believed(): Promise<Sighting | 'absent' | undefined> {
    const age = known === undefined ? Number.POSITIVE_INFINITY : aws.clock.now() - known.at;
    if (known === undefined || age > believeMs || age < 0) known = { at: aws.clock.now(), found: ask() };
    return known.found;
  }

  return {
    look: () => void believed(),
    async find(insist, signal) {
      const answer = believed();
      const stop = new AbortController();
      const enough = AbortSignal.any(signal === undefined ? [stop.signal] : [stop.signal, signal]);
      const patience = aws.clock.now() < silentUntil ? 0 : patienceMs;
      const late = pause(aws.clock, patience, enough).then(() => 'late' as const);
      try {
        const found = await Promise.race([answer, late]);
        if (found === 'absent') return undefined;
        if (found !== undefined && found !== 'late') return found;
        silentUntil = aws.clock.now() + silentMs;
        // An answer that said nothing is asked for anew; one that may still come is not.
        if (found === undefined) known = undefined;
        return insist ? { arn: guardArn(aws, await account()), sure: false } : undefined;
      } finally {
        stop.abort();
      }
    },
    refused() {
      known = { at: aws.clock.now(), found: Promise.resolve('absent') };
    },
    forget() {
      known = undefined;
    },
  };
}

function isForbidden(error: unknown): boolean {
  return ['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation'].includes(cloudCode(error) ?? '');
}

/** Not a service that knows what was asked. */
function isRefused(error: unknown): boolean {
  return (
    error instanceof LatchkeyError && error.code === 'CLOUD_FAILED' && Number(error.detail?.['status']) < 500
  );
}

export function guardArn(aws: Connection, account: string): string {
  return `arn:${partitionOf(aws.home)}:iam::${account}:role/${guardName}`;
}

/** Who may take the role: Scheduler, and only when it acts for this account (no confused deputy). */
export function trustPolicy(account: string): object {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'scheduler.amazonaws.com' },
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'aws:SourceAccount': account } },
      },
    ],
  };
}

/** What the role may do: revoke inbound rules, of security groups that carry the tag of a VM's own group. */
export function rightsPolicy(aws: Connection, account: string): object {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'ec2:RevokeSecurityGroupIngress',
        Resource: `arn:${partitionOf(aws.home)}:ec2:*:${account}:security-group/*`,
        Condition: { StringLike: { [`aws:ResourceTag/${ownGroupTag}`]: 'i-*' } },
      },
    ],
  };
}
