import { firewallBench } from './firewallBench.ts';
import { gateContract } from './gate.ts';

gateContract('Firewall classic', () => firewallBench('classic'));
gateContract('Firewall Policy', () => firewallBench('policy'));
