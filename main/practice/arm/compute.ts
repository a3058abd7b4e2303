/** Microsoft.Compute/virtualMachines and the classic ones. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { consoleLog } from './consoleLog.ts';
import { type ArmContext, bodyOf, follow, idIn, origin, param, query } from './context.ts';
import { ArmError, resourceNotFound } from './errors.ts';
import type { PowerState, VirtualMachine } from './resources.ts';
import { subscriptionList } from './subscriptionList.ts';
import { checkTags } from './tags.ts';
import { instanceView, view, vmView } from './views.ts';

const type = 'Microsoft.Compute/virtualMachines';
const base = `/subscriptions/:subscription/resourceGroups/:group/providers/${type}`;

export function computeRoutes(app: FastifyInstance, context: ArmContext): void {
  const { world } = context;
  subscriptionList(app, context, type, (vm, request) => listed(context, request, vm));
  app.get(`${base}/:name`, async request => {
    const vm = vmOf(context, request);
    return vmView(world, vm, /instanceview/i.test(query(request, '$expand') ?? ''));
  });
  app.get(`${base}/:name/instanceView`, async request => instanceView(world, vmOf(context, request)));
  app.patch(`${base}/:name`, async request => writeTags(context, request));
  // `az vm update` sends the whole VM back. Only its tags can be changed here, and none be made.
  app.put(`${base}/:name`, async request => writeTags(context, request));
  for (const [verb, during, after] of [
    ['start', 'starting', 'running'],
    ['restart', 'running', 'running'],
    ['powerOff', 'stopping', 'stopped'],
    ['deallocate', 'deallocating', 'deallocated'],
  ] as const) {
    app.post(`${base}/:name/${verb}`, async (request, reply) =>
      changePower(context, request, reply, during, after),
    );
  }
  consoleRoutes(app, context);
  subscriptionList(app, context, 'Microsoft.ClassicCompute/virtualMachines', vm => view(world, vm));
}

function writeTags(context: ArmContext, request: FastifyRequest): object {
  const vm = vmOf(context, request);
  const { tags } = bodyOf(request);
  if (tags !== undefined && tags !== null) {
    const checked = checkTags(tags);
    context.world.beforeChange(vm.id.toLowerCase());
    vm.tags = checked;
  }
  return vmView(context.world, vm);
}

/** Compute writes the group's name in capitals in its lists: ids must be compared in any case. */
function listed(context: ArmContext, request: FastifyRequest, vm: VirtualMachine): object {
  const id = vm.id.replace(/(?<=\/resourceGroups\/)[^/]+/, group => group.toUpperCase());
  const statusOnly = query(request, 'statusOnly')?.toLowerCase() === 'true';
  const expand = statusOnly || /instanceview/i.test(query(request, '$expand') ?? '');
  return { ...vmView(context.world, vm, expand), id };
}

function changePower(
  context: ArmContext,
  request: FastifyRequest,
  reply: FastifyReply,
  during: PowerState,
  after: PowerState,
): undefined {
  const vm = vmOf(context, request);
  context.world.setPower(vm.id, during);
  const operation = context.operations.start(vm.id.toLowerCase(), () => context.world.setPower(vm.id, after));
  follow(context, request, reply, operation, {
    provider: 'Microsoft.Compute',
    location: vm.location,
    final: true,
  });
  reply.code(operation === undefined ? 200 : 202);
  return undefined;
}

/** Boot diagnostics: the address of a console log, signed like a shared access signature, and the log itself. */
function consoleRoutes(app: FastifyInstance, context: ArmContext): void {
  const key = randomBytes(32);
  const sign = (id: string, end: string) => createHmac('sha256', key).update(`${id}\n${end}`).digest();

  app.post(`${base}/:name/retrieveBootDiagnosticsData`, async request => {
    const vm = vmOf(context, request);
    const minutes = Number(query(request, 'sasUriExpirationTimeInMinutes') ?? 120);
    const end = new Date(context.now() + minutes * 60_000).toISOString();
    const uri = new URL(`/bootdiagnostics/${vm.properties.vmId}/serialconsole.log`, origin(request));
    uri.search = new URLSearchParams({
      se: end,
      sig: sign(vm.properties.vmId, end).toString('base64url'),
    }).toString();
    return { serialConsoleLogBlobUri: uri.href };
  });
  app.get('/bootdiagnostics/:vmId/serialconsole.log', { config: { open: true } }, async (request, reply) => {
    const [end, signature] = [
      query(request, 'se') ?? '',
      Buffer.from(query(request, 'sig') ?? '', 'base64url'),
    ];
    const right = sign(param(request, 'vmId'), end);
    const signed = signature.length === right.length && timingSafeEqual(signature, right);
    if (!signed || !(Date.parse(end) > context.now()))
      throw new ArmError(403, 'AuthenticationFailed', 'Server failed to authenticate the request.');
    const vm = [...context.world.all(type)].find(one => one.properties.vmId === param(request, 'vmId'));
    if (!vm) throw new ArmError(404, 'BlobNotFound', 'The specified blob does not exist.');
    const keys = context.machines()?.hostKeys(vm.id.toLowerCase()) ?? [];
    return reply.type('text/plain; charset=utf-8').send(consoleLog(vm, keys));
  });
}

function vmOf(context: ArmContext, request: FastifyRequest): VirtualMachine {
  const found = context.world.vm(idIn(request, type));
  if (!found) throw resourceNotFound(type, param(request, 'name'), param(request, 'group'));
  return found;
}
