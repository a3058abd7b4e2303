/** Answers and errors as XML, as EC2, STS, IAM and Scheduler shape them. */
import { XMLBuilder } from 'fast-xml-parser';

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@' });
const ec2Namespace = 'http://ec2.amazonaws.com/doc/2016-11-15/';
const resultNamespaces = {
  sts: 'https://sts.amazonaws.com/doc/2011-06-15/',
  iam: 'https://iam.amazonaws.com/doc/2010-05-08/',
};

const services = ['ec2', 'sts', 'iam', 'scheduler', 'cloudtrail', 'ec2-instance-connect'] as const;
export type Service = (typeof services)[number];
export function isService(name: string): name is Service {
  return (services as readonly string[]).includes(name);
}

/** The elements of an answer. What is undefined is left out. */
export type Elements = Record<string, unknown>;

/** A list as EC2 writes it: `<xSet><item>…</item></xSet>`. */
export function items(list: unknown[]): unknown {
  return list.length === 0 ? '' : { item: list };
}

/** Tags as a `tagSet`. */
export function tagSet(tags: ReadonlyMap<string, string>): unknown {
  return items([...tags].map(([key, value]) => ({ key, value })));
}

export function ec2Answer(action: string, requestId: string, body: Elements): string {
  return document({ [`${action}Response`]: { '@xmlns': ec2Namespace, requestId, ...body } });
}

/** An answer of STS or IAM. */
export function resultAnswer(
  service: 'sts' | 'iam',
  action: string,
  requestId: string,
  body: Elements,
): string {
  return document({
    [`${action}Response`]: {
      '@xmlns': resultNamespaces[service],
      [`${action}Result`]: body,
      ResponseMetadata: { RequestId: requestId },
    },
  });
}

/** An error's content type and body, as the service words it. */
export function errorAnswer(
  service: Service,
  error: { code: string; message: string },
  requestId: string,
): { type: string; body: string } {
  const { code: Code, message: Message } = error;
  switch (service) {
    case 'ec2':
      return xml({ Response: { Errors: { Error: { Code, Message } }, RequestID: requestId } });
    case 'sts':
    case 'iam': {
      const Error = { Type: 'Sender', Code, Message };
      return xml({ ErrorResponse: { '@xmlns': resultNamespaces[service], Error, RequestId: requestId } });
    }
    case 'cloudtrail':
    case 'ec2-instance-connect':
      return {
        type: 'application/x-amz-json-1.1',
        body: JSON.stringify({ __type: Code, message: Message }),
      };
    case 'scheduler':
      return { type: 'application/json', body: JSON.stringify({ __type: Code, Message }) };
  }
}

function xml(tree: Elements) {
  return { type: 'text/xml;charset=UTF-8', body: document(tree) };
}

function document(tree: Elements): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(tree)}`;
}
