import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import type { Device } from '../../src/engine/device.ts';
import { absentDevice } from '../../src/engine/device_probe.ts';
import { runFile } from '../../src/run/run_spec.ts';
import { conversationLines, writeChatModel } from '../support/chat_model.ts';
import { cookbook } from '../support/cli.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-device-'));
  await writeChatModel(join(directory, 'model'));
  await writeFile(join(directory, 'data.jsonl'), conversationLines(8));
  const lines = [
    'trainer: supervised',
    'model_name: ./model',
    'service: {builder: local, threads: 1}',
    'dataset: {builder: conversation_file, file_path: ./data.jsonl, batch_size: 4}',
    'max_steps: 2',
  ];
  await writeFile(join(directory, 'spec.yaml'), `${lines.join('\n')}\n`);
});

async function run(name: string, device: string, ...overrides: string[]) {
  const { status } = await runFile(join(directory, 'spec.yaml'), {
    registry: builtinRegistry(),
    overrides: [`log_path=${join(directory, name)}`, `service.device=${device}`, ...overrides],
    cwd: directory,
    env: {},
    argv: [],
    ask: null,
    onEvent: () => undefined,
    signal: new AbortController().signal,
  });
  return status;
}

async function gradientNorms(name: string): Promise<number[]> {
  const lines = (await readFile(join(directory, name, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line).grad_norm);
}

describe('device', () => {
  it('is one of three', async () => {
    await expect(run('other', 'gpu')).rejects.toThrow(
      'service/device: expected one of "cpu", "cuda", "webgpu"; got the text "gpu"',
    );
  });

  it('computes in integers on the CPU alone', async () => {
    await expect(run('integers', 'webgpu', 'service.precision=int8')).rejects.toThrow(
      'service/precision: "int8" is computed on the CPU alone, and device is webgpu',
    );
  });

  it('is no part of what a run is: one that was computed on the CPU is done for a GPU too', async () => {
    expect((await run('done', 'cpu')).state).toBe('done');
    expect((await run('done', 'webgpu')).state).toBe('done');
  });

  it.each<Device>(['cuda', 'webgpu'])('%s computes what the CPU does, or says what is missing', async (device) => {
    const args = ['run', 'spec.yaml', `log_path=${device}`, `service.device=${device}`];
    const { code, signal, stderr } = await cookbook(args, { cwd: directory });
    expect(signal).toBe(null);
    if (code === 0) {
      await run(`beside_${device}`, 'cpu');
      const [own, cpu] = [await gradientNorms(device), await gradientNorms(`beside_${device}`)];
      // A GPU may multiply in TF32, of which three digits are left; a wrong gradient has none right.
      for (const [step, norm] of own.entries()) expect(norm / cpu[step]).toBeCloseTo(1, 1);
      expect(own.length).toBe(cpu.length);
      return;
    }
    expect(stderr).toMatch(new RegExp(`failed: device ${device}[: ].*\n.*To compute on the CPU`, 's'));
    expect(stderr.split('\n').length).toBeLessThan(6);
  });
});

describe('what is said of a device that cannot be used', () => {
  const told = (device: Device, said: string) => {
    const { message, hint = '' } = absentDevice(device, said);
    return `${message}\n${hint}`
      .replace(/".*install.js"/, 'SCRIPT')
      .replace(`${process.platform}-${process.arch}`, 'PLATFORM');
  };
  /** As the shared library of a provider that is loaded on demand fails. */
  const unloaded = (library: string, reason: string) =>
    `\u001b[1;31m2026-11-21 16:28:50.966 [E:onnxruntime:onnxruntime-node, provider_bridge_ort.cc:2146 Create] /onnxruntime_src/provider_bridge_ort.cc:1988 onnxruntime::Provider& onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library /x/${library} with error: ${reason}: cannot open shared object file: No such file or directory\n\u001b[m\nOrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library\n`;

  it('on a platform for which ONNX Runtime is built without it', () => {
    const said = 'no available backend found. ERR: [cuda] backend not found.\n';
    expect(told('cuda', said)).toMatchInlineSnapshot(`
      "device cuda: ONNX Runtime has none on PLATFORM; it is there on linux-x64 only
      To compute on the CPU, leave out device."
    `);
  });

  it('where its part of ONNX Runtime was not downloaded', () => {
    const library = 'libonnxruntime_providers_shared.so';
    expect(told('cuda', unloaded(library, `/x/${library}`))).toMatchInlineSnapshot(`
      "device cuda: ONNX Runtime's libraries for it are not installed
      Download them with: node SCRIPT --onnxruntime-node-install
      CUDA takes an NVIDIA GPU with its driver, and the libraries of CUDA and cuDNN where the loader finds them (LD_LIBRARY_PATH). To compute on the CPU, leave out device."
    `);
  });

  it('where a library of CUDA is missing', () => {
    const said = unloaded('libonnxruntime_providers_cuda.so', 'libcublasLt.so.13');
    expect(told('cuda', said)).toMatchInlineSnapshot(`
      "device cuda cannot be used: libcublasLt.so.13: cannot open shared object file: No such file or directory
      CUDA takes an NVIDIA GPU with its driver, and the libraries of CUDA and cuDNN where the loader finds them (LD_LIBRARY_PATH). To compute on the CPU, leave out device."
    `);
  });

  it('where the driver of CUDA has no GPU', () => {
    const failure =
      'CUDA failure 100: no CUDA-capable device is detected ; GPU=-1 ; hostname=box ; file=/onnxruntime_src/cuda_execution_provider.cc ; line=282 ; expr=cudaSetDevice(info_.device_id);';
    const said = `2026-11-21 16:28:50.966 [E:onnxruntime:, cuda_call.cc:116 CudaCall] ${failure}\n/onnxruntime_src/cuda_call.cc:121 std::conditional_t<THRW, void, onnxruntime::common::Status> onnxruntime::CudaCall(ERRTYPE) [with ERRTYPE = cudaError; bool THRW = true] ${failure}\n`;
    expect(told('cuda', said)).toMatchInlineSnapshot(`
      "device cuda cannot be used: CUDA failure 100: no CUDA-capable device is detected
      CUDA takes an NVIDIA GPU with its driver, and the libraries of CUDA and cuDNN where the loader finds them (LD_LIBRARY_PATH). To compute on the CPU, leave out device."
    `);
  });

  it('where there is no GPU, or no driver of it', () => {
    const failed =
      '/onnxruntime_src/onnxruntime/core/providers/webgpu/webgpu_context.cc:136 onnxruntime::webgpu::WebGpuContext::Initialize(const onnxruntime::webgpu::WebGpuContextConfig&)::<lambda()> adapter_result.status == wgpu::RequestAdapterStatus::Success was false. Failed to get a WebGPU adapter: No supported adapters\n';
    const warned =
      "Warning: Couldn't load Vulkan: libvulkan.so.1: cannot open shared object file: No such file or directory\n    at operator() (/build/Release/_deps/dawn-src/src/dawn/native/vulkan/BackendVk.cpp:368)\n\n";
    expect(told('webgpu', warned + failed)).toMatchInlineSnapshot(`
      "device webgpu cannot be used: Failed to get a WebGPU adapter: No supported adapters (Couldn't load Vulkan: libvulkan.so.1: cannot open shared object file: No such file or directory)
      WebGPU takes a GPU with its driver: on Linux one for Vulkan, and libvulkan.so.1 (Debian, Ubuntu: libvulkan1). To compute on the CPU, leave out device."
    `);
  });

  it('where nothing is said', () => {
    expect(told('webgpu', '')).toMatchInlineSnapshot(`
      "device webgpu cannot be used: nothing says why
      WebGPU takes a GPU with its driver: on Linux one for Vulkan, and libvulkan.so.1 (Debian, Ubuntu: libvulkan1). To compute on the CPU, leave out device."
    `);
  });
});
