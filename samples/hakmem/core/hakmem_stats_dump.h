// hakmem_stats_dump.h - everything that the statistics boxes know, on stderr.
#ifndef HAKMEM_STATS_DUMP_H
#define HAKMEM_STATS_DUMP_H

void hak_stats_dump(void);

#endif
