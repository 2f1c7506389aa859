// How the gateway's page is built: small files with names made of their content, nothing inline (the page's own policy forbids
// it), nothing from elsewhere. `PAGE_OUT` is where to; set-up moves it to dist/page when it is whole.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export default defineConfig({
  root: at('apps/gateway/page'),
  publicDir: at('apps/gateway/page/public'),
  cacheDir: at('node_modules/.cache/vite'),
  logLevel: 'warn',
  build: {
    outDir: process.env.PAGE_OUT ?? at('dist/page'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
