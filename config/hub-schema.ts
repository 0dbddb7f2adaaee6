import { z } from 'zod';
import { duration, slug } from './values.ts';

const port = z.int().min(1).max(65_535);

/** `config/hub.yaml`. */
export const hubSchema = z
  .strictObject({
    jurisdiction: slug.meta({ description: 'Which profile of jurisdictions/ applies, for example wuxi' }),
    managementUnit: z
      .string()
      .regex(/^[0-9A-Z]{18}$/, 'an 18-character 统一社会信用代码')
      .optional()
      .meta({ description: '统一社会信用代码 of the unit that supervises (管理单位) and approves the catalog' }),
    server: z
      .strictObject({
        host: z.string().default('127.0.0.1').meta({ description: 'Address that the health page listens on' }),
        port: port.default(7080),
      })
      .prefault({}),
    temporal: z
      .strictObject({
        namespace: z.string().min(1).default('default'),
        taskQueue: slug.default('hub'),
      })
      .prefault({}),
    embedded: z
      .strictObject({
        postgresPort: port.default(7432),
        temporalPort: port.default(7233),
        temporalUiPort: port.default(8233),
      })
      .prefault({})
      .meta({
        description: 'Ports of the servers that the hub brings along; unused with DATABASE_URL and TEMPORAL_ADDRESS',
      }),
    returnEvery: duration
      .prefault('10m')
      .meta({ description: 'How often the platforms that return certificates are asked for new batches' }),
    log: z
      .strictObject({
        level: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
        format: z.enum(['json', 'pretty']).default('json'),
      })
      .prefault({}),
  })
  .meta({ title: 'hub.yaml', description: 'The hub itself: which city, where it listens, its servers' });

export type HubSettings = z.output<typeof hubSchema>;
