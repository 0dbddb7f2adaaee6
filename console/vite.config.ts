import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    // The oldest browser that Ant Design works in, which many offices still have.
    target: 'chrome88',
    chunkSizeWarningLimit: 1200,
  },
});
