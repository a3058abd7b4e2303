/** The practice cloud's Azure: a world, and ARM in front of it. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { MachineNet, PracticeFirewalls, PracticeMachine } from '../machine.ts';
import type { CloudDoor } from '../server/core.ts';
import { activityRoutes } from './activityLog.ts';
import { checkVersion, nothingAt } from './apiVersions.ts';
import { interfacesOf, isReached } from './balancer.ts';
import { hostNameOf } from './build.ts';
import { computeRoutes } from './compute.ts';
import { type ArmContext, query, scopeOf, setCaller } from './context.ts';
import { Requests } from './defender/requests.ts';
import { defenderRoutes } from './defender/routes.ts';
import { effectiveRuleRoutes } from './effectiveRules.ts';
import { ArmError } from './errors.ts';
import { letsAnyWay, mappedPorts, translate } from './firewallPath.ts';
import { firewallRoutes } from './firewalls.ts';
import { graphRoutes } from './graph/routes.ts';
import { movingRoutes } from './moving.ts';
import { networkRoutes } from './network.ts';
import { Operations } from './operations.ts';
import { RateLimits } from './rateLimits.ts';
import { authorizationRoutes } from './rights/authorization.ts';
import { Locks, lockRoutes } from './rights/locks.ts';
import { People } from './rights/people.ts';
import { permit, scopeOfRequest } from './rights/permissions.ts';
import { userRoutes } from './rights/userControl.ts';
import { securityRuleRoutes } from './securityRules.ts';
import { generate, seed } from './seed.ts';
import { signInRoutes } from './signIn.ts';
import { subscriptionRoutes } from './subscriptions.ts';
import { tagRoutes } from './tags.ts';
import { ClaimsWanted, Tokens, type TrustedIssuer } from './tokens.ts';
import { World } from './world.ts';

export interface ArmOptions {
  /** The cloud's clock, epoch milliseconds. */
  now: () => number;
  /** Its timers; without it Node's. */
  after?: ((ms: number, run: () => void) => Disposable) | undefined;
  /** How many VMs; without it Contoso's own. */
  size?: number | undefined;
  /** How long a write takes to take effect. 0: it has when it is answered. */
  latencyMs: number;
  /** How long an update of a firewall takes; default four times `latencyMs` (in Azure: minutes). */
  firewallMs?: number | undefined;
  /** How long Resource Graph tells of a resource as it was before a change. */
  graphLagMs?: number | undefined;
  /** How long after it happened a row of the activity log shows. */
  activityLagMs?: number | undefined;
  /** Rows per page of ordinary lists. */
  pageSize?: number | undefined;
  /** Refuse requests above ARM's rates, not only tell how many are left. */
  throttle?: boolean | undefined;
  machines: () => MachineNet | undefined;
  /** Whose tokens are taken besides our own. */
  trust?: TrustedIssuer | undefined;
  /** More routes on the same listener, e.g. the control interface; they take the same token. */
  extra?: (app: FastifyInstance) => void;
}

export interface Arm {
  world: World;
  tokens: Tokens;
  people: People;
  door: CloudDoor;
  machines: PracticeMachine[];
  firewalls: PracticeFirewalls;
  stop(): void;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route needs no token and no api-version. */
    open?: boolean;
  }
}

export function createArm(options: ArmOptions): Arm {
  const world = new World();
  world.activityLagMs = options.activityLagMs ?? 0;
  const builder = seed(world, options.size);
  const seeded = world.size();
  if (options.size !== undefined && options.size > seeded) generate(builder, options.size - seeded);
  const people = new People();
  const context: ArmContext = {
    world,
    operations: new Operations(options.latencyMs),
    limits: new RateLimits(options.now, options.throttle ?? false),
    tokens: new Tokens(options.now, people, options.trust),
    people,
    locks: new Locks(),
    now: options.now,
    firewallMs: options.firewallMs ?? 4 * options.latencyMs,
    pageSize: options.pageSize ?? 250,
    machines: options.machines,
  };
  const requests = new Requests({ world, now: options.now, after: options.after ?? nodeTimer });
  return {
    world,
    tokens: context.tokens,
    people,
    machines: [...world.all('Microsoft.Compute/virtualMachines')].map(vm => machineOf(world, vm.id)),
    firewalls: {
      ports: () => mappedPorts(world),
      way(address, port, source) {
        const end = translate(world, address, port, source);
        return end && { machine: end.vm, port: end.port, through: end.through };
      },
    },
    stop: () => {
      context.operations.stop();
      requests.stop();
    },
    door: {
      cloud: 'azure',
      errorBody: error => ({ type: 'application/json; charset=utf-8', body: JSON.stringify({ error }) }),
      routes: app => {
        addGuards(app, context);
        signInRoutes(app, context);
        subscriptionRoutes(app, context);
        authorizationRoutes(app, context);
        lockRoutes(app, context);
        userRoutes(app, context);
        computeRoutes(app, context);
        networkRoutes(app, context);
        effectiveRuleRoutes(app, context);
        movingRoutes(app, context);
        securityRuleRoutes(app, context);
        firewallRoutes(app, context);
        tagRoutes(app, context);
        defenderRoutes(app, context, requests);
        activityRoutes(app, context);
        graphRoutes(app, context, options.graphLagMs ?? 0);
        options.extra?.(app);
      },
    },
  };
}

/** What ARM does before any provider sees a request: ids, token, api-version, scope, permission; and how it words refusals. */
function addGuards(app: FastifyInstance, context: ArmContext): void {
  app.addHook('onRequest', async (request, reply) => {
    const correlation = request.headers['x-ms-correlation-request-id'];
    const client = request.headers['x-ms-client-request-id'];
    const id = randomUUID();
    reply.header('x-ms-request-id', id);
    reply.header(
      'x-ms-routing-request-id',
      `WESTEUROPE:${new Date(context.now()).toISOString().replace(/[-:]|\.\d+/g, '')}:${id}`,
    );
    reply.header('cache-control', 'no-cache');
    reply.header('x-content-type-options', 'nosniff');
    reply.header('x-ms-correlation-request-id', typeof correlation === 'string' ? correlation : randomUUID());
    if (typeof client === 'string') reply.header('x-ms-client-request-id', client);
    if (request.routeOptions.config.open) return;
    const caller = await context.tokens.check(request.headers.authorization);
    setCaller(request, caller);
    const path = request.url.split('?')[0] ?? '';
    if (path.startsWith('/practice/')) return;
    checkVersion(path, query(request, 'api-version'));
    context.limits.take(request, reply, caller.oid, scopeOf(request).subscription.toLowerCase());
    const plain = path.replace(/\/{2,}/g, '/');
    permit(context.people, caller, request.method, plain);
    // A lock itself can be taken away whatever it forbids.
    if (!/\/providers\/microsoft\.authorization\//i.test(plain))
      context.locks.mayChange(request.method, scopeOfRequest(request.method, plain));
    checkScope(context, scopeOf(request));
  });
  app.setErrorHandler(async (error: Error & { statusCode?: number }, _request, reply) => {
    if (error instanceof ArmError) {
      if (error.status === 401)
        reply.header(
          'www-authenticate',
          error instanceof ClaimsWanted
            ? error.challenge
            : `Bearer authorization_uri="https://localhost/adfs", error="invalid_token", error_description="${error.message}"`,
        );
      return reply.code(error.status).send(error.body());
    }
    const status = error.statusCode ?? 500;
    const code = status < 500 ? 'InvalidRequestContent' : 'InternalServerError';
    if (status >= 500) process.emitWarning(error);
    return reply.code(status).send(new ArmError(status, code, error.message).body());
  });
  app.setNotFoundHandler(async request => {
    const path = request.url.split('?')[0] ?? '';
    throw nothingAt(request.method, path, query(request, 'api-version'));
  });
}

function checkScope(
  { world }: ArmContext,
  { subscription, group }: { subscription: string; group: string },
): void {
  if (subscription === '') return;
  if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(subscription))
    throw new ArmError(
      400,
      'InvalidSubscriptionId',
      `The provided subscription identifier '${subscription}' is malformed or invalid.`,
    );
  if (!world.subscription(subscription))
    throw new ArmError(404, 'SubscriptionNotFound', `The subscription '${subscription}' could not be found.`);
  if (group !== '' && !world.group(subscription, group))
    throw new ArmError(404, 'ResourceGroupNotFound', `Resource group '${group}' could not be found.`);
}

function machineOf(world: World, id: string): PracticeMachine {
  const vm = world.vm(id);
  const windows = vm?.properties.storageProfile.osDisk.osType === 'Windows';
  const addresses = interfacesOf(world, id).flatMap(nic => nic.properties.ipConfigurations);
  return {
    id: id.toLowerCase(),
    hostName: hostNameOf(vm?.name ?? ''),
    os: windows ? 'windows' : 'linux',
    services: windows
      ? [
          { port: 3389, speaks: 'rdp' },
          { port: 5985, speaks: 'http' },
          { port: 5986, speaks: 'http' },
        ]
      : [{ port: 22, speaks: 'ssh' }],
    ipv6Only: addresses.every(one => one.properties.privateIPAddressVersion === 'IPv6'),
    listens: port => isReached(world, id, port),
    running: () => world.powerOf(id) === 'running',
    lets: (source, port) => letsAnyWay(world, id, source, port),
  };
}

function nodeTimer(ms: number, run: () => void): Disposable {
  const timer = setTimeout(run, ms);
  timer.unref();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
