/** out/main, out/preload, out/renderer: the desktop app; the renderer is also what the loopback web door serves. */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';

export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      rolldownOptions: { input: 'main/index.ts', output: { format: 'es', entryFileNames: 'index.js' } },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      // A preload in the sandbox is always CommonJS and has no node_modules.
      externalizeDeps: false,
      rolldownOptions: { input: 'preload/index.ts', output: { format: 'cjs', entryFileNames: 'index.js' } },
    },
  },
  renderer: {
    root: 'renderer',
    plugins: [react()],
    build: {
      outDir: 'out/renderer',
      // Nothing is inlined: the page's policy allows only files of its own (style-src and script-src 'self').
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: 'renderer/index.html' },
    },
  },
});
