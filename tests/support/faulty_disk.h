/*
 * faulty_disk.h: a disk with faults, as an object of a test or by LD_PRELOAD ($FAULTY_DISK_SO).
 *
 * Files whose name ends in `of` are concerned. Counts begin at 1; 0: never. A preload takes the
 * same words from FAULTY_DISK, for example FAULTY_DISK="of=.part flip_write=3".
 */
#ifndef FAULTY_DISK_H
#define FAULTY_DISK_H

typedef struct faulty_disk {
    const char *of;      /* NULL: all files */
    unsigned flip_write; /* this write changes a bit on its way */
    unsigned lose_write; /* this write is acknowledged and not made */
    unsigned lose_from;  /* and so are all from this one on */
    unsigned fail_sync;  /* this fsync of a file fails; what was written since the last one is in
                            memory only, and counts there as clean, until it is written again */
    unsigned fail_folder_sync; /* this fsync of a folder fails */
    unsigned interrupt;        /* each n-th call fails first with EINTR */
    unsigned kill_at;          /* the process is gone before this call that changes something */
    void (*at_rename)(void);   /* called before each rename and link */
    /* what was done, of those files */
    unsigned writes, syncs, folder_syncs, calls, changes;
} faulty_disk_t;

extern faulty_disk_t faulty_disk;

/* A disk without faults, nothing done. */
void faulty_disk_reset(void);
/* Memory is used for something else: what was not written well is gone. */
void faulty_disk_evict(void);

#endif
