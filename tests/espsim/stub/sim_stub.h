/*
 * sim_stub.h: what the two generations of stub share here. sim_stub.c recognises and starts them,
 * sim_stub_rx.c is their receiving, sim_stub_legacy.c and sim_stub_v2.c are their commands.
 */
#ifndef ESPSIM_SIM_STUB_H
#define ESPSIM_SIM_STUB_H

#include "sim_chip_internal.h"
#include "sim_inflate.h"

enum {
    SIM_STUB_WRITE_MAX = 0x4000, /* data of one FLASH_DATA */
    SIM_STUB_READ_PACKET_MAX = 4096,
    SIM_STUB_BUFFER_BYTES = SIM_STUB_WRITE_MAX + 0x107,
    SIM_STUB_OP_SYNC = 0x08
};

/*
 * Two frame buffers filled by the receive interrupt. The generations differ in what happens when a
 * host sends ahead of them; see sim_stub_rx.c.
 */
typedef struct sim_stub_rx {
    struct {
        uint8_t bytes[SIM_STUB_BUFFER_BYTES];
        size_t count;
        bool complete, bad;
    } buffer[2];
    unsigned filling, handed;
    bool armed;   /* v2: there is a buffer to receive into */
    int pending;  /* legacy: the buffer of the newest frame, -1 = none */
    size_t count; /* of the frame being received */
    size_t frame_max;
    bool inside, escaped;
} sim_stub_rx_t;

/* A write in progress; field by field what both generations keep. */
typedef struct sim_stub_write {
    bool open, deflate;
    uint32_t left, addr, block_bytes, packed_left;
    uint64_t erase_at;
    uint32_t erase_left;
    bool dirty_seen; /* v2 from 1.1.0: until then blank sectors are not erased */
    uint16_t error;  /* legacy: reported with the next command */
    sim_inflate_t inflate;
} sim_stub_write_t;

typedef struct sim_stub {
    sim_chip_t *chip;
    const sim_stub_row_t *row;
    sim_stub_rx_t rx;
    sim_stub_write_t write;
    uint32_t mem_addr, mem_left;
    bool mem_open;
    uint16_t late_error; /* v2: of what ran after the last reply */
    bool leave;          /* jump to `entry`, or boot when it is 0 */
    uint32_t entry;
} sim_stub_t;

/* A received frame taken apart. `data` has room behind `length` for reading fixed arguments. */
typedef struct sim_stub_command {
    uint8_t direction, op;
    uint16_t length;
    uint32_t checksum;
    const uint8_t *data;
    size_t frame_bytes;
} sim_stub_command_t;

static inline uint32_t sim_stub_arg(const sim_stub_command_t *command, size_t index)
{
    return sim_le32(command->data + 4u * index);
}

static inline uint8_t sim_stub_checksum(const uint8_t *data, size_t count)
{
    uint8_t sum = 0xEF;
    for (size_t i = 0; i < count; i++) {
        sum ^= data[i];
    }
    return sum;
}

bool sim_stub_at_least(const sim_stub_row_t *row, unsigned major, unsigned minor);

/* ---- sim_stub_rx.c ---- */
void sim_stub_rx_init(sim_stub_t *stub);
/* Wait for a frame; false when the board was reset. v2 must give it back with release. */
bool sim_stub_rx_frame(sim_stub_t *stub, sim_stub_command_t *command);
void sim_stub_rx_release(sim_stub_t *stub);

enum sim_stub_polled { SIM_STUB_NOTHING, SIM_STUB_FRAME, SIM_STUB_BAD_FRAME };
/* v2: what the interrupt has made of the bytes that are there. */
enum sim_stub_polled sim_stub_rx_poll(sim_stub_t *stub, const uint8_t **bytes, size_t *count);
/* v2: wait for one more byte. */
bool sim_stub_rx_wait(sim_stub_t *stub);
/* Legacy: read one frame with the interrupt off, as READ_FLASH reads its acknowledgements. */
bool sim_stub_rx_polled_frame(sim_stub_t *stub, uint8_t *bytes, size_t size, size_t *count);

/* ---- sim_stub_write.c ---- */
void sim_stub_write_begin(sim_stub_t *stub, const sim_stub_command_t *command, bool deflate);
/* Start the next sector or block if the flash is ready; blank sectors may be skipped. */
bool sim_stub_erase_next(sim_stub_t *stub);
/* Erase up to there, wait, program. */
bool sim_stub_write_bytes(sim_stub_t *stub, const uint8_t *bytes, size_t count);

void sim_stub_legacy_run(sim_stub_t *stub);
void sim_stub_v2_run(sim_stub_t *stub);

#endif
