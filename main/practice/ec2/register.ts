/** The AWS endpoint of the practice cloud: EC2, STS and IAM on `/`, told apart by what a request is signed for, and Scheduler. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { actions } from './actions/table.ts';
import { AwsError } from './errors.ts';
import { ec2Questions, mustAllow, queryQuestions, schedulerQuestions } from './iam/rights.ts';
import { runIam } from './iam/roles.ts';
import { identify, serviceOf } from './identify.ts';
import { Params } from './query.ts';
import { runScheduler, schedulerAction } from './scheduler/routes.ts';
import type { SignedRequest } from './sigv4.ts';
import { runSts } from './sts.ts';
import type { World } from './world.ts';
import { ec2Answer, errorAnswer, resultAnswer, type Service } from './xml.ts';

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

/** The AWS action of a request whose body is read; undefined for what is none. */
export function awsActionOf(request: FastifyRequest): string | undefined {
  if (serviceOf(request.headers) === 'scheduler') return schedulerAction(request.method, request.url);
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
  if (service === 'scheduler') {
    const { method, url } = request;
    const call = { world, region: signature.region, key, method, url, body: bytes(request) };
    mustAllow(key, schedulerQuestions(world, call), 'other');
    return reply.header('x-amzn-requestid', randomUUID()).send(runScheduler(call));
  }
  const found = params(request);
  const name = found.required('Action');
  const requestId = randomUUID();
  if (service !== 'ec2') {
    mustAllow(key, queryQuestions(world, service, name, found), 'other');
    const body = (service === 'sts' ? runSts : runIam)(name, world, key, found);
    return send(reply, requestId, resultAnswer(service, name, requestId, body));
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
  mustAllow(key, ec2Questions(world, region, name, found), 'ec2');
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
