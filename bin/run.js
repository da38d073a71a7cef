#!/usr/bin/env node
import { execute } from '@oclif/core';

await execute({ dir: import.meta.url });
// What a plugin keeps going, such as an interval, would keep the process from ending.
setTimeout(() => process.exit(), 1000).unref();
