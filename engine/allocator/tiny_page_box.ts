// The page box: slabs booked by kind of class (C0..C7, 8 for mid and aligned), when a bin gets one and when it goes back.
import { tiny_page_box_is_enabled } from './phase42_gates';
import { STAT_PAGE_BOX_BACK, STAT_PAGE_BOX_TAKEN, stat_inc } from './stats';
import { class_of_bin } from './tiny_size_class';

export function tiny_page_box_on_taken(bin: u32): void {
  if (tiny_page_box_is_enabled()) stat_inc(STAT_PAGE_BOX_TAKEN + class_of_bin(bin));
}

export function tiny_page_box_on_back(bin: u32): void {
  if (tiny_page_box_is_enabled()) stat_inc(STAT_PAGE_BOX_BACK + class_of_bin(bin));
}
