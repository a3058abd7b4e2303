/**
 * The control interface, `/practice/…` on the ARM listener, with the ARM token: where machines listen, what was asked,
 * and which faults are on (by hand, or by `kind`: the clouds' bad days by name). Clients of the clouds never need it.
 */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ArmError } from './arm/errors.ts';
import { troubleByName } from './arm/troubles.ts';
import { awsTrouble } from './ec2/troubles.ts';
import type { MachineNet } from './machine.ts';
import type { ServerCore } from './server/core.ts';
import type { FaultInput } from './server/faults.ts';

/** A bad day of either cloud by its name; nothing without a name. Throws for a name that neither has. */
function named(kind: string | undefined): FaultInput {
  if (kind === undefined) return {};
  const aws = awsTrouble(kind);
  return aws === undefined ? { cloud: 'azure', ...troubleByName(kind) } : { cloud: 'aws', ...aws };
}

export function controlRoutes(
  app: FastifyInstance,
  core: ServerCore,
  machines: () => MachineNet | undefined,
): void {
  app.get('/practice/network', async () => ({
    endpoints: machines()?.endpoints() ?? [],
    mapped: machines()?.mapped?.() ?? [],
  }));
  app.get('/practice/host-keys', async () => {
    const ids = new Set(
      machines()
        ?.endpoints()
        .map(endpoint => endpoint.id),
    );
    return { hostKeys: Object.fromEntries([...ids].map(id => [id, machines()?.hostKeys(id) ?? []])) };
  });
  app.get('/practice/requests', async () => ({ requests: core.log.list() }));
  app.delete('/practice/requests', async () => {
    core.log.clear();
    return {};
  });
  app.get('/practice/faults', async () => ({ faults: core.faults.list() }));
  app.post('/practice/faults', async (request, reply) => {
    try {
      const { kind, ...rest } = request.body as FaultInput & { kind?: string };
      return await reply.code(201).send(core.faults.add({ ...named(kind), ...rest }));
    } catch (error) {
      if (error instanceof z.ZodError) throw new ArmError(400, 'BadFault', z.prettifyError(error));
      if (error instanceof SyntaxError) throw new ArmError(400, 'BadFault', error.message);
      throw error;
    }
  });
  app.delete('/practice/faults', async () => {
    core.faults.remove();
    return {};
  });
  app.delete('/practice/faults/:id', async request => {
    core.faults.remove(Number((request.params as { id: string }).id));
    return {};
  });
}
