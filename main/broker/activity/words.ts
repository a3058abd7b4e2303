/** An event of a cloud's log in words for a person. */
import type { CloudEvent } from '../../clouds/cloud.ts';

export function eventWords(event: CloudEvent): string {
  const { did, name, removed, gateName, outcome } = event;
  const failed = outcome === 'failed' ? ' It failed.' : '';
  if (event.words !== undefined) return event.words + failed;
  const rules = event.more ? `Rules ${name} and ${event.more} more were` : `Rule ${name} was`;
  switch (did) {
    case 'rule-written':
      return `${rules} written in ${gateName ?? 'a gate'}${ruleWords(event)}.${failed}`;
    case 'rule-removed':
      return `${rules} removed from ${gateName ?? 'a gate'}${whatWent(event)}.${failed}`;
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

/** AWS's log tells what a rule that went had let in: its id says nothing to anybody. */
function whatWent({ ports, source }: CloudEvent): string {
  return ports ? `: ${ports} from ${source || 'anywhere'}` : '';
}
