import { killedAtEveryPoint } from './everyPoint.ts';

killedAtEveryPoint('azure', 'web-1');
