/** The way from the internet into a VPC: every VPC here has a gateway, and one table of routes that leads to it. */
import { notFound } from '../errors.ts';
import { chosen, filtered, page } from '../filters.ts';
import type { Region, Vpc } from '../world.ts';
import { items } from '../xml.ts';
import { type Action, type Call, reads } from './call.ts';

export const routingActions: Record<string, Action> = {
  DescribeRouteTables: reads(routeTables),
  DescribeInternetGateways: reads(gateways),
};

const tags = new Map<string, string>();
const gatewayOf = ({ id }: Vpc) => id.replace('vpc', 'igw');

/** One thing for each VPC, under an id that follows from the VPC's. */
function perVpc(region: Region, prefix: string) {
  return new Map(
    [...region.vpcs.values()].map(vpc => {
      const id = vpc.id.replace('vpc', prefix);
      return [id, { id, vpc, tags }];
    }),
  );
}

function routeTables({ region, params, world }: Call) {
  const subnetsOf = (vpc: Vpc) => [...region.subnets.values()].filter(({ vpcId }) => vpcId === vpc.id);
  const all = chosen(perVpc(region, 'rtb'), params.texts('RouteTableId'), id =>
    notFound('InvalidRouteTableID', 'routeTable ID', id),
  );
  const found = filtered(all, params, {
    'route-table-id': ({ id }) => id,
    'vpc-id': ({ vpc }) => vpc.id,
    'association.main': () => 'true',
    'association.subnet-id': ({ vpc }) => subnetsOf(vpc).map(({ id }) => id),
    'route.gateway-id': ({ vpc }) => [gatewayOf(vpc), 'local'],
    'owner-id': () => world.account,
  });
  const { page: shown, nextToken } = page(found, params);
  const route = { state: 'active', origin: 'CreateRoute' };
  return {
    routeTableSet: items(
      shown.map(({ id, vpc }) => ({
        routeTableId: id,
        vpcId: vpc.id,
        ownerId: world.account,
        routeSet: items([
          { ...route, destinationCidrBlock: vpc.cidr, gatewayId: 'local', origin: 'CreateRouteTable' },
          { ...route, destinationCidrBlock: '0.0.0.0/0', gatewayId: gatewayOf(vpc) },
          { ...route, destinationIpv6CidrBlock: '::/0', gatewayId: gatewayOf(vpc) },
        ]),
        associationSet: items([
          {
            routeTableAssociationId: id.replace('rtb', 'rtbassoc'),
            routeTableId: id,
            main: true,
            associationState: { state: 'associated' },
          },
        ]),
        propagatingVgwSet: '',
        tagSet: '',
      })),
    ),
    nextToken,
  };
}

function gateways({ region, params, world }: Call) {
  const all = chosen(perVpc(region, 'igw'), params.texts('InternetGatewayId'), id =>
    notFound('InvalidInternetGatewayID', 'internetGateway ID', id),
  );
  const found = filtered(all, params, {
    'internet-gateway-id': ({ id }) => id,
    'attachment.vpc-id': ({ vpc }) => vpc.id,
    'attachment.state': () => 'available',
    'owner-id': () => world.account,
  });
  const { page: shown, nextToken } = page(found, params);
  return {
    internetGatewaySet: items(
      shown.map(({ id, vpc }) => ({
        internetGatewayId: id,
        ownerId: world.account,
        attachmentSet: items([{ vpcId: vpc.id, state: 'available' }]),
        tagSet: '',
      })),
    ),
    nextToken,
  };
}
