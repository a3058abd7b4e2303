import { killedAtEveryPoint } from './everyPoint.ts';

killedAtEveryPoint('aws', 'pay-db');
