/** Accounts: what there is, signing in, and what of an account is looked at. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { azureChinaAuthorities } from '../domain/azureClouds.ts';
import { cloudKind, errorData, instant, procedure } from './common.ts';

/** How a token is got: by a person (the first two), or from what this machine has (the others). */
export const signInWay = z.enum(['browser', 'device-code', 'environment', 'managed-identity', 'azure-cli']);
export type SignInWay = z.infer<typeof signInWay>;

/** Where AWS credentials come from: a profile of this machine, IAM Identity Center, or what the broker's machine has. */
export const awsWay = z.enum(['profile', 'sso', 'environment', 'instance-role']);
export type AwsWay = z.infer<typeof awsWay>;

/** One label of a host's name: `eu-north-1`, and what other servers call theirs. */
export const regionName = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/);
export const awsRegions = z.union([z.literal('all'), z.array(regionName).min(1).max(100)]);

export const account = z.object({
  id: z.string(),
  name: z.string(),
  cloud: cloudKind,
  kind: z.enum(['practice', 'azure', 'aws']),
  /** Who we are there. */
  user: z.string().optional(),
  /** `sign-in-needed`: the cloud takes our sign-in no more and a person has to sign in again (`signIn`). */
  state: z.enum(['connecting', 'ready', 'sign-in-needed', 'failed']),
  error: errorData.optional(),
  /** Milliseconds that this computer's clock is ahead of the cloud's. */
  clockAheadMs: z.int().optional(),
  addedAt: instant,
  way: signInWay.optional(),
  /** Of kind `azure`: the tenant, the name of the cloud (`AzureCloud`, …) and the application that asked for the sign-in. */
  azure: z.object({ tenant: z.string(), cloud: z.string(), clientId: z.string().optional() }).optional(),
  /** Of kind `aws`. `mfa`: somebody has to type a code now and then. */
  aws: z
    .object({
      way: awsWay,
      account: z.string(),
      partition: z.string(),
      regions: awsRegions,
      profile: z.string().optional(),
      startUrl: z.string().optional(),
      endpoint: z.string().optional(),
      mfa: z.boolean().optional(),
    })
    .optional(),
  /** Ids of the scopes (subscriptions, regions) that are looked at; absent: all there are. */
  chosenScopes: z.array(z.string()).optional(),
  /** There is no keychain: the sign-in is kept in memory, and is gone when the broker ends. */
  inMemory: z.boolean().optional(),
});
export type Account = z.infer<typeof account>;

const path = z.string().min(1).max(4096);

/** What to sign in to. A kind for every kind of account that one can add. */
export const newAccount = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('azure'),
    way: signInWay,
    /** `AzureCloud` (the default), `AzureUSGovernment`, `AzureChinaCloud`, or the name of one of the settings. */
    cloud: z.string().max(64).optional(),
    /** An id or a domain. Default: the home of whoever signs in. */
    tenant: z.string().max(256).optional(),
    /** The application that asks; for a managed identity, which one. */
    clientId: z.string().max(256).optional(),
  }),
  z.object({
    kind: z.literal('aws'),
    way: awsWay,
    /** Of way `profile`; default: `default`. */
    profile: z.string().min(1).max(256).optional(),
    /** Of way `sso`. Without account and role the person chooses among his own. */
    sso: z
      .object({
        startUrl: z.url({ protocol: /^https$/ }).max(1024),
        region: regionName,
        account: z
          .string()
          .regex(/^\d{12}$/)
          .optional(),
        role: z.string().min(1).max(64).optional(),
      })
      .optional(),
    /** Default: `all` that are enabled. */
    regions: awsRegions.optional(),
    /** Absolute paths of the files with profiles, where they are not at their usual place. */
    files: z.object({ config: path.optional(), credentials: path.optional() }).optional(),
    /** Addresses of EC2-compatible servers or private endpoints, by service id (`ec2`, `sts`, …); `all` for every other. */
    endpoints: z
      .record(z.string().regex(/^[a-z0-9_]{1,64}$/), z.url({ protocol: /^https?$/ }).max(2048))
      .optional(),
    /** PEM file of the certificate authorities to trust there instead of the system's. */
    caFile: path.optional(),
  }),
]);
export type NewAccount = z.infer<typeof newAccount>;

/** What signing in asks of the person, as it comes up. `done` is the last one. */
export const signInStep = z.discriminatedUnion('step', [
  /** Open this address in a browser. `opened`: the broker has done so. */
  z.object({ step: z.literal('browser'), url: z.string(), opened: z.boolean() }),
  /** Open `url` anywhere and type `code` there. `inBrowser`: the address has the code in it; `opened`: the broker has opened it. */
  z.object({
    step: z.literal('device-code'),
    code: z.string(),
    url: z.string(),
    expiresAt: instant,
    inBrowser: z.boolean().optional(),
    opened: z.boolean().optional(),
  }),
  /** A code of an MFA device, answered by `answer`. `again`: the one before was wrong. */
  z.object({ step: z.literal('mfa-code'), question: z.string(), device: z.string(), again: z.boolean() }),
  /** Which role to take, answered by `answer` with `<account>/<role>`. */
  z.object({
    step: z.literal('choose-role'),
    question: z.string(),
    roles: z.array(z.object({ account: z.string(), accountName: z.string(), role: z.string() })),
  }),
  z.object({ step: z.literal('done'), account, notes: z.array(z.string()) }),
]);
export type SignInStep = z.infer<typeof signInStep>;

/** A profile of the AWS files on the broker's machine, as far as it can be told without a secret. */
export const awsProfile = z.object({
  name: z.string(),
  /** Where its credentials come from: `keys`, `sso`, `role`, `web-identity`, `process`, `machine`, `login`, `none`. */
  source: z.enum(['keys', 'sso', 'role', 'web-identity', 'process', 'machine', 'login', 'none']),
  region: z.string().optional(),
  account: z.string().optional(),
  role: z.string().optional(),
  /** Of SSO, also where a chain of roles begins there. */
  startUrl: z.string().optional(),
});
export type AwsProfile = z.infer<typeof awsProfile>;

/** Who opens the browser: the broker in the person's session, or whoever called. */
const open = z.enum(['broker', 'caller']);

/** A piece of an account that can be left out. */
export const accountScope = z.object({ id: z.string(), name: z.string(), chosen: z.boolean() });
export type AccountScope = z.infer<typeof accountScope>;

export const accountsContract = {
  list: procedure.input(z.object({})).output(z.object({ accounts: z.array(account) })),
  watch: procedure.input(z.object({})).output(eventIterator(z.object({ accounts: z.array(account) }))),
  /** Signs in to the practice cloud of this data directory, starting it where it does not run. Adding it twice is no error. */
  addPractice: procedure.input(z.object({})).output(z.object({ accounts: z.array(account) })),
  /** Signs in and keeps the account; one that is known is signed in to again. Ending the stream cancels. */
  add: procedure.input(z.object({ account: newAccount, open })).output(eventIterator(signInStep)),
  /** Signs in again as the same user, by the way it was added or another one. Ending the stream cancels. */
  signIn: procedure
    .input(z.object({ id: z.string(), way: z.enum(['browser', 'device-code']).optional(), open }))
    .output(eventIterator(signInStep)),
  /** Answers a question of a sign-in that is going on. Throws BAD_INPUT for one that nobody asks (any more). */
  answer: procedure
    .input(z.object({ question: z.string(), answer: z.string().min(1).max(512) }))
    .output(z.object({})),
  /** The AWS profiles of the broker's machine. */
  profiles: procedure
    .input(
      z.object({ files: z.object({ config: path.optional(), credentials: path.optional() }).optional() }),
    )
    .output(z.object({ profiles: z.array(awsProfile) })),
  /** All scopes the account has, asked now. */
  scopes: procedure.input(z.object({ id: z.string() })).output(z.object({ scopes: z.array(accountScope) })),
  /** Chooses which scopes are looked at; without `scopes` all there are, also those that come later. Throws BAD_INPUT for one it does not have. */
  choose: procedure
    .input(z.object({ id: z.string(), scopes: z.array(z.string()).min(1).optional() }))
    .output(z.object({ accounts: z.array(account) })),
  /** Forgets an account and its sign-in. Throws ACCOUNT_NOT_FOUND, and BAD_INPUT while it has live grants. */
  remove: procedure.input(z.object({ id: z.string() })).output(z.object({ accounts: z.array(account) })),
};

/** A cloud that speaks Azure's language elsewhere: Azure Stack, an air-gapped one. */
export const customCloud = z.object({
  name: z.string().regex(/^[A-Za-z][\w.-]{0,63}$/),
  armEndpoint: z.url({ protocol: /^https$/ }),
  /** Who signs people in. Without a path the tenant is put behind it, as Entra has it; with one it is an OpenID issuer as it stands, or ADFS. */
  authority: z.url({ protocol: /^https$/ }),
  /** What tokens are for, where that is not the ARM endpoint. */
  audience: z.string().min(1).max(512).optional(),
  /** PEM file of the certificate authorities to trust there instead of the system's. */
  caFile: z.string().min(1).max(4096).optional(),
});
export type CustomCloud = z.infer<typeof customCloud>;

/** auto: through Defender for Cloud where its policy names the VM, else by our own rules · defender · direct: always so. */
export const jitWay = z.enum(['auto', 'defender', 'direct']);
export type JitWay = z.infer<typeof jitWay>;

export const settings = z.object({
  theme: z.enum(['system', 'light', 'dark']),
  density: z.enum(['normal', 'compact']),
  /** The organisation's egress ranges, used when observers differ. */
  organisationRanges: z.array(z.string()),
  /** HTTPS addresses of my-IP observers; empty means the built-in ones. */
  observers: z.array(z.string()),
  /** Milliseconds before a grant's end at which to warn. */
  warnBeforeMs: z.int().min(10_000).max(3_600_000),
  /**
   * Azure subscriptions, by id in lower case, that do not go the way `auto`. Setting it changes those it names (by id or
   * name) and leaves the others.
   */
  jit: z.record(z.string(), jitWay),
  azureClouds: z.array(customCloud).max(50),
  azureChinaAuthority: z.enum(azureChinaAuthorities),
});
export type Settings = z.infer<typeof settings>;

export const settingsContract = {
  get: procedure.input(z.object({})).output(settings),
  set: procedure.input(settings.partial()).output(settings),
};

export const appContract = {
  info: procedure.input(z.object({})).output(
    z.object({
      version: z.string(),
      host: z.enum(['desktop', 'headless']),
      dataDirectory: z.string(),
      user: z.string(),
      pid: z.int(),
    }),
  ),
  /** Asks a headless broker to leave, so that the desktop app can take over. Grants stay; the next broker goes on. */
  leave: procedure.input(z.object({})).output(z.object({})),
};
