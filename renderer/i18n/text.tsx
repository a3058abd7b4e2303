/** Every word on the screen comes through here. A component holds message ids, never sentences. */
import type { ReactNode } from 'react';
import { useCallback } from 'react';
import { FormattedMessage, type PrimitiveType, useIntl } from 'react-intl';
import type { en } from './en.ts';

export type MessageId = keyof typeof en;
type Values = Record<string, PrimitiveType>;

/** Gives the function that turns a message id into text in the person's language. */
export function useText(): (id: MessageId, values?: Values) => string {
  const { formatMessage } = useIntl();
  return useCallback((id, values) => formatMessage({ id }, values), [formatMessage]);
}

/** A message as an element; its values may be elements. */
export function Text({ id, values = {} }: { id: MessageId; values?: Record<string, ReactNode> }) {
  return <FormattedMessage id={id} values={values} />;
}
