/** The proxy that requests go through: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, as AWS's own command takes them. */

/** For Node's agents. What is on this computer is reached without one. */
export function proxyEnv(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const none = [env['no_proxy'] ?? env['NO_PROXY'], 'localhost', '127.0.0.1', '::1']
    .filter(Boolean)
    .join(',');
  return { ...env, no_proxy: none, NO_PROXY: none };
}
