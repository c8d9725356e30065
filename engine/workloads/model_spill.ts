// The background spill queue for the model checker: threads queue blocks for others and take what is queued.
import { bg_spill_len, bg_spill_push_chain, bg_spill_take_all } from '../allocator/tiny_bg_spill';
import { FAILURE, FAIL_COUNTER, FAIL_LOST, block_at, fail, initial, take, take_new } from './model_scenarios';

/** Any bin: the queue does not look at what the blocks are. */
const BIN: u32 = 3;
const BLOCKS: u32 = 3;

/** Takes all that is queued; whoever takes a block has it. */
function take_all(): void {
  let at = bg_spill_take_all(BIN);
  while (at) {
    const next: usize = load<u32>(at);
    take(at);
    at = next;
  }
}

/** Queues the initial blocks `from` .. `from + count - 1` as one chain. */
function push(from: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(block_at(from + i), 0, 4);
    store<u32>(initial(from + i), i + 1 < count ? <u32>initial(from + i + 1) : 0);
  }
  bg_spill_push_chain(BIN, initial(from), initial(from + count - 1), count);
}

export function mc_spill_setup(scenario: i32, role: i32): void {
  if (role == 0) for (let i: u32 = 0; i < BLOCKS; i++) take_new(64);
}

/** Thread 0 queues two blocks, thread 1 one, and all take. */
export function mc_spill_run(scenario: i32, role: i32): void {
  if (role == 0) push(0, 2);
  else if (role == 1) push(2, 1);
  take_all();
}

export function mc_spill_check(scenario: i32, role: i32, threads: i32): i32 {
  take_all();
  if (bg_spill_len(BIN)) fail(FAIL_COUNTER);
  for (let i: u32 = 0; i < BLOCKS; i++) if (!load<u32>(block_at(i), 4)) fail(FAIL_LOST);
  return load<i32>(FAILURE);
}
