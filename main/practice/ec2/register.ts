/** The AWS endpoint of the practice cloud: EC2 and STS on `/`, told apart by what a request is signed for. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Action } from './actions/call.ts';
import { groupActions } from './actions/groups.ts';
import { instanceActions } from './actions/instances.ts';
import { interfaceActions } from './actions/interfaces.ts';
import { placeActions } from './actions/places.ts';
import { ruleActions } from './actions/rules.ts';
import { tagActions } from './actions/tagging.ts';
import { AwsError } from './errors.ts';
import { identify, serviceOf } from './identify.ts';
import { Params } from './query.ts';
import type { SignedRequest } from './sigv4.ts';
import { runSts } from './sts.ts';
import type { World } from './world.ts';
import { ec2Answer, errorAnswer, type Service, stsAnswer } from './xml.ts';

const actions = new Map<string, Action>(
  Object.entries({
    ...placeActions,
    ...instanceActions,
    ...interfaceActions,
    ...groupActions,
    ...ruleActions,
    ...tagActions,
  }),
);
const paramsOf = new WeakMap<FastifyRequest, Params>();

export interface Ec2Options {
  world: World;
  /** Public host keys of a machine by its instance ARN, for the console log. */
  hostKeys: (machine: string) => string[];
}

/** Registers parsers and routes. Every request must be signed with a key of the world. */
export async function registerEc2(app: FastifyInstance, options: Ec2Options): Promise<void> {
  await app.register(async scope => {
    // The signature is over the bytes, so bytes it stays, whatever it is said to be.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    const query = (request: FastifyRequest, reply: FastifyReply) => answer(options, request, reply);
    scope.get('/', query);
    scope.post('/', query);
    scope.all('/schedules', query);
    scope.all('/schedules/*', query);
    scope.all('/schedule-groups/*', query);
    scope.setErrorHandler((error, request, reply) => fail(toAwsError(error), request, reply));
    scope.setNotFoundHandler((request, reply) =>
      fail(new AwsError('InvalidAction', 'There is nothing at this path.', 404), request, reply),
    );
  });
}

/** The AWS action of a request whose body is read; undefined for Scheduler and for what is no Query request. */
export function awsActionOf(request: FastifyRequest): string | undefined {
  return params(request).text('Action');
}

/** An error in the words of the service the request is for. */
export function awsErrorBody(
  error: { code: string; message: string },
  request: FastifyRequest,
): { type: string; body: string } {
  return errorAnswer(serviceOf(request.headers), error, randomUUID());
}

function answer(options: Ec2Options, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { world } = options;
  const { key, signature } = identify(world, signed(request));
  const service = serviceOf(request.headers);
  if (service === 'scheduler' || request.url.startsWith('/schedule')) {
    throw new AwsError(
      'ResourceNotFoundException',
      'The practice cloud has no EventBridge Scheduler yet.',
      404,
    );
  }
  const found = params(request);
  const name = found.required('Action');
  const requestId = randomUUID();
  if (service === 'sts') {
    return send(reply, requestId, stsAnswer(name, requestId, runSts(name, world, key, found)));
  }

  const action = actions.get(name);
  if (!action) {
    throw new AwsError('InvalidAction', `The action ${name} is not valid for this web service.`);
  }
  const region = world.regions.get(signature.region);
  if (!region) throw new AwsError('AuthFailure', `The account has no region ${signature.region}.`, 401);
  if (action.writes && key.role === 'viewer') {
    throw new AwsError(
      'UnauthorizedOperation',
      `You are not authorized to perform this operation. User: ${key.arn} is not authorized to perform: ec2:${name}`,
      403,
    );
  }
  if (found.flag('DryRun')) {
    throw new AwsError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
  }
  const { hostKeys } = options;
  const body = action.run({ world, region, params: found, now: world.now(), hostKeys });
  return send(reply, requestId, ec2Answer(name, requestId, body));
}

function params(request: FastifyRequest): Params {
  const known = paramsOf.get(request);
  if (known) return known;
  const form = request.method === 'GET' ? (request.url.split('?', 2)[1] ?? '') : bytes(request).toString();
  const read = Params.parse(form);
  paramsOf.set(request, read);
  return read;
}

function signed(request: FastifyRequest): SignedRequest {
  const { method, url, headers } = request;
  return { method, url, headers, body: bytes(request) };
}

function bytes(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

function send(reply: FastifyReply, requestId: string, body: string): FastifyReply {
  return reply.header('x-amzn-requestid', requestId).type('text/xml;charset=UTF-8').send(body);
}

/** What the server refuses keeps its status. Anything else is a defect of ours: told as AWS tells its own. */
function toAwsError(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500) return new AwsError('InvalidRequest', 'The request is invalid.', status);
  const text = error instanceof Error ? error.message : String(error);
  return new AwsError('InternalError', `The practice cloud failed: ${text}`, 500);
}

function fail(error: AwsError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const service: Service = serviceOf(request.headers);
  const requestId = randomUUID();
  const { type, body } = errorAnswer(service, error, requestId);
  if (service === 'scheduler') reply.header('x-amzn-errortype', error.code);
  return reply.code(error.status).header('x-amzn-requestid', requestId).type(type).send(body);
}
