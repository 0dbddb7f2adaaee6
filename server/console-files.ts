import helmet from '@fastify/helmet';
import files from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Where Vite puts the console, and what changes its name with its content. */
const ASSETS = '/assets/';

/**
 * Serves the console’s built files. Every address that is no file’s is a page of the console, which finds out itself
 * whether there is one.
 */
export async function consoleFiles(app: FastifyInstance, { folder }: { folder: string }): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        // Ant Design writes its styles into the page.
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:'],
        'object-src': ["'none'"],
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
        'frame-ancestors': ["'none'"],
      },
    },
  });
  await app.register(files, {
    root: folder,
    preCompressed: true,
    setHeaders: (reply, path): void => {
      void reply.header('Cache-Control', path.includes(ASSETS) ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  app.setNotFoundHandler((request, reply) => {
    const page = request.method === 'GET' && (request.headers.accept?.includes('text/html') ?? false);
    if (page && !request.url.startsWith(ASSETS)) return reply.sendFile('index.html');
    return reply.status(404).type('text/plain').send('not found');
  });
}
