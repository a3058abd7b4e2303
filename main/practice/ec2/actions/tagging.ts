/** Tags of anything that has an id. */
import { AwsError, missing } from '../errors.ts';
import { filtered, page } from '../filters.ts';
import { checkCount, putTags, readTags } from '../tags.ts';
import type { Region, Resource } from '../world.ts';
import { items } from '../xml.ts';
import { type Action, type Call, reads, writes } from './call.ts';

export const tagActions: Record<string, Action> = {
  CreateTags: writes(create),
  DeleteTags: writes(remove),
  DescribeTags: reads(describe),
};

function* everything(region: Region): Generator<[type: string, thing: Resource]> {
  for (const instance of region.instances.values()) yield ['instance', instance];
  for (const nic of region.interfaces.values()) yield ['network-interface', nic];
  for (const group of region.groups.values()) {
    yield ['security-group', group];
    for (const rule of group.rules.values()) yield ['security-group-rule', rule];
  }
  for (const vpc of region.vpcs.values()) yield ['vpc', vpc];
  for (const subnet of region.subnets.values()) yield ['subnet', subnet];
  for (const acl of region.acls.values()) yield ['network-acl', acl];
}

/** The things a request names, by `ResourceId.N`. Throws InvalidID for one there is not. */
function named({ region, params }: Call): Resource[] {
  const ids = params.texts('ResourceId');
  if (ids.length === 0) throw missing('resourceIdSet');
  return [...new Set(ids)].map(id => {
    const thing = find(region, id);
    if (!thing) throw new AwsError('InvalidID', `The ID '${id}' is not valid`);
    return thing;
  });
}

function find(region: Region, id: string): Resource | undefined {
  if (id.startsWith('sgr-')) {
    for (const { rules } of region.groups.values()) {
      const rule = rules.get(id);
      if (rule) return rule;
    }
    return undefined;
  }
  const { instances, interfaces, groups, vpcs, subnets, acls } = region;
  return [instances, interfaces, groups, vpcs, subnets, acls].map(map => map.get(id)).find(Boolean);
}

function create(call: Call) {
  const things = named(call);
  const tags = readTags(call.params);
  if (tags.size === 0) throw missing('tagSet');
  for (const thing of things) checkCount(new Set([...thing.tags.keys(), ...tags.keys()]).size);
  for (const thing of things) putTags(thing.tags, tags);
  return { return: true };
}

/** Takes tags off: those with this key (and value, if one is told); all of them if none is named. */
function remove(call: Call) {
  const things = named(call);
  const tags = call.params.list('Tag').map(tag => ({ key: tag.required('Key'), value: tag.text('Value') }));
  for (const thing of things) {
    if (tags.length === 0) thing.tags.clear();
    for (const { key, value } of tags) {
      if (value === undefined || thing.tags.get(key) === value) thing.tags.delete(key);
    }
  }
  return { return: true };
}

function describe({ region, params }: Call) {
  const all = everything(region).flatMap(([type, thing]) =>
    [...thing.tags].map(([key, value]) => ({
      id: `${thing.id}/${key}`,
      tags: thing.tags,
      item: { resourceId: thing.id, resourceType: type, key, value },
    })),
  );
  const found = filtered(all, params, {
    'resource-id': tag => tag.item.resourceId,
    'resource-type': tag => tag.item.resourceType,
    key: tag => tag.item.key,
    value: tag => tag.item.value,
  });
  const { page: tags, nextToken } = page(found, params);
  return { tagSet: items(tags.map(tag => tag.item)), nextToken };
}
