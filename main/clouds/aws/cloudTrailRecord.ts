/**
 * A record of CloudTrail as EC2 writes it (docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html):
 * names in camelCase, lists as `{ items: […] }`, an empty one as `{}`. Whatever is not as expected counts as not told.
 */
import { z } from 'zod';

const text = z.string().max(2_000).optional().catch(undefined);
const number = z.number().optional().catch(undefined);
const list = <T extends z.ZodType>(item: T) =>
  z
    .object({ items: z.array(item) })
    .transform(({ items }) => items)
    .catch([]);

/** A rule as answers have it. */
const rule = z.object({
  securityGroupRuleId: text,
  ipProtocol: text,
  fromPort: number,
  toPort: number,
  cidrIpv4: text,
  cidrIpv6: text,
  prefixListId: text,
  referencedGroupId: text,
  referencedGroupInfo: z.object({ groupId: text }).optional().catch(undefined),
  description: text,
});

/** A permission as requests have it: several sources at once. */
const permission = z.object({
  ipProtocol: text,
  fromPort: number,
  toPort: number,
  ipRanges: list(z.object({ cidrIp: text, description: text })),
  ipv6Ranges: list(z.object({ cidrIpv6: text, description: text })),
  prefixListIds: list(z.object({ prefixListId: text, description: text })),
  groups: list(z.object({ groupId: text, description: text })),
});

const parameters = z.object({
  groupId: text,
  groupName: text,
  networkInterfaceId: text,
  ipPermissions: list(permission),
  /** The short form of one permission. */
  ipProtocol: text,
  fromPort: number,
  toPort: number,
  cidrIp: text,
  groupSet: list(z.object({ groupId: text })),
  securityGroupRuleIds: list(z.object({ securityGroupRuleId: text })),
  ModifySecurityGroupRulesRequest: z.object({ GroupId: text }).optional().catch(undefined),
});

const elements = z.object({
  groupId: text,
  securityGroupRuleSet: list(rule),
  revokedSecurityGroupRuleSet: list(rule),
});

const identity = z.object({
  type: text,
  arn: text,
  userName: text,
  principalId: text,
  invokedBy: text,
  sessionContext: z
    .object({ sessionIssuer: z.object({ userName: text }).optional().catch(undefined) })
    .optional()
    .catch(undefined),
});

export const trailRecord = z.object({
  eventID: z.string(),
  eventTime: z.string(),
  eventName: z.string(),
  requestID: text,
  userIdentity: identity.catch(identity.parse({})),
  sourceIPAddress: text,
  userAgent: text,
  sessionCredentialFromConsole: text,
  errorCode: text,
  recipientAccountId: text,
  requestParameters: parameters.catch(parameters.parse({})),
  responseElements: elements.catch(elements.parse({})),
});
export type TrailRecord = z.infer<typeof trailRecord>;
export type TrailParameters = TrailRecord['requestParameters'];
export type TrailRule = z.infer<typeof rule>;
