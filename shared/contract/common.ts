/** Shapes every concern of the contract shares. Times on the wire are ISO 8601 in UTC, durations are milliseconds. */
import { oc } from '@orpc/contract';
import { z } from 'zod';
import type { ErrorCode } from '../errors.ts';

export const instant = z.iso.datetime();
export const errorData = z.object({
  code: z.custom<ErrorCode>(v => typeof v === 'string'),
  message: z.string(),
  fix: z.string().optional(),
  detail: z.record(z.string(), z.unknown()).optional(),
});

export const protocol = z.enum(['tcp', 'udp', 'any']);
export type Protocol = z.infer<typeof protocol>;
export const portNumber = z.int().min(1).max(65535);
/** What a person types for a VM: a name, an ARM id, an ARN or an instance id. */
export const vmRef = z.string().min(1).max(2048);
export const cloudKind = z.enum(['azure', 'aws']);
export type CloudKind = z.infer<typeof cloudKind>;

/** The base of every procedure: our errors travel as one typed error whose data is ErrorData. */
export const procedure = oc.errors({ LATCHKEY: { status: 422, data: errorData } });
