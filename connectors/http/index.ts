import {
  httpConnectorSchema,
  type HttpConnectorConfig,
  type HttpListConfig,
  type HttpOutboundConfig,
  type HttpStreamConfig,
} from '../../settings/kinds/http.ts';
import { FROM_THE_START, type ConnectorKind } from '../contract.ts';
import { HttpBatches } from './batches.ts';
import { HttpClient } from './client.ts';
import { PageReader } from './pages.ts';
import { HttpTarget } from './target.ts';
import { HttpWindows } from './windows.ts';

/** Gateways over HTTP: pages of a time window or of a batch. */
export const http: ConnectorKind = {
  kind: 'http',
  spec: httpConnectorSchema,
  capabilities: (stream) => ({ by: (stream as HttpStreamConfig).batches ? 'batches' : 'windows', again: 'all' }),
  hints: (stream) => {
    const { file } = stream as HttpStreamConfig;
    return file ? { file } : {};
  },
  open: (given, stream, options) => {
    const [connector, paged] = [given as HttpConnectorConfig, stream as HttpStreamConfig];
    return paged.batches
      ? new HttpBatches(connector, paged, paged.batches, options)
      : new HttpWindows(connector, paged, options);
  },
  openList: (given, { name, config }, options) => {
    const connector = given as HttpConnectorConfig;
    const list = { ...(config as HttpListConfig), id: `${connector.id} ${name}` };
    const pages = new PageReader(new HttpClient(connector, options), list, connector.inFlight);
    return {
      read: (signal) => pages.read({ values: {} }, FROM_THE_START, signal),
      sample: async () => (await pages.page({ values: {} }, 0)).records,
      explain: () => pages.explain(),
    };
  },
  openTarget: (connector, target) => new HttpTarget(connector as HttpConnectorConfig, target as HttpOutboundConfig),
};
