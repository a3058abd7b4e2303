/**
 * What a machine in AWS asks for the keys of its role: the metadata service of an instance (version 2, by token only:
 * docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html), and that of a container
 * (docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html). Real ones speak plain HTTP, as this does.
 */
import { randomBytes } from 'node:crypto';
import Fastify, { type FastifyRequest } from 'fastify';
import { onTestFinished } from 'vitest';
import { takenRoles, takeSession } from '../../main/practice/ec2/sessions.ts';
import type { AccessKey, World } from '../../main/practice/ec2/world.ts';

export interface InstanceMetadata {
  url: string;
  /** What a container shows: AWS_CONTAINER_AUTHORIZATION_TOKEN. */
  containerToken: string;
  /** Paths asked for, in order. */
  asked: string[];
}

/** Gives keys of one of the roles of `world` that are good for `seconds`. Ends with the test. */
export async function startMetadata(world: World, role: string, seconds = 3600): Promise<InstanceMetadata> {
  const app = Fastify({ forceCloseConnections: true });
  onTestFinished(() => app.close());
  const tokens = new Set<string>();
  const containerToken = randomBytes(16).toString('hex');
  const asked: string[] = [];
  const path = '/latest/meta-data/iam/security-credentials/';
  const isKnown = ({ headers }: FastifyRequest) => tokens.has(String(headers['x-aws-ec2-metadata-token']));
  const keys = (session: string): object => {
    const key = takeSession(world, {
      name: role,
      id: `AROA${role.toUpperCase()}`,
      role: takenRoles.get(role)?.role ?? 'viewer',
      session,
      seconds,
    });
    return {
      Code: 'Success',
      Type: 'AWS-HMAC',
      LastUpdated: new Date(world.now()).toISOString(),
      ...told(key),
    };
  };

  app.addHook('onRequest', async ({ method, url }) => void asked.push(`${method} ${url}`));
  app.put('/latest/api/token', async (request, reply) => {
    if (!(Number(request.headers['x-aws-ec2-metadata-token-ttl-seconds']) > 0)) return reply.code(400).send();
    const token = randomBytes(24).toString('base64');
    tokens.add(token);
    return token;
  });
  app.get(path, async (request, reply) => (isKnown(request) ? role : reply.code(401).send()));
  app.get(`${path}${role}`, async (request, reply) =>
    isKnown(request) ? keys('i-0123456789abcdef0') : reply.code(401).send(),
  );
  app.get('/container', async (request, reply) =>
    request.headers.authorization === containerToken ? keys('task') : reply.code(401).send({}),
  );
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), containerToken, asked };
}

function told({ id, secret, session }: AccessKey): object {
  return {
    AccessKeyId: id,
    SecretAccessKey: secret,
    Token: session?.token,
    Expiration: new Date(session?.ends ?? 0).toISOString(),
  };
}
