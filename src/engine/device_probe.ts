// Where graphs are computed: on the CPU, or on a GPU through another of ONNX Runtime's execution providers. A device that
// is asked for and not there is an error that says how to get it; nothing is computed elsewhere in silence.

import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { stripVTControlCharacters } from 'node:util';
import { ConfigurationError } from '../util/errors.ts';
import type { Device } from './device.ts';

/** @throws ConfigurationError naming what the device lacks on this machine, and how to get it */
export async function requireDevice(device: Device): Promise<void> {
  if (device === 'cpu') return;
  const said = await probe(device);
  if (said !== null) throw absentDevice(device, said);
}

/** Multiplies 1 by 1 on the device, and fails where the CPU would do it instead. */
const PROBE = `
const [runtime, device, graph] = process.argv.slice(1);
const ort = require(runtime);
const extra = { session: { disable_cpu_ep_fallback: '1' } };
ort.InferenceSession.create(Buffer.from(graph, 'base64'), { executionProviders: [device], extra, logSeverityLevel: 3 })
  .then((session) => session.run({ x: new ort.Tensor('float32', [1], [1, 1]) }))
  .catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
`;

/**
 * What ONNX Runtime and the libraries below it say while they fail to use a device; null if they do not fail. In a process
 * of its own: what is missing is told by the libraries on stderr only, and a broken driver may end the process.
 */
async function probe(device: Device): Promise<string | null> {
  const { Graph } = await import('./graph.ts');
  const g = new Graph();
  const x = g.input('x', 'float32');
  g.output('y', g.node('MatMul', [x, x]));
  const runtime = createRequire(import.meta.url).resolve('onnxruntime-node');
  const argv = ['-e', PROBE, runtime, device, Buffer.from(g.encode()).toString('base64')];
  return await new Promise((resolve) => {
    execFile(process.execPath, argv, (error, _stdout, stderr) => {
      const ended = error?.signal ? `the process that tried it was ended by ${error.signal}` : '';
      resolve(error === null ? null : `${stderr}${ended}`);
    });
  });
}

/** The error for a device that was tried in vain, from what was said meanwhile. */
export function absentDevice(device: Device, said: string): ConfigurationError {
  const text = stripVTControlCharacters(said).trim();
  if (text.includes('backend not found')) {
    return new ConfigurationError(
      `device ${device}: ONNX Runtime has none on ${process.platform}-${process.arch}; it is there ${PLATFORMS[device]}`,
      { hint: OTHERWISE },
    );
  }
  const unloaded = /Failed to load library .* with error: (.*)/.exec(text)?.[1];
  if (unloaded !== undefined && /libonnxruntime_providers_\w+\.so: cannot open/.test(unloaded)) {
    const script = createRequire(import.meta.url).resolve('onnxruntime-node/script/install.js');
    return new ConfigurationError(`device ${device}: ONNX Runtime's libraries for it are not installed`, {
      hint: `Download them with: node "${script}" --onnxruntime-node-install\n${NEEDS[device]} ${OTHERWISE}`,
    });
  }
  return new ConfigurationError(`device ${device} cannot be used: ${unloaded ?? reasonIn(text)}`, {
    hint: `${NEEDS[device]} ${OTHERWISE}`,
  });
}

const OTHERWISE = 'To compute on the CPU, leave out device.';

const PLATFORMS: Record<Device, string> = {
  cpu: 'everywhere',
  cuda: 'on linux-x64 only',
  webgpu: 'on macOS, on Windows and on linux-x64',
};

const NEEDS: Record<Device, string> = {
  cpu: '',
  cuda: 'CUDA takes an NVIDIA GPU with its driver, and the libraries of CUDA and cuDNN where the loader finds them (LD_LIBRARY_PATH).',
  webgpu:
    'WebGPU takes a GPU with its driver: on Linux one for Vulkan, and libvulkan.so.1 (Debian, Ubuntu: libvulkan1).',
};

/** What was said, without the places in C++ code and log lines that repeat it; then what the libraries below warned of. */
function reasonIn(text: string): string {
  const lines = text.split('\n');
  const warnings = lines.flatMap((line) => /^Warning: (.*)/.exec(line)?.[1] ?? []);
  const said = lines
    .filter((line) => !/^(Warning: |\s|$)|\[[EW]:onnxruntime/.test(line))
    .map((line) => line.replace(/^\/.* was false\. |^\/.*(?=CUDA failure)| ; GPU=.*/g, ''));
  return `${said.join(' ') || 'nothing says why'}${warnings.length === 0 ? '' : ` (${warnings.join('; ')})`}`;
}
