// getenv over the environment block that the host writes before the first call: NAME=VALUE\0 ... \0, ASCII.
import { ENV_BASE, ENV_BYTES } from './layout';

/** Address of the value of `name`, 0 when it is not set. */
export function hak_getenv(name: string): usize {
  const length = <usize>name.length;
  const chars = changetype<usize>(name);
  let at = ENV_BASE;
  while (at < ENV_BASE + ENV_BYTES && load<u8>(at)) {
    let i: usize = 0;
    while (i < length && <u16>load<u8>(at + i) == load<u16>(chars + (i << 1))) i++;
    if (i == length && load<u8>(at + i) == 0x3d) return at + i + 1;
    while (load<u8>(at)) at++;
    at++;
  }
  return 0;
}

/** 0 or 1: on when set, non-empty and not starting with `0`; `unset` when not set. */
export function hak_env_flag(name: string, unset: i32): i32 {
  const value = hak_getenv(name);
  if (!value) return unset;
  const first = load<u8>(value);
  return first != 0 && first != 0x30 ? 1 : 0;
}

/** A number, decimal or 0x hexadecimal; `unset` when not set or empty. */
export function hak_env_u32(name: string, unset: u32): u32 {
  let at = hak_getenv(name);
  if (!at || !load<u8>(at)) return unset;
  let base: u32 = 10;
  if (load<u8>(at) == 0x30 && (load<u8>(at, 1) | 0x20) == 0x78) {
    base = 16;
    at += 2;
  }
  let out: u32 = 0;
  for (let c: u32 = load<u8>(at); c; c = load<u8>(++at)) {
    const lower = c | 0x20;
    const digit = c - 0x30 < 10 ? c - 0x30 : lower - 0x61 < 6 ? lower - 0x61 + 10 : 99;
    if (digit >= base) break;
    out = out * base + digit;
  }
  return out;
}
