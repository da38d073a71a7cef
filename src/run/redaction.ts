// Events without secrets: a message of an error may quote the value that a service, or a file system, was given.

import type { RunEvent } from './events.ts';

export function redactEvent(event: RunEvent, redact: (text: string) => string): RunEvent {
  switch (event.type) {
    case 'notice':
    case 'warning':
      return { ...event, message: redact(event.message) };
    case 'text':
      return { ...event, title: redact(event.title), text: redact(event.text) };
    case 'failed':
      return { ...event, hint: event.hint === null ? null : redact(event.hint) };
    default:
      return event;
  }
}
