// The executor of a Ray cluster, opened: it answers, and takes runs.

import pLimit from 'p-limit';
import { announceJobs } from '../../../run_files/job.ts';
import { objectOf } from '../../../util/json.ts';
import type { Executor } from '../../executor.ts';
import { bytesOf, type Resources } from '../../resources.ts';
import { COOKBOOK, runtimeThreads } from '../processes.ts';
import { RayApi } from './api.ts';
import { RayCluster } from './cluster.ts';
import { attachTo, NAME, RayJob, type RayTerms } from './jobs.ts';
import type { RayParams } from './params.ts';

const SUBMITTED_AT_A_TIME = 8;

/** @throws ConfigurationError for what is no address, ServiceError where no cluster answers there */
export async function openCluster(params: RayParams, maxConcurrency: number): Promise<Executor> {
  const api = new RayApi(params.address, { env: process.env });
  try {
    await api.version();
  } catch (error) {
    api.close();
    throw error;
  }
  const cluster = new RayCluster(api, params.poll_s * 1000);
  const limit = pLimit(SUBMITTED_AT_A_TIME);
  return {
    // Ray gives up jobs that wait for too long, so that none is submitted long before its time.
    slots: maxConcurrency,
    async submit(directories, resources) {
      const terms = termsOf(params, resources);
      // Another sweep may have been quicker, since it was looked at.
      const known = await Promise.all(directories.map((directory) => attachTo(directory, cluster)));
      const free = directories.filter((_, i) => known[i] === null);
      const records = await announceJobs(NAME, free);
      const jobs = records.map((record, i) => new RayJob({ directory: free[i] ?? '', record, terms }, cluster, limit));
      return known.map((job) => job ?? jobs.shift()).filter((job) => job !== undefined);
    },
    attach: (directory) => attachTo(directory, cluster),
    close: async () => api.close(),
  };
}

/** What the executor's own fields leave open is as the sweep's resources say. */
function termsOf(params: RayParams, { cpus, gpus, memory_gb }: Resources): RayTerms {
  const { command, entrypoint_resources, runtime_env, stop_wait_s } = params;
  const num_cpus = params.entrypoint_num_cpus ?? cpus;
  const num_gpus = params.entrypoint_num_gpus ?? gpus;
  const memory = params.entrypoint_memory ?? (memory_gb === null ? null : bytesOf(memory_gb));
  const threads = num_cpus === null ? {} : runtimeThreads(Math.max(1, Math.floor(num_cpus)));
  const env_vars = { RAY_JOB_STOP_WAIT_TIME_S: `${stop_wait_s}`, ...threads, ...objectOf(runtime_env?.env_vars) };
  return {
    command: command ?? [process.execPath, COOKBOOK],
    runtime_env: { ...runtime_env, env_vars },
    ...(num_cpus !== null && { entrypoint_num_cpus: num_cpus }),
    ...(num_gpus !== null && { entrypoint_num_gpus: num_gpus }),
    ...(memory !== null && { entrypoint_memory: memory }),
    ...(Object.keys(entrypoint_resources).length > 0 && { entrypoint_resources }),
  };
}
