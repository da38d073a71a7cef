// What a service asks of its clients: `client/config` and `client/dynamic_config`, with the defaults of the official SDK.

import type { ExactJson, ExactJsonObject } from '../wire/json.ts';
import { fieldOf, integerAt, numberAt, objectAt, optional } from '../wire/json_fields.ts';
import { StatusError } from './errors.ts';
import { jsonAnswer, SDK_VERSION, type Transport } from './transport.ts';

const MIN_REFRESH_SEC = 10;

export interface ClientConfig {
  /** Short-lived tokens are sent in the place of the key. */
  pjwt_auth_enabled: boolean;
  /** Chunks of a pass are sent at once, the first one last; else one after another. */
  parallel_fwdbwd_chunks: boolean;
  /** Passes are sent in zstd. */
  proto_compress_fwdbwd: boolean;
  /** Datums in a chunk. */
  fwdbwd_max_chunk_len: number;
  /** Bytes in a chunk, as `datumBytes` reckons them. */
  fwdbwd_max_chunk_bytes_count: number;
  /** Bytes of chunks on their way at once. */
  fwdbwd_dispatch_bytes_semaphore_size: number;
  /** How long an account that is out of money is waited for. */
  billing_exception_max_pause_duration_sec: number;
  /** Samples that one client has under way. */
  sample_max_concurrent_requests: number;
  /** The service can spare log-probs that nobody asks for. Servers of this package say so. */
  knows_logprob_masks: boolean;
  /** Passes are sent as JSON, since the service knows no other form. */
  json_passes: boolean;
}

export async function fetchClientConfig(transport: Transport): Promise<ClientConfig> {
  try {
    return await transport.request({
      path: '/api/v1/client/config',
      json: { sdk_version: SDK_VERSION },
      read: jsonAnswer((value) => clientConfigAt(objectAt(value, 'the configuration'))),
    });
  } catch (error) {
    // Services of before there was a configuration know JSON alone. Where this is no service at all, the next request says so.
    if (error instanceof StatusError && error.status === 404) return { ...clientConfigAt({}), json_passes: true };
    throw error;
  }
}

function clientConfigAt(object: ExactJsonObject): ClientConfig {
  const count = (name: string, usual: number) => Math.max(1, optional(fieldOf(object, name), name, integerAt) ?? usual);
  return {
    pjwt_auth_enabled: fieldOf(object, 'pjwt_auth_enabled') === true,
    parallel_fwdbwd_chunks: fieldOf(object, 'parallel_fwdbwd_chunks') !== false,
    proto_compress_fwdbwd: fieldOf(object, 'proto_compress_fwdbwd') === true,
    fwdbwd_max_chunk_len: count('fwdbwd_max_chunk_len', 1024),
    fwdbwd_max_chunk_bytes_count: count('fwdbwd_max_chunk_bytes_count', 5_000_000),
    fwdbwd_dispatch_bytes_semaphore_size: count('fwdbwd_dispatch_bytes_semaphore_size', 50_000_000),
    billing_exception_max_pause_duration_sec:
      optional(
        fieldOf(object, 'billing_exception_max_pause_duration_sec'),
        'billing_exception_max_pause_duration_sec',
        numberAt,
      ) ?? 3600,
    sample_max_concurrent_requests: count('sample_max_concurrent_requests', 2000),
    knows_logprob_masks: fieldOf(object, 'knows_logprob_masks') === true,
    // Only services of the time when both forms were in use say so.
    json_passes: fieldOf(object, 'proto_write_fwdbwd') === false,
  };
}

/** What a service may change its mind about while a session lasts. */
export interface DynamicConfig {
  /** When it is to be asked again. */
  refresh_interval_sec: number;
  /** Samples that nobody waits for any more may be given up. */
  sample_cancel_enabled: boolean;
}

/** Services that do not know the question allow nothing. */
export async function fetchDynamicConfig(transport: Transport): Promise<DynamicConfig> {
  try {
    return await transport.request({
      path: '/api/v1/client/dynamic_config',
      json: { sdk_version: SDK_VERSION },
      read: jsonAnswer((value: ExactJson) => dynamicConfigAt(objectAt(value, 'the configuration'))),
    });
  } catch (error) {
    if (error instanceof StatusError && error.status === 404) return dynamicConfigAt({});
    throw error;
  }
}

function dynamicConfigAt(object: ExactJsonObject): DynamicConfig {
  const name = 'refresh_interval_sec';
  return {
    refresh_interval_sec: Math.max(MIN_REFRESH_SEC, optional(fieldOf(object, name), name, numberAt) ?? 300),
    sample_cancel_enabled: fieldOf(object, 'sample_cancel_enabled') === true,
  };
}
