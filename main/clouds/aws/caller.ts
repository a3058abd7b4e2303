/** Who we are in AWS. */
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Connection } from './connection.ts';
import { partitionOf } from './names.ts';

export interface Caller {
  /** The number of the account. */
  id: string;
  arn: string;
}

/** Asks STS; of a server that has none, whose the security groups are. Throws CLOUD_UNAUTHORIZED. */
export async function readCaller(aws: Connection, signal?: AbortSignal): Promise<Caller> {
  try {
    const answer = await aws.sts('GetCallerIdentity', (sts, o) => sts.getCallerIdentity({}, o), signal);
    return { id: answer.Account ?? '', arn: answer.Arn ?? '' };
  } catch (error) {
    if (!(error instanceof LatchkeyError) || !isUnknownService(error)) throw error;
    const answer = await aws.ec2(
      aws.home,
      'DescribeSecurityGroups',
      (ec2, options) => ec2.describeSecurityGroups({}, options),
      signal,
    );
    const id = answer.SecurityGroups?.find(group => group.OwnerId)?.OwnerId ?? '000000000000';
    return { id, arn: `arn:${partitionOf(aws.home)}:iam::${id}:user/unknown` };
  }
}

/** The server said no, and not to us: it does not know what was asked. */
function isUnknownService({ code, detail }: LatchkeyError): boolean {
  const status = Number(detail?.['status']);
  return ['CLOUD_FAILED', 'CLOUD_NOT_FOUND'].includes(code) && status >= 400 && status < 502;
}
