/** Serves the window over the fake broker, on loopback: `npx vite --config test/renderer/vite.config.ts`. */
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('.'),
  base: './',
  plugins: [react()],
  build: { outDir: here('../../out/fake-window'), emptyOutDir: true },
  server: { host: '127.0.0.1', port: 0, fs: { allow: [here('../..')] } },
  preview: { host: '127.0.0.1', port: 0 },
});
