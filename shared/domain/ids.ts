/** Ids that can't be mixed up. Each is made only by its parser here. */
import { LatchkeyError } from '../errors.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** The cloud's own full name of a VM: an ARM resource id in lower case, or an instance ARN. */
export type VmId = Branded<'VmId'>;
/** 12 characters of a–z and 2–7; short enough for a rule's name and description. */
export type GrantId = Branded<'GrantId'>;
/** `azure:<tenant>:<who>`, where `who` tells several users of one tenant apart; the practice cloud's are `practice-azure`, `practice-aws`. */
export type AccountId = Branded<'AccountId'>;
/** The cloud's own full name of a gate: an NSG's ARM id in lower case, or `<region>/sg-…`. */
export type GateId = Branded<'GateId'>;

const armVm =
  /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/microsoft\.(compute|classiccompute)\/virtualmachines\/[^/]+$/;
const ec2Arn = /^arn:aws[a-z-]*:ec2:[\w-]+:\w{1,64}:instance\/i-[0-9a-f]+$/;

/** True if the text is a full VM id (ARM id in any case, or an instance ARN). */
export function isVmId(text: string): boolean {
  return armVm.test(text.toLowerCase()) || ec2Arn.test(text);
}

/** Parses an ARM id (any case) or instance ARN. Throws BAD_INPUT on anything else. */
export function parseVmId(text: string): VmId {
  if (ec2Arn.test(text)) return text as VmId;
  const lower = text.toLowerCase();
  if (armVm.test(lower)) return lower as VmId;
  throw new LatchkeyError({
    code: 'BAD_INPUT',
    message: `“${text}” is neither an ARM VM id nor an instance ARN.`,
  });
}

/** Parses a grant id. Throws BAD_INPUT on anything else. */
export function parseGrantId(text: string): GrantId {
  if (/^[a-z2-7]{12}$/.test(text)) return text as GrantId;
  throw new LatchkeyError({
    code: 'BAD_INPUT',
    message: `“${text}” is not a grant id.`,
    fix: '`latchkey grants` lists them.',
  });
}

/** Parses an account id. Throws BAD_INPUT on anything else. */
export function parseAccountId(text: string): AccountId {
  if (/^[a-z][a-z0-9:._-]{1,127}$/i.test(text)) return text as AccountId;
  throw new LatchkeyError({ code: 'BAD_INPUT', message: `“${text}” is not an account id.` });
}

/** Takes a gate's id as an adapter knows it. Lower-cases ARM ids. */
export function gateId(text: string): GateId {
  return (text.startsWith('/') ? text.toLowerCase() : text) as GateId;
}
