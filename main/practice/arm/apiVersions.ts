/**
 * api-versions and what there is none of. Newer clients name newer versions: every date from a provider's first one on is
 * taken; what is older, or no date, is refused in ARM's own words (Azure/azure-cli#28496).
 */
import { ArmError } from './errors.ts';

/** The first version of each provider the practice cloud knows. */
const first: Record<string, string> = {
  'microsoft.authorization': '2014-04-01',
  'microsoft.classiccompute': '2014-01-01',
  'microsoft.compute': '2015-05-01',
  'microsoft.insights': '2014-04-01',
  'microsoft.network': '2014-12-01',
  'microsoft.resourcegraph': '2018-09-01',
  'microsoft.resources': '2014-04-01',
  'microsoft.security': '2015-06-01',
};

/** Throws 400 for a version that no client of this path can mean. */
export function checkVersion(path: string, version: string | undefined): void {
  if (version === undefined || version === '')
    throw new ArmError(
      400,
      'MissingApiVersionParameter',
      'The api-version query parameter (?api-version=) is required for all requests.',
    );
  if (!/^\d{4}-\d{2}-\d{2}(-[a-z]+)?$/i.test(version) || Number.isNaN(Date.parse(version.slice(0, 10))))
    throw new ArmError(
      400,
      'InvalidApiVersionParameter',
      `The api-version '${version}' is invalid. The supported versions are dates such as '2022-09-01'.`,
    );
  const { namespace, type } = providerIn(path);
  const since = first[namespace.toLowerCase()] ?? '2014-04-01';
  if (version.slice(0, 10) < since)
    throw new ArmError(
      400,
      'NoRegisteredProviderFound',
      `No registered resource provider found for location 'westeurope' and API version '${version}' for type '${type}'. The supported api-versions are '${since}' and later. The supported locations are 'westeurope, northeurope'.`,
    );
}

/** What ARM says of a path that leads nowhere. */
export function nothingAt(method: string, path: string, version: string | undefined): ArmError {
  const { namespace, type } = providerIn(path);
  if (namespace !== '' && first[namespace.toLowerCase()] === undefined)
    return new ArmError(404, 'InvalidResourceNamespace', `The resource namespace '${namespace}' is invalid.`);
  return new ArmError(
    404,
    'InvalidResourceType',
    namespace === ''
      ? `The practice cloud has nothing at ${method} ${path}.`
      : `The resource type '${type}' could not be found in the namespace '${namespace}' for api version '${version ?? ''}' (${method}).`,
  );
}

/** Namespace and type behind a path's last `/providers/`; empty where it has none. */
function providerIn(path: string): { namespace: string; type: string } {
  const at = path.toLowerCase().lastIndexOf('/providers/');
  const [namespace = '', ...parts] = at < 0 ? [] : path.slice(at + '/providers/'.length).split('/');
  return { namespace, type: parts.filter((_part, index) => index % 2 === 0).join('/') };
}
