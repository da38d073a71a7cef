// The versions of the official SDK that speak the API differently, and which of them need what.

export const SDK_VERSIONS = ['0.16.1', '0.18.2', '0.22.0', '0.24.1', '0.25.0', '0.38.0'] as const;
export type SdkVersion = (typeof SDK_VERSIONS)[number];

/** Checks of what a service may leave out. */
export const NONE: readonly SdkVersion[] = [];

export function since(first: SdkVersion): readonly SdkVersion[] {
  return SDK_VERSIONS.slice(SDK_VERSIONS.indexOf(first));
}

export function upTo(last: SdkVersion): readonly SdkVersion[] {
  return SDK_VERSIONS.slice(0, SDK_VERSIONS.indexOf(last) + 1);
}

export const EVERY: readonly SdkVersion[] = since('0.16.1');
