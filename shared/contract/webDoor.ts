/** What the browser's page and the loopback web door agree on before the contract begins. */
export const webDoor = {
  /** Where a one-time token or a session (`Authorization: Bearer …`) is exchanged for the session to use, as text. */
  sessionPath: '/session',
  /** Where the contract is, as a WebSocket that offers the subprotocols `latchkey` and the session. */
  rpcPath: '/rpc',
  protocol: 'latchkey',
  /** A one-time token stands behind this in an address: a fragment, which no browser sends to anybody. */
  tokenMark: '#t=',
} as const;
