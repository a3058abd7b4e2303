/** Microsoft.Resources: tenants, subscriptions, locations, groups, providers, resources; and who may do what. */
import type { FastifyInstance } from 'fastify';
import { type ArmContext, callerOfRequest, page, param, query, scopeOf } from './context.ts';
import { ArmError, resourceNotFound } from './errors.ts';
import type { Resource } from './resources.ts';
import { summary, view } from './views.ts';
import { type ResourceGroup, type Subscription, tenantId } from './world.ts';

const locations = [
  { name: 'westeurope', displayName: 'West Europe' },
  { name: 'northeurope', displayName: 'North Europe' },
];

const providers: Record<string, string[]> = {
  'Microsoft.Compute': ['virtualMachines'],
  'Microsoft.ClassicCompute': ['virtualMachines'],
  'Microsoft.Network': ['networkInterfaces', 'networkSecurityGroups', 'publicIPAddresses', 'virtualNetworks'],
  'Microsoft.Resources': ['subscriptions', 'resourceGroups', 'tags'],
  'Microsoft.ResourceGraph': ['resources'],
  'Microsoft.Authorization': ['permissions', 'roleDefinitions', 'roleAssignments'],
};
const versions = ['2025-05-01', '2024-07-01', '2022-11-01', '2021-04-01', '2020-06-01', '2019-07-01'];

export function subscriptionRoutes(app: FastifyInstance, context: ArmContext): void {
  const { world } = context;

  app.get('/tenants', async () => ({
    value: [
      {
        id: `/tenants/${tenantId}`,
        tenantId,
        tenantType: 'AAD',
        displayName: 'Contoso',
        defaultDomain: 'contoso.example',
        countryCode: 'DE',
        domains: ['contoso.example'],
      },
    ],
  }));
  app.get('/subscriptions', async request => {
    const caller = callerOfRequest(request);
    const seen = world.subscriptions.filter(({ id }) => caller && context.people.sees(caller, id));
    return page(context, request, seen, subscriptionView);
  });
  app.get('/subscriptions/:subscription', async request => {
    const found = world.subscription(param(request, 'subscription'));
    return found && subscriptionView(found);
  });
  app.get('/subscriptions/:subscription/locations', async request => {
    const { subscription } = scopeOf(request);
    return {
      value: locations.map(location => ({
        id: `/subscriptions/${subscription}/locations/${location.name}`,
        type: 'Region',
        ...location,
        regionalDisplayName: `(Europe) ${location.displayName}`,
        metadata: { regionType: 'Physical', regionCategory: 'Recommended', geographyGroup: 'Europe' },
      })),
    };
  });

  app.get('/subscriptions/:subscription/resourceGroups', async request => {
    const subscription = param(request, 'subscription').toLowerCase();
    const own = [...world.groups.values()].filter(group => group.subscription === subscription);
    return page(context, request, own, groupView);
  });
  app.get('/subscriptions/:subscription/resourceGroups/:group', async request => {
    const { subscription, group } = scopeOf(request);
    const found = world.group(subscription, group);
    return found && groupView(found);
  });

  app.get('/subscriptions/:subscription/providers', async request => ({
    value: Object.keys(providers).map(name => providerView(param(request, 'subscription'), name)),
  }));
  app.get('/subscriptions/:subscription/providers/:provider', async request => {
    const wanted = param(request, 'provider').toLowerCase();
    const name = Object.keys(providers).find(one => one.toLowerCase() === wanted);
    if (name !== undefined) return providerView(param(request, 'subscription'), name);
    throw new ArmError(
      404,
      'InvalidResourceNamespace',
      `The resource namespace '${param(request, 'provider')}' is invalid.`,
    );
  });

  for (const scope of [
    '/subscriptions/:subscription',
    '/subscriptions/:subscription/resourceGroups/:group',
  ]) {
    app.get(`${scope}/resources`, async request => {
      const keep = resourceFilter(query(request, '$filter'));
      return page(context, request, resourcesIn(context, scopeOf(request)).filter(keep), summary);
    });
  }
  app.get(
    '/subscriptions/:subscription/resourceGroups/:group/providers/:provider/:type/:name',
    async request => {
      const { subscription, group } = scopeOf(request);
      const type = `${param(request, 'provider')}/${param(request, 'type')}`;
      const name = param(request, 'name');
      const id = `/subscriptions/${subscription}/resourceGroups/${group}/providers/${type}/${name}`;
      const found = world.find(id);
      if (!found) throw resourceNotFound(type, name, group);
      return view(world, found);
    },
  );
}

function subscriptionView({ id, name, tags }: Subscription): object {
  return {
    id: `/subscriptions/${id}`,
    subscriptionId: id,
    tenantId,
    displayName: name,
    state: 'Enabled',
    subscriptionPolicies: {
      locationPlacementId: 'Public_2014-09-01',
      quotaId: 'PayAsYouGo_2014-09-01',
      spendingLimit: 'Off',
    },
    authorizationSource: 'RoleBased',
    managedByTenants: [],
    ...(tags ? { tags } : {}),
  };
}

function groupView({ subscription, name, location, tags }: ResourceGroup): object {
  return {
    id: `/subscriptions/${subscription}/resourceGroups/${name}`,
    name,
    type: 'Microsoft.Resources/resourceGroups',
    location,
    ...(tags ? { tags } : {}),
    properties: { provisioningState: 'Succeeded' },
  };
}

function providerView(subscription: string, namespace: string): object {
  return {
    id: `/subscriptions/${subscription}/providers/${namespace}`,
    namespace,
    registrationState: 'Registered',
    registrationPolicy: 'RegistrationRequired',
    resourceTypes: (providers[namespace] ?? []).map(resourceType => ({
      resourceType,
      locations: locations.map(location => location.displayName),
      apiVersions: versions,
      capabilities: 'SupportsTags, SupportsLocation',
    })),
  };
}

/** The resources of a subscription, or of one of its groups. */
function resourcesIn(
  { world }: ArmContext,
  { subscription, group }: { subscription: string; group: string },
): Resource[] {
  const within =
    `/subscriptions/${subscription}/${group === '' ? '' : `resourceGroups/${group}/`}`.toLowerCase();
  return [...world.all()].filter(resource => resource.id.toLowerCase().startsWith(within));
}

/** `resourceType`, `resourceGroup`, `name`, `location`, `tagName` and `tagValue` `eq '…'`, joined by `and`. Throws 400 for other filters. */
function resourceFilter(filter: string | undefined): (resource: Resource) => boolean {
  const tests = (filter ?? '')
    .split(/\s+and\s+/i)
    .filter(part => part.trim() !== '')
    .map(part => {
      const [, field = '', value = ''] = /^\s*\(?(\w+)\s+eq\s+'([^']*)'\)?\s*$/i.exec(part) ?? [];
      const same = (text: string) => text.toLowerCase() === value.toLowerCase();
      switch (field.toLowerCase()) {
        case 'resourcetype':
          return (resource: Resource) => same(resource.type);
        case 'name':
          return (resource: Resource) => same(resource.name);
        case 'location':
          return (resource: Resource) => same(resource.location);
        case 'resourcegroup':
          return (resource: Resource) => same(/\/resourceGroups\/([^/]+)\//i.exec(resource.id)?.[1] ?? '');
        case 'tagvalue':
          return (resource: Resource) => Object.values(resource.tags ?? {}).includes(value);
        case 'tagname':
          return (resource: Resource) => Object.keys(resource.tags ?? {}).some(same);
        default:
          throw new ArmError(
            400,
            'InvalidFilterInQueryString',
            `Invalid $filter '${filter ?? ''}' specified.`,
          );
      }
    });
  return resource => tests.every(test => test(resource));
}
