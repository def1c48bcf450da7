/* stub_load.c: loading the stub into RAM by the ROM bootloader, and starting it. */
#include "bytes.h"
#include "clock.h"
#include "fs_atomic.h"
#include "session_impl.h"
#include "stub_embedded.h"
#include "stub_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RAM_BLOCK           0x1800u
#define RAM_BLOCK_LEAST     0x200u
#define UPLOAD_FAILURES     8 /* in a row */
#define UPLOAD_REFUSALS     3 /* in a row; a line that damages a status makes some too */
#define SYNC_TRIES          3
#define STUB_FILE_MAX       (1024u * 1024u)
#define GREETING_MS         1500
#define SYNC_MS             300
#define MEM_END_MS          500
/* Ten bits a byte, twice the time because of escapes and slow hosts, and the reply. */
#define BLOCK_MS(len, baud) ((int64_t)(len) * 20000 / (int64_t)(baud) + 2000)

/* Status and reasons with which the ROM refuses a command. */
enum { ROM_REFUSED = 0x01, ROM_MALFORMED = 0x05, ROM_FAILED = 0x06 };

typedef struct upload_progress {
    uint64_t before, total;
} upload_progress_t;

static eb_code_t no_stub(eb_session_t *s, eb_err_t *err)
{
    if (eb_stub_file_count == 0) {
        return eb_err_set(err, EB_ERR_STUB, "this program was built without stubs");
    }
    if (s->chip.has_revision && s->row->stub.since > 0) {
        return eb_err_set(err, EB_ERR_STUB, "there is no stub for the %s v%d.%d", s->row->name,
                          s->chip.revision_major, s->chip.revision_minor);
    }
    return eb_err_set(err, EB_ERR_STUB, "there is no stub for the %s", s->row->name);
}

static eb_code_t get_file(const char *path, eb_stub_image_t *out, eb_err_t *err)
{
    uint8_t *text = NULL;
    size_t len = 0;
    eb_code_t code = eb_fs_read_file(path, STUB_FILE_MAX, &text, &len, err);

    if (code == EB_OK) {
        code = eb_stub_image_parse((const char *)text, len, path, out, err);
    }
    free(text);
    if (code != EB_OK) {
        eb_err_reason(err, EB_REASON_STUB_FILE);
    }
    return code;
}

eb_code_t eb_stub_check_file(const char *path, eb_err_t *err)
{
    eb_stub_image_t image;
    eb_code_t code;

    memset(&image, 0, sizeof(image));
    code = get_file(path, &image, err);
    eb_stub_image_free(&image);
    return code;
}

static eb_code_t get_image(eb_session_t *s, eb_stub_image_t *out, eb_err_t *err)
{
    const char *name;

    memset(out, 0, sizeof(*out));
    if (s->stub_path[0] != '\0') {
        return get_file(s->stub_path, out, err);
    }
    name = eb_chip_row_stub(s->row, s->chip.revision_major * 100 + s->chip.revision_minor);
    for (size_t i = 0; i < eb_stub_file_count && name != NULL; i++) {
        const eb_stub_file_t *file = &eb_stub_files[i];

        if (strcmp(file->name, name) == 0) {
            return eb_stub_image_parse(file->json, file->len, file->name, out, err);
        }
    }
    return no_stub(s, err);
}

/* A virtual machine or a bridge hides the USB identity of a port, so an unknown port may be the USB
 * unit of the chip. */
static uint32_t ram_block(const eb_session_t *s)
{
    const bool may_be_otg = (s->row->links & EB_CHIP_USB_OTG) != 0 && s->port.vid == 0;
    const eb_port_kind_t kind = may_be_otg ? EB_PORT_USB_OTG : s->port.kind;

    return eb_min_u32(RAM_BLOCK, eb_port_traits(kind)->block_max_bytes);
}

/* The ROM knows these commands. So a command that it calls malformed or failed reached it damaged.
 */
static eb_code_t ram_command(eb_session_t *s, uint8_t op, const uint8_t *head, size_t head_len,
                             const uint8_t *bulk, size_t bulk_len, int64_t timeout_ms,
                             eb_err_t *err)
{
    const eb_request_t request = {.op = op,
                                  .data = head,
                                  .len = head_len,
                                  .bulk = bulk,
                                  .bulk_len = bulk_len,
                                  .timeout_ms = timeout_ms};
    eb_reply_t reply;
    eb_code_t code = eb_link_command(s->link, &request, &reply, err);

    if (code == EB_ERR_DEVICE && reply.status == ROM_REFUSED &&
        (reply.error == ROM_MALFORMED || reply.error == ROM_FAILED)) {
        code = EB_ERR_LINE;
        if (err != NULL) {
            err->code = code;
        }
    }
    return code;
}

/* From segment->bytes + *done on, in blocks of that size; *done counts what was acknowledged. */
static eb_code_t send_blocks(eb_session_t *s, const eb_stub_segment_t *segment, uint32_t block,
                             uint32_t *done, const upload_progress_t *progress, eb_err_t *err)
{
    const uint32_t begin = *done, len = (uint32_t)segment->len - begin;
    const uint32_t blocks = (len + block - 1) / block;
    uint8_t head[16];
    eb_code_t code;

    eb_put_le32(head, len);
    eb_put_le32(head + 4, blocks);
    eb_put_le32(head + 8, block);
    eb_put_le32(head + 12, segment->addr + begin);
    code = ram_command(s, EB_CMD_MEM_BEGIN, head, sizeof(head), NULL, 0, s->reply_ms, err);
    for (uint32_t i = 0; code == EB_OK && i < blocks; i++) {
        const uint32_t part = eb_min_u32(block, len - i * block);

        eb_put_le32(head, part);
        eb_put_le32(head + 4, i);
        eb_put_le32(head + 8, 0);
        eb_put_le32(head + 12, 0);
        code = ram_command(s, EB_CMD_MEM_DATA, head, sizeof(head), segment->bytes + *done, part,
                           BLOCK_MS(part, eb_transport_baud(s->transport)), err);
        if (code == EB_OK) {
            *done += part;
            eb_event_progress(s->ev, EB_PHASE_STUB, progress->before + *done, progress->total);
        }
    }
    return code;
}

/* After damage continue behind the last acknowledged block, with smaller blocks. Begin anew there
 * and do not send the block again: the ROM may have it, and would place the same bytes behind it.
 */
static eb_code_t upload(eb_session_t *s, const eb_stub_segment_t *segment,
                        const upload_progress_t *progress, eb_err_t *err)
{
    uint32_t block = ram_block(s), done = 0;
    int refusals = 0;
    eb_code_t code = EB_OK;

    for (int failures = 0; done < segment->len; failures++) {
        const uint32_t before = done;
        eb_sync_info_t info;

        code = send_blocks(s, segment, block, &done, progress, err);
        if (done > before) {
            failures = refusals = 0;
        }
        refusals = code == EB_ERR_DEVICE ? refusals + 1 : 0;
        if (code == EB_OK || failures == UPLOAD_FAILURES || refusals == UPLOAD_REFUSALS ||
            (!eb_code_row(code)->reply_lost && code != EB_ERR_DEVICE)) {
            break;
        }
        s->stats.retries++;
        block = block / 2 < RAM_BLOCK_LEAST ? RAM_BLOCK_LEAST : block / 2;
        code = eb_link_resync(s->link, SYNC_TRIES, &info, err);
        if (code != EB_OK) {
            break;
        }
    }
    return code;
}

static uint32_t secure_start(const eb_session_t *s)
{
    return s->chip.security.secure_boot == EB_YES ? s->row->stub.secure_start : 0;
}

static eb_code_t end_upload(eb_session_t *s, bool stay, uint32_t entry, eb_err_t *err)
{
    uint8_t head[8];

    eb_put_le32(head, stay);
    eb_put_le32(head + 4, entry);
    return ram_command(s, EB_CMD_MEM_END, head, sizeof(head), NULL, 0, MEM_END_MS, err);
}

/* Let the ROM call the stub to read the flash; *kept: the function that it called before. */
static eb_code_t start_by_read(eb_session_t *s, uint32_t entry, uint32_t *kept, eb_err_t *err)
{
    uint8_t frame[EB_PACKET_HEADER_BYTES + 8] = {0};
    eb_code_t code = end_upload(s, true, 0, err);

    if (code == EB_OK) {
        code = eb_dev_read_reg(s, secure_start(s), kept, err);
    }
    if (code == EB_OK) {
        code = eb_dev_write_reg(s, secure_start(s), entry, err);
    }
    if (code != EB_OK) {
        return code;
    }
    eb_packet_header(EB_CMD_READ_FLASH_SLOW, 8, 0, frame);
    return eb_link_send_frame(s->link, frame, sizeof(frame), err);
}

static eb_code_t await_greeting(eb_session_t *s, eb_err_t *err)
{
    const int64_t deadline = eb_clock_ms() + GREETING_MS + eb_link_late_ms(s->link);
    eb_code_t code;

    for (int i = 0; i < 16; i++) {
        const uint8_t *frame;
        size_t len;

        code = eb_link_receive(s->link, deadline, &frame, &len, err);
        if (code == EB_ERR_TIMEOUT) {
            break;
        }
        if (code != EB_OK) {
            return code;
        }
        if (len == 4 && memcmp(frame, "OHAI", 4) == 0) {
            return EB_OK;
        }
    }
    return eb_err_set(err, EB_ERR_STUB, "the stub was loaded, but did not start");
}

/* Jump, and wait for the greeting. */
static eb_code_t start(eb_session_t *s, uint32_t entry, uint32_t *kept, eb_err_t *err)
{
    eb_code_t code;

    *kept = 0;
    code = secure_start(s) != 0 ? start_by_read(s, entry, kept, err)
                                : end_upload(s, false, entry, err);
    /* The jump may cut the reply off, and the line damage its status, so only the greeting counts.
     */
    if (code != EB_OK && !eb_code_row(code)->reply_lost && code != EB_ERR_DEVICE) {
        return code;
    }
    return await_greeting(s, err);
}

/*
 * Find out who answers after the jump, because the line may have damaged the command, its reply or
 * the greeting. The stub may run although its greeting was lost, and the ROM may not have heard the
 * command. Without a greeting, err holds that error already.
 */
static eb_code_t who_answers(eb_session_t *s, bool greeted, bool *jumped, eb_err_t *err)
{
    eb_sync_info_t info;
    eb_code_t code = EB_ERR_TIMEOUT;

    *jumped = true;
    if (greeted) {
        code = eb_link_sync(s->link, SYNC_MS, &info, err);
    }
    if (code == EB_ERR_TIMEOUT || code == EB_ERR_GARBAGE) {
        code = eb_link_resync(s->link, 2, &info, greeted ? err : NULL);
    }
    if (!greeted && code == EB_ERR_CHIP_RESET) { /* the line may have damaged what was loaded */
        *jumped = false;
        return eb_err_set(err, code, "the board restarted when the stub was to start");
    }
    if (code != EB_OK) {
        return greeted || code == EB_ERR_CANCELLED ? code : EB_ERR_STUB;
    }
    if (info.dialect == EB_DIALECT_STUB) {
        return EB_OK;
    }
    if (greeted) {
        return eb_err_set(err, EB_ERR_STUB, "the stub greeted, but the ROM answers");
    }
    *jumped = false;
    return eb_err_set(err, EB_ERR_LINE, "the jump into the stub did not reach the board");
}

eb_code_t eb_stub_start(eb_session_t *s, bool *jumped, eb_err_t *err)
{
    eb_stub_image_t image;
    uint32_t kept = 0;
    upload_progress_t progress = {0};
    eb_code_t code;

    *jumped = false;
    code = get_image(s, &image, err);
    if (code == EB_OK && s->row->stub.not_securely && s->chip.security.secure_boot == EB_YES) {
        code = eb_err_set(err, EB_ERR_STUB, "secure boot of the %s lets no stub run", s->row->name);
    }
    if (code != EB_OK) {
        goto done;
    }
    const int64_t begun_us = eb_clock_us();
    progress.total = image.text.len + image.data.len;
    eb_event_progress(s->ev, EB_PHASE_STUB, 0, progress.total);
    code = upload(s, &image.text, &progress, err);
    progress.before = image.text.len;
    if (code == EB_OK) {
        code = upload(s, &image.data, &progress, err);
    }
    const int64_t loaded_us = eb_clock_us();
    int64_t greeted_us = 0;
    if (code == EB_OK) {
        code = start(s, image.entry, &kept, err);
        greeted_us = eb_clock_us();
    }
    if (code == EB_OK || code == EB_ERR_STUB) {
        code = who_answers(s, code == EB_OK, jumped, err);
    }
    if (code != EB_OK) {
        goto done;
    }
    s->stub = true;
    eb_link_set_dialect(s->link, EB_DIALECT_STUB);
    if (kept != 0) {
        code = eb_dev_write_reg(s, secure_start(s), kept, err);
    }
    if (code == EB_OK) {
        (void)snprintf(s->stats.stub_version, sizeof(s->stats.stub_version), "%s",
                       s->stub_path[0] == '\0' ? eb_stub_files_version : "");
        s->stats.stub_upload_us = (uint32_t)(loaded_us - begun_us);
        s->stats.stub_start_us = (uint32_t)(greeted_us - loaded_us);
    }
done:
    if (code != EB_OK) {
        s->stub = false;
    }
    eb_stub_image_free(&image);
    return code;
}
