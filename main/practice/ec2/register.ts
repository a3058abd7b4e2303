/**
 * The AWS endpoint of the practice cloud: EC2, STS, IAM, CloudTrail and Instance Connect on `/`, told apart by what a request
 * is signed for, Scheduler and Identity Center on paths of their own.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { actions } from './actions/table.ts';
import { AwsError } from './errors.ts';
import { ec2Questions, mustAllow, queryQuestions, schedulerQuestions } from './iam/rights.ts';
import { runIam } from './iam/roles.ts';
import { identify, serviceOf } from './identify.ts';
import { jsonAction, runJson } from './json/services.ts';
import { Params } from './query.ts';
import { runScheduler, schedulerAction } from './scheduler/routes.ts';
import type { SignedRequest } from './sigv4.ts';
import { ssoAction, ssoRoutes } from './sso/routes.ts';
import { createSso, type Sso } from './sso/state.ts';
import { runSts } from './sts.ts';
import { record } from './trail/record.ts';
import { takeRoleByToken } from './webIdentity.ts';
import type { World } from './world.ts';
import { type Elements, ec2Answer, errorAnswer, resultAnswer, type Service } from './xml.ts';

const paramsOf = new WeakMap<FastifyRequest, Params>();

export interface Ec2Options {
  world: World;
  /** Public host keys of a machine by its instance ARN, for the console log. */
  hostKeys: (machine: string) => string[];
  /** Its Identity Center; default one of its own. */
  sso?: Sso;
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
    ssoRoutes(scope, options.sso ?? createSso(options.world));
    scope.all('/schedules', query);
    scope.all('/schedules/*', query);
    scope.all('/schedule-groups', query);
    scope.all('/schedule-groups/*', query);
    scope.setErrorHandler((error, request, reply) => fail(toAwsError(error), request, reply));
    scope.setNotFoundHandler((request, reply) =>
      fail(new AwsError('InvalidAction', 'There is nothing at this path.', 404), request, reply),
    );
  });
}

/** The AWS action of a request whose body is read; undefined for what is none. */
export function awsActionOf(request: FastifyRequest): string | undefined {
  const { method, url, headers } = request;
  const service = serviceOf(headers);
  if (service === 'scheduler') return schedulerAction(method, url);
  return ssoAction(url) ?? jsonAction(headers) ?? params(request).text('Action');
}

/** An error in the words of the service the request is for. */
export function awsErrorBody(
  error: { code: string; message: string },
  request: FastifyRequest,
): { type: string; body: string } {
  return errorAnswer(serviceOf(request.headers), error, randomUUID());
}

function answer(options: Ec2Options, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const requestId = randomUUID();
  if (isByToken(request)) {
    const body = takeRoleByToken(options.world, params(request));
    return send(reply, requestId, resultAnswer('sts', 'AssumeRoleWithWebIdentity', requestId, body));
  }
  const { key, signature, world } = identify(options.world.organization, signed(request));
  const service = serviceOf(request.headers);
  const { region: regionName } = signature;
  if (service === 'scheduler') {
    const { method, url } = request;
    const call = { world, region: regionName, key, method, url, body: bytes(request) };
    mustAllow(key, schedulerQuestions(world, call), 'other');
    return reply.header('x-amzn-requestid', requestId).send(runScheduler(call));
  }
  if (service === 'cloudtrail' || service === 'ec2-instance-connect') {
    const body = runJson({ world, region: regionName, key, headers: request.headers, body: bytes(request) });
    return reply.header('x-amzn-requestid', requestId).type('application/x-amz-json-1.1').send(body);
  }
  const found = params(request);
  const name = found.required('Action');
  if (service !== 'ec2') {
    mustAllow(key, queryQuestions(world, service, name, found), 'other');
    const body = (service === 'sts' ? runSts : runIam)(name, world, key, found);
    return send(reply, requestId, resultAnswer(service, name, requestId, body));
  }
  return send(reply, requestId, ec2Answer(name, requestId, ec2(options, request, { name, requestId })));
}

/** Runs an EC2 action; what changes something is in CloudTrail's history afterwards, also where it was refused. */
function ec2(
  options: Ec2Options,
  request: FastifyRequest,
  { name, requestId }: { name: string; requestId: string },
): Elements {
  const { key, signature, world } = identify(options.world.organization, signed(request));
  const found = params(request);
  const action = actions.get(name);
  if (!action) {
    throw new AwsError('InvalidAction', `The action ${name} is not valid for this web service.`);
  }
  const region = world.regions.get(signature.region);
  // As AWS does for one that is not enabled: the credentials are not known there.
  if (!region || world.offRegions.has(region.name)) {
    throw new AwsError('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
  }
  const run = (): Elements => {
    if ((action.writes && key.role === 'viewer') || world.deniedRegions.has(region.name)) {
      const why = action.writes ? '' : ' with an explicit deny in a service control policy';
      throw new AwsError(
        'UnauthorizedOperation',
        `You are not authorized to perform this operation. User: ${key.arn} is not authorized to perform: ec2:${name}${why}`,
        403,
      );
    }
    mustAllow(key, ec2Questions(world, region, name, found), 'ec2');
    if (found.flag('DryRun')) {
      throw new AwsError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
    }
    const { hostKeys } = options;
    return action.run({ world, region, params: found, now: world.now(), hostKeys });
  };
  if (!action.writes) return run();
  const event = { world, region: region.name, key, name, params: found, requestId, ip: request.ip };
  const userAgent = request.headers['user-agent'];
  try {
    const body = run();
    record({ ...event, userAgent, answer: body });
    return body;
  } catch (error) {
    if (error instanceof AwsError) record({ ...event, userAgent, error });
    throw error;
  }
}

/** AssumeRoleWithWebIdentity is signed by nobody: the token says who asks. */
function isByToken(request: FastifyRequest): boolean {
  const isSigned = request.headers.authorization !== undefined;
  return !isSigned && params(request).text('Action') === 'AssumeRoleWithWebIdentity';
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
  if (service === 'scheduler' || type.includes('json')) reply.header('x-amzn-errortype', error.code);
  return reply.code(error.status).header('x-amzn-requestid', requestId).type(type).send(body);
}
