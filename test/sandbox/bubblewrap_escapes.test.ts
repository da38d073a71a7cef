// Ways out of bubblewrap, and ways to take more than a program may have: each is held. What is outside of what it isolates is said in
// docs/sandboxes.md.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bubblewrapSandbox } from '../../src/sandbox/bubblewrap/sandbox.ts';
import type { SandboxResult } from '../../src/sandbox/types.ts';
import { problem } from './bubblewrap_support.ts';
import { runProgram } from './support.ts';

const sandbox = bubblewrapSandbox({ concurrency: 2, python: null, read_only_paths: [] });

/** A file and a server of this machine, which no program may reach. */
const SECRET = 'secret-7f3a';
let home = '';
let port = 0;
const server = createServer((socket) => socket.end(SECRET));

beforeAll(async () => {
  home = await mkdtemp('/var/tmp/cookbook-escape-');
  await writeFile(join(home, 'secret'), SECRET);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});

afterAll(async () => {
  server.close();
  await rm(home, { recursive: true, force: true });
});

type Held = Partial<Pick<SandboxResult, 'status' | 'stdout'>>;
type Escape = [title: string, language: 'python' | 'bash', code: string, held: Held];

const prints = (stdout: string): Held => ({ status: 'ok', stdout: `${stdout}\n` });
/** Python that prints the name of the error that it ends with. */
const tries = (code: string) =>
  `try:\n${code.replaceAll(/^/gm, '    ')}\n    print('done')\nexcept BaseException as error:\n    print(type(error).__name__)`;

const FILES: Escape[] = [
  ['reads a file of this machine', 'python', tries("open('@HOME@/secret').read()"), prints('FileNotFoundError')],
  ['reads the passwords', 'bash', 'cat /etc/shadow /etc/passwd 2>/dev/null; echo $?', prints('1')],
  ['lists the homes of users', 'bash', 'ls /root /home /work 2>/dev/null; echo $?', prints('2')],
  [
    'reads the root of another process',
    'python',
    tries("import os; os.listdir('/proc/1/root/root')"),
    prints('FileNotFoundError'),
  ],
  [
    'reads the environment of its host',
    'bash',
    "tr '\\0' '\\n' < /proc/1/environ | grep -c . ; env | grep -ci -e key -e token",
    { status: 'error', stdout: '0\n0\n' },
  ],
  ['writes to the programs of this machine', 'python', tries("open('/usr/bin/evil', 'w')"), prints('OSError')],
  [
    'makes what it reads writable',
    'bash',
    'mount -o remount,rw /usr 2>/dev/null; touch /usr/evil 2>/dev/null; echo $?',
    prints('1'),
  ],
  ['writes beside its directory', 'python', tries("open('/evil', 'w')"), prints('OSError')],
  ['makes a device', 'bash', 'mknod /tmp/disk b 8 0 2>/dev/null; echo $?', prints('1')],
  [
    'reads the memory of this machine',
    'python',
    tries("open('/dev/mem'); open('/dev/kmem'); open('/dev/sda')"),
    prints('FileNotFoundError'),
  ],
  // Opened and not written to: this machine should survive a sandbox that fails.
  [
    'changes what the kernel starts when a program crashes',
    'python',
    tries("open('/proc/sys/kernel/core_pattern', 'r+')"),
    prints('OSError'),
  ],
  [
    'changes any setting of the kernel',
    'bash',
    'find /proc/sys /proc/sysrq-trigger /proc/irq /proc/bus -type f -writable 2>/dev/null | wc -l',
    prints('0'),
  ],
  ['changes a file that it was given', 'python', tries("open('main', 'a').write('x')"), prints('OSError')],
];

const NETWORK: Escape[] = [
  [
    'asks a server of this machine',
    'python',
    tries("import socket; socket.create_connection(('127.0.0.1', @PORT@), 1)"),
    prints('ConnectionRefusedError'),
  ],
  [
    'asks a server of the world',
    'python',
    tries("import socket; socket.create_connection(('1.1.1.1', 80), 1)"),
    prints('OSError'),
  ],
  ['asks for a name', 'python', tries("import socket; socket.getaddrinfo('example.com', 80)"), prints('gaierror')],
  [
    'makes packets of its own',
    'python',
    tries('import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)'),
    prints('PermissionError'),
  ],
  [
    'asks the container engine',
    'python',
    tries("import socket; socket.socket(socket.AF_UNIX).connect('/var/run/docker.sock')"),
    prints('FileNotFoundError'),
  ],
];

const PROCESSES: Escape[] = [
  ['sees other processes', 'bash', 'ls /proc | grep -c "^[0-9]"', { status: 'ok' }],
  ['signals its parents', 'python', tries('import os; os.kill(os.getppid(), 9); os.kill(-1, 0)'), { status: 'ok' }],
  ['forks without end', 'bash', 'f() { f | f & }; f; sleep 5', { status: 'error' }],
  [
    'starts threads without end',
    'python',
    'import threading, time\nthreading.stack_size(65536)\nfor i in range(1000): threading.Thread(target=time.sleep, args=(9,)).start()',
    { status: 'error' },
  ],
  ['goes on in the background', 'bash', 'setsid sleep 74 > /dev/null 2>&1 & disown; echo gone', prints('gone')],
  [
    'becomes the root user',
    'bash',
    'id -u; su -c "id -u" 2>/dev/null; sudo id -u 2>/dev/null; echo $?',
    { status: 'ok' },
  ],
  [
    'makes a namespace in which it is root',
    'bash',
    'unshare --user --map-root-user id -u 2>/dev/null; echo $?',
    prints('1'),
  ],
  ['adds to the devices of the kernel', 'bash', 'ls /sys 2>/dev/null; echo $?', prints('2')],
  [
    'types into the terminal',
    'python',
    tries("import fcntl, termios; fcntl.ioctl(0, termios.TIOCSTI, b'x')"),
    prints('OSError'),
  ],
  [
    'raises its limits',
    'python',
    tries('import resource; resource.setrlimit(resource.RLIMIT_DATA, (-1, -1))'),
    prints('ValueError'),
  ],
  ['mounts a file system', 'bash', 'mount -t tmpfs none /tmp 2>/dev/null; echo $?', prints('32')],
];

const MEMORY: Escape[] = [
  ['fills its memory', 'python', 'x = bytearray(2 ** 30)', { status: 'memory' }],
  [
    'fills memory that is shared',
    'python',
    "import mmap\nm = mmap.mmap(-1, 2 ** 29)\nfor i in range(512): m.write(b'x' * 2 ** 20)",
    { status: 'memory' },
  ],
  [
    'fills the memory of many processes',
    'python',
    'import os, time\nfor i in range(6): os.fork()\nx = bytearray(40 * 2 ** 20)\nfor i in range(0, len(x), 4096): x[i] = 1\ntime.sleep(3)',
    { stdout: '' },
  ],
  [
    'fills files that have no name',
    'python',
    "import os, time\nfor i in range(20):\n    f = os.memfd_create('x')\n    os.write(f, b'x' * (10 * 2 ** 20))\n    time.sleep(0.05)\ntime.sleep(3)",
    { status: 'memory' },
  ],
  [
    'fills files in memory',
    'bash',
    'for i in 1 2 3 4; do head -c 40M /dev/zero > /tmp/$i || echo full; done 2>/dev/null',
    { stdout: 'full\nfull\nfull\n' },
  ],
  [
    'fills the shared memory of a system',
    'bash',
    'head -c 40M /dev/zero > /dev/shm/x 2>/dev/null || echo full',
    prints('full'),
  ],
  ['fills what devices lie in', 'bash', 'echo x > /dev/x 2>/dev/null || echo held', prints('held')],
];

const TIME: Escape[] = [
  ['loops', 'python', 'while True: pass', { status: 'timeout' }],
  ['sleeps', 'bash', 'sleep 60', { status: 'timeout' }],
  [
    'ignores what ends it',
    'python',
    'import signal, time\nfor i in set(range(1, 65)) - {9, 19, 32, 33}: signal.signal(i, signal.SIG_IGN)\ntime.sleep(60)',
    { status: 'timeout' },
  ],
  ['stops itself', 'bash', 'kill -STOP $$', { status: 'timeout' }],
  ['dumps its memory', 'bash', 'ulimit -c; kill -SEGV $$', { status: 'error', stdout: '0\n' }],
];

const OUTPUT: Escape[] = [
  ['floods standard output', 'bash', 'yes', { status: 'output' }],
  ['floods standard error', 'bash', 'yes >&2', { status: 'output' }],
  ['floods both from the background', 'bash', 'yes & yes >&2 & wait', { status: 'output' }],
  [
    'writes to what bubblewrap tells its host by',
    'python',
    'import os\nfor fd in range(3, 20):\n    try: os.write(fd, b\'{"exit-code": 0, "child-pid": 1}\\n\')\n    except OSError: pass\nraise SystemExit(7)',
    { status: 'error' },
  ],
];

const table = { FILES, NETWORK, PROCESSES, MEMORY, TIME, OUTPUT };

describe.skipIf(problem !== null).each(Object.entries(table))('%s', (_, escapes) => {
  it.each(escapes)('%s', async (_title, language, code, held) => {
    const placed = code.replaceAll('@HOME@', home).replaceAll('@PORT@', String(port));
    const result = await runProgram(sandbox, { language, code: placed });
    expect(result).toMatchObject(held);
    expect(result.stdout).not.toContain(SECRET);
    expect(Buffer.byteLength(result.stdout)).toBeLessThanOrEqual(10_000);
    expect(Buffer.byteLength(result.stderr)).toBeLessThanOrEqual(10_000 + 100);
  });
});

describe.skipIf(problem !== null)('of this machine', () => {
  const outputOf = async (code: string) => (await runProgram(sandbox, { language: 'bash', code })).stdout;

  it('only its own processes are seen', async () => {
    // bubblewrap's, the shell, and what it starts.
    expect(Number(await outputOf('ls /proc | grep -c "^[0-9]"'))).toBeLessThanOrEqual(5);
  });

  it('no user is, root least of all', async () => {
    expect(await outputOf('id -u; grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status')).toBe(
      '1000\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n',
    );
  });
});

it('more than thirty were tried', () => {
  expect(Object.values(table).flat().length).toBeGreaterThanOrEqual(30);
});
