/** Connecting: the whole way from a VM's name to a started client, in stages that are told as they happen. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { errorData, instant, portNumber, procedure, vmRef } from './common.ts';
import { grant } from './grants.ts';
import { endpoint } from './vms.ts';

export const stageName = z.enum(['my-ip', 'asked', 'rule', 'answers', 'key', 'client']);
export type StageName = z.infer<typeof stageName>;

/** A client to start: never through a shell; `argv[0]` is the program. */
export const launch = z.object({ argv: z.array(z.string()), file: z.string().optional() });
export type Launch = z.infer<typeof launch>;

export const connectEvent = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('stage'),
    stage: stageName,
    state: z.enum(['begun', 'done', 'failed']),
    at: instant,
    ms: z.int().optional(),
    text: z.string(),
    usual: z.string().optional(),
  }),
  z.object({
    kind: z.literal('ready'),
    grant,
    endpoint,
    banner: z.string().optional(),
    launch: launch.optional(),
  }),
  z.object({ kind: z.literal('failed'), error: errorData }),
]);
export type ConnectEvent = z.infer<typeof connectEvent>;

export const connectInput = z.object({
  vm: vmRef,
  /** Default: by the VM's system. `none`: open the port and wait until it answers, start nothing. */
  client: z.enum(['ssh', 'rdp', 'none']).optional(),
  port: portNumber.optional(),
  /** Connect by this live grant, and ask for nothing: it is an error if it is over. */
  grant: z.string().optional(),
  forMs: z.int().min(1_000).max(86_400_000).optional(),
  sources: z.array(z.string()).optional(),
  reason: z.string().max(500).optional(),
  /** `broker`: start the client in the person's session. `caller`: only say what to start (the command line does it itself). */
  start: z.enum(['broker', 'caller']),
  /** Put a key on the machine for a minute and sign in with it (EC2 Instance Connect); default: as the VM's settings say. */
  pushKey: z.boolean().optional(),
  /** Who signs in, for `pushKey`; default: the user of the VM's settings, else the usual one of such machines. */
  user: z.string().max(256).optional(),
  /** More arguments for the client, as the person gave them. */
  clientArguments: z.array(z.string()).optional(),
});
export type ConnectInput = z.infer<typeof connectInput>;

/** Per-VM connection settings a person chose. */
export const connectionSettings = z.object({
  user: z.string().max(256).optional(),
  keyFile: z.string().max(4096).optional(),
  address: z.string().max(256).optional(),
  port: portNumber.optional(),
  jumpHost: z.string().max(256).optional(),
  /** Sign in with a key that is put on the machine for this connection (EC2 Instance Connect). */
  pushKey: z.boolean().optional(),
});
export type ConnectionSettings = z.infer<typeof connectionSettings>;

export const connectContract = {
  /** Stages, then `ready` or `failed`; the stream ends after that. A live grant is used again, never asked twice. */
  run: procedure.input(connectInput).output(eventIterator(connectEvent)),
  /** Host entries for ssh's configuration: one per configured VM with SSH, ProxyCommand and strict host keys. */
  sshConfig: procedure
    .input(z.object({ command: z.array(z.string()).min(1) }))
    .output(z.object({ text: z.string() })),
  settings: {
    get: procedure.input(z.object({ vm: vmRef })).output(connectionSettings),
    set: procedure.input(z.object({ vm: vmRef, settings: connectionSettings })).output(connectionSettings),
  },
};
