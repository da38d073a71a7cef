// Before packing: takes the install script out of the ONNX Runtime that goes into the tarball.
//
// The script fetches CUDA libraries from another host than the npm registry and fails where that is out of reach, though
// the CPU needs none of them; and npm warns of every package that has such a script. The runtime is therefore bundled
// (`bundleDependencies`) with the script as a file to run by hand, as docs/engine.md tells those who have a GPU.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const path = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
const { scripts: _, ...manifest } = JSON.parse(readFileSync(path, 'utf8'));
const temporary = `${path}.tmp`;
writeFileSync(temporary, `${JSON.stringify(manifest, null, 2)}\n`);
renameSync(temporary, path);
