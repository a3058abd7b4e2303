/** out/node: the `latchkey` command, and the broker and practice cloud that it loads when it is one. */
import { defineConfig } from 'vite';

/** Left in node_modules: heavy, loaded only by a broker or a practice cloud, or with files of their own beside them. */
const external = [
  /^@azure\//,
  /^@aws-sdk\//,
  /^@smithy\//,
  '@napi-rs/keyring',
  '@peculiar/x509',
  'fast-xml-parser',
  'fastify',
  'jose',
  'open',
  'pino',
  'reflect-metadata',
  'ssh2',
];

export default defineConfig({
  ssr: { target: 'node', noExternal: true },
  // oRPC asks of every message whether it is a form, and the first mention of FormData has Node load all of fetch: a
  // third of a command's time. No message of ours is one, so the question is put to a class that costs nothing.
  define: { FormData: 'SharedArrayBuffer' },
  build: {
    // The command itself starts on Node 20; the broker and the practice cloud say what they need (main/os/app.ts).
    target: 'node20',
    ssr: 'main/cli/index.ts',
    outDir: 'out/node',
    emptyOutDir: true,
    minify: false,
    rolldownOptions: {
      external,
      output: { entryFileNames: 'latchkey.js', chunkFileNames: '[name]-[hash].js' },
    },
  },
});
