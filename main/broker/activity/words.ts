/** An event of a cloud's log in words for a person. */
import type { CloudEvent } from '../../clouds/cloud.ts';

export function eventWords(event: CloudEvent): string {
  const { did, name, removed, gateName, outcome } = event;
  const failed = outcome === 'failed' ? ' It failed.' : '';
  switch (did) {
    case 'rule-written':
      return `Rule ${name} was written in ${gateName ?? 'a gate'}${ruleWords(event)}.${failed}`;
    case 'rule-removed':
      return `Rule ${name} was removed from ${gateName ?? 'a gate'}.${failed}`;
    case 'gate-changed':
      return `${name} was ${removed ? 'deleted' : 'written as a whole'}.${failed}`;
    case 'requested':
      return `Access was requested through Defender’s policy ${name}.${failed}`;
    case 'policy-changed':
      return `Defender’s just-in-time policy ${name} was ${removed ? 'deleted' : 'changed'}.${failed}`;
  }
}

function ruleWords({ access, ports, source, priority }: CloudEvent): string {
  if (access === undefined) return '';
  return `: ${access} ${ports || 'any port'} from ${source || 'anywhere'}${priority === undefined ? '' : `, priority ${priority}`}`;
}
